"""The mails of an incident, each party its own; whoever changes one queues them beside it."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from include.mobile_plans.iccid import mask_iccids
from include.mobile_plans.incidents.about import About
from include.mobile_plans.incidents.rules import calls_for_phone
from include.mobile_plans.incidents.state import ASSESSED, Incident
from include.mobile_plans.incidents.statements import missing_in
from include.mobile_plans.incidents.timeline import downtime, timeline, verdict
from include.mobile_plans.notices import Notice, Recipient, duration, queue_notice
from include.mobile_plans.policy import BusinessDays, PartyName, Period
from include.mobile_plans.store import Event

PARTIES: tuple[PartyName, ...] = ("mobile_operator", "program")
_LONGEST_HEADLINE = 120
_SINGULAR = {"1 business day": "business day", "7 days": "week", "1 day": "day"}


def tell_severity(connection: Connection, told: About) -> None:
    """Queue the mails of the severity assigned last: an escalation, notice or acknowledgement."""
    incident, opening = told.incident, told.incident.opening
    assigned = incident.all(ASSESSED)
    latest, data = assigned[-1], assigned[-1].data
    edition = told.policy.severity_edition(latest.effective_at.date())
    level = edition.level(data["severity"])
    first_response = level.first_response
    target = getattr(told.policy.sla.services, opening.service, None)
    context = {
        "assigned": data,
        "decided_by": None if data["rule"] else latest.actor,
        "before": assigned[-2].data["severity"].title() if len(assigned) > 1 else None,
        "by_phone": calls_for_phone(incident),
        "is_answered": incident.last_update("first_response", "update") is not None,
        "impact": target and target.impact,
        "first_response": _words(first_response),
        "due_if_reached_now": told.now + first_response
        if isinstance(first_response, timedelta)
        else None,
        "update_every": _every(level.update_every),
        "clause": told.policy.source(f"severity.{edition.edition}.levels.{data['severity']}"),
        "missing": missing_in(data["stated"]),
        "reference": data["stated"].get("reference"),
        "calls": data["stated"].get("calls"),
    }
    position = latest.position
    if opening.told_by == "program":
        kind = "service_outage" if opening.is_notice else "incident_escalated"
        tell(connection, told, "mobile_operator", kind, context, part=position)
        return
    tell(connection, told, "mobile_operator", "incident_acknowledged", context, part=position)
    tell(connection, told, "program", "incident_reported", context, part=position)


def tell_update(connection: Connection, told: About, update: Event) -> None:
    """Queue the mails of an update, to both parties; a resolution carries the whole story."""
    is_end = update.data["what"] == "resolution"
    context = {
        "update": update.data,
        "said_for": told.name_of(update.data["party"]),
        "received_at": update.effective_at,
        **(story(told) if is_end else {}),
    }
    kind = "incident_resolved" if is_end else "incident_updated"
    for party in PARTIES:
        tell(connection, told, party, kind, context, part=update.position)


def tell(
    connection: Connection,
    told: About,
    party: PartyName,
    kind: str,
    context: dict[str, Any],
    *,
    part: int | str,
    to: tuple[Recipient, ...] = (),
) -> None:
    """Queue one mail of an incident; the part makes its key, the incident its thread."""
    people = to or told.recipients(party)
    if not people:
        return
    incident, contacts = told.incident, told.policy.contacts
    queue_notice(
        connection,
        Notice(
            key=notice_key(incident, part),
            kind=kind,
            party=party,
            slug=incident.slug,
            recipients=people[:1],
            fallbacks=people[1:],
            thread=incident.incident_id,
            context={
                "incident": incident,
                "incident_id": incident.incident_id,
                "opening": incident.opening,
                "severity": (incident.severity or "").title(),
                "headline": headline(incident),
                "service": told.service,
                "mobile_operator_name": told.name,
                "program_name": contacts.program_name,
                "centre": contacts.operations_centre,
                "reach_us": told.reach_us,
                "party": party,
                "zone": told.zone_of(party),
                "running": told.running,
                "notice_due": told.notice_due,
                "masked": mask_iccids,
                **context,
            },
        ),
        sender=contacts.sender.email,
        now=told.now,
    )


def notice_key(incident: Incident, part: int | str) -> str:
    """Name the mail of an event, by its position, or of another part of an incident."""
    return f"{incident.incident_id}:{part}"


def headline(incident: Incident) -> str:
    """Return the first line of what happened, short enough for a subject."""
    line = " ".join(mask_iccids(incident.opening.what).split("\n")[0].split())
    return line if len(line) <= _LONGEST_HEADLINE else f"{line[: _LONGEST_HEADLINE - 3]}..."


def _words(period: Period) -> str:
    if not isinstance(period, BusinessDays):
        return duration(period)
    days = period.business_days
    return f"{days} business day{'s' * (days != 1)}"


def _every(period: Period) -> str:
    words = _words(period)
    return f"every {_SINGULAR.get(words, words)}"


def story(told: About) -> dict[str, Any]:
    """Return how long it took, what happened, and which promises were kept."""
    return {
        "downtime": downtime(told),
        "timeline": [(at, mask_iccids(words)) for at, words in timeline(told)],
        "kept": [
            (told.name_of(o.promise.debtor), o.promise.title, verdict(o)) for o in told.promises
        ],
    }
