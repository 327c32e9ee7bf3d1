"""Incidents that people open: reports of both parties, outages of ours, matters turned back."""

from datetime import timedelta

import pytest

from include.mobile_plans.errors import BadInput, NotFound
from include.mobile_plans.incidents import list_incidents
from include.mobile_plans.incidents.records import runs_to_start
from include.mobile_plans.notices import list_notices
from tests.mobile_plans.incidents.conftest import NOON, SLUGS, World

MINUTE = timedelta(minutes=1)
O2 = {"service": "core_network", "what": "PGW is down", "stated": {"purchased_data": "not usable"}}


def test_the_least_is_enough(world: World) -> None:
    """E5: who, what, since when and a call-back; the severity is asked for, our clock runs."""
    incident = world.report(stated=None)

    assert (incident.incident_id, incident.state, incident.owes) == (
        "INC-0001",
        "unassessed",
        "program",
    )
    assert world.mails() == {}
    response = world.promises("INC-0001")["initial_response"]
    assert response.promise.kind == "initial_response_high"
    assert response.due_at == NOON + timedelta(hours=1)
    with world.store.snapshot() as connection:
        assert runs_to_start(connection, 9) == [("INC-0001", "INC-0001")]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"slugs": ("contosso",)}, "mobile operator 'contosso' is unknown; known are contoso"),
        ({"slugs": ()}, "name the one mobile operator"),
        ({"slugs": ("contoso", "tailspin")}, "name the one mobile operator"),
        ({"channel": "fax"}, "channel 'fax' is unknown: allowed are call, mail, program"),
        ({"service": "crm"}, "service 'crm' is unknown: allowed are core_network"),
        ({"what": " "}, "what happened is empty"),
        ({"caller": " "}, "the call-back is empty"),
        ({"since": NOON + MINUTE}, "cannot have begun 2026-11-23T12:01:00Z, after it was known"),
        ({"received_at": NOON + MINUTE}, "lies in the future"),
        ({"since": NOON.replace(tzinfo=None)}, "has no time zone"),
        ({"what": "as at Tailspin", "stated": None}, "what happened names tailspin: contoso reads"),
        ({"stated": {"reference": "T"}}, "fact 'core_scenario': is not stated"),
        ({"override": ("high", " ")}, "with a reason"),
    ],
)
def test_what_cannot_be_written_down_is_named(world: World, changes: dict, words: str) -> None:
    """Each refused input has its sentence, and nothing is half-written."""
    with pytest.raises(BadInput, match=words):
        world.report(**changes)
    with world.store.snapshot() as connection:
        assert list_incidents(connection) == []
        assert list_notices(connection) == []
    assert world.report().incident_id == "INC-0001"


def test_the_same_source_is_one_incident(world: World) -> None:
    """A restarted task writes nothing twice, and takes no second number."""
    first = world.report(source="run:manual")
    assert world.report(source="run:manual").incident_id == first.incident_id
    assert world.report(source="run:other").incident_id == "INC-0002"


@pytest.mark.parametrize(
    ("caller", "contact"),
    [
        ("Chris Wong calls", "Chris Wong"),
        ("NOC, +1 (206) 555-0100", "Contoso NOC"),
        ("CARLA.JIMENEZ@contoso.example", "Carla Jimenez"),
        ("somebody, +1 206 555 9999", None),
    ],
)
def test_the_caller_is_recognised_or_called_back(
    world: World, caller: str, contact: str | None
) -> None:
    """E5: the partner is identified against its contacts, and nobody is turned away."""
    assert world.report(caller=caller).opening.contact == contact


@pytest.mark.parametrize(("channel", "presumed"), [("call", "high"), ("mail", "low")])
def test_our_clock_runs_before_the_severity_is_known(
    world: World, channel: str, presumed: str
) -> None:
    """E5, E6: High is called in, Low is mailed: until it is assessed, that is what we owe."""
    world.report(channel=channel, stated=None)
    assert world.promises("INC-0001")["initial_response"].promise.kind == (
        f"initial_response_{presumed}"
    )


def test_reports_to_the_right_desk(world: World) -> None:
    """E5: High to OSOC, Low to the low-severity desk; the reporter gets its number."""
    world.report(stated={"portal": "not reachable"})
    world.report(stated={"portal": "reachable", "purchased_data": "usable"}, channel="mail")

    with world.store.snapshot() as connection:
        told = [
            (row.kind, row.party, row.deliveries[0].recipient) for row in list_notices(connection)
        ]
    assert told == [
        ("incident_acknowledged", "mobile_operator", "noc@contoso.example"),
        ("incident_reported", "program", "osoc@microsoft.com"),
        ("incident_acknowledged", "mobile_operator", "noc@contoso.example"),
        ("incident_reported", "program", "dmcellpd@microsoft.com"),
    ]


def test_calls_are_a_reason_of_their_own(world: World) -> None:
    """E5: an abnormally high number of calls, with counts, is High."""
    stated = {"abnormal_calls": "core scenario at risk", "calls": "2400, usually 300"}
    incident = world.report(service="mobile_plans", stated=stated)

    assert incident.severity == "high"
    assert incident.last("severity.assigned").data["rule"] == "abnormal_calls"
    assert b"2400, usually 300" in world.mails()["incident_reported_to_program"].message


def test_the_details_that_lack_are_chased(world: World) -> None:
    """E5: asked for by mail, owed from when it was taken, met when they come."""
    world.report(stated={"portal": "not reachable"})
    world.tick(seconds=20)
    details = world.promises("INC-0001")["details"]
    assert details.promise.since == NOON + timedelta(seconds=20)
    assert details.due_at == details.promise.since + timedelta(hours=4)
    world.tick(hours=5)
    assert world.promises("INC-0001")["details"].state == "breached"
    world.post("INC-0001", "details", by="Chris Wong", text="purchased data is usable; T-99")
    assert world.promises("INC-0001")["details"].state == "met_late"


def test_a_complete_report_owes_no_details(world: World) -> None:
    """E5: nothing is chased that was said."""
    world.report()
    world.tick(seconds=20)
    assert set(world.promises("INC-0001")) == {"initial_response"}


def test_a_report_of_a_running_outage_joins_it(world: World) -> None:
    """A person's report of an outage that is still running is part of its incident, once."""
    key = world.outage("contoso")
    world.look()
    joined = world.report(service="portal", source="run:1", what="portal is white", stated=None)
    again = world.report(service="portal", source="run:1", what="portal is white", stated=None)
    assert joined.incident_id == again.incident_id == "INC-0001"
    assert len(again.all("report.joined")) == 1

    other = world.report(service="core_network", source="run:2")
    assert other.incident_id == "INC-0002"
    world.recover(key)
    world.look()
    after = world.report(service="portal", source="run:3")
    assert (after.incident_id, after.opening.related) == ("INC-0003", ("INC-0001",))


def test_an_outage_joins_what_a_person_opened_for_it(world: World) -> None:
    """M2: our own incident of that portal gets the outage, and no second one is opened."""
    opened = world.report(
        channel="program", service="portal", slugs=("tailspin",), caller="", stated=None
    )
    key = world.outage("tailspin")
    assert world.look() == [f"{opened.incident_id} joined for {key}"]
    assert world.incident(opened.incident_id).severity == "high"


def test_our_own_finding_is_escalated(world: World) -> None:
    """E3, E4: opened by a person for any service; High is called, Low is mailed."""
    ours = {"channel": "program", "slugs": ("tailspin",), "caller": ""}
    world.report(**ours, service="core_network")
    low = {"portal": "reachable", "purchased_data": "usable"}
    world.report(**ours, service="xdr", stated=low, source="2")

    assert world.call_state("INC-0001:call:2").wanted.deadline == NOON + timedelta(minutes=30)
    assert set(world.promises("INC-0001")) == {"outage_notice"}
    assert world.promises("INC-0002") == {}
    world.tick(seconds=30)
    response = world.promises("INC-0002")["initial_response"]
    assert (response.promise.kind, response.promise.debtor) == (
        "initial_response_low",
        "mobile_operator",
    )
    with world.store.snapshot() as connection:
        recipients = {row.deliveries[0].recipient for row in list_notices(connection)}
    assert recipients == {"leitstelle@tailspin.example"}


def test_a_named_person_overrides_with_a_reason(world: World) -> None:
    """E2: the decision is theirs, and the mail says so."""
    incident = world.report(override=("low", "only the staging portal"), stated=None)
    assigned = incident.last("severity.assigned").data
    assert (assigned["severity"], assigned["rule"]) == ("low", None)
    assert b"decided by ops" in world.mails()["incident_acknowledged_to_mobile_operator"].message


def test_a_customers_matter_is_turned_back(world: World) -> None:
    """C1: to the mobile operator's own support contact, recorded, nothing owed, not escalated."""
    incident = world.report(service="customer_support", what="My SIM is lost", stated=None)

    assert incident.state == "turned_back"
    assert world.promises("INC-0001") == {}
    mail = world.mails()["incident_turned_back_to_mobile_operator"].message
    assert b"Contoso Care, +12065550199, https://www.contoso.example/help" in mail
    with world.store.snapshot() as connection:
        assert runs_to_start(connection, 9) == []


@pytest.mark.parametrize(
    ("called", "mailed", "state"),
    [(20, 25, "met"), (20, 30, "met"), (20, 31, "met_late"), (31, 20, "met_late")],
)
def test_an_outage_of_theirs_is_judged(world: World, called: int, mailed: int, state: str) -> None:
    """O2: awareness, call and mail, and the verdict against 30 minutes; both are needed."""
    aware_at = world.clock.now()
    world.clock.advance(timedelta(minutes=called))
    stated = O2["stated"] | {"aware_at": aware_at.isoformat()}
    incident = world.report(**O2 | {"stated": stated, "since": aware_at})
    assert (incident.opening.is_notice, incident.owes) == (True, "mobile_operator")
    assert world.promises("INC-0001")["outage_notice"].answer is None

    world.clock.advance(timedelta(minutes=40))
    came = aware_at + timedelta(minutes=mailed)
    world.post(
        "INC-0001", "second_notice", by="Contoso NOC", text="<1@contoso.example>", received_at=came
    )
    notice = world.promises("INC-0001")["outage_notice"]
    assert (notice.state, notice.promise.debtor) == (state, "mobile_operator")
    assert notice.promise.since == aware_at
    assert "update:1" in world.promises("INC-0001")
    assert "initial_response" not in world.promises("INC-0001")


def test_the_call_may_follow_the_mail(world: World) -> None:
    """O2: whichever comes second makes the notice whole."""
    stated = O2["stated"] | {"aware_at": NOON.isoformat()}
    world.clock.advance(timedelta(minutes=5))
    world.report(**O2 | {"stated": stated, "since": NOON}, channel="mail")
    world.clock.advance(timedelta(minutes=5))
    world.post("INC-0001", "second_notice", by="Chris Wong", text="called")
    notice = world.promises("INC-0001")["outage_notice"]
    assert (notice.state, notice.answer.received_at) == ("met", NOON + timedelta(minutes=10))


def test_an_unknown_awareness_is_not_charged(world: World) -> None:
    """O2: no verdict before they said when they first knew; then it is judged."""
    world.report(**O2)
    assert "outage_notice" not in world.promises("INC-0001")
    knew = NOON - timedelta(minutes=10)
    world.post("INC-0001", "awareness", by="Contoso NOC", text="first alarm", received_at=knew)
    assert world.promises("INC-0001")["outage_notice"].due_at == NOON + timedelta(minutes=20)


def test_an_outage_of_ours_is_told_to_each(world: World) -> None:
    """O1: one promise, mail, call and thread for each, under one parent, from our awareness."""
    aware_at = NOON - timedelta(minutes=5)
    ours = {"channel": "program", "service": "network", "what": "Our network is down"}
    ours |= {"source": "run:1"}
    parent = world.report(**ours, slugs=(), caller="", received_at=aware_at, stated=None)

    with world.store.snapshot() as connection:
        parts = list_incidents(connection, parent=parent.incident_id)
        rows = list_notices(connection)
    assert parent.slug is None
    assert [part.slug for part in parts] == list(SLUGS)
    assert {(row.kind, row.thread, row.slug) for row in rows} == {
        ("service_outage", part.incident_id, part.slug) for part in parts
    }
    for part in parts:
        notice = world.promises(part.incident_id)["outage_notice"]
        assert (notice.promise.debtor, notice.due_at) == ("program", NOON + timedelta(minutes=25))
        assert world.call_state(f"{part.incident_id}:call:2").wanted.alert == parent.incident_id
    again = world.report(**ours, slugs=(), caller="", received_at=aware_at, stated=None)
    assert again.incident_id == parent.incident_id


def test_late_is_shown_as_late(world: World) -> None:
    """O1: by mail in time and by telephone too late is late, for that mobile operator alone."""
    ours = {"channel": "program", "service": "store", "what": "The Store is down", "caller": ""}
    world.report(**ours, slugs=("contoso", "tailspin"), stated=None)
    world.tick(minutes=1)
    world.call("INC-0002", 1, "NOC")
    world.tick(minutes=30)
    world.call("INC-0003", 1, "Leitstelle")

    assert world.promises("INC-0002")["outage_notice"].state == "met"
    assert world.promises("INC-0003")["outage_notice"].state == "met_late"


def test_words_that_name_a_mobile_operator_are_refused(world: World) -> None:
    """O1: nobody is told when the words would tell one of another."""
    ours = {"channel": "program", "service": "store", "caller": "", "stated": None}
    with pytest.raises(BadInput, match="names tailspin"):
        world.report(**ours, slugs=(), what="The Store is down since Tailspin launched")
    with world.store.snapshot() as connection:
        assert list_incidents(connection) == []


def test_nobody_to_tell_is_refused(world: World) -> None:
    """O1: an unknown mobile operator is named."""
    ours = {"channel": "program", "service": "store", "caller": "", "stated": None}
    with pytest.raises(NotFound, match="'contosso'"):
        world.report(**ours, slugs=("contosso",))
