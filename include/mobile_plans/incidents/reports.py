"""Incidents that people open: a report, our own finding, an outage of ours told to many (E, O1)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from include.mobile_plans.errors import BadInput
from include.mobile_plans.incidents.about import SERVICES, about
from include.mobile_plans.incidents.escalation import assess, keep_clocks
from include.mobile_plans.incidents.mails import tell
from include.mobile_plans.incidents.records import (
    append,
    list_incidents,
    lock_incident,
    open_incident,
)
from include.mobile_plans.incidents.rules import PROGRAM_SERVICES, recognised
from include.mobile_plans.incidents.state import (
    JOINED,
    TURNED_BACK,
    Channel,
    Incident,
    Opening,
    Service,
)
from include.mobile_plans.incidents.statements import Override, decide
from include.mobile_plans.instants import format_instant, require_utc
from include.mobile_plans.notices import others_named_in
from include.mobile_plans.policy import mobile_operator_in_force, mobile_operators_in_force

CHANNELS: dict[Channel, str] = {
    "call": "The mobile operator called us",
    "mail": "The mobile operator mailed us",
    "program": "We found it: the mobile operator is to act",
}
"""How what a person reports came up; monitoring opens its own."""
_OURS: Override = ("high", "an outage of the program's own services")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    What a person reports; who, what, since when and a call-back are enough (E5).

    Attributes:
        source: What makes it unique: the run or command behind it.
        slugs: The mobile operator that reports it or whose service is hit. For an outage of ours
            those that are affected, none for every live one (O1).
        channel: One of ``CHANNELS``.
        service: What is hit, one of ``SERVICES``.
        what: What happened; of an outage of ours in words that name no mobile operator.
        since: Since when, as far as known.
        received_at: When it reached us, or we first knew.
        caller: Who told us and how to call back.
        stated: What else is stated already, or None (E2).
        override: The severity a named person decides on instead.
    """

    source: str
    slugs: tuple[str, ...]
    channel: Channel
    service: Service
    what: str
    since: datetime
    received_at: datetime
    caller: str = ""
    stated: Mapping[str, str] | None = None
    override: Override | None = None

    @property
    def is_ours(self) -> bool:
        """Whether it is an outage of the program's own, told to every one it affects (O1)."""
        return self.channel == "program" and self.service in PROGRAM_SERVICES


def report(connection: Connection, given: Report, *, by: str, now: datetime) -> Incident:
    """
    Write down what a person reports: a new incident, or part of an outage that is still running.

    An outage of ours becomes a parent with one part for each mobile operator: one promise, call,
    mail and thread each. A customer's matter is turned back with the support contact (C1).

    Args:
        connection: The write transaction.
        given: The report; the same source again changes nothing.
        by: The user who writes it down.
        now: The current instant, aware UTC.

    Raises:
        NotFound: A mobile operator is unknown.
        BadInput: Something of the least that is needed is missing or cannot be, one line each.
    """
    problems = report_problems(given, now)
    if problems:
        raise BadInput(*problems)
    if given.is_ours:
        return _tell_all(connection, given, by=by, now=now)
    (slug,) = given.slugs
    record = mobile_operator_in_force(connection, slug, now).mobile_operator
    named = others_named_in(connection, slug, given.what)
    if named:
        msg = f"what happened names {', '.join(named)}: {slug} reads it, write it without"
        raise BadInput(msg)
    running = _running_outage(connection, slug, given.service)
    if running is not None:
        return _join(connection, running, given, by=by, now=now)
    contact = recognised(given.caller, record)
    opening = _opening(given, slug, contact=contact.name if contact else None)
    incident, is_new = open_incident(
        connection, opening, by=by, now=now, received_at=given.received_at
    )
    if not is_new:
        return incident
    if given.service == "customer_support":
        return turn_back(connection, incident, by=by, now=now)
    keep_clocks(connection, incident, by=by, now=now)
    if given.stated is None and given.override is None:
        return incident
    return _assess(connection, incident, given, by=by, now=now)


def turn_back(connection: Connection, incident: Incident, *, by: str, now: datetime) -> Incident:
    """Turn a customer's matter back to the mobile operator's support: not escalated (C1)."""
    told = about(connection, incident, now)
    assert told.mobile_operator is not None  # noqa: S101 - a parent of many is never turned back
    support = told.mobile_operator.customer_support
    ways = filter(None, (support.phone, support.email, support.website))
    words = ", ".join([support.name, *ways])
    after = append(connection, incident, TURNED_BACK, {"support": words}, by=by, now=now)
    keep_clocks(connection, after, by=by, now=now)
    part = after.events[-1].position
    tell(connection, told, "mobile_operator", "incident_turned_back", {"support": words}, part=part)
    return after


def report_problems(given: Report, now: datetime) -> list[str]:
    """List in plain sentences what keeps a report from being written down."""
    since, known_at = require_utc(given.since, "since"), require_utc(given.received_at, "received")
    problems = {
        f"channel {given.channel!r} is unknown: allowed are {', '.join(CHANNELS)}": (
            given.channel not in CHANNELS
        ),
        f"service {given.service!r} is unknown: allowed are {', '.join(SERVICES)}": (
            given.service not in SERVICES
        ),
        f"{format_instant(known_at)} lies in the future: it is not known yet": known_at > now,
        f"it cannot have begun {format_instant(since)}, after it was known "
        f"{format_instant(known_at)}": since > known_at,
        "what happened is empty: one line is enough": not given.what.strip(),
        "the call-back is empty: who reports it, and a number or address": (
            given.channel != "program" and not given.caller.strip()
        ),
        "name the one mobile operator it is about": not given.is_ours and len(given.slugs) != 1,
    }
    return [problem for problem, holds in problems.items() if holds]


def _opening(given: Report, slug: str | None, **more: str | None) -> Opening:
    is_theirs = given.channel != "program"
    return Opening(
        source=given.source,
        told_by="mobile_operator" if is_theirs else "program",
        is_notice=given.is_ours or (is_theirs and given.service == "core_network"),
        service=given.service,
        slug=slug,
        what=given.what.strip(),
        since=given.since,
        aware_at=None if is_theirs else given.received_at,
        channel=given.channel,
        caller=given.caller.strip() or None,
        **more,  # type: ignore[arg-type]  # contact, source and parent are text
    )


def _tell_all(connection: Connection, given: Report, *, by: str, now: datetime) -> Incident:
    """Tell every mobile operator affected by an outage of ours, all of them or none (O1)."""
    live = [v.slug for v in mobile_operators_in_force(connection, now) if v.state == "live"]
    slugs = sorted(set(given.slugs or live))
    if not slugs:
        msg = "no mobile operator is live: nobody is to be told"
        raise BadInput(msg)
    parent, is_new = open_incident(connection, _opening(given, None), by=by, now=now)
    if not is_new:
        return parent
    for slug in slugs:
        opening = _opening(given, slug, parent=parent.incident_id)
        opening = replace(opening, source=f"{given.source}:{slug}")
        part, _ = open_incident(connection, opening, by=by, now=now)
        _assess(connection, part, given, by=by, now=now)
    return _assess(connection, parent, given, by=by, now=now)


def _assess(
    connection: Connection, incident: Incident, given: Report, *, by: str, now: datetime
) -> Incident:
    """Assign the severity that follows from what was stated; an outage of ours is High."""
    override = _OURS if given.is_ours else given.override
    decision = decide(given.stated or {}, since=given.since, now=now, override=override)
    return assess(connection, incident, decision, by=by, now=now)


def _running_outage(connection: Connection, slug: str, service: Service) -> Incident | None:
    """Return the open incident of an outage of that service that monitoring still sees."""
    running = [
        one
        for one in list_incidents(connection, slug=slug, only_open=True)
        if one.troubles and one.recovered_at is None and one.opening.service == service
    ]
    return running[-1] if running else None


def _join(
    connection: Connection, running: Incident, given: Report, *, by: str, now: datetime
) -> Incident:
    incident = lock_incident(connection, running.incident_id)
    if any(event.data["source"] == given.source for event in incident.all(JOINED)):
        return incident
    names = ("source", "channel", "caller", "what")
    data = {name: getattr(given, name) for name in names} | {"since": format_instant(given.since)}
    return append(connection, incident, JOINED, data, by=by, now=now, received_at=given.received_at)
