"""What is posted to an incident: responses, updates, pauses, its resolution; each as received."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from include.mobile_plans.errors import BadInput
from include.mobile_plans.incidents.about import About, about
from include.mobile_plans.incidents.escalation import assess, keep_clocks
from include.mobile_plans.incidents.mails import PARTIES, tell_update
from include.mobile_plans.incidents.records import append, list_incidents, lock_incident
from include.mobile_plans.incidents.rules import post_problems, recognised
from include.mobile_plans.incidents.state import ASSESSED, UPDATED, Incident
from include.mobile_plans.incidents.statements import decide
from include.mobile_plans.instants import format_instant, require_utc
from include.mobile_plans.policy import PartyName, SeverityName

CHOICES = {
    "first_response": "First response of the party that owes it",
    "update": "Update of the party that owes it",
    "message": "Message to the party that owes answers",
    "details": "Details their report lacked",
    "second_notice": "Their mail after the call came, or their call after the mail",
    "awareness": "They first knew of the outage at 'Received at' (O2)",
    "severity_high": "Severity: High",
    "severity_low": "Severity: Low",
    "pause": "Pause the clocks; the text says for whom we wait",
    "resume": "Let the clocks run again",
    "resolution": "Resolved",
}
"""Everything that can be posted, in the words of the form."""
_SEVERITIES: dict[str, SeverityName] = {"severity_high": "high", "severity_low": "low"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """
    What somebody wants to post.

    Attributes:
        incident_id: The incident.
        what: One of ``CHOICES``.
        by: The named person whose word or decision it is.
        text: What was said, why, or for whom a pause waits.
        received_at: When it reached us, or we said it.
        recorded_by: The user who writes it down.
        evidence: What proves it: a Message-ID, or who was on the telephone.
    """

    incident_id: str
    what: str
    by: str
    text: str
    received_at: datetime
    recorded_by: str
    evidence: str = ""


def post(connection: Connection, wanted: Post, now: datetime) -> Incident:
    """
    Post to an incident: its clocks follow, and both parties are told.

    What is posted to a parent of many is posted to each of its open parts, and told to each mobile
    operator alone.

    Raises:
        NotFound: There is no such incident.
        BadInput: It cannot be posted, one line per problem; nothing is written.
        Conflict: A clock can no longer be paused.
    """
    incident = lock_incident(connection, wanted.incident_id)
    require_possible(connection, incident, wanted, now)
    for part in _parts(connection, incident):
        _post_one(connection, lock_incident(connection, part.incident_id), wanted, now)
    if incident.slug is not None:
        return lock_incident(connection, incident.incident_id)
    return _post_one(connection, incident, wanted, now)


def require_possible(
    connection: Connection, incident: Incident, wanted: Post, now: datetime
) -> None:
    """
    Refuse what cannot be posted, before anything is written.

    Raises:
        BadInput: One line per problem.
    """
    if wanted.what not in CHOICES:
        msg = f"{wanted.what!r} cannot be posted: allowed are {', '.join(CHOICES)}"
        raise BadInput(msg)
    at = require_utc(wanted.received_at, "received at")
    problems = {
        f"received at {format_instant(at)} lies in the future": at > now,
        "by is empty: a named person posts it": not wanted.by.strip(),
        "the text is empty: both parties read it": not wanted.text.strip(),
    }
    found = [problem for problem, holds in problems.items() if holds]
    party = _party(about(connection, incident, now), wanted)
    found += post_problems(incident, wanted.what, party, at)
    if found:
        raise BadInput(*found)


def told_to(connection: Connection, incident: Incident, now: datetime) -> list[tuple[str, str]]:
    """List whom a post is told to: the name of each party, and the address its mail goes to."""
    around = [about(connection, part, now) for part in _parts(connection, incident)]
    return [
        (told.name_of(party), f"{person.name} <{person.email}>")
        for told in around
        for party in PARTIES
        for person in told.recipients(party)[:1]
    ]


def _parts(connection: Connection, incident: Incident) -> list[Incident]:
    if incident.slug is not None:
        return [incident]
    return list_incidents(connection, parent=incident.incident_id, only_open=True)


def _post_one(connection: Connection, incident: Incident, wanted: Post, now: datetime) -> Incident:
    severity, at = _SEVERITIES.get(wanted.what), wanted.received_at
    if severity is not None:
        stated = incident.all(ASSESSED)[-1].data["stated"]
        why, since = (severity, wanted.text), incident.opening.since
        decision = decide(stated, since=since, now=at, override=why)
        return assess(connection, incident, decision, by=wanted.by, now=now, received_at=at)
    data = {
        "what": "update" if wanted.what == "message" else wanted.what,
        "party": _party(about(connection, incident, now), wanted),
        "by": wanted.by,
        "text": wanted.text,
        "evidence": wanted.evidence,
    }
    by = wanted.recorded_by
    after = append(connection, incident, UPDATED, data, by=by, now=now, received_at=at)
    keep_clocks(connection, after, by=by, now=now)
    if after.slug is not None:
        tell_update(connection, about(connection, after, now), after.events[-1])
    return after


def _party(told: About, wanted: Post) -> PartyName:
    """Tell whose word it is: that of the party that owes answers, unless it says otherwise."""
    owes, record = told.incident.owes, told.mobile_operator
    if wanted.what in ("first_response", "update"):
        return owes
    if wanted.what == "message":
        return "program" if owes == "mobile_operator" else "mobile_operator"
    if wanted.what in ("details", "second_notice", "awareness"):
        return "mobile_operator"
    return "mobile_operator" if record and recognised(wanted.by, record) else "program"
