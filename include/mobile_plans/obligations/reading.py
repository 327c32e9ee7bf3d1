"""Promises as the store holds them: each replayed from its events."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from include.mobile_plans.errors import NotFound
from include.mobile_plans.obligations.state import Obligation, State, replay, stream_of
from include.mobile_plans.policy import PartyName
from include.mobile_plans.store import Event, read_events
from include.mobile_plans.store.events import event_of
from include.mobile_plans.store.tables import event
from include.mobile_plans.store.tables import obligation as table


def find_obligation(connection: Connection, key: str) -> Obligation:
    """
    Return a promise and how it stands.

    Raises:
        NotFound: There is none of that key.
    """
    if connection.scalar(select(table.c.obligation_key).where(table.c.obligation_key == key)):
        return read_stream(connection, key)
    msg = f"there is no promise {key!r}: `promises list` shows them"
    raise NotFound(msg)


def lock_obligation(connection: Connection, key: str) -> Obligation:
    """
    Return a promise that nobody else changes until this transaction ends.

    Raises:
        NotFound: There is none of that key.
    """
    wanted = select(table.c.obligation_key).where(table.c.obligation_key == key)
    connection.execute(wanted.with_for_update())
    return find_obligation(connection, key)


def read_stream(connection: Connection, key: str) -> Obligation:
    """Replay the events of a promise that is known to be there."""
    return replay(read_events(connection, stream_of(key)))


def list_obligations(
    connection: Connection,
    *,
    slug: str | None = None,
    subject: str | None = None,
    states: tuple[str, ...] = (),
    due_by: datetime | None = None,
) -> list[Obligation]:
    """
    Return the promises that fit everything given, soonest due first.

    Args:
        connection: A transaction or snapshot.
        slug: Of this mobile operator only.
        subject: About this stream only.
        states: In one of these states only; empty for all.
        due_by: Not yet closed, and due by this instant.
    """
    conditions: list[ColumnElement[bool]] = []
    if slug is not None:
        conditions.append(table.c.slug == slug)
    if subject is not None:
        conditions.append(table.c.subject == subject)
    if states:
        conditions.append(table.c.state.in_(states))
    if due_by is not None:
        conditions += [table.c.closed_at.is_(None), table.c.due_at <= due_by]
    found = (replay(events) for events in _streams(connection, *conditions))
    return sorted(found, key=lambda obligation: (obligation.due_at, obligation.key))


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseCount:
    """How many promises of one kind and debtor, due in some time, are in one state."""

    slug: str
    debtor: PartyName
    kind: str
    state: State
    number: int


def count_promises(
    connection: Connection, since: datetime, until: datetime, slugs: Collection[str]
) -> list[PromiseCount]:
    """
    Count the promises between the program and mobile operators that were due within a time.

    Args:
        connection: A read.
        since: From when on.
        until: Until when, not included.
        slugs: Those mobile operators.
    """
    columns = (table.c.slug, table.c.debtor, table.c.kind, table.c.state)
    query = (
        select(*columns, func.count().label("number"))
        .where(table.c.due_at >= since, table.c.due_at < until, table.c.slug.in_(slugs))
        .group_by(*columns)
        .order_by(*columns)
    )
    return [PromiseCount(**row) for row in connection.execute(query).mappings()]


def history(connection: Connection, key: str) -> list[Event]:
    """Return everything that happened to a promise, in order."""
    return read_events(connection, stream_of(key))


def next_due(connection: Connection) -> datetime | None:
    """Return the next instant at which something has to be done about a promise, or None."""
    instant: datetime | None = connection.scalar(select(func.min(table.c.next_at)))
    return instant


def _streams(connection: Connection, *conditions: ColumnElement[bool]) -> Iterator[Iterator[Event]]:
    rows: Any = connection.execute(
        select(event)
        .join(table, event.c.stream == "obligation:" + table.c.obligation_key)
        .where(*conditions)
        .order_by(event.c.stream, event.c.position)
    )
    for _, events in groupby(map(event_of, rows), key=lambda one: one.stream):
        yield events
