"""What people are asked: the severity of an incident, and before a post is sent (E2)."""

from datetime import timedelta

import pytest

from include.mobile_plans.errors import BadInput, DoesNotApply, NotFound
from include.mobile_plans.incidents import Post, PostQuestion, SeverityQuestion
from include.mobile_plans.incidents.questions import DECIDE, DISCARD, HIGH, LOW, SEND, TURN_BACK
from include.mobile_plans.questions import Answer, Run, require_complete
from tests.mobile_plans.incidents.conftest import NOON, World

RUN = Run(run_id="INC-0001")
LOST = {"portal": "not reachable"}


def answer(option: str, **values: str) -> Answer:
    return Answer(option=option, values=values, recorded_by="ops", recorded_at=NOON)


def test_it_shows_what_was_reported_and_our_deadline(world: World) -> None:
    """E5: who reports what; a caller who is not recognised is called back before anything."""
    world.report(stated=None, caller="somebody, +1 206 555 9999")
    question = SeverityQuestion().ask(RUN, NOON)

    assert question.headline == (
        "By 2026-11-23 13:00 UTC: Contoso Mobile, INC-0001: which severity?"
    )
    assert "Users cannot buy plans" in question.body
    assert "call back at a number on record before you act" in question.body
    with pytest.raises(BadInput, match="'Reason' is needed to answer 'High'"):
        require_complete(question, answer(HIGH))
    require_complete(question, answer(DECIDE))


@pytest.mark.parametrize(
    ("given", "severity", "rule"),
    [
        (answer(DECIDE, **LOST), "high", "complete_loss"),
        (answer(HIGH, reason="the press is calling"), "high", None),
        (answer(LOW, reason="a test user", **LOST), "low", None),
    ],
)
def test_an_answer_assigns_and_escalates(
    world: World, given: Answer, severity: str, rule: str | None
) -> None:
    """E2: by the edition, or by the named person who answers, with the reason."""
    world.report(stated=None)
    assert SeverityQuestion().record(RUN, given) is True
    assigned = world.incident("INC-0001").last("severity.assigned")
    assert (assigned.data["severity"], assigned.data["rule"]) == (severity, rule)
    assert assigned.actor == "ops"
    assert "incident_acknowledged_to_mobile_operator" in world.mails()
    with pytest.raises(DoesNotApply, match=f"INC-0001 is {severity}"):
        SeverityQuestion().ask(RUN, NOON)
    assert SeverityQuestion().record(RUN, answer(LOW, reason="too late")) is True
    assert len(world.incident("INC-0001").all("severity.assigned")) == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (answer(DECIDE), "fact 'core_scenario': is not stated"),
        (answer(DECIDE, portal="down"), "cannot be 'down'"),
        (answer(HIGH, reason=" "), "with a reason"),
    ],
)
def test_what_is_not_enough_is_refused(world: World, given: Answer, words: str) -> None:
    """E2: an incident without a severity cannot be escalated; nothing is written."""
    world.report(stated=None)
    with pytest.raises(BadInput, match=words):
        SeverityQuestion().record(RUN, given)
    assert world.incident("INC-0001").state == "unassessed"
    assert world.mails() == {}


def test_it_may_be_turned_back(world: World) -> None:
    """C1: found to be a customer's matter; our clock is released."""
    world.report(stated=None)
    assert SeverityQuestion().record(RUN, answer(TURN_BACK)) is True
    assert world.incident("INC-0001").state == "turned_back"
    assert world.promises("INC-0001")["initial_response"].state == "cancelled"
    with pytest.raises(DoesNotApply, match="INC-0001 is turned_back"):
        SeverityQuestion().ask(RUN, NOON)


def test_a_run_without_an_incident(world: World) -> None:
    """The run's name is no incident."""
    with pytest.raises(NotFound, match="INC-0001"):
        SeverityQuestion().ask(RUN, NOON)


def test_a_post_is_shown_before_it_is_sent(world: World) -> None:
    """The mobile operator and every recipient are on the form; discarded, nothing is sent."""
    world.outage()
    world.look()
    wanted = Post(
        incident_id="INC-0001",
        what="update",
        by="Theresa Vogel",
        text="renewing",
        received_at=NOON,
        recorded_by="ops",
    )
    asker = PostQuestion(lambda _: wanted)
    question = asker.ask(Run(run_id="manual"), NOON)
    assert question.subject.startswith("Tailspin, INC-0001: send this?")
    assert "Tailspin: Tailspin Leitstelle <leitstelle@tailspin.example>" in question.body
    assert "Mobile Plans program: One Store Operations Center (OSOC)" in question.body
    assert "renewing" in question.body

    assert asker.record(Run(run_id="manual"), answer(DISCARD)) is True
    assert world.incident("INC-0001").all("update.posted") == []
    assert asker.record(Run(run_id="manual"), answer(SEND)) is True
    (posted,) = world.incident("INC-0001").all("update.posted")
    assert posted.data["text"] == "renewing"
    world.clock.advance(timedelta(minutes=1))
    world.post("INC-0001", "resolution", by="Olivia Stone")
    with pytest.raises(BadInput, match="INC-0001 is resolved"):
        asker.record(Run(run_id="manual"), answer(SEND))
