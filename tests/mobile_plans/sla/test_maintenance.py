"""Maintenance in a statement: what it leaves out, its verdict, and how long it overran (P1, M3)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from include.mobile_plans.maintenance.changes import complete
from include.mobile_plans.sla import Desk, issue
from include.mobile_plans.sla.model import Statement
from tests.mobile_plans.maintenance import conftest as maintenance
from tests.mobile_plans.maintenance.conftest import THEIRS, World
from tests.mobile_plans.sla.conftest import fill

world = maintenance.world
STARTS = datetime(2026, 12, 12, 22, tzinfo=UTC)
ENDS = datetime(2026, 12, 13, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
SLOTS = 120
"""Of an hour."""


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(store=world.store, archive=None, policy=world.policy, clock=world.clock)


def made(desk: Desk, first: date, last: date) -> Statement:
    ((found,),) = (issue(desk, ["contoso"], first, last),)
    return found.statement


def test_what_is_excluded_and_what_overran(world: World, desk: Desk) -> None:
    """Inside the window excluded, after it bad until completed, of the overrun (P3, M3)."""
    world.told(THEIRS)
    fill(desk, STARTS - HOUR, "g" * SLOTS + "b" * 6 * SLOTS + "g" * SLOTS)
    world.at(ENDS + HOUR)
    with world.desk() as room:
        complete(room, room.lock("MNT-0001"), world.word(by="Contoso NOC", why="mail"))
    world.clock.advance_to(datetime(2026, 12, 15, tzinfo=UTC))
    statement = made(desk, date(2026, 12, 12), date(2026, 12, 13))

    (figures,) = statement.targets
    assert figures.slots.excluded == 4 * SLOTS
    assert figures.slots.bad == 2 * SLOTS
    causes = figures.seconds_by_cause
    # Of two hours that it failed after its window, one was before its completion was told.
    assert (causes["maintenance"], causes["theirs"], causes["overrun"]) == (14_400, 7200, 3600)
    assert figures.availability.share == pytest.approx(2 / 4)
    assert figures.availability.without_exclusions == pytest.approx(2 / 8)
    (line,) = statement.maintenance
    assert (line.number, line.party, line.state) == ("MNT-0001", "mobile_operator", "completed")
    assert (line.in_time, line.excluded_s) == (True, 14_400)
    assert line.service == "MO Direct portal"
    assert line.verdict.startswith("told in time, 23 Nov 2026 12:00 UTC, due ")
    # A day before or after it has no part of it.
    assert made(desk, date(2026, 12, 11), date(2026, 12, 11)).maintenance == ()


def test_maintenance_told_late_leaves_out_nothing(world: World, desk: Desk) -> None:
    """It is listed with by how much it was late, and all of it counts (P2, M3)."""
    world.told(THEIRS, window="2026-11-24 22:00 to 2026-11-24 23:00 UTC", why="urgent")
    begin = datetime(2026, 11, 24, 22, tzinfo=UTC)
    fill(desk, begin, "b" * SLOTS)
    world.clock.advance_to(datetime(2026, 11, 26, tzinfo=UTC))
    statement = made(desk, date(2026, 11, 24), date(2026, 11, 24))
    (figures,) = statement.targets
    assert (figures.slots.excluded, figures.slots.bad) == (0, SLOTS)
    assert figures.seconds_by_cause["overrun"] == 0
    (line,) = statement.maintenance
    assert (line.in_time, line.excluded_s) == (False, 0)
    assert " late, due " in line.verdict


def test_another_mobile_operators_maintenance_is_not_listed(world: World, desk: Desk) -> None:
    """One mobile operator never learns of another (M4)."""
    world.told(THEIRS)
    world.clock.advance_to(datetime(2026, 12, 15, tzinfo=UTC))
    (found,) = issue(desk, ["northwind"], date(2026, 12, 12), date(2026, 12, 13))
    assert found.statement.maintenance == ()
    assert "contoso" not in str(found.statement).lower()
