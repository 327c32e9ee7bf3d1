"""Calls and mails that reach the other party, and the clocks that run from then (E3, E4, O1)."""

from datetime import timedelta

import pytest

from include.mobile_plans.errors import BadInput, DoesNotApply, NotFound
from include.mobile_plans.incidents import call_of_run, hear, note_run, unreached
from include.mobile_plans.incidents.records import runs_to_start
from include.mobile_plans.notices import Refused
from include.mobile_plans.obligations import open_alerts, raise_alert
from include.mobile_plans.policy import program_policy
from tests.mobile_plans.incidents.conftest import NOON, World

MINUTE = timedelta(minutes=1)


@pytest.fixture
def opened(world: World) -> World:
    """A High incident of Tailspin, INC-0001, whose mail is still in our outbox."""
    world.outage()
    world.look()
    return world


def test_the_earlier_of_call_and_mail_starts_their_clock(opened: World) -> None:
    """Decision: our own delay is shown apart and never charged."""
    world = opened
    assert "initial_response" not in world.promises("INC-0001")
    world.clock.advance(12 * MINUTE)
    world.call("INC-0001", 1, "Kern", called_at=NOON + 10 * MINUTE)
    assert world.promises("INC-0001")["initial_response"].promise.since == NOON + 10 * MINUTE
    world.tick(minutes=3)

    incident = world.incident("INC-0001")
    assert incident.reached_at(3, "mail") == NOON + 15 * MINUTE
    assert incident.reached_at(3) == NOON + 10 * MINUTE
    promises = world.promises("INC-0001")
    assert promises["initial_response"].promise.since == NOON + 10 * MINUTE
    assert promises["outage_notice"].answer.received_at == NOON + 15 * MINUTE


def test_a_mail_counts_from_when_their_server_took_it(opened: World) -> None:
    """Decision: not from when we learn of it."""
    world = opened
    world.clock.advance(2 * MINUTE)
    world.deliver()
    world.clock.advance(7 * MINUTE)
    assert hear(world.store, world.clock) == ["INC-0001"]
    assert hear(world.store, world.clock) == []
    assert world.promises("INC-0001")["initial_response"].promise.since == NOON + 2 * MINUTE


def test_a_refused_mail_reaches_nobody_until_the_next_contact(opened: World) -> None:
    """E3: the refusal is on record; the next contact's server taking it counts."""
    world = opened
    send = world.postman.send

    def picky(message: bytes, *, recipient: str, **more: object) -> str:
        if recipient == "leitstelle@tailspin.example":
            msg = "550 unknown"
            raise Refused(msg)
        return send(message, recipient=recipient, **more)

    world.postman.send = picky
    world.tick(minutes=1)
    (reach,) = world.incident("INC-0001").all("party.reached")
    assert reach.data["who"] == world.postman.taken[0][1]


def test_not_reached_goes_on_and_nobody_is_told(opened: World) -> None:
    """E3, O1: every attempt is kept; when nobody answered, the program's people are told."""
    world = opened
    contacts = world.call_state("INC-0001:call:3").wanted.contacts
    for rank in range(1, len(contacts) + 1):
        assert "incident_not_reached_to_program" not in world.mails()
        world.call("INC-0001", rank, None)
    mail = world.mails()["incident_not_reached_to_program"]
    assert all(contact.name.encode() in mail.message for contact in contacts[:1])
    assert world.promises("INC-0001")["outage_notice"].answer is None

    world.call("INC-0001", 1, "Kern after all")
    world.tick()
    assert world.promises("INC-0001")["outage_notice"].state == "met"


def search(world: World, key: str) -> None:
    """Let a task look for somebody."""
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


def searches(world: World) -> list[str]:
    with world.store.snapshot() as connection:
        return [alert.key for alert in open_alerts(connection)]


def test_an_attempt_ends_the_search_for_a_caller(opened: World) -> None:
    """A call recorded on the command line ends the search of the task that waits for it."""
    keys = [f"INC-0001:call:3:call_contact_{rank}" for rank in (1, 2)]
    for key in keys:
        search(opened, key)
    opened.call("INC-0001", 1, None)
    assert searches(opened) == keys[1:]
    search(opened, keys[0])
    opened.call("INC-0001", 1, "Kern")
    assert searches(opened) == []


@pytest.mark.parametrize("what", ["resolution", "severity_low"])
def test_what_asks_for_nothing_any_more_looks_for_nobody(opened: World, what: str) -> None:
    """Resolved or lowered, nobody is to be called; the search for a whole storm goes on."""
    search(opened, "INC-0001:call:3:call_contact_1")
    search(opened, "INC-0009:call_contact_1")
    opened.post("INC-0001", what, by="Olivia Stone", text="over")
    assert searches(opened) == ["INC-0009:call_contact_1"]


def test_a_severity_ends_the_search_for_one(world: World) -> None:
    """E2: whoever assigns it; a joined outage does too."""
    world.report(channel="program", service="portal", slugs=("tailspin",), caller="", stated=None)
    search(world, "INC-0001:assess_severity")
    world.outage("tailspin")
    world.look()
    assert searches(world) == []


def test_which_run_makes_which_call(world: World) -> None:
    """A run knows its call; where there is none to make, it says why."""

    def call_of(run_id: str) -> str:
        with world.store.snapshot() as connection:
            return call_of_run(connection, run_id)

    low = {"portal": "reachable", "purchased_data": "usable"}
    ours = {"channel": "program", "service": "xdr", "slugs": ("tailspin",), "caller": ""}
    world.report(**ours, stated=None)
    with pytest.raises(DoesNotApply, match="INC-0001 is unassessed"):
        call_of("INC-0001")
    world.report(**ours, stated=low, source="2")
    with pytest.raises(DoesNotApply, match="INC-0002 is not escalated by telephone"):
        call_of("INC-0002")
    world.post("INC-0002", "severity_high", by="Olivia Stone", text="worse")
    with pytest.raises(DoesNotApply, match="run INC-0002-3 makes the call"):
        call_of("INC-0002")
    assert call_of("INC-0002-3") == "INC-0002:call:3"
    world.post("INC-0002", "resolution", by="Olivia Stone", text="over")
    with pytest.raises(DoesNotApply, match="INC-0002 is resolved"):
        call_of("INC-0002-3")
    with pytest.raises(NotFound, match="INC-0009"):
        call_of("INC-0009")


def test_runs_are_wanted_once_and_high_first(world: World) -> None:
    """Each incident gets its run, one that is raised another; the wish ends when it is started."""
    low = {"portal": "reachable", "purchased_data": "usable"}
    world.report(stated=low)
    world.outage()
    world.look()

    def wanted() -> list[str]:
        with world.store.snapshot() as connection:
            return [run for _, run in runs_to_start(connection, 9)]

    assert wanted() == ["INC-0002", "INC-0001"]
    for _ in range(2):
        with world.write() as connection:
            note_run(connection, "INC-0002", "INC-0002", NOON)
    assert wanted() == ["INC-0001"]
    assert len(world.incident("INC-0002").all("run.started")) == 1
    world.post("INC-0002", "severity_low", by="Olivia Stone", text="less")
    assert wanted() == ["INC-0001"]
    world.post("INC-0002", "severity_high", by="Olivia Stone", text="more")
    assert wanted() == [f"INC-0002-{world.incident('INC-0002').events[-1].position}", "INC-0001"]


def test_what_an_escalation_waits_for(opened: World) -> None:
    """Its run ends when the other party was reached in either way, or nothing is to be reached."""
    world = opened
    assert unreached(world.incident("INC-0001")) == [
        "their server has not taken our mail yet",
        "nobody answered the telephone yet",
    ]
    world.call("INC-0001", 1, "Kern")
    assert unreached(world.incident("INC-0001")) == []
    world.report(stated=None)
    assert unreached(world.incident("INC-0002")) == ["it has no severity yet"]
    world.report(service="customer_support", source="3")
    assert unreached(world.incident("INC-0003")) == []


def test_a_call_cannot_be_recorded_twice(opened: World) -> None:
    """Who was reached was reached; the incident hears of it once."""
    opened.call("INC-0001", 1, "Kern")
    with pytest.raises(BadInput, match="Kern was reached already"):
        opened.call("INC-0001", 2, "Keller")
    assert len(opened.incident("INC-0001").all("party.reached")) == 1
