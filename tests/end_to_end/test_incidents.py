"""Incidents through real Airflow: an outage from its first bad probe to the closing mail (E, O)."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from include.mobile_plans.incidents import Incident, find_incident, list_bugs, list_incidents
from include.mobile_plans.monitoring.probes import Phase, ProbeResult, Reason
from include.mobile_plans.monitoring.records import Round, Sample, record_round
from include.mobile_plans.monitoring.slots import (
    SlotState,
    portal_target,
    slot_at,
    whole_seconds,
)
from include.mobile_plans.obligations import list_obligations
from include.mobile_plans.policy import change_state, load_policy
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.simulation.local_airflow import PROJECT
from include.mobile_plans.simulation.local_world import LocalWorld
from include.mobile_plans.simulation.mail_folder import CaughtMail
from include.mobile_plans.simulation.people import THINKING_S, AirflowRefused, OpenQuestion, Person
from include.mobile_plans.simulation.portal import Answer
from include.mobile_plans.store import Store, verify_events

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(900)]

RESPONSE_S = 30
PATIENCE_S = 240
SERVER_ERROR = 500
CONTACTS = {"tailspin": "leitstelle@tailspin.example", "contoso": "noc@contoso.example"}


@pytest.fixture(scope="module")
def policy_edits() -> Mapping[str, Mapping[str, str]]:
    """An hour for a first response becomes half a minute; all else is as shipped."""
    return {
        "severity/2018.yaml": {"first_response: PT1H": f"first_response: PT{RESPONSE_S}S"},
        "promises.yaml": {r"(update_high:\n(?:.*\n)*?.*after: )PT1H": r"\1PT2H"},
    }


class Centre:
    """The operations centre at work: what it waits for, and what it answers."""

    def __init__(self, world: LocalWorld) -> None:
        self.world, self.store = world, Store(world.database_url)
        self.seen: dict[tuple[str, str], float] = {}
        self.clock = SystemClock()
        passwords = self.world.airflow.passwords
        self.ops = Person(self.world.airflow.url, "ops", passwords["ops"])
        self.policy = load_policy(self.world.policy, allow_loopback=True)

    def wait(self, what: str, check: Callable[[], Any]) -> Any:
        until = time.monotonic() + PATIENCE_S
        while not (found := check()):
            self.world.require_alive()
            assert time.monotonic() < until, f"not within {PATIENCE_S} s: {what}"
            time.sleep(0.5)
        return found

    def question(self, run_id: str, task_id: str) -> OpenQuestion:
        """Wait until a task asks, and think as a person does."""

        def asked() -> OpenQuestion | None:
            now = time.monotonic()
            for one in self.ops.open_questions():
                since = self.seen.setdefault((one.run_id, one.task_id), now)
                if (one.run_id, one.task_id) == (run_id, task_id) and now - since > THINKING_S:
                    return one
            return None

        found = self.wait(f"{task_id} of {run_id} asks", asked)
        del self.seen[run_id, task_id]
        return found

    def answer(self, run_id: str, task_id: str, option: str, **values: str) -> OpenQuestion:
        question = self.question(run_id, task_id)
        self.patiently(lambda: self.ops.answer(question, option, values))
        return question

    def start(self, dag_id: str, **form: str) -> str:
        return str(self.patiently(lambda: self.ops.start(dag_id, form)))

    def patiently(self, ask: Callable[[], Any]) -> Any:
        """Ask Airflow again as long as it is too busy: on SQLite it sometimes is."""

        def asked() -> tuple[Any] | None:
            try:
                return (ask(),)
            except AirflowRefused as refusal:
                if refusal.status < SERVER_ERROR:
                    raise
                return None

        return self.wait("Airflow takes it", asked)[0]

    def ends(self, dag_id: str, run_id: str) -> str:
        return str(
            self.wait(
                f"{run_id} ends",
                lambda: (s := self.ops.run_state(dag_id, run_id)) in ("success", "failed") and s,
            )
        )

    def incident(self, number: str) -> Incident:
        with self.store.snapshot() as connection:
            return find_incident(connection, number)

    def incidents(self) -> list[Incident]:
        with self.store.snapshot() as connection:
            return list_incidents(connection)

    def promise(self, key: str) -> str:
        number = key.partition(":")[0]
        with self.store.snapshot() as connection:
            found = list_obligations(connection, subject=f"incident:{number}")
        return next((one.state for one in found if one.key == key), "none")

    def mails(self, *words: str) -> list[CaughtMail]:
        return [m for m in self.world.mails.all() if all(word in m.subject for word in words)]

    def wait_for_mails(self, number: int, *words: str) -> list[CaughtMail]:
        self.wait(f"{number} mails {words}", lambda: len(self.mails(*words)) >= number)
        return self.mails(*words)

    def fail_for_half_an_hour(self, slug: str) -> None:
        """Let a portal fail from now on, and have failed in every slot of half an hour before."""
        self.world.portals.set(slug, Answer(status=503))
        target, policy = portal_target(slug), self.policy.monitoring
        good = Sample(state=SlotState.GOOD, result=ProbeResult(target=target, status=200))
        failure = ProbeResult(
            target=target, status=503, phase=Phase.ANSWER, reason=Reason.UNEXPECTED_ANSWER
        )
        samples = [good] + [Sample(state=SlotState.BAD, result=failure)] * 63
        length_s = whole_seconds(policy.probe.interval)
        first = slot_at(self.clock.now(), policy.probe.interval) - 63 * length_s
        with self.store.transaction() as connection:
            for number, sample in enumerate(samples):
                seen = Round(slot=first + number * length_s, samples=(sample,))
                record_round(connection, seen, policy)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "include.mobile_plans", *arguments],
            check=False,
            cwd=PROJECT,
            env=self.world.airflow.environment,
            capture_output=True,
            text=True,
        )


@pytest.fixture(scope="module")
def centre(world: LocalWorld) -> Centre:
    """Two live mobile operators, an outage of one of them, and what else happens beside it."""
    working = Centre(world)
    working.fail_for_half_an_hour("tailspin")
    with working.store.transaction() as connection:
        for slug in CONTACTS:
            change_state(
                connection,
                slug,
                "live",
                author="Ada",
                approver=None,
                reason="go-live",
                now=working.clock.now(),
            )
    return working


@pytest.fixture(scope="module")
def beside(centre: Centre) -> Mapping[str, str]:
    """A report by form, an outage of ours, a bug, and forms that cannot be granted, all at once."""
    form = {"mobile_operator": "contoso", "service": "mobile_plans", "since": ""}
    report = {"channel": "call", "what": "Plans cannot be bought", "call_back": "Chris Wong"}
    outage = {"service": "store", "what": "The Store is down", "since": "", "aware_at": ""}
    bug = {"mobile_operator": "contoso", "party": "mobile_operator", "what": "Wrong price shown"}
    people = {"reported_by": "Chris Wong", "counterpart": "Maya Patel", "incident": ""}
    centre.wait("the outage has its incident", centre.incidents)
    empty = {"what": "", "call_back": ""}
    return {
        "report": centre.start("incident_report", **form, **report),
        "outage": centre.start("service_outage_notice", **outage, mobile_operators=""),
        "bug": centre.start("bug_fix_request", **bug, **people),
        "empty": centre.start("incident_report", **form | report | empty),
    }


def test_an_outage_from_its_first_bad_probe_to_the_closing_mail(
    centre: Centre, beside: Mapping[str, str]
) -> None:
    """
    M2, E3, E6: one incident, a mail, calls until one is reached, clocks, updates, resolution.

    The first response comes late: that is told to both parties, and so is how it ended.
    """
    outage = next(one for one in centre.incidents() if one.opening.channel == "monitoring")
    number = outage.incident_id
    first = centre.answer(number, "call_contact_1", "Not reached")
    assert "Leitstelle" in first.subject
    second = centre.answer(number, "call_contact_2", "Reached", spoke_to="Frau Kern")
    assert "not reached" in second.body
    escalated = centre.wait_for_mails(1, number, "High incident")
    assert escalated[0].envelope_to == (CONTACTS["tailspin"],)
    assert centre.ends("incident_escalation", number) == "success"

    centre.wait_for_mails(2, number, "Missed", "initial response")
    form = {"incident": number, "received_at": "", "evidence": ""}
    said = {"by": "Theresa Vogel", "text": "A certificate had expired, we renew it"}
    run_id = centre.start("incident_update", **form, **said, what="first_response")
    shown = centre.answer(run_id, "confirm_update", "Send")
    assert f"Tailspin: Tailspin Leitstelle <{CONTACTS['tailspin']}>" in shown.body
    assert centre.ends("incident_update", run_id) == "success"
    assert centre.promise(f"{number}:initial_response") == "met_late"
    assert centre.promise(f"{number}:update:1") == "open"
    centre.wait_for_mails(2, number, "Settled", "met late")
    centre.wait_for_mails(2, number, "First response")

    centre.world.portals.restore("tailspin")
    (recovered,) = centre.wait_for_mails(1, number, "Recovered")
    assert recovered.envelope_to == ("osoc@microsoft.com",)
    done = centre.command(
        *("incident", "update", number, "--what", "resolution", "--by", "Olivia Stone"),
        *("--text", "The certificate was renewed", "--yes"),
    )
    assert done.returncode == 0, done.stderr
    closing = centre.wait_for_mails(2, number, "Resolved")
    assert {mail.envelope_to[0] for mail in closing} == {CONTACTS["tailspin"], "osoc@microsoft.com"}
    for mail in closing:
        assert "Tailspin reached by telephone: Frau Kern" in mail.text
        assert "met late" in mail.text
        assert "Lasted:      3" in mail.text
        assert "contoso" not in (mail.text + mail.html).lower()
    assert centre.incident(number).state == "resolved"
    with centre.store.snapshot() as connection:
        assert len([o for o in list_incidents(connection, slug="tailspin") if o.troubles]) == 1
        assert verify_events(connection) == []


def test_a_report_by_form_gets_its_severity_before_anything(
    centre: Centre, beside: Mapping[str, str]
) -> None:
    """E2, E5: the run of the number asks for the facts, again until they are enough."""
    assert centre.ends("incident_report", beside["report"]) == "success"
    (found,) = [one for one in centre.incidents() if one.opening.channel == "call"]
    number = found.incident_id
    assert found.opening.contact == "Chris Wong"
    assert centre.promise(f"{number}:initial_response") in ("open", "at_risk", "breached")
    assert centre.mails(number, "We have your report") == []

    centre.answer(number, "assess_severity", "Decide by the facts", portal="perhaps")
    asked = centre.answer(
        number,
        "assess_severity",
        "Decide by the facts",
        portal="reachable",
        purchased_data="usable",
    )
    assert "Chris Wong" in asked.body
    (told,) = centre.wait_for_mails(1, number, "We have your report, Low")
    assert "Their reference" in told.text
    state = lambda: centre.ops.tasks("incident_escalation", number)["call_contact_4"]  # noqa: E731
    centre.wait("nobody is called", lambda: state() == "skipped")


def test_an_outage_of_ours_is_told_to_each_alone(centre: Centre, beside: Mapping[str, str]) -> None:
    """O1: a mail and a call for each mobile operator, side by side, and no mail names another."""
    assert centre.ends("service_outage_notice", beside["outage"]) == "success"
    (parent,) = [one for one in centre.incidents() if one.slug is None]
    with centre.store.snapshot() as connection:
        parts = list_incidents(connection, parent=parent.incident_id)
    assert [part.slug for part in parts] == ["contoso", "tailspin"]
    mails = centre.wait_for_mails(2, "Outage of our Store")
    assert {mail.envelope_to[0] for mail in mails} == set(CONTACTS.values())
    for mail in mails:
        (other,) = set(CONTACTS) - {mail.envelope_to[0].partition("@")[2].partition(".")[0]}
        assert other not in (mail.text + mail.html).lower()
    for part in parts:
        centre.answer(part.incident_id, "call_contact_1", "Reached", spoke_to="NOC")
    for part in parts:
        key = f"{part.incident_id}:outage_notice"
        centre.wait(f"{key} is met", lambda key=key: centre.promise(key) == "met")
        assert centre.ends("incident_escalation", part.incident_id) == "success"


def test_a_bug_is_declined_and_that_is_told(centre: Centre, beside: Mapping[str, str]) -> None:
    """B1, B2: a run named after the bug carries it; a decline needs a reason and is told."""
    assert centre.ends("bug_fix_request", beside["bug"]) == "success"
    with centre.store.snapshot() as connection:
        ((number,),) = [(row["bug_id"],) for row in list_bugs(connection)]
    assert number == "BUG-0001"
    centre.answer(number, "triage", "Decline")
    centre.answer(number, "triage", "Decline", reason="It is shown as agreed")
    assert centre.ends("bug_fix_request", number) == "success"
    mails = centre.wait_for_mails(2, number, "Will not be fixed")
    assert {mail.envelope_to[0] for mail in mails} == {
        "DYNAMOpartnersup@microsoft.com",
        CONTACTS["contoso"],
    }


def test_what_cannot_be_written_down_is_refused_in_one_sentence(
    centre: Centre, beside: Mapping[str, str]
) -> None:
    """E5: the least is needed; its absence is named, and nothing is written."""
    assert centre.ends("incident_report", beside["empty"]) == "failed"
    log = centre.ops.task_log("incident_report", beside["empty"], "record_report")
    assert "what happened is empty" in log
    assert "the call-back is empty" in log
    assert "Traceback" not in log
    assert len([one for one in centre.incidents() if one.opening.channel == "call"]) == 1
