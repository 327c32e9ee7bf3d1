"""What is posted: responses, updates, severity, pauses, resolution, to one or many (E3 to E6)."""

from datetime import timedelta

import pytest

from include.mobile_plans.errors import BadInput, Conflict, NotFound
from include.mobile_plans.incidents import SeverityQuestion, list_incidents, told_to
from include.mobile_plans.incidents.questions import DECIDE
from include.mobile_plans.notices import list_notices
from include.mobile_plans.questions import Answer, Run
from tests.mobile_plans.incidents.conftest import NOON, World

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def escalated(world: World) -> World:
    """A High incident of Tailspin, INC-0001, which had our mail at noon."""
    world.outage()
    world.look()
    world.tick()
    return world


def test_the_first_response_and_then_updates(escalated: World) -> None:
    """E3: due an hour after it reached them; then the next business day after the last."""
    world = escalated
    assert world.promises("INC-0001")["initial_response"].due_at == NOON + HOUR
    world.clock.advance(30 * MINUTE)
    world.post("INC-0001", "first_response")
    world.clock.advance(20 * HOUR)
    world.post("INC-0001", "update", text="still at it")

    promises = world.promises("INC-0001")
    assert promises["initial_response"].state == "met"
    first, second = promises["update:1"], promises["update:2"]
    assert first.promise.since == NOON + 30 * MINUTE
    assert first.due_at == NOON + timedelta(days=1, minutes=30)
    assert (first.state, second.state) == ("met", "open")
    assert second.promise.since == NOON + timedelta(hours=20, minutes=30)


def test_received_counts_not_recorded(escalated: World) -> None:
    """E6: a response recorded late keeps its time, and takes a breach back visibly."""
    world = escalated
    world.tick(hours=2)
    assert world.promises("INC-0001")["initial_response"].state == "breached"
    world.post("INC-0001", "first_response", received_at=NOON + 40 * MINUTE)

    response = world.promises("INC-0001")["initial_response"]
    assert (response.state, response.corrected_at) == ("met", NOON + 2 * HOUR)
    assert world.promises("INC-0001")["update:1"].promise.since == NOON + 40 * MINUTE


def test_a_late_response_stays_late(escalated: World) -> None:
    """E6: a missed one is recorded and shown, and the series goes on."""
    world = escalated
    world.tick(hours=2)
    world.post("INC-0001", "update", text="sorry, we are on it")
    promises = world.promises("INC-0001")
    assert promises["initial_response"].state == "met_late"
    assert promises["update:1"].due_at == NOON + timedelta(days=1, hours=2)


def test_an_answer_a_moment_before_its_clock_keeps_it(world: World) -> None:
    """E3: people write down minutes; a response of the minute of the call is in time."""
    world.outage()
    world.look()
    world.clock.advance(timedelta(seconds=630))
    world.call("INC-0001", 1, "Kern")
    world.post("INC-0001", "first_response", received_at=NOON + 10 * MINUTE)
    response = world.promises("INC-0001")["initial_response"]
    assert (response.state, response.answer.received_at) == ("met", world.clock.now())


def test_a_pause_from_before_a_clock_began(world: World) -> None:
    """A pause that was heard of before the other side was reached stops the clock at once."""
    world.outage()
    world.look()
    world.post("INC-0001", "pause", by="Olivia Stone", text="us")
    world.tick(minutes=5)
    response = world.promises("INC-0001")["initial_response"]
    assert (response.state, response.pauses[0].paused_at) == ("paused", NOON + 5 * MINUTE)


def test_an_earlier_answer_that_comes_to_light_corrects(escalated: World) -> None:
    """E6: the first one recorded was late; another, received in time, is found in a mailbox."""
    world = escalated
    world.tick(hours=2)
    world.post("INC-0001", "first_response", by="Theresa Vogel")
    world.post("INC-0001", "first_response", received_at=NOON + 5 * MINUTE, by="Tobias Keller")

    promises = world.promises("INC-0001")
    assert promises["initial_response"].state == "met"
    assert promises["initial_response"].answer.by == "Tobias Keller"
    assert promises["update:1"].promise.since == NOON + 2 * HOUR


def test_a_message_of_ours_answers_nothing(escalated: World) -> None:
    """E3: what we say is no response of theirs."""
    said = {"text": "any news?", "evidence": "asked Frau Kern by telephone"}
    escalated.post("INC-0001", "message", by="Olivia Stone", **said)
    assert escalated.promises("INC-0001")["initial_response"].answer is None
    assert "incident_updated_to_mobile_operator" in escalated.mails()


def test_lowering_the_severity_starts_new_clocks(escalated: World) -> None:
    """E3, E4: the old clock is released, the new one runs from when our mail reached them."""
    world = escalated
    world.tick(minutes=10)
    world.post("INC-0001", "severity_low", by="Olivia Stone", text="a test portal only")
    assert world.promises("INC-0001")["initial_response"].state == "cancelled"
    assert world.promises("INC-0001")["outage_notice"].state == "cancelled"
    assert "initial_response-2" not in world.promises("INC-0001")
    world.tick(minutes=1)

    low = world.promises("INC-0001")["initial_response-2"]
    assert low.promise.kind == "initial_response_low"
    assert low.promise.since == NOON + 11 * MINUTE
    for _ in range(2):
        world.tick(minutes=1)
        world.post("INC-0001", "update")
    assert set(world.promises("INC-0001")) == {
        "outage_notice",
        "initial_response",
        "initial_response-2",
        "update-2:1",
        "update-2:2",
    }
    assert b"Now Low" in world.mails()["incident_escalated_to_mobile_operator"].message


def test_raising_it_calls_again_and_keeps_both(world: World) -> None:
    """E3: Low with a response given becomes High: a call, a mail, updates every business day."""
    low = {"portal": "reachable", "purchased_data": "usable"}
    ours = {"channel": "program", "service": "xdr", "slugs": ("tailspin",), "caller": ""}
    world.report(**ours, stated=low)
    world.tick()
    world.post("INC-0001", "first_response")
    assert world.promises("INC-0001")["update:1"].promise.kind == "update_low"
    world.tick(days=2)
    world.post("INC-0001", "severity_high", by="Olivia Stone", text="billing is wrong")
    world.tick(minutes=1)

    promises = world.promises("INC-0001")
    assert promises["update:1"].state == "cancelled"
    assert promises["update-2:1"].promise.kind == "update_high"
    assert promises["update-2:1"].promise.since == world.clock.now()
    assert promises["outage_notice-2"].promise.since == world.clock.now() - MINUTE
    assert world.call_state(f"INC-0001:call:{_assigned(world)}").wanted.contacts
    world.call(f"INC-0001-{_assigned(world)}", 1, "Kern")


def _assigned(world: World) -> int:
    return world.incident("INC-0001").all("severity.assigned")[-1].position


def test_lowered_and_raised_again(escalated: World) -> None:
    """E3, O1: each time it is High they are called and mailed anew, within 30 minutes each."""
    world = escalated
    world.post("INC-0001", "severity_low", by="Olivia Stone", text="less")
    world.tick(hours=1)
    world.post("INC-0001", "severity_high", by="Olivia Stone", text="more")
    world.tick()
    world.call(f"INC-0001-{_assigned(world)}", 1, "Kern")
    promises = world.promises("INC-0001")
    assert (promises["outage_notice"].state, promises["outage_notice-3"].state) == (
        "cancelled",
        "met",
    )
    assert promises["initial_response-3"].due_at == NOON + 2 * HOUR


def test_a_pause_stops_their_clock(escalated: World) -> None:
    """E6: with whom we wait for, from when it was received; what was used stays used."""
    world = escalated
    world.clock.advance(40 * MINUTE)
    world.post("INC-0001", "pause", by="Olivia Stone", text="our own network team")
    assert world.incident("INC-0001").state == "paused"
    world.tick(hours=3)
    assert world.promises("INC-0001")["initial_response"].state == "paused"
    world.post("INC-0001", "resume", by="Olivia Stone", text="network is fine")

    response = world.promises("INC-0001")["initial_response"]
    assert response.due_at == NOON + 4 * HOUR
    assert response.pauses[0].waiting_for == "our own network team"


def test_an_update_during_a_pause_opens_a_paused_one(escalated: World) -> None:
    """A pause lasts until a person ends it; what begins meanwhile stands still too."""
    world = escalated
    world.clock.advance(10 * MINUTE)
    world.post("INC-0001", "pause", by="Olivia Stone", text="us")
    world.clock.advance(10 * MINUTE)
    world.post("INC-0001", "first_response")
    promises = world.promises("INC-0001")
    assert (promises["initial_response"].state, promises["update:1"].state) == ("met", "paused")


def test_what_is_due_cannot_be_paused(escalated: World) -> None:
    """E6: a clock that has run out is not stopped; nothing is written."""
    world = escalated
    world.tick(hours=2)
    with pytest.raises(Conflict, match="was due 2026-11-23T13:00:00Z: it is paused before that"):
        world.post("INC-0001", "pause", by="Olivia Stone", text="us")
    assert world.incident("INC-0001").pause is None


def test_resolution_by_us_releases_what_is_open(escalated: World) -> None:
    """E3: nothing is owed any more; a miss that was recorded stays."""
    world = escalated
    world.tick(hours=2)
    world.post("INC-0001", "resolution", by="Olivia Stone", text="it was our uplink")
    response = world.promises("INC-0001")["initial_response"]
    assert (response.state, response.breached_at is not None) == ("cancelled", True)
    assert world.promises("INC-0001")["outage_notice"].state == "cancelled"
    assert list(world.mails()).count("incident_resolved_to_mobile_operator") == 1


def test_resolution_by_them_is_an_answer(escalated: World) -> None:
    """E3: their word that it is over meets what they owed."""
    world = escalated
    world.clock.advance(20 * MINUTE)
    world.post("INC-0001", "resolution", by="Theresa Vogel", text="renewed")
    assert world.promises("INC-0001")["initial_response"].state == "met"
    assert "update:1" not in world.promises("INC-0001")


def test_what_we_owe_is_met_when_our_mail_is_taken(world: World) -> None:
    """E5: posting a response does not meet it; their server taking the mail does."""
    world.report()
    world.clock.advance(10 * MINUTE)
    world.post("INC-0001", "first_response", by="Olivia Stone")
    assert world.promises("INC-0001")["initial_response"].answer is None
    world.tick(minutes=5)

    answer = world.promises("INC-0001")["initial_response"].answer
    assert (answer.by, answer.received_at) == ("Olivia Stone", NOON + 15 * MINUTE)
    assert world.promises("INC-0001")["update:1"].promise.debtor == "program"


def test_what_we_say_on_the_telephone_counts_then(world: World) -> None:
    """E5: with evidence of who heard it, it counts from when it was said."""
    world.report()
    world.clock.advance(10 * MINUTE)
    said = {"received_at": NOON + 4 * MINUTE, "evidence": "told Chris Wong by telephone"}
    world.post("INC-0001", "first_response", by="Olivia Stone", **said)
    answer = world.promises("INC-0001")["initial_response"].answer
    assert answer.received_at == NOON + 4 * MINUTE


@pytest.mark.parametrize(("minutes", "state"), [(50, "met"), (70, "met_late")])
def test_our_resolution_is_our_last_word(world: World, minutes: int, state: str) -> None:
    """E5: it meets what we owed when their server took it, in time or not; then nothing is owed."""
    world.report()
    world.tick(minutes=minutes - 1)
    world.post("INC-0001", "resolution", by="Olivia Stone", text="a setting of ours")
    assert world.promises("INC-0001")["initial_response"].answer is None
    world.tick(minutes=1)
    assert world.promises("INC-0001")["initial_response"].state == state
    assert set(world.promises("INC-0001")) == {"initial_response"}
    world.tick(days=3)
    assert world.promises("INC-0001")["initial_response"].state == state


def test_a_report_assessed_otherwise_is_re_based(world: World) -> None:
    """E5: called in as High, found to be Low: our clock is a business day, both are kept."""
    low = {"portal": "reachable", "purchased_data": "usable"}
    world.report(stated=None)
    answer = Answer(option=DECIDE, values=low, recorded_by="ops", recorded_at=NOON)
    SeverityQuestion().record(Run(run_id="INC-0001"), answer)
    promises = world.promises("INC-0001")
    assert promises["initial_response"].state == "cancelled"
    assert promises["initial_response-2"].promise.kind == "initial_response_low"
    assert promises["initial_response-2"].promise.since == NOON


@pytest.mark.parametrize(
    ("what", "changes", "words"),
    [
        ("joke", {}, "'joke' cannot be posted: allowed are first_response, update"),
        ("update", {"by": " "}, "by is empty"),
        ("update", {"text": ""}, "the text is empty"),
        ("update", {"received_at": NOON + MINUTE}, "lies in the future"),
        ("update", {"received_at": NOON - HOUR}, "lies before it began, 2026-11-23T11:29:30Z"),
        ("update", {"received_at": NOON.replace(tzinfo=None)}, "has no time zone"),
        ("resume", {}, "INC-0001 is not paused"),
        ("second_notice", {}, "was no report of the mobile operator"),
        ("awareness", {}, "is no outage a mobile operator told us of"),
        ("details", {}, "was no report of the mobile operator"),
        ("severity_high", {}, "INC-0001 is High already"),
    ],
)
def test_what_cannot_be_posted_is_named(
    escalated: World, what: str, changes: dict, words: str
) -> None:
    """Each refused input has its sentence, and nothing is written."""
    before = escalated.incident("INC-0001").events
    with pytest.raises(BadInput, match=words):
        escalated.post("INC-0001", what, **changes)
    assert escalated.incident("INC-0001").events == before


def test_what_depends_on_how_it_stands(world: World) -> None:
    """An incident without a severity takes no update; a resolved one takes nothing."""
    world.report(stated=None)
    with pytest.raises(BadInput, match="INC-0001 has no severity yet: it is assigned first"):
        world.post("INC-0001", "update")
    with pytest.raises(BadInput, match="INC-0001 has no severity yet"):
        world.post("INC-0001", "severity_low")
    world.report(source="2")
    world.post("INC-0002", "pause", by="Olivia Stone")
    with pytest.raises(BadInput, match="is paused already"):
        world.post("INC-0002", "pause", by="Olivia Stone")
    world.post("INC-0002", "resolution", by="Olivia Stone")
    with pytest.raises(BadInput, match="INC-0002 is resolved: nothing more is posted"):
        world.post("INC-0002", "update")
    with pytest.raises(NotFound, match="there is no incident 'INC-0099'"):
        world.post("INC-0099", "update")


def test_one_post_to_many(world: World) -> None:
    """O1: updates and the end go to the same audience, to each alone; all promises follow."""
    ours = {"channel": "program", "service": "store", "what": "The Store is down", "caller": ""}
    parent = world.report(**ours, slugs=(), stated=None)
    world.tick(minutes=1)
    with world.store.snapshot() as connection:
        people = told_to(connection, parent, world.clock.now())
        parts = [one.incident_id for one in list_incidents(connection, parent="INC-0001")]
    assert len(people) == 8
    assert {name for name, _ in people} >= {"Contoso Mobile", "Tailspin", "Mobile Plans program"}

    world.post("INC-0001", "update", by="Olivia Stone", text="we have found it")
    world.tick(minutes=1)
    for part in parts:
        assert world.promises(part)["update:1"].state == "met"
        assert world.promises(part)["update:2"].promise.debtor == "program"
    world.post("INC-0001", "resolution", by="Olivia Stone", text="it is back")
    assert {world.incident(part).state for part in parts} == {"resolved"}
    assert world.incident("INC-0001").state == "resolved"
    with world.store.snapshot() as connection:
        for row in list_notices(connection):
            others = {"contoso", "fabrikam", "northwind", "tailspin"} - {row.slug}
            if row.party == "mobile_operator":
                assert {one.recipient.partition("@")[2] for one in row.deliveries} == {
                    f"{row.slug}.example"
                }
                assert not any(other in row.subject.lower() for other in others)


@pytest.mark.parametrize("what", ["first_response", "pause", "severity_low", "message"])
def test_what_is_not_for_many(world: World, what: str) -> None:
    """A parent of many takes updates and its end; the rest belongs to its parts."""
    ours = {"channel": "program", "service": "store", "what": "The Store is down", "caller": ""}
    world.report(**ours, slugs=(), stated=None)
    with pytest.raises(BadInput, match=r"INC-0001 (has parts|is a parent|tells of an outage)"):
        world.post("INC-0001", what, by="Olivia Stone")


def test_a_post_that_names_another_is_refused_for_all(world: World) -> None:
    """Decision: no mail of one mobile operator names another, and nothing is half-told."""
    ours = {"channel": "program", "service": "store", "what": "The Store is down", "caller": ""}
    world.report(**ours, slugs=(), stated=None)
    with pytest.raises(BadInput, match="names fabrikam"):
        world.post("INC-0001", "update", by="Olivia Stone", text="Fabrikam works again")
    assert world.incident("INC-0001").all("update.posted") == []
