"""What an incident calls for: which clocks run, who is called, what may be posted (E, O)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from itertools import count

from include.mobile_plans.incidents.state import (
    ANSWERS,
    ASSESSED,
    RUN_STARTED,
    TURNED_BACK,
    UPDATED,
    Entry,
    Incident,
    Service,
)
from include.mobile_plans.incidents.statements import missing_in
from include.mobile_plans.instants import format_instant
from include.mobile_plans.policy import Contact, MobileOperator, PartyName, SeverityName
from include.mobile_plans.policy.incidents import StormPolicy

PROGRAM_SERVICES: tuple[Service, ...] = ("network", "mobile_plans", "store")
"""What the program runs, and tells its outages of (O1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What meets a promise: whose word, with which evidence, when it counts."""

    by: str
    evidence: str
    at: datetime
    recorded_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """
    A promise an incident calls for.

    Attributes:
        key: The promise, its number in a series included.
        kind: Its kind in policy.
        debtor: Who owes it.
        since: From when its time runs.
        answer: What meets it, or None.
        released: Why nothing more is owed, or None.
        pause: The update that stops it, or None.
        number: Its place in a series.
    """

    key: str
    kind: str
    debtor: PartyName
    since: datetime
    answer: Answered | None
    released: str | None
    pause: Entry | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """
    A time in which one severity counts, with clocks of its own: a change re-bases them.

    Attributes:
        severity: The one assigned; before that, the one its channel stands for (E5).
        position: The event that assigned it, 0 where none did.
        began: When it was assigned.
        clocks_from: From when its clocks run, None while the other side does not know yet.
        ended: When another severity took its place, or None.
        released: Why its clocks no longer run, or None.
    """

    severity: SeverityName
    position: int
    began: datetime
    clocks_from: datetime | None
    ended: datetime | None = None
    released: str | None = None


def phases(incident: Incident) -> list[Phase]:
    """
    List the severities an incident had.

    A mobile operator's clocks run from the moment the escalation reached it; ours from the moment
    its report reached us, whatever severity was found later (decision).
    """
    found = []
    if incident.owes == "program" and not incident.opening.is_notice:
        presumed: SeverityName = "high" if incident.opening.channel == "call" else "low"
        at = incident.received_at
        found.append(Phase(severity=presumed, position=0, began=at, clocks_from=at))
    for number, event in enumerate(incident.all(ASSESSED)):
        severity, at = event.data["severity"], event.effective_at
        clocks_from: datetime | None = at if number else incident.received_at
        if incident.opening.told_by == "program":
            clocks_from = incident.reached_at(event.position)
        phase = Phase(severity=severity, position=event.position, began=at, clocks_from=clocks_from)
        if found and found[-1].severity == severity:
            found.pop()
        elif found:
            why = f"it is {severity.title()} now"
            found[-1] = replace(found[-1], ended=at, released=why)
        found.append(phase)
    return [replace(one, released=one.released or end_of(incident)) for one in found]


def end_of(incident: Incident) -> str | None:
    """
    Say why nothing more is owed for an incident, or None.

    Where it is the program's own word that ends what it owes, that has to reach them first.
    """
    resolution = incident.last_update("resolution")
    if resolution is None:
        return "turned back to customer support" if incident.is_ended else None
    is_heard = incident.owes == "mobile_operator" or answered_at(incident, resolution) is not None
    return f"resolved by {resolution.data['by']}" if is_heard else None


def clocks(incident: Incident, known: Mapping[str, datetime]) -> Iterator[Clock]:
    """
    Yield every promise an incident calls for, with what meets it or why it is released.

    Args:
        incident: As it stands; a parent of many calls for none, its parts do.
        known: Since when each promise that was given runs, by key: those do not move.
    """
    if incident.slug is None:
        return
    yield from _their_notice(incident)
    yield from _details_clock(incident)
    for number, phase in enumerate(phases(incident), 1):
        suffix = "" if number == 1 else f"-{number}"
        if incident.opening.told_by == "program" and phase.severity == "high":
            yield _our_notice(incident, phase, suffix)
        yield from _answer_clocks(incident, phase, suffix, known)


def _our_notice(incident: Incident, phase: Phase, suffix: str) -> Clock:
    """Return our 30 minutes from awareness to notice, by telephone and mail (O1)."""
    called, mailed = (incident.reached_at(phase.position, way) for way in ("call", "mail"))
    answer = None
    if called is not None and mailed is not None:
        answer = Answered(by="mobile-plans", evidence="call and mail", at=max(called, mailed))
    return Clock(
        key=f"{incident.incident_id}:outage_notice{suffix}",
        kind="outage_notice",
        debtor="program",
        since=phase.began if suffix else incident.aware_at or phase.began,
        answer=answer,
        released=phase.released,
    )


def _their_notice(incident: Incident) -> Iterator[Clock]:
    """Yield their 30 minutes, once they said when they first knew; both ways are needed (O2)."""
    opening, since = incident.opening, incident.aware_at
    if opening.told_by == "mobile_operator" and opening.is_notice and since is not None:
        second = incident.last_update("second_notice")
        both = max(incident.received_at, second.effective_at) if second else None
        yield Clock(
            key=f"{incident.incident_id}:outage_notice",
            kind="outage_notice",
            debtor="mobile_operator",
            since=since,
            answer=_answered(second, both) if second and both else None,
            released=end_of(incident),
        )


def _details_clock(incident: Incident) -> Iterator[Clock]:
    """Yield the promise of the details a report lacks, from when we asked for them (E5)."""
    assigned = incident.all(ASSESSED)
    if incident.opening.told_by == "program" or not assigned:
        return
    asked_at = incident.reached_at(assigned[0].position, "mail")
    if asked_at is not None and missing_in(assigned[0].data["stated"]):
        given = incident.last_update("details")
        yield Clock(
            key=f"{incident.incident_id}:details",
            kind="incident_details",
            debtor="mobile_operator",
            since=asked_at,
            answer=_answered(given, given.effective_at) if given else None,
            released=end_of(incident),
        )


def _answer_clocks(
    incident: Incident, phase: Phase, suffix: str, known: Mapping[str, datetime]
) -> Iterator[Clock]:
    """Yield the first response and the updates of a phase, each due a period after the last."""
    since = phase.clocks_from
    if since is None:
        return
    answers = [a for a in _answers(incident) if phase.ended is None or a.at <= phase.ended]

    def clock(name: str, since: datetime, answer: Answered | None, number: int | None) -> Clock:
        return Clock(
            key=f"{incident.incident_id}:{name}{suffix}" + (f":{number}" if number else ""),
            kind=f"{name}_{phase.severity}",
            debtor=incident.owes,
            since=since,
            answer=answer,
            released=phase.released,
            pause=incident.pause,
            number=number,
        )

    first = clock("initial_response", since, answers[0] if answers else None, None)
    is_answered_before = any(answer.at <= since for answer in answers)
    if first.key in known or not (incident.opening.is_notice or is_answered_before):
        since = known.get(first.key, since)
        yield replace(first, since=since)
        if first.answer is None:
            return
        since = max(first.answer.at, since)
    for number in count(1):
        this = clock("update", since, None, number)
        since = known.get(this.key, since)
        answer = next((one for one in answers if one.at > since), None)
        yield replace(this, since=since, answer=answer)
        if answer is None:
            return
        since = answer.at


def _answers(incident: Incident) -> list[Answered]:
    """List what the party that owes answers said, in the order it reached the other."""
    found = []
    for event in incident.all(UPDATED):
        if event.data["what"] in ANSWERS and event.data["party"] == incident.owes:
            at = answered_at(incident, event)
            if at is not None:
                found.append(_answered(event, at))
    return sorted(found, key=lambda one: one.at)


def answered_at(incident: Incident, update: Entry) -> datetime | None:
    """
    Return when an update reached the other party, or None while it has not.

    What a mobile operator says counts when it reaches us; what we say when its mail server took
    our mail, or when we said it on the telephone, for which evidence is given.
    """
    if update.data["party"] == "mobile_operator" or update.data["evidence"]:
        return update.effective_at
    return incident.reached_at(update.position)


def _answered(update: Entry, at: datetime) -> Answered:
    data = update.data
    evidence = data["evidence"] or f"{data['what'].replace('_', ' ')}: {data['text']}"
    return Answered(by=data["by"], evidence=evidence, at=at, recorded_by=update.actor)


def positions_unheard(incident: Incident) -> list[int]:
    """List the events whose mail to the mobile operator a clock still waits for."""
    if incident.slug is None or incident.last(TURNED_BACK) or end_of(incident):
        return []
    told = incident.all(ASSESSED)
    if incident.owes == "program":
        told += [one for one in incident.all(UPDATED) if one.data["what"] in ANSWERS]
    unheard = [one for one in told if one.kind == ASSESSED or answered_at(incident, one) is None]
    positions = [one.position for one in unheard]
    return [one for one in positions if incident.reached_at(one, "mail") is None]


def calls_for_phone(incident: Incident) -> bool:
    """Tell whether it is escalated by telephone now: High, by us, to one mobile operator (E3)."""
    told_by_us = incident.opening.told_by == "program" and incident.slug is not None
    return told_by_us and incident.severity == "high"


def run_wanted(incident: Incident) -> str | None:
    """
    Name the run of Airflow that is to be started, or None.

    One carries an incident to the end of its escalation; raised to High later, it gets another.
    """
    if incident.slug is None or incident.is_ended:
        return None
    wanted, assigned = [incident.incident_id], incident.all(ASSESSED)
    if calls_for_phone(incident) and assigned[-1] is not assigned[0]:
        wanted.append(f"{incident.incident_id}-{assigned[-1].position}")
    started = [event.data["run_id"] for event in incident.all(RUN_STARTED)]
    return next((run for run in wanted if run not in started), None)


def post_problems(incident: Incident, what: str, party: PartyName, at: datetime) -> list[str]:
    """
    List in plain sentences why something cannot be posted; empty when it can.

    Args:
        incident: As it stands.
        what: An update of ``CHOICES``, or a severity.
        party: Whose word it is.
        at: When it was received.
    """
    name, opening, paused = incident.incident_id, incident.opening, incident.pause
    severity = (incident.severity or "none").title()
    if incident.is_ended:
        return [f"{name} is {incident.state.replace('_', ' ')}: nothing more is posted to it"]
    to_all = what == "resolution" or (what in ("update", "message") and party == "program")
    of_theirs = opening.is_notice and opening.told_by == "mobile_operator"
    reasons = {
        f"received at {format_instant(at)} lies before it began, {format_instant(opening.since)}": (
            at < opening.since and what != "awareness"
        ),
        f"{name} has parts: post that to one of them, or a message to all": (
            incident.slug is None and not to_all
        ),
        f"{name} has no severity yet: it is assigned first": incident.severity is None,
        f"{name} is {severity} already": what == f"severity_{severity.lower()}",
        f"{name} tells of an outage: post an update": (
            what == "first_response" and opening.is_notice
        ),
        f"{name} is paused already": what == "pause" and paused is not None,
        f"{name} is not paused": what == "resume" and paused is None,
        f"{name} is no outage a mobile operator told us of": what == "awareness" and not of_theirs,
        f"{name} was no report of the mobile operator": (
            what in ("details", "second_notice") and opening.told_by == "program"
        ),
    }
    return [reason for reason, holds in reasons.items() if holds]


def recognised(caller: str, mobile_operator: MobileOperator) -> Contact | None:
    """
    Return the contact on record a caller's words name, by address, number or full name (E5).

    Nobody is turned away who is not recognised: the caller is called back at a number on record.
    """
    text, digits = caller.casefold(), re.sub(r"\D", "", caller)
    by_role = mobile_operator.contacts
    for role in fields(by_role):
        for contact in getattr(by_role, role.name):
            phone = re.sub(r"\D", "", contact.phone or "")
            named = contact.email.casefold() in text or contact.name.casefold() in text
            if named or (phone and phone in digits):
                known: Contact = contact
                return known
    return None


def storm_reason(failing: Iterable[str], coverage: float | None, storm: StormPolicy) -> str | None:
    """
    Say why an outage is part of one event of many, or None.

    Args:
        failing: The mobile operators whose portals failed in the time of policy.
        coverage: The share of this outage's slots that was seen, or None.
        storm: What policy says.
    """
    many = len(set(failing))
    if many >= storm.mobile_operators:
        minutes = round(storm.within.total_seconds() / 60)
        return f"{many} mobile operators failed within {minutes} minutes"
    if coverage is not None and coverage < storm.minimum_coverage:
        return f"our own connection was in doubt: only {coverage:.0%} of the slots were seen"
    return None
