"""What is told next, what collides, which minutes availability leaves out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.mobile_plans.calendar import Deadline
from include.mobile_plans.maintenance.changes import preview
from include.mobile_plans.maintenance.plans import PROGRAM, AffectedObject, Plan, Window
from include.mobile_plans.maintenance.rules import Exclusion, exclusions, next_step
from include.mobile_plans.maintenance.state import Maintenance, Verdict
from include.mobile_plans.policy import ProgramPolicy
from tests.mobile_plans.maintenance.conftest import NOON, World

HOUR = timedelta(hours=1)
MONTH_END = datetime(2026, 12, 31, 20, tzinfo=UTC)


def told(
    starts_at: datetime,
    hours: float,
    *,
    number: int = 1,
    told_after: timedelta = -HOUR,
    allowed: timedelta = 8 * HOUR,
    **changes: object,
) -> Maintenance:
    """Make a maintenance of portals that contoso was told of, some time after its deadline."""
    due = Deadline(
        instant=starts_at - timedelta(days=7),
        counted=(),
        skipped=(),
        zone="UTC",
        calendar_version="x",
    )
    plan = Plan(
        maintained_by=PROGRAM,
        service="portal",
        objects=(AffectedObject(name="portal", impact="OUTAGE"),),
        window=Window(starts_at=starts_at, ends_at=starts_at + hours * HOUR, zone="UTC"),
        recipients=("contoso",),
        summary="x",
    )
    maintenance = Maintenance(
        maintenance_id=f"MNT-{number:04d}",
        length=2,
        plan=plan,
        verdicts={
            "contoso": Verdict(
                deadline=due, calendars=(), proposed_in=1, told_at=due.instant + told_after
            )
        },
        announced_at=due.instant + told_after,
        excluded_per_month=allowed,
    )
    plan = replace(plan, **{n: v for n, v in changes.items() if n in Plan.__dataclass_fields__})
    rest = {n: v for n, v in changes.items() if n not in Plan.__dataclass_fields__}
    return replace(maintenance, plan=plan, **rest)


def spans(found: list[Exclusion]) -> list[tuple[datetime, float]]:
    return [(one.starts_at, (one.ends_at - one.starts_at) / HOUR) for one in found]


@pytest.mark.parametrize(
    ("maintenance", "hours"),
    [
        (told(NOON, 4), [4]),
        (told(NOON, 4, told_after=timedelta(0)), [4]),
        (told(NOON, 4, told_after=timedelta(microseconds=1)), []),
        (told(NOON, 4, verdicts={}), []),
        (told(NOON, 4, service="core_network"), []),
        (told(NOON, 4, recipients=("northwind",)), []),
        (told(NOON, 4, objects=(AffectedObject(name="p", impact="REDUCED-REDUNDANCY"),)), []),
        (told(NOON, 4, objects=(AffectedObject(name="p", impact="DEGRADED"),)), [4]),
        (told(NOON, 12), [8]),
        (told(NOON, 4, extended_to=NOON + 9 * HOUR), [4]),
        (told(NOON, 4, closed="completed", closed_at=NOON + HOUR), [1]),
        (told(NOON, 4, closed="completed", closed_at=NOON + 9 * HOUR), [4]),
        (told(NOON, 4, closed="cancelled", closed_at=NOON - HOUR), []),
        (told(NOON, 4, closed="cancelled", closed_at=NOON + 2 * HOUR), [2]),
    ],
)
def test_which_minutes_are_left_out(maintenance: Maintenance, hours: list[float]) -> None:
    """
    Availability: only the named service, only told in time, only inside the announced window.

    At most the hours per month of policy; minutes past the end, or past completion, count again.
    """
    found = spans(exclusions([maintenance], "contoso", "portal"))

    assert found == [(NOON, hour) for hour in hours]


def test_their_own_maintenance_is_left_out_where_they_told_us_in_time() -> None:
    """P2: the verdict of a mobile operator's notice is the one the program has of it."""
    one = told(NOON, 4)
    own = replace(
        one,
        plan=replace(one.plan, maintained_by="contoso", recipients=(PROGRAM,)),
        verdicts={PROGRAM: one.verdicts["contoso"]},
    )

    assert spans(exclusions([own], "contoso", "portal")) == [(NOON, 4)]
    assert exclusions([own], "northwind", "portal") == []
    assert exclusions([own], PROGRAM, "portal") == []


def test_the_hours_of_a_month_are_used_once() -> None:
    """What two windows share counts once; the month's first minutes are the ones left out."""
    first, second = told(NOON, 4, number=2), told(NOON + 2 * HOUR, 4, number=1)
    later = told(NOON + 24 * HOUR, 4, number=3)

    found = exclusions([later, second, first], "contoso", "portal")

    assert [one.maintenance_id for one in found] == ["MNT-0002", "MNT-0001", "MNT-0003"]
    assert spans(found) == [(NOON, 4), (NOON + 4 * HOUR, 2), (NOON + 24 * HOUR, 2)]


def test_a_window_over_the_turn_of_a_month_uses_both() -> None:
    """The hours are those of each UTC month."""
    found = spans(exclusions([told(MONTH_END, 12, allowed=3 * HOUR)], "contoso", "portal"))

    assert found == [(MONTH_END, 3), (MONTH_END + 4 * HOUR, 3)]


windows = st.lists(
    st.tuples(st.integers(0, 80), st.integers(1, 15), st.booleans(), st.integers(0, 12)),
    min_size=1,
    max_size=6,
)


@given(windows)
def test_no_minute_is_left_out_that_may_not_be(drawn: list[tuple[int, int, bool, int]]) -> None:
    """
    For any windows: disjoint, in order, inside a window told in time, within the month's hours.

    And nothing that could be left out is not: a minute of a window told in time is counted only
    where the month's hours are used up before it.
    """
    begin = datetime(2026, 12, 30, tzinfo=UTC)
    made = [
        told(
            begin + start * HOUR,
            hours,
            number=number,
            told_after=-HOUR if in_time else HOUR,
            allowed=5 * HOUR,
        )
        for number, (start, hours, in_time, _) in enumerate(drawn)
    ]

    found = exclusions(made, "contoso", "portal")

    left_out = set()
    for one in found:
        hour = one.starts_at
        while hour < one.ends_at:
            assert hour not in left_out
            left_out.add(hour)
            hour += HOUR
    assert [one.starts_at for one in found] == sorted(one.starts_at for one in found)
    allowed = {
        one.plan.window.starts_at + n * HOUR
        for one, (_, hours, in_time, _) in zip(made, drawn, strict=True)
        for n in range(hours)
        if in_time
    }
    for month in (12, 1, 2):
        of_month = sorted(hour for hour in allowed if hour.month == month)
        assert {hour for hour in left_out if hour.month == month} == set(of_month[:5])


def test_steps_follow_each_other(policy: ProgramPolicy) -> None:
    """Reminder, start, end and overdue end, each once and in order; nothing once it is closed."""
    one = told(NOON, 4)
    seen = []
    while step := next_step(one, policy):
        seen.append((step.name, step.at - NOON))
        one = replace(one, steps=(*one.steps, step.name))

    assert seen == [
        ("reminded", -24 * HOUR),
        ("started", timedelta(0)),
        ("ended", 4 * HOUR),
        ("overran", 5 * HOUR),
    ]
    assert next_step(replace(told(NOON, 4), closed="cancelled"), policy) is None
    assert next_step(replace(told(NOON, 4), plan=None), policy) is None


@pytest.mark.parametrize(
    ("maintenance", "first"),
    [
        (told(NOON, 4, announced_at=NOON - 24 * HOUR), "started"),
        (told(NOON, 4, announced_at=NOON - 24 * HOUR - timedelta(seconds=1)), "reminded"),
        (told(NOON, 4, steps=("started",)), "ended"),
        (told(NOON, 4, steps=("started",), extended_to=NOON + 9 * HOUR), "ended"),
    ],
)
def test_who_was_told_late_is_not_reminded(
    maintenance: Maintenance, first: str, policy: ProgramPolicy
) -> None:
    """A reminder of what was told, or begun, within a day of its start would say nothing."""
    step = next_step(maintenance, policy)

    assert step is not None
    assert step.name == first


def test_collisions_are_told_before_anything_is_confirmed(world: World) -> None:
    """Overlapping windows of both parties, a launch day and a freeze, and nothing else."""
    world.told(window="2026-12-22 10:00 to 12:00 UTC", why="agreed")
    world.told(window="2026-12-10 10:00 to 12:00 UTC")
    world.told(window="2026-12-22 10:00 to 12:00 UTC", recipients="northwind", why="clash")
    world.launches = {
        "contoso": datetime(2026, 12, 23, 7, 59, tzinfo=UTC),
        "tailspin": datetime(2026, 12, 22, 9, tzinfo=UTC),
    }
    with world.desk() as desk:
        proposal = preview(
            desk,
            world.plan(
                {"maintained_by": "contoso", "service": "core_network", "summary": "x"},
                window="2026-12-22 11:00 to 13:00 UTC",
            ),
            world.word(),
        )

    assert proposal.warnings == (
        "MNT-0001 of the program overlaps: Tue 22 Dec 2026 10:00 to Tue 22 Dec 2026 12:00 UTC",
        "launch day: Contoso Mobile is to go live on Wed 23 Dec 2026 07:59 UTC",
        "freeze from 2026-12-21 to 2027-01-03: Year-end change freeze",
    )
