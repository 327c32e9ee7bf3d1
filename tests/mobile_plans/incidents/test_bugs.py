"""Bugs of either party, from the report to the deployment of the fix (B1 to B3)."""

import pytest

from include.mobile_plans.errors import BadInput, Conflict, DoesNotApply, NotFound
from include.mobile_plans.incidents import (
    APPROVAL,
    DEPLOYMENT,
    TRIAGE,
    find_bug,
    list_bugs,
    report_bug,
)
from include.mobile_plans.incidents.bugs import Bug, advance_bug
from include.mobile_plans.notices import list_notices
from include.mobile_plans.questions import Answer, Run, require_complete
from include.mobile_plans.store import verify_events
from tests.mobile_plans.incidents.conftest import NOON, SLUGS, World
from tests.mobile_plans.incidents.test_mails import BUG

RUN = Run(run_id="BUG-0001")


def log(world: World, **changes: object) -> Bug:
    with world.write() as connection:
        source = changes.pop("source", "run:1")
        return report_bug(connection, source, BUG | changes, by="ops", now=NOON)


def advance(world: World, state: str, **said: str) -> Bug:
    with world.write() as connection:
        return advance_bug(connection, "BUG-0001", state, said, by="Maya Patel", now=NOON)


def recipients(world: World) -> list[str]:
    with world.store.snapshot() as connection:
        return sorted(row.deliveries[0].recipient for row in list_notices(connection))


def answer(option: str, **values: str) -> Answer:
    return Answer(option=option, values=values, recorded_by="Maya Patel", recorded_at=NOON)


def test_a_bug_is_logged_with_its_counterpart(world: World) -> None:
    """B1: a number, the bug desk and the mobile operator are told; the same source once."""
    bug = log(world)
    assert (bug.bug_id, bug.state) == ("BUG-0001", "reported")
    assert bug.report["title"] == "The price is shown without tax"
    assert log(world).bug_id == "BUG-0001"
    assert log(world, source="run:2", party="program").bug_id == "BUG-0002"
    assert recipients(world) == [
        *["DYNAMOpartnersup@microsoft.com"] * 2,
        *["noc@contoso.example"] * 2,
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"what": " "}, "a bug needs 'what'"),
        ({"reported_by": ""}, "a bug needs 'reported_by'"),
        ({"counterpart": ""}, "a bug needs 'counterpart'"),
        ({"party": "press"}, "party 'press' is unknown"),
        ({"mobile_operator": "contosso"}, "mobile operator 'contosso' is unknown"),
        ({"incident": "INC-0099"}, "there is no incident 'INC-0099'"),
        ({"incident": "INC-0001"}, "INC-0001 is no incident of contoso"),
    ],
)
def test_what_cannot_be_logged_is_named(world: World, changes: dict, words: str) -> None:
    """Each refused input has its sentence, and no number is used up."""
    world.outage("tailspin")
    world.look()
    with pytest.raises(BadInput, match=words):
        log(world, **changes)
    assert log(world).bug_id == "BUG-0001"


def test_it_may_link_an_incident(world: World) -> None:
    """B1: the incident it came up in."""
    world.report()
    log(world, incident="INC-0001")
    with world.store.snapshot() as connection:
        (row,) = list_bugs(connection, "contoso")
        assert list_bugs(connection, "tailspin") == []
    assert row["incident_id"] == "INC-0001"


def test_the_whole_way(world: World) -> None:
    """B2, B3: justified, approved, scheduled twice, deployed and told to every live one."""
    log(world)
    advance(world, "triaged", justification="Users complain", impact="Every purchase")
    advance(world, "approved")
    advance(world, "scheduled", deployment="December")
    advance(world, "scheduled", deployment="January")
    before = recipients(world)
    bug = advance(world, "deployed", note="Prices are shown with tax.")

    assert bug.known["deployment"] == "January"
    told = recipients(world)
    for one in before:
        told.remove(one)
    assert len(told) == len(SLUGS) + 1
    with world.store.snapshot() as connection:
        rows = list_notices(connection, key_prefix="BUG-0001:0006")
        deployed = {row.slug: row.kind for row in rows if row.party == "mobile_operator"}
        assert verify_events(connection) == []
    assert deployed == {
        "contoso": "bug_updated",
        "fabrikam": "bug_deployed",
        "northwind": "bug_deployed",
        "tailspin": "bug_deployed",
    }


@pytest.mark.parametrize(
    ("state", "said", "words"),
    [
        ("triaged", {"impact": "all"}, "'justification' is needed"),
        ("declined", {}, "'reason' is needed"),
        ("approved", {}, "BUG-0001 is reported: only one that is triaged is approved"),
        ("deployed", {"note": "x"}, "only one that is approved or scheduled is deployed"),
    ],
)
def test_what_does_not_follow_is_refused(world: World, state: str, said: dict, words: str) -> None:
    """B2, B3: each step needs what it needs and comes after the one before."""
    log(world)
    with pytest.raises((BadInput, Conflict), match=words):
        advance(world, state, **said)
    with world.store.snapshot() as connection:
        assert find_bug(connection, "BUG-0001").state == "reported"


def test_a_notice_that_names_one_is_told_to_nobody(world: World) -> None:
    """Decision: what every mobile operator reads names none of them; nothing is half-told."""
    log(world)
    advance(world, "triaged", justification="Users complain", impact="Every purchase")
    advance(world, "approved")
    before = recipients(world)
    with pytest.raises(BadInput, match="names contoso"):
        advance(world, "deployed", note="What Contoso reported is fixed")
    assert recipients(world) == before


def test_the_questions_of_a_bug(world: World) -> None:
    """B2, B3: each step is asked for, with what it needs; a schedule is asked again."""
    log(world)
    question = TRIAGE.ask(RUN, NOON)
    assert question.subject == "BUG-0001, triage: The price is shown without tax"
    for option in ("Take it up", "Decline"):
        with pytest.raises(BadInput):
            require_complete(question, answer(option))
    with pytest.raises(DoesNotApply, match="BUG-0001 is reported"):
        APPROVAL.ask(RUN, NOON)
    assert TRIAGE.record(RUN, answer("Take it up", justification="yes", impact="all")) is True
    assert APPROVAL.record(RUN, answer("Approve")) is True
    assert DEPLOYMENT.record(RUN, answer("Share the schedule", deployment="soon")) is False
    assert DEPLOYMENT.record(RUN, answer("It is deployed", note="fixed")) is True
    with pytest.raises(DoesNotApply, match="BUG-0001 is deployed"):
        DEPLOYMENT.ask(RUN, NOON)


def test_a_declined_bug_asks_nothing_more(world: World) -> None:
    """B2: declined is told too, and ends it."""
    log(world)
    assert TRIAGE.record(RUN, answer("Decline", reason="as agreed")) is True
    for question in (APPROVAL, DEPLOYMENT):
        with pytest.raises(DoesNotApply, match="BUG-0001 is declined"):
            question.ask(RUN, NOON)


def test_the_run_that_logs_asks_nothing(world: World) -> None:
    """The run a form starts only logs; a run of an unknown number says so."""
    with pytest.raises(DoesNotApply, match="only logs a bug"):
        TRIAGE.ask(Run(run_id="manual__1"), NOON)
    with pytest.raises(NotFound, match="BUG-0001"):
        TRIAGE.ask(RUN, NOON)
