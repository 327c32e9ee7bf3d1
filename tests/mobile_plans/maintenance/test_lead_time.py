"""Five business days on real calendars, from the form to the verdict, its mail and its minutes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from include.mobile_plans.maintenance.changes import announce, propose
from include.mobile_plans.maintenance.plans import PROGRAM
from include.mobile_plans.policy import PartyCalendar, mobile_operator_in_force, record_version
from include.mobile_plans.policy.program import CalendarPolicy
from include.mobile_plans.simulation.clock import VirtualClock
from tests.golden import rendered_of
from tests.mobile_plans.maintenance.conftest import NOON, OURS, THEIRS, World

US = PartyCalendar(country="US", zone="America/Los_Angeles")
ENG = PartyCalendar(country="GB", region="ENG", zone="Europe/London")
SCT = PartyCalendar(country="GB", region="SCT", zone="Europe/London")
JP = PartyCalendar(country="JP", zone="Asia/Tokyo")
SA = PartyCalendar(country="SA", zone="Asia/Riyadh")
AE = PartyCalendar(country="AE", zone="Asia/Dubai")

ROWS = [
    (US, US, "2026-12-01", "2026-11-23", {"2026-11-26"}),
    (US, US, "2026-11-29", "2026-11-20", {"2026-11-26"}),
    (US, US, "2026-11-26", "2026-11-19", set()),
    (US, US, "2027-01-04", "2026-12-24", {"2026-12-25", "2027-01-01"}),
    (US, ENG, "2027-01-04", "2026-12-23", {"2026-12-25", "2026-12-28", "2027-01-01"}),
    (US, SCT, "2027-01-05", "2026-12-23", {"2026-12-25", "2026-12-28", "2027-01-01", "2027-01-04"}),
    (ENG, ENG, "2026-05-26", "2026-05-18", {"2026-05-25"}),
    (ENG, ENG, "2026-04-07", "2026-03-27", {"2026-04-03", "2026-04-06"}),
    (JP, JP, "2026-05-08", "2026-04-27", {"2026-04-29", "2026-05-04", "2026-05-05", "2026-05-06"}),
    (US, JP, "2026-05-08", "2026-04-27", {"2026-04-29", "2026-05-04", "2026-05-05", "2026-05-06"}),
    (JP, JP, "2026-09-25", "2026-09-15", {"2026-09-21", "2026-09-22", "2026-09-23"}),
    (SA, SA, "2026-12-06", "2026-11-29", set()),
    (SA, US, "2026-12-07", "2026-11-25", {"2026-11-26"}),
    (AE, AE, "2026-12-07", "2026-11-26", {"2026-12-02", "2026-12-03"}),
    (AE, AE, "2021-06-13", "2021-06-06", set()),
    (US, US, "2026-08-15", "2026-08-10", set()),
    (US, US, "2026-08-17", "2026-08-10", set()),
]
"""The program's calendar and the mobile operator's, the event, the last day, the days skipped."""


def world_of(world: World, ours: PartyCalendar, theirs: PartyCalendar, at: datetime) -> World:
    """Give the program and contoso calendars of their own, at an instant."""
    with world.store.transaction() as connection:
        version = mobile_operator_in_force(connection, "contoso", NOON)
        record_version(
            connection,
            replace(version.mobile_operator, calendar=theirs),
            author="Ada",
            approver=None,
            reason="calendar",
            now=min(version.valid_from + timedelta(minutes=1), at),
        )
    policy = replace(world.policy, calendars=CalendarPolicy(program=ours))
    return World(world.store, policy, VirtualClock(at))


def window_of(event: datetime) -> str:
    return f"{event:%Y-%m-%d %H:%M} to {event + timedelta(hours=1):%Y-%m-%d %H:%M} UTC"


@pytest.mark.parametrize(
    ("ours", "theirs", "event", "last_day", "skipped"),
    ROWS,
    ids=[f"{a.country}-{b.country}{b.region or ''}-{event}" for a, b, event, _, _ in ROWS],
)
def test_a_notice_on_the_last_day_is_in_time_and_one_after_is_late(
    world: World,
    ours: PartyCalendar,
    theirs: PartyCalendar,
    event: str,
    last_day: str,
    skipped: set[str],
) -> None:
    """
    P1, P2: no later than five business days, days that both parties work, to the instant.

    The program's announcement at that instant is in time, so its minutes are left out and its mail
    says so; the mobile operator's notice a microsecond later is late, and excludes nothing.
    """
    at = datetime.fromisoformat(f"{event}T12:00+00:00")
    zone = ZoneInfo(theirs.zone)
    local = at.astimezone(zone)
    due = datetime.combine(date.fromisoformat(last_day), local.time(), tzinfo=zone)
    here = world_of(world, ours, theirs, due.astimezone(UTC))

    told = here.told(OURS, service="portal", recipients="contoso", window=window_of(at), why="x")

    verdict = told.verdicts["contoso"]
    assert verdict.deadline.instant == due
    assert len(verdict.deadline.counted) == 5
    assert {str(day.date) for day in verdict.deadline.skipped} == skipped
    assert verdict.is_in_time
    assert verdict.deadline.calendar_version.startswith("holidays ")
    assert here.excluded("contoso") == [(at, at + timedelta(hours=1))]
    (mail,) = here.mails("announced")
    text = rendered_of(mail.message).text
    assert f"in time: it was due by {verdict.deadline.instant:%a %d %b %Y %H:%M} UTC" in text
    assert text.count("Not counted:") == len(skipped)

    here.clock.advance(timedelta(microseconds=1))
    with here.desk() as desk:
        later = at + timedelta(hours=2)
        plan = here.plan(THEIRS, window=window_of(later))
        plan = replace(plan, window=replace(plan.window, starts_at=at))
        proposed = propose(desk, plan, here.word())
        late = announce(desk, proposed.maintenance_id, here.word())

    assert late.verdicts[PROGRAM].deadline.instant == due
    assert late.verdicts[PROGRAM].late_by() == timedelta(microseconds=1)
    assert here.excluded("contoso") == [(at, at + timedelta(hours=1))]


@pytest.mark.parametrize(
    ("theirs", "due"),
    [
        (US, "2026-11-03T02:00Z"),
        (ENG, "2026-11-02T02:00Z"),
        (JP, "2026-10-30T02:00Z"),
    ],
)
def test_the_earliest_deadline_is_the_one_to_send_by(
    world: World, theirs: PartyCalendar, due: str
) -> None:
    """P1: each party's clock and calendar has its own instant; the earlier of a pair decides."""
    here = world_of(world, theirs, theirs, datetime(2026, 10, 20, tzinfo=UTC))

    told = here.told(recipients="contoso", window="2026-11-09 02:00 to 03:00 UTC")

    assert told.verdicts["contoso"].deadline.instant == datetime.fromisoformat(due)


def test_the_wall_clock_is_kept_when_clocks_change(world: World) -> None:
    """P1: five days before 09:30 is 09:30, although the clocks were put forward between."""
    here = world_of(world, US, US, datetime(2026, 3, 1, tzinfo=UTC))

    told = here.told(recipients="contoso", window="2026-03-13 09:30 to 10:30 America/Los_Angeles")

    assert told.verdicts["contoso"].deadline.instant == datetime(2026, 3, 6, 17, 30, tzinfo=UTC)
