"""Who told whom in time, and told completion (P1 to P3)."""

from datetime import UTC, datetime, timedelta

from include.mobile_plans.maintenance.changes import cancel, complete
from include.mobile_plans.maintenance.compliance import Compliance, compliance
from tests.mobile_plans.maintenance.conftest import NOON, THEIRS, World

DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)
JANUARY = datetime(2027, 1, 1, tzinfo=UTC)
ENDS = datetime(2026, 12, 13, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def rows(world: World, since: datetime = DECEMBER) -> list[Compliance]:
    with world.desk() as desk:
        return compliance(desk.all(), since, JANUARY, world.policy, desk.now)


def test_each_pair_has_its_row(world: World) -> None:
    """In time, late by how much on whose deadline, for both parties."""
    world.told(window="2026-11-27 22:00 to 23:00 UTC", why="urgent", recipients="northwind")
    world.told()
    world.clock.advance_to(datetime(2026, 12, 8, tzinfo=UTC))
    world.told(THEIRS)

    found = rows(world, since=NOON)

    assert [
        (one.maintenance_id, one.maintained_by, one.recipient, one.late_by) for one in found
    ] == [
        ("MNT-0001", "program", "northwind", timedelta(days=3, hours=14)),
        ("MNT-0002", "program", "contoso", None),
        ("MNT-0002", "program", "northwind", None),
        ("MNT-0003", "contoso", "program", timedelta(hours=2)),
    ]
    assert [one.maintenance_id for one in rows(world)] == ["MNT-0002", "MNT-0002", "MNT-0003"]


def test_completion_by_both_parties(world: World) -> None:
    """P3: in time, late by how much, not told yet, not due yet, cancelled."""
    world.told()
    world.told(THEIRS)
    world.told(recipients="contoso", window="2026-12-14 22:00 to 23:00 UTC")
    world.told(recipients="northwind", why="clash")
    world.told(recipients="northwind", window="2026-12-09 22:00 to 23:00 UTC")
    world.at(ENDS)
    with world.desk() as desk:
        complete(desk, desk.lock("MNT-0001"), world.word(why="x"))
        cancel(desk, desk.lock("MNT-0004"), world.word(why="x"))
    world.at(ENDS + 3 * HOUR)
    with world.desk() as desk:
        complete(desk, desk.lock("MNT-0002"), world.word(by="Contoso NOC", why="x"))

    found = {one.maintenance_id: (one.completion, one.completion_late_by) for one in rows(world)}
    assert found == {
        "MNT-0001": ("in time", None),
        "MNT-0002": ("late", 2 * HOUR),
        "MNT-0003": ("not due", None),
        "MNT-0004": ("cancelled", None),
        "MNT-0005": ("not told", timedelta(days=3, hours=5)),
    }
