"""Incidents in the store: opened once, appended to under a lock, read by replaying their events."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from include.mobile_plans.errors import NotFound
from include.mobile_plans.incidents.rules import positions_unheard, run_wanted
from include.mobile_plans.incidents.state import (
    ENDED,
    OPENED,
    RUN_STARTED,
    Incident,
    Opening,
    document_of,
    replay,
    stream_of,
)
from include.mobile_plans.store import append_event, hold_numbers, next_number, read_events
from include.mobile_plans.store.events import event_of
from include.mobile_plans.store.tables import event
from include.mobile_plans.store.tables import incident as table
from include.mobile_plans.store.tables import incident_trouble as trouble_table

SERIES = "INC"
SYSTEM = "mobile-plans"
"""Who acts where no person did."""
IS_OPEN = table.c.state.not_in(ENDED)


def open_incident(
    connection: Connection,
    opening: Opening,
    *,
    by: str,
    now: datetime,
    received_at: datetime | None = None,
) -> tuple[Incident, bool]:
    """
    Open an incident, or return the one its source opened before; openers wait for each other.

    Args:
        connection: The write transaction.
        opening: What it begins with; its source makes it unique.
        by: The named person or the part of the system that opens it.
        now: The current instant, aware UTC.
        received_at: When the report reached us, where that was another moment.

    Returns:
        The incident, and whether it is new.
    """
    hold_numbers(connection, SERIES)
    known = table.c.source == opening.source
    found = connection.scalar(select(table.c.incident_id).where(known))
    if found is not None:
        return find_incident(connection, found), False
    same = (table.c.slug == opening.slug) & (table.c.service == opening.service) & IS_OPEN
    related = connection.scalars(select(table.c.incident_id).where(same).order_by("incident_id"))
    begun = append_event(
        connection,
        stream=stream_of(next_number(connection, SERIES)),
        kind=OPENED,
        recorded_at=now,
        received_at=received_at,
        actor=by,
        data=document_of(replace(opening, related=tuple(related))),
    )
    opened = replay([begun])
    connection.execute(table.insert().values(_row(opened)))
    return opened, True


def append(
    connection: Connection,
    incident: Incident,
    kind: str,
    data: Mapping[str, Any],
    *,
    by: str = SYSTEM,
    now: datetime,
    received_at: datetime | None = None,
) -> Incident:
    """Add an event to a locked incident and bring its row to what the events now say."""
    added = append_event(
        connection,
        stream=incident.stream,
        kind=kind,
        recorded_at=now,
        received_at=received_at,
        actor=by,
        data=data,
    )
    after = replace(incident, events=(*incident.events, added))
    its_row = table.c.incident_id == after.incident_id
    connection.execute(table.update().where(its_row).values(_row(after)))
    return after


def find_incident(connection: Connection, incident_id: str) -> Incident:
    """
    Return an incident.

    Raises:
        NotFound: There is none of that number.
    """
    events = read_events(connection, stream_of(incident_id))
    if not events:
        msg = f"there is no incident {incident_id!r}: `incident list` shows them"
        raise NotFound(msg)
    return replay(events)


def lock_incident(connection: Connection, incident_id: str) -> Incident:
    """
    Return an incident that nobody else changes until this transaction ends.

    Raises:
        NotFound: There is none of that number.
    """
    wanted = select(table.c.incident_id).where(table.c.incident_id == incident_id)
    connection.execute(wanted.with_for_update())
    return find_incident(connection, incident_id)


def select_incidents(connection: Connection, *conditions: ColumnElement[bool]) -> list[Incident]:
    """Return the incidents whose rows meet all conditions, in the order they were opened."""
    rows: Any = connection.execute(
        select(event)
        .join(table, event.c.stream == "incident:" + table.c.incident_id)
        .where(*conditions)
        .order_by(table.c.opened_at, event.c.stream, event.c.position)
    )
    streams = groupby(map(event_of, rows), key=lambda one: one.stream)
    return [replay(events) for _, events in streams]


def list_incidents(
    connection: Connection,
    *,
    slug: str | None = None,
    states: Iterable[str] = (),
    parent: str | None = None,
    only_open: bool = False,
) -> list[Incident]:
    """Return incidents of a mobile operator, in some states, parts of a parent, or still open."""
    wanted = {"slug": slug, "parent": parent}
    conditions = [table.c[name] == value for name, value in wanted.items() if value is not None]
    conditions += [table.c.state.in_(tuple(states))] if states else []
    return select_incidents(connection, *conditions, *([IS_OPEN] if only_open else []))


def runs_to_start(connection: Connection, at_most: int) -> list[tuple[str, str]]:
    """Return incidents that want a run of Airflow, with its name, High and oldest first."""
    rows = connection.execute(
        select(table.c.incident_id, table.c.run_wanted)
        .where(table.c.run_wanted.is_not(None))
        .order_by(func.coalesce(table.c.severity, "") == "low", table.c.opened_at, "incident_id")
        .limit(at_most)
    )
    return [(row.incident_id, row.run_wanted) for row in rows]


def note_run(connection: Connection, incident_id: str, run_id: str, now: datetime) -> None:
    """Write down that a run of Airflow carries an incident, once."""
    incident = lock_incident(connection, incident_id)
    if all(event.data["run_id"] != run_id for event in incident.all(RUN_STARTED)):
        append(connection, incident, RUN_STARTED, {"run_id": run_id}, now=now)


def seen_lately(connection: Connection, since: datetime) -> list[tuple[str, str, str | None]]:
    """Return number, mobile operator and parent of what monitoring opened since and still lasts."""
    rows = connection.execute(
        select(table.c.incident_id, table.c.slug, table.c.parent)
        .where(table.c.opened_at >= since, IS_OPEN)
        .where(table.c.incident_id.in_(select(trouble_table.c.incident_id)))
        .order_by("incident_id")
    )
    return [(row.incident_id, row.slug, row.parent) for row in rows]


def parts_lasting(connection: Connection, parent: str) -> int:
    """Count the parts of an incident that have neither recovered nor ended."""
    lasting = (table.c.parent == parent) & (table.c.state != "recovered") & IS_OPEN
    return int(connection.scalar(select(func.count()).where(lasting)) or 0)


def _row(incident: Incident) -> dict[str, Any]:
    """Write the row of an incident: every column follows from its events."""
    opening = incident.opening
    of_opening = ("source", "told_by", "service", "slug", "since")
    of_events = (
        "incident_id",
        "parent",
        "severity",
        "state",
        "opened_at",
        "ended_at",
        "changed_at",
    )
    return {
        **{name: getattr(opening, name) for name in of_opening},
        **{name: getattr(incident, name) for name in of_events},
        "awaits_mail": bool(positions_unheard(incident)),
        "run_wanted": run_wanted(incident),
    }
