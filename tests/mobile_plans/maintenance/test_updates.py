"""What the maintaining party says later, signed by one of its own (P3, L9)."""

from datetime import UTC, datetime, timedelta

import pytest

from include.mobile_plans.errors import BadInput, Conflict
from include.mobile_plans.maintenance.changes import propose
from include.mobile_plans.maintenance.updates import CHANGES, update
from tests.mobile_plans.maintenance.conftest import NOON, OURS, THEIRS, World

STARTS = datetime(2026, 12, 12, 22, tzinfo=UTC)
HOUR = timedelta(hours=1)
SAID = {"signed_by": "Mei Tanaka", "evidence": "ticket 7"}


@pytest.mark.parametrize(
    ("change", "window", "state"),
    [
        ("Rescheduled", "2026-12-12 23:00 to 2026-12-13 01:00 UTC", "announced"),
        ("Cancelled", "", "cancelled"),
    ],
)
def test_before_it_begins(world: World, change: str, window: str, state: str) -> None:
    """Another window, or none."""
    world.told()
    with world.desk() as desk:
        after = update(desk, "MNT-0001", change, SAID | {"window": window})

    assert after.state == state


@pytest.mark.parametrize(
    ("change", "window", "state"),
    [
        ("Extended", "2026-12-12 22:00 to 2026-12-13 04:00 UTC", "under_way"),
        ("Completed", "", "completed"),
        ("Cancelled", "", "cancelled"),
    ],
)
def test_while_it_is_under_way(world: World, change: str, window: str, state: str) -> None:
    """More time, completion, or breaking off."""
    world.told()
    world.at(STARTS + HOUR)
    with world.desk() as desk:
        after = update(desk, "MNT-0001", change, SAID | {"window": window})

    assert after.state == state


def test_the_word_of_a_mobile_operator_counts_from_when_it_reached_us(world: World) -> None:
    """P3: its own contact, its own mail, and the time that was received."""
    world.told(THEIRS)
    world.at(STARTS + 6 * HOUR)
    said = {
        "signed_by": "Contoso change desk",
        "evidence": "<2@contoso.example>",
        "received_at": "2026-12-13T02:30:00Z",
    }
    with world.desk() as desk:
        after = update(desk, "MNT-0001", "Completed", said)

    assert after.closed_at == datetime(2026, 12, 13, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "said", "words"),
    [
        ("Completed", {"signed_by": "Contoso NOC"}, "'Contoso NOC' cannot sign for Mobile Plans"),
        ("Completed", {"evidence": " "}, "evidence is empty"),
        ("Completed", {"received_at": "2030-01-01T00:00:00Z"}, "lies in the future"),
        ("Completed", {"received_at": "noon"}, "received at 'noon' is not an ISO 8601 time"),
        ("Postponed", {}, "'Postponed' is no change: allowed are Rescheduled, Extended"),
        ("Extended", {"window": "later"}, "window 'later' is not two times and a zone"),
        ("Rescheduled", {}, "window '' is not"),
    ],
)
def test_what_does_not_hold(world: World, change: str, said: dict[str, str], words: str) -> None:
    """Nobody signs for the other party; nothing is written."""
    world.told()
    world.at(STARTS)
    with world.desk() as desk, pytest.raises(BadInput, match=words):
        update(desk, "MNT-0001", change, SAID | said)


def test_a_late_move_of_ours_waits_for_confirmation(world: World) -> None:
    """P1: it is proposed, shown, and told only once a named person confirms it."""
    world.told()
    window = {"window": "2026-11-28 22:00 to 2026-11-29 02:00 UTC"}
    with world.desk() as desk:
        after = update(desk, "MNT-0001", "Rescheduled", SAID | window)

    assert after.state == "announced"
    assert after.proposal is not None
    assert after.proposal.verdicts["contoso"].late_by(NOON) == timedelta(days=3, hours=14)
    assert world.mails("rescheduled") == []


def test_what_nobody_was_told_of_cannot_change(world: World) -> None:
    """A proposal is confirmed or withdrawn."""
    with world.desk() as desk:
        propose(desk, world.plan(OURS), world.word())
    with world.desk() as desk, pytest.raises(Conflict, match="was told to nobody yet"):
        update(desk, "MNT-0001", "Cancelled", SAID)


def test_every_change_has_a_name() -> None:
    """The form, the command line and the human task offer the same four."""
    assert CHANGES == ("Rescheduled", "Extended", "Completed", "Cancelled")
