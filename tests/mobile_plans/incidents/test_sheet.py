"""The call sheet, and what one shift hands to the next."""

from datetime import timedelta

import pytest

from include.mobile_plans.errors import BadInput
from include.mobile_plans.incidents import call_sheet, hand_over, handover
from include.mobile_plans.obligations import claim, raise_alert
from include.mobile_plans.policy import program_policy
from tests.mobile_plans.incidents.conftest import NOON, World

MINUTE = timedelta(minutes=1)


def rows(world: World) -> list[dict]:
    with world.store.snapshot() as connection:
        return [dict(row) for row in call_sheet(connection, world.clock.now())]


def test_whom_to_call_now(world: World) -> None:
    """E3: number, next contact, deadline, what was tried; what was reached comes last."""
    world.outage("contoso")
    world.look()
    world.clock.advance(5 * MINUTE)
    world.outage("tailspin")
    world.look()
    world.report()
    assert [(row["incident"], row["call"], row["phone"]) for row in rows(world)] == [
        ("INC-0001", "Contoso NOC", "+12065550100"),
        ("INC-0002", "Tailspin Leitstelle", "+493023125100"),
    ]
    assert rows(world)[0]["deadline"] == NOON + 30 * MINUTE
    world.call("INC-0001", 1, None)
    assert (rows(world)[0]["call"], rows(world)[0]["tried"]) == ("Chris Wong", ["Contoso NOC"])
    world.call("INC-0001", 2, "Chris Wong", called_at=world.clock.now())

    first, second = rows(world)
    assert (first["incident"], first["outcome"]) == ("INC-0002", "to call")
    assert (second["outcome"], second["call"]) == ("reached", "Chris Wong")
    assert second["reached_at"] == NOON + 5 * MINUTE
    world.post("INC-0001", "resolution", by="Olivia Stone")
    assert [row["incident"] for row in rows(world)] == ["INC-0002"]


def test_nobody_reached_begins_again(world: World) -> None:
    """E3: when every contact was tried, the first one is called again."""
    world.outage("contoso")
    world.look()
    for rank in (1, 2):
        world.call("INC-0001", rank, None)
    (row,) = rows(world)
    assert (row["outcome"], row["call"], row["rank"]) == ("nobody reached", "Contoso NOC", 1)


def test_who_claimed_it(world: World) -> None:
    """Who took the task is on the sheet."""
    world.outage("contoso")
    world.look()
    assert rows(world)[0]["claimed_by"] is None
    key = "INC-0001:call:3:call_contact_1"
    with world.write() as connection:
        raise_alert(
            connection,
            key,
            role="operations_centre",
            headline="Call",
            link="http://localhost/",
            policy=program_policy(),
            now=NOON,
        )
        claim(connection, key, by="Omar Reyes", now=NOON)
    assert rows(world)[0]["claimed_by"] == "Omar Reyes"


def test_what_a_shift_hands_over(world: World) -> None:
    """Open, due in 12 hours, changed since the last one, a note, and who took over."""
    world.outage("tailspin")
    world.look()
    world.tick()
    world.report(stated={"portal": "reachable", "purchased_data": "usable"}, channel="mail")
    policy = program_policy()
    with world.store.snapshot() as connection:
        found = handover(connection, policy, world.clock.now())
    assert found.last is None
    assert [one.incident_id for one in found.open] == ["INC-0001", "INC-0002"]
    assert [one.key for one in found.due] == ["INC-0001:outage_notice", "INC-0001:initial_response"]
    with world.write() as connection:
        hand_over(connection, note="call again", by="Olivia Stone", to="Omar Reyes", now=NOON)
    world.clock.advance(MINUTE)
    world.post("INC-0002", "update", by="Maya Patel")
    with world.store.snapshot() as connection:
        found = handover(connection, policy, world.clock.now())
    assert (found.last.actor, found.last.data["taken_over_by"]) == ("Olivia Stone", "Omar Reyes")
    assert [one.incident_id for one in found.changed] == ["INC-0002"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"note": ""}, "a handover needs 'note'"),
        ({"to": " "}, "a handover needs 'to'"),
        ({"to": "Olivia Stone"}, "name two persons"),
    ],
)
def test_a_handover_names_two_persons_and_what_matters(
    world: World, changes: dict, words: str
) -> None:
    """Each refused input has its sentence."""
    given = {"note": "call again", "by": "Olivia Stone", "to": "Omar Reyes"} | changes
    with world.write() as connection, pytest.raises(BadInput, match=words):
        hand_over(connection, **given, now=NOON)
