"""What people are asked in Airflow about an incident: its severity, and before a post is sent."""

from collections.abc import Callable, Mapping
from datetime import datetime

from include.mobile_plans.errors import DoesNotApply
from include.mobile_plans.incidents.about import About, about_id
from include.mobile_plans.incidents.escalation import assess, incident_of_run
from include.mobile_plans.incidents.records import lock_incident
from include.mobile_plans.incidents.reports import turn_back
from include.mobile_plans.incidents.statements import FIELDS, decide, stated_in
from include.mobile_plans.incidents.updates import CHOICES, Post, post, told_to
from include.mobile_plans.policy import SeverityName
from include.mobile_plans.questions import Answer, Field, Question, Run
from include.mobile_plans.store import store_from_environment

DECIDE, HIGH, LOW, TURN_BACK = "Decide by the facts", "High", "Low", "Turn back to support"
SEND, DISCARD = "Send", "Discard"
_OVERRIDES: Mapping[str, SeverityName] = {HIGH: "high", LOW: "low"}


class SeverityQuestion:
    """Somebody states what is known; the edition decides, or a named person with a reason (E2)."""

    options = (DECIDE, HIGH, LOW, TURN_BACK)
    fields: Mapping[str, Field] = {
        **FIELDS,
        "reason": Field(
            title="Reason",
            description="Why High or Low, where you decide it yourself.",
            kind="long text",
            required_with=frozenset({HIGH, LOW}),
        ),
    }
    duty_role = "operations_centre"

    def ask(self, run: Run, now: datetime) -> Question:
        """
        Show what was reported.

        Raises:
            DoesNotApply: It has a severity, or has ended.
            NotFound: The run carries no incident.
        """
        with store_from_environment().snapshot() as connection:
            told = about_id(connection, incident_of_run(run.run_id), now)
        incident = told.incident
        if incident.severity is not None or incident.is_ended:
            msg = f"{incident.incident_id} is {incident.severity or incident.state}"
            raise DoesNotApply(msg)
        return Question(
            subject=f"{told.name}, {incident.incident_id}: which severity?",
            body=f"{described(told)}\n\nNothing is escalated before it has a severity. What the "
            "caller cannot say yet may stay empty: it is asked for by mail.",
            deadline=next((one.due_at for one in told.running), None),
            fields=self.fields,
            alert=incident.incident_id,
        )

    def record(self, run: Run, answer: Answer) -> bool:
        """
        Assign the severity, or turn the matter back (C1).

        Raises:
            BadInput: What is stated is not enough, or not allowed.
        """
        by, now = answer.recorded_by, answer.recorded_at
        with store_from_environment().transaction() as connection:
            incident = lock_incident(connection, incident_of_run(run.run_id))
            if incident.is_ended or incident.severity is not None:
                return True
            if answer.option == TURN_BACK:
                turn_back(connection, incident, by=by, now=now)
                return True
            severity, reason = _OVERRIDES.get(answer.option), answer.text("reason") or ""
            override = (severity, reason) if severity else None
            stated, since = stated_in(answer.values), incident.opening.since
            decision = decide(stated, since=since, now=now, override=override)
            assess(connection, incident, decision, by=by, now=now)
        return True


class PostQuestion:
    """
    Shows whom a post is told to before it is sent.

    Args:
        wanted: Gives the post of a run.
    """

    options = (SEND, DISCARD)
    fields: Mapping[str, Field] = {}

    def __init__(self, wanted: Callable[[Run], Post]) -> None:
        self.wanted = wanted

    def ask(self, run: Run, now: datetime) -> Question:
        """
        Show the post, the mobile operator and the recipients.

        Raises:
            NotFound: There is no such incident.
        """
        wanted = self.wanted(run)
        with store_from_environment().snapshot() as connection:
            told = about_id(connection, wanted.incident_id, now)
            people = told_to(connection, told.incident, now)
        to = "\n".join(f"- {name}: {person}" for name, person in people)
        return Question(
            subject=f"{told.name}, {wanted.incident_id}: send this? {CHOICES[wanted.what]}",
            body=f"{described(told)}\n\n**{CHOICES[wanted.what]}**, {wanted.by}, "
            f"{wanted.received_at:%Y-%m-%d %H:%M} UTC:\n\n{wanted.text}\n\nGoes to:\n\n{to}",
        )

    def record(self, run: Run, answer: Answer) -> bool:
        """
        Post it, or not.

        Raises:
            BadInput: It can no longer be posted.
        """
        if answer.option == SEND:
            with store_from_environment().transaction() as connection:
                post(connection, self.wanted(run), answer.recorded_at)
        return True


def described(told: About) -> str:
    """Say in Markdown what an incident is about."""
    incident, opening = told.incident, told.incident.opening
    lines = [
        f"**{incident.incident_id}**, {told.name}: {opening.what}\n",
        f"- Service: {told.service}",
        f"- Since: {opening.since:%Y-%m-%d %H:%M} UTC",
    ]
    if opening.caller is not None:
        known = (
            f"{opening.contact}, on record"
            if opening.contact
            else ("not recognised: call back at a number on record before you act")
        )
        lines.append(f"- Reported by: {opening.caller} ({known})")
    if incident.severity is not None:
        lines.append(f"- {incident.severity.title()}, {incident.state}")
    if opening.related:
        lines.append(f"- Open beside it: {', '.join(opening.related)}")
    return "\n".join(lines)
