"""When promises are due: weekends, holidays of one party, changes of clocks, pauses."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.mobile_plans.calendar import elapsed_business_time
from include.mobile_plans.errors import NaiveDatetime
from include.mobile_plans.obligations.periods import at_risk_from, due_after_pause, period_end
from include.mobile_plans.policy import BusinessDays, PartyCalendar

SEATTLE = PartyCalendar(country="US", region="WA", zone="America/Los_Angeles")
LONDON = PartyCalendar(country="GB", region="ENG", zone="Europe/London")
RIYADH = PartyCalendar(country="SA", zone="Asia/Riyadh")
ONE_DAY = BusinessDays(business_days=1)
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("since", "calendar", "due_at"),
    [
        pytest.param("2026-11-24T18:00Z", LONDON, "2026-11-25T18:00Z", id="the next day"),
        pytest.param("2026-11-27T18:00Z", LONDON, "2026-11-30T18:00Z", id="a Friday evening"),
        pytest.param("2026-11-28T18:00Z", LONDON, "2026-11-30T18:00Z", id="a Saturday"),
        pytest.param("2026-11-25T20:00Z", SEATTLE, "2026-11-30T20:00Z", id="Thanksgiving, US"),
        pytest.param("2026-11-25T20:00Z", LONDON, "2026-11-26T20:00Z", id="Thanksgiving, not US"),
        pytest.param("2026-11-26T09:00Z", RIYADH, "2026-11-29T09:00Z", id="a Thursday in Riyadh"),
        pytest.param("2026-10-23T09:00Z", LONDON, "2026-10-26T10:00Z", id="clocks fall back"),
        pytest.param("2026-03-06T18:00Z", SEATTLE, "2026-03-09T17:00Z", id="clocks spring forward"),
    ],
)
def test_a_business_day_is_the_same_local_time(
    since: str, calendar: PartyCalendar, due_at: str
) -> None:
    """E4: the same local time on the next working day of the party that owes it."""
    end = period_end(at(since), ONE_DAY, calendar)

    assert end.due_at == at(due_at)
    assert end.counted is not None
    assert end.counted.calendar_version.startswith("holidays ")


def test_a_holiday_passed_over_is_named() -> None:
    """E4: what kept a day from counting stays with the deadline."""
    end = period_end(at("2026-11-25T20:00Z"), ONE_DAY, SEATTLE)

    assert end.counted is not None
    assert [day.names for day in end.counted.skipped] == [
        ("Thanksgiving Day (US-WA)",),
        ("Native American Heritage Day (US-WA)",),
    ]


def test_elapsed_time_ignores_every_calendar() -> None:
    """L2, L3: seven days are seven days, whatever clocks and holidays do."""
    since = at("2026-10-23T09:00Z")

    assert period_end(since, timedelta(days=7), LONDON).due_at == since + timedelta(days=7)


def test_a_start_without_a_zone_is_refused() -> None:
    """A naive start could mean any of several instants."""
    with pytest.raises(NaiveDatetime):
        period_end(datetime(2026, 11, 24, 18), ONE_DAY, LONDON)  # noqa: DTZ001


def test_at_risk_is_80_percent_of_the_time() -> None:
    """E6 (decision): at 80 % of its elapsed time, also across a weekend."""
    since, due_at = at("2026-11-27T18:00Z"), at("2026-11-30T18:00Z")

    assert at_risk_from(since, due_at, (), 0.8) == since + 0.8 * timedelta(days=3)


def test_a_deadline_that_had_passed_is_at_risk_when_it_was_due() -> None:
    """P1: a notice that is too late from the start has no time left to warn in."""
    due_at = at("2026-11-20T12:00Z")

    assert at_risk_from(at("2026-11-23T12:00Z"), due_at, (), 0.8) == due_at


def test_time_in_a_pause_is_no_time_at_risk() -> None:
    """A pause before 80 % moves the warning by as long as it lasted, one after it does not."""
    since = at("2026-11-23T12:00Z")
    early, late = (since + HOUR, since + 3 * HOUR), (since + 9 * HOUR, since + 11 * HOUR)

    assert at_risk_from(since, since + 12 * HOUR, (early,), 0.8) == since + 10 * HOUR
    assert at_risk_from(since, since + 12 * HOUR, (late,), 0.8) == since + 8 * HOUR


def test_a_pause_over_a_weekend_takes_no_business_time() -> None:
    """E4: of a business day, only what was left of it is left after the weekend."""
    since = at("2026-11-27T18:00Z")
    due_at = period_end(since, ONE_DAY, LONDON).due_at

    weekend = (at("2026-11-27T20:00Z"), at("2026-11-30T09:00Z"))
    assert due_after_pause(due_at, weekend, ONE_DAY, LONDON) == at("2026-12-01T07:00Z")
    saturday = (at("2026-11-28T10:00Z"), at("2026-11-29T10:00Z"))
    assert due_after_pause(due_at, saturday, ONE_DAY, LONDON) == due_at


def test_a_pause_moves_elapsed_time_by_as_long_as_it_lasted() -> None:
    """L2: a week paused over a weekend is due as much later."""
    due_at = at("2026-11-30T18:00Z")
    pause = (at("2026-11-27T20:00Z"), at("2026-11-30T09:00Z"))

    moved = due_after_pause(due_at, pause, timedelta(days=7), LONDON)
    assert moved == due_at + (pause[1] - pause[0])


instants = st.datetimes(
    min_value=datetime(2026, 1, 1),  # noqa: DTZ001 - hypothesis wants them naive
    max_value=datetime(2026, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
periods = st.sampled_from([HOUR, timedelta(days=7), ONE_DAY, BusinessDays(business_days=5)])
calendars = st.sampled_from([SEATTLE, LONDON, RIYADH])
shares = st.floats(min_value=0, max_value=0.999)


@given(instants, periods, calendars, shares, st.timedeltas(timedelta(0), timedelta(days=30)))
def test_a_pause_never_shortens_a_period(
    since: datetime,
    within: timedelta | BusinessDays,
    calendar: PartyCalendar,
    share: float,
    lasted: timedelta,
) -> None:
    """What was used stays used, what was left is left: exactly, in the time the period counts."""
    due_at = period_end(since, within, calendar).due_at
    paused_at = since + share * (due_at - since)
    resumed_at = paused_at + lasted

    moved = due_after_pause(due_at, (paused_at, resumed_at), within, calendar)

    assert moved >= due_at
    if isinstance(within, timedelta):
        assert moved - resumed_at == due_at - paused_at
    elif moved > due_at:
        left = elapsed_business_time(paused_at, due_at, calendar.party)
        assert elapsed_business_time(resumed_at, moved, calendar.party) == left


@given(
    instants,
    st.timedeltas(timedelta(minutes=1), timedelta(days=9)),
    st.lists(st.tuples(shares, shares), max_size=3),
    st.floats(min_value=0.01, max_value=1),
)
def test_the_warning_lies_within_the_running_time(
    since: datetime, length: timedelta, pauses: list[tuple[float, float]], share: float
) -> None:
    """At risk is never before the start, nor after the end, nor earlier for having been paused."""
    ordered = sorted(since + part * length for pair in pauses for part in pair)
    intervals = list(zip(ordered[::2], ordered[1::2], strict=True))
    due_at = since + length

    warned = at_risk_from(since, due_at, intervals, share)

    assert since <= warned <= due_at
    paused = sum((end - begin for begin, end in intervals), timedelta())
    before = sum(
        (max(timedelta(), min(end, warned) - begin) for begin, end in intervals), timedelta()
    )
    ran, running = warned - since - before, length - paused
    assert abs(ran - share * running) <= timedelta(microseconds=10)
