"""What the operations centre works from: whom to call now, and what one shift hands to the next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from include.mobile_plans.errors import BadInput, NotFound
from include.mobile_plans.incidents.about import About, about
from include.mobile_plans.incidents.escalation import alert_of, call_key
from include.mobile_plans.incidents.mails import headline
from include.mobile_plans.incidents.records import list_incidents, select_incidents
from include.mobile_plans.incidents.rules import calls_for_phone
from include.mobile_plans.incidents.state import Incident
from include.mobile_plans.obligations import (
    Call,
    Obligation,
    find_alert,
    find_call,
    list_obligations,
)
from include.mobile_plans.policy import ProgramPolicy
from include.mobile_plans.store import Event, append_event, read_events
from include.mobile_plans.store.tables import incident as table

HANDOVER = "handover"
TO_CALL, REACHED, NOBODY = "to call", "reached", "nobody reached"
_ORDER = (TO_CALL, NOBODY, REACHED)


def call_sheet(connection: Connection, now: datetime) -> list[Mapping[str, Any]]:
    """
    List the calls of open incidents: those still to be made first, soonest deadline first.

    Each has the incident, whom to call next at which number, what was tried, by when somebody is
    to be reached, who claimed it, and how it ended.
    """
    rows = [
        _row(connection, about(connection, incident, now))
        for incident in list_incidents(connection, only_open=True)
        if calls_for_phone(incident)
    ]
    return sorted(rows, key=lambda row: (_ORDER.index(row["outcome"]), row["deadline"] or now))


def _row(connection: Connection, told: About) -> dict[str, Any]:
    call = find_call(connection, call_key(told.incident))
    contacts, tried = call.wanted.contacts, call.attempts
    rank = 1 if call.is_exhausted else min(len(tried) + 1, len(contacts))
    success = call.success
    outcome = REACHED if success else NOBODY if call.is_exhausted else TO_CALL
    return {
        "incident": told.incident.incident_id,
        "mobile_operator": told.name,
        "about": headline(told.incident),
        "outcome": outcome,
        "rank": rank,
        "call": success.spoke_to if success else contacts[rank - 1].name,
        "phone": contacts[(success.rank if success else rank) - 1].phone,
        "tried": [contacts[one.rank - 1].name for one in tried if not one.reached],
        "deadline": call.wanted.deadline,
        "claimed_by": _claimed_by(connection, call, rank),
        "reached_at": success.called_at if success else None,
    }


def _claimed_by(connection: Connection, call: Call, rank: int) -> str | None:
    try:
        return find_alert(connection, alert_of(call, rank)).claimed_by
    except NotFound:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """
    What a shift hands over.

    Attributes:
        last: The handover before, with its note and who took over; None before the first.
        open: Every open incident.
        due: What is owed and due in the time of policy, or overdue, of whatever incident.
        changed: The incidents that changed since the last handover.
    """

    last: Event | None
    open: tuple[Incident, ...]
    due: tuple[Obligation, ...]
    changed: tuple[Incident, ...]


def handover(connection: Connection, policy: ProgramPolicy, now: datetime) -> Handover:
    """Read what a shift hands over."""
    last = next(reversed(read_events(connection, HANDOVER)), None)
    since = last.recorded_at if last else datetime.min.replace(tzinfo=now.tzinfo)
    changed = select_incidents(connection, table.c.changed_at > since)
    owed = list_obligations(connection, due_by=now + policy.incidents.handover_ahead)
    return Handover(
        last=last,
        open=tuple(list_incidents(connection, only_open=True)),
        due=tuple(one for one in owed if one.promise.subject.startswith("incident:")),
        changed=tuple(changed),
    )


def hand_over(connection: Connection, *, note: str, by: str, to: str, now: datetime) -> Event:
    """
    Write down that one person handed over to another, with a note.

    Raises:
        BadInput: The note or a person is missing, or both are one.
    """
    given = {"note": note, "by": by, "to": to}
    problems = [f"a handover needs {name!r}" for name, text in given.items() if not text.strip()]
    if by.strip() == to.strip():
        problems.append(f"{by} cannot take over from {to}: name two persons")
    if problems:
        raise BadInput(*problems)
    data = {"note": note, "taken_over_by": to}
    return append_event(
        connection, stream=HANDOVER, kind="handover.made", recorded_at=now, actor=by, data=data
    )
