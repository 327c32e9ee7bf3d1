"""One file that shows an incident to a partner or an auditor: every event of it with its hash."""

from datetime import datetime

from sqlalchemy import Connection

from include.mobile_plans.iccid import mask_iccids
from include.mobile_plans.incidents.about import About, about_id
from include.mobile_plans.incidents.state import ASSESSED
from include.mobile_plans.incidents.timeline import downtime, timeline, verdict
from include.mobile_plans.notices import list_notices, render_page
from include.mobile_plans.store import Event, Finding, read_events, stream_head, verify_events


def streams_of(connection: Connection, told: About) -> list[str]:
    """Name every chain of events of an incident: its own, its promises, calls and mails."""
    name = told.incident.incident_id
    prefixes = (f"{name}:", f"promise:{name}:")
    notices = [row for prefix in prefixes for row in list_notices(connection, key_prefix=prefix)]
    calls = [f"call:{name}:call:{event.position}" for event in told.incident.all(ASSESSED)]
    return [
        told.incident.stream,
        *(f"obligation:{one.key}" for one in told.promises),
        *calls,
        *(row.stream for row in notices),
    ]


def whole_record(connection: Connection, told: About) -> tuple[list[Event], list[Finding]]:
    """Return every event of an incident in the order it was recorded, and each broken chain."""
    streams = streams_of(connection, told)
    events = [event for stream in streams for event in read_events(connection, stream)]
    findings = [found for stream in streams for found in verify_events(connection, stream)]
    return sorted(events, key=lambda one: (one.recorded_at, one.stream, one.position)), findings


def export_incident(connection: Connection, incident_id: str, now: datetime) -> str:
    """
    Return an incident as one self-contained HTML file; ICCIDs are masked.

    Sends, refusals, calls and promises are in it, each with the hash of its own chain.

    Raises:
        NotFound: There is no such incident.
    """
    told = about_id(connection, incident_id, now)
    events, findings = whole_record(connection, told)
    context = {
        "told": told,
        "incident": told.incident,
        "downtime": downtime(told),
        "timeline": timeline(told),
        "kept": [
            (told.name_of(o.promise.debtor), o.promise.title, verdict(o)) for o in told.promises
        ],
        "program_name": told.policy.contacts.program_name,
        "now": now,
        "head_hash": stream_head(connection, told.incident.stream),
        "events": events,
        "findings": findings,
    }
    return mask_iccids(render_page("incident_export", context))
