"""A feed over time: where periods stand, freshness, completeness, volume."""

from datetime import UTC, date, datetime, timedelta

from include.mobile_plans.xdr.baseline import PeriodRows, judge_volume
from include.mobile_plans.xdr.feed_rules import (
    completeness,
    freshness,
    incompleteness,
)
from tests.mobile_plans.xdr.conftest import POLICY

DAY = datetime(2026, 11, 22, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)


def no_holiday(_: date) -> bool:
    return False


def weeks(*rows: int, start: datetime = DAY) -> list[PeriodRows]:
    """Make the same hour of as many weeks before a period, the newest last."""
    return [
        PeriodRows(start=start - (len(rows) - place) * WEEK, rows=count)
        for place, count in enumerate(rows)
    ]


def test_a_feed_is_stale_after_a_day_without_any_file() -> None:
    """T01: nothing accepted for 24 hours of an hourly feed; exactly 24 hours are not yet more."""
    day = timedelta(days=1)
    assert freshness(DAY, DAY, "PT1H", DAY + day, POLICY) is None
    stale = freshness(DAY, DAY, "PT1H", DAY + day + HOUR, POLICY)
    assert stale is not None
    assert (stale.check, stale.severity) == ("T01", "W")
    assert freshness(None, DAY, "P1D", DAY + 3 * day, POLICY) is None
    assert freshness(None, DAY, "P1D", DAY + 4 * day, POLICY) is not None


def test_completeness_is_counted_by_day() -> None:
    """T02: periods due and accepted of each day, and the days that lack some."""
    due = [DAY + number * HOUR for number in range(48)]
    days = completeness(due, set(due[1:]))
    assert [(one.expected, one.accepted) for one in days] == [(24, 23), (24, 24)]
    finding = incompleteness(days, POLICY)
    assert finding is not None
    assert (finding.check, finding.count) == ("T02", 1)
    assert "2026-11-22: 23 of 24" in finding.message
    assert incompleteness(completeness(due, set(due)), POLICY) is None


def test_rows_far_from_the_median_are_odd() -> None:
    """T03: beyond both |z| 4 and 30 % of the median of six comparable periods."""
    history = weeks(1000, 1010, 990, 1005, 995, 1000)
    odd = judge_volume(PeriodRows(start=DAY, rows=300), "PT1H", history, no_holiday, POLICY.volume)
    assert (odd.state, odd.usual, odd.comparable) == ("odd", 1000, 6)
    assert odd.fault is not None
    assert odd.fault[0] == "T03"
    near = judge_volume(PeriodRows(start=DAY, rows=750), "PT1H", history, no_holiday, POLICY.volume)
    assert near.robust_z is not None
    assert abs(near.robust_z) > 4
    assert near.state == "usual"
    assert near.fault is None


def test_few_rows_vary_by_chance() -> None:
    """T03: nine rows where four are usual is within what chance makes of so few."""
    verdict = judge_volume(
        PeriodRows(start=DAY, rows=9), "PT1H", weeks(4, 4, 4, 4), no_holiday, POLICY.volume
    )
    assert verdict.state == "usual"


def test_none_usual_is_no_division_by_nothing() -> None:
    """T03: rows where none are usual are odd, none is usual."""
    history = weeks(0, 0, 0, 0)
    odd = judge_volume(PeriodRows(start=DAY, rows=50), "PT1H", history, no_holiday, POLICY.volume)
    none = judge_volume(PeriodRows(start=DAY, rows=0), "PT1H", history, no_holiday, POLICY.volume)
    assert (odd.state, none.state) == ("odd", "usual")


def test_with_few_comparable_periods_it_is_learning() -> None:
    """T03: with fewer than four, learning is said; other hours and weekdays do not count."""
    others = [PeriodRows(start=DAY - WEEK * n + HOUR, rows=5) for n in range(1, 9)]
    history = [*weeks(10, 10, 10), *others]
    verdict = judge_volume(
        PeriodRows(start=DAY, rows=99), "PT1H", history, no_holiday, POLICY.volume
    )
    assert (verdict.state, verdict.comparable) == ("learning", 3)
    assert verdict.fault is not None
    assert verdict.fault[0] == "T03_learning"
    assert verdict.fault[1].startswith("learning: 3 comparable periods of 4")


def test_holidays_are_left_out() -> None:
    """T03: a holiday is no comparable period, and is not judged itself."""
    history = weeks(1000, 1000, 1000, 1000, 10)
    holiday = history[-1].start.date()

    def is_holiday(day: date) -> bool:
        return day == holiday

    verdict = judge_volume(
        PeriodRows(start=DAY, rows=1000), "PT1H", history, is_holiday, POLICY.volume
    )
    assert (verdict.state, verdict.comparable, verdict.usual) == ("usual", 4, 1000)
    itself = judge_volume(
        PeriodRows(start=DAY, rows=1), "PT1H", history, lambda day: day == DAY.date(), POLICY.volume
    )
    assert itself.state == "holiday"
    assert itself.fault is None
