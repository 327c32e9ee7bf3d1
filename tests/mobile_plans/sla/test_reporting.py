"""The daily report: what is mailed when, and what is not mailed twice (M4)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from include.mobile_plans.calendar import Party
from include.mobile_plans.errors import BadInput
from include.mobile_plans.notices import list_notices
from include.mobile_plans.orchestration import sla as tasks
from include.mobile_plans.sla import (
    Desk,
    find_statement,
    issue,
    months_so_far,
    tell_corrections,
    tell_day,
    tell_month,
    tell_overview,
)
from include.mobile_plans.sla.reporting import month_to_tell
from include.mobile_plans.xdr import feed_rows
from tests.mobile_plans.sla.conftest import exclude, fill, seal

DAY = date(2026, 11, 24)
MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)
SEATTLE = Party(country="US", region="WA", zone="America/Los_Angeles")


def mails(desk: Desk) -> dict[str, str]:
    """Return the kind of every mail of reports, by its key."""
    with desk.store.snapshot() as connection:
        return {one.key: one.kind for one in list_notices(connection, key_prefix="SLA-")}


@pytest.fixture
def reported(desk: Desk) -> Desk:
    """A day of two live mobile operators: contoso wants days, fabrikam months."""
    for slug in ("contoso", "fabrikam"):
        fill(desk, MIDNIGHT, "g" * 2878 + "bb", target=f"{slug}/portal")
    seal(desk)
    tell_day(desk, DAY)
    tell_overview(desk, DAY)
    return desk


def test_each_as_often_as_it_chose(reported: Desk) -> None:
    """M4: the day goes to those who chose days; the program reads of all who were live."""
    kinds = mails(reported)
    assert kinds.pop("SLA-contoso-2026-11-24:0:mobile_operator") == "sla_statement"
    ((key, kind),) = kinds.items()
    assert key.startswith("SLA-overview-2026-11-24:")
    assert kind == "sla_overview"


def test_reporting_again_mails_nothing(reported: Desk) -> None:
    """M4: from the same inputs nothing is told twice."""
    before = mails(reported)
    assert tell_day(reported, DAY) == []
    assert tell_overview(reported, DAY) is False
    assert tell_corrections(reported) == []
    assert mails(reported) == before


def test_a_day_whose_figures_changed_is_corrected(reported: Desk) -> None:
    """M4: an exclusion recorded later makes a correction for both, once."""
    before = mails(reported)
    exclude(reported, MIDNIGHT + timedelta(hours=23), MIDNIGHT + timedelta(hours=24))

    assert tell_day(reported, DAY) == ["SLA-contoso-2026-11-24 revision 1"]
    assert tell_overview(reported, DAY) is True
    assert tell_day(reported, DAY) == []
    new = {key: kind for key, kind in mails(reported).items() if key not in before}
    assert sorted(new.values()) == ["sla_correction", "sla_overview"]


def test_what_was_corrected_elsewhere_is_told_by_the_next_report(reported: Desk) -> None:
    """M4: a statement that was made anew in between, as after a dispute, is mailed once."""
    exclude(reported, MIDNIGHT + timedelta(hours=23), MIDNIGHT + timedelta(hours=24))
    issue(reported, ["contoso", "fabrikam"], DAY, DAY)
    assert tell_corrections(reported) == ["SLA-contoso-2026-11-24 revision 1"]
    assert tell_corrections(reported) == []


def test_the_month_goes_to_all_from_the_first_business_day_on(reported: Desk) -> None:
    """M4: everybody gets the month; later reports find that it was told."""
    october = tell_month(reported, date(2026, 11, 29))
    assert october == ["SLA-contoso-2026-10 revision 0", "SLA-fabrikam-2026-10 revision 0"]
    new = tell_month(reported, date(2026, 11, 30))
    assert new == ["SLA-contoso-2026-11 revision 0", "SLA-fabrikam-2026-11 revision 0"]
    assert tell_month(reported, date(2026, 12, 1)) == []


@pytest.mark.parametrize(
    ("day", "month"),
    [
        (date(2026, 10, 31), None),
        (date(2026, 11, 1), date(2026, 10, 1)),
        (date(2026, 11, 29), date(2026, 10, 1)),
        (date(2026, 12, 31), None),
        (date(2027, 1, 2), None),
        (date(2027, 1, 3), date(2026, 12, 1)),
        (date(2028, 2, 29), date(2028, 2, 1)),
    ],
)
def test_the_first_business_day(day: date, month: date | None) -> None:
    """M4: 1 November 2026 is a Sunday; 1 January 2027 a holiday before a weekend."""
    found = month_to_tell(day, SEATTLE)
    assert (found and found[0]) == month
    if found:
        assert found[1] + timedelta(days=1) == (day + timedelta(days=1)).replace(day=1)


def test_the_month_so_far_has_the_budget_of_the_whole_month(reported: Desk) -> None:
    """M3: it ends with the day that is told, and nothing of it is kept."""
    (month,) = months_so_far(reported, ["contoso"], DAY).values()
    (figures,) = month.targets
    assert [one.day.day for one in figures.days] == list(range(1, 25))
    assert figures.budget.allowed_s == pytest.approx(30 * 86400 * 0.001)
    assert figures.budget.used_s == 60


def test_the_day_of_a_run(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """M4: any day that is over, by hand; one that is not over is refused with when it will be."""
    monkeypatch.setattr(tasks, "clock", desk.clock)
    assert tasks.day_to_report({"day": "2026-11-24"}) == "2026-11-24"
    with pytest.raises(BadInput, match="from 2026-12-02 02:30 UTC on"):
        tasks.day_to_report({"day": "2026-12-01"})
    with pytest.raises(BadInput, match="is no day"):
        tasks.day_to_report({"day": "yesterday"})


@pytest.mark.parametrize(
    ("logical_date", "day"),
    [
        (None, "2026-11-30"),
        (datetime(2026, 11, 25, 3, tzinfo=UTC), "2026-11-24"),
        (datetime(2026, 11, 24, 22, tzinfo=UTC), "2026-11-23"),
    ],
)
def test_the_day_before_the_date_of_a_run(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, logical_date: datetime | None, day: str
) -> None:
    """M4: scheduled and backfilled runs report the day before their date, others yesterday."""

    class Run:
        """A run of Airflow."""

    Run.logical_date = logical_date
    monkeypatch.setattr(tasks, "clock", desk.clock)
    monkeypatch.setattr(tasks, "get_current_context", lambda: {"dag_run": Run})
    assert tasks.day_to_report({"day": None}) == day


def test_the_tasks_work_on_the_environment(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """M4: seal, count, make and mail, one after the other, as the DAG does."""
    monkeypatch.setattr(tasks, "clock", desk.clock)
    fill(desk, MIDNIGHT, "g" * 2880)
    assert any("sealed 2026-11-24" in line for line in tasks.seal_and_count("2026-11-24"))
    assert "SLA-contoso-2026-11-24 revision 0" in tasks.make_statements("2026-11-24")
    assert tasks.mail_day("2026-11-24") == ["SLA-contoso-2026-11-24 revision 0"]
    assert tasks.mail_overview("2026-11-24") is True
    assert len(tasks.mail_month("2026-11-24")) == 2
    assert tasks.mail_corrections() == []


def test_the_files_of_detail_records_stand_in_the_statement(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X1, M4: each registered feed has its line, and no part in a verdict."""
    monkeypatch.setattr(tasks, "clock", desk.clock)
    tasks.make_statements("2026-11-24")
    with desk.store.snapshot() as connection:
        statement = find_statement(connection, "SLA-contoso-2026-11-24")
    assert [(one.feed, one.expected, one.missing) for one in statement.feeds] == [
        ("CDR", 24, 24),
        ("SDR", 1, 1),
        ("TDR", 1, 1),
    ]
    assert statement.targets[0].judged_availability.verdict == "undecided"

    fill(desk, MIDNIGHT, "g" * 2880)
    (corrected,) = issue(replace(desk, feeds=feed_rows), ["contoso"], DAY, DAY)
    assert corrected.statement.seal.revision == 1
    assert corrected.statement.feeds == statement.feeds


def test_nobody_is_told_of_nobody(desk: Desk) -> None:
    """M4: before the first mobile operator is live there is nothing to report."""
    assert tell_overview(desk, date(2000, 1, 1)) is False
    with desk.store.snapshot() as connection:
        assert list_notices(connection) == []
