"""
The append-only event table: what happened, in streams, each a chain of hashes.

A stream is the history of one subject (``launch:launch-contoso-2026-12-14-1``). Each event carries
the hash of the one before it, and the stream's head keeps the last hash and the length, so an
edited, removed, inserted, reordered or cut-off row is found by ``verify_events``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from include.mobile_plans.instants import format_instant, require_utc
from include.mobile_plans.store.tables import event, event_stream
from include.mobile_plans.store.types import canonical_json

GENESIS = "0" * 64
"""What the first event of every stream carries as the hash before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """
    One thing that happened.

    Attributes:
        stream: The subject's history it belongs to.
        position: Its place in the stream, from 1.
        kind: What happened, ``<noun>.<past participle>``.
        recorded_at: When we wrote it down.
        received_at: When it reached us, where that is another moment than writing it down.
        actor: The named person or the part of the system that did it.
        data: The facts, as a JSON document.
        previous_hash: The hash of the event before, or ``GENESIS``.
        hash: SHA-256 over all of the above.
    """

    stream: str
    position: int
    kind: str
    recorded_at: datetime
    received_at: datetime | None
    actor: str
    data: dict[str, Any]
    previous_hash: str
    hash: str

    @property
    def effective_at(self) -> datetime:
        """The instant clocks use: when it was received, else when it was recorded."""
        return self.received_at or self.recorded_at

    def expected_hash(self) -> str:
        """Compute the hash this event must carry."""
        received = None if self.received_at is None else format_instant(self.received_at)
        facts = [
            self.stream,
            self.position,
            self.kind,
            format_instant(self.recorded_at),
            received,
            self.actor,
            self.data,
            self.previous_hash,
        ]
        return sha256(canonical_json(facts).encode()).hexdigest()


def append_event(
    connection: Connection,
    *,
    stream: str,
    kind: str,
    recorded_at: datetime,
    actor: str,
    data: Mapping[str, Any],
    received_at: datetime | None = None,
) -> Event:
    """
    Append one event to a stream, within the transaction that changes what it tells of.

    Two writers of one stream wait for each other; writers of different streams do not.

    Returns:
        The event as written.

    Raises:
        NaiveDatetime: An instant has no time zone.
    """
    length, previous_hash = _lock_head(connection, stream)
    unsealed = Event(
        stream=stream,
        position=length + 1,
        kind=kind,
        recorded_at=require_utc(recorded_at, "recorded_at"),
        received_at=None if received_at is None else require_utc(received_at, "received_at"),
        actor=actor,
        data=dict(data),
        previous_hash=previous_hash,
        hash="",
    )
    row = {name: getattr(unsealed, name) for name in Event.__dataclass_fields__}
    row["hash"] = unsealed.expected_hash()
    connection.execute(event.insert().values(row))
    connection.execute(
        update(event_stream)
        .where(event_stream.c.stream == stream)
        .values(length=row["position"], head_hash=row["hash"])
    )
    return Event(**row)


def _lock_head(connection: Connection, stream: str) -> tuple[int, str]:
    """Create the stream's head if it is new, and hold its row until the transaction ends."""
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    connection.execute(
        insert(event_stream)
        .values(stream=stream, length=0, head_hash=GENESIS)
        .on_conflict_do_nothing()
    )
    head = connection.execute(
        select(event_stream.c.length, event_stream.c.head_hash)
        .where(event_stream.c.stream == stream)
        .with_for_update()
    ).one()
    return head.length, head.head_hash


def read_events(connection: Connection, stream: str) -> list[Event]:
    """Return the events of a stream in order, or none for a stream that never began."""
    rows = connection.execute(
        select(event).where(event.c.stream == stream).order_by(event.c.position)
    )
    return [event_of(row) for row in rows]


def newest_event(connection: Connection, stream: str, kind: str | None = None) -> Event | None:
    """Return the newest event of a stream, or its newest of a kind; None where there is none."""
    query = select(event).where(event.c.stream == stream).order_by(event.c.position.desc())
    if kind is not None:
        query = query.where(event.c.kind == kind)
    row = connection.execute(query.limit(1)).first()
    return None if row is None else event_of(row)


def event_of(row: Row[Any]) -> Event:
    """Turn a row of the event table into an event."""
    return Event(**{name: getattr(row, name) for name in Event.__dataclass_fields__})


def stream_head(connection: Connection, stream: str, *, held: bool = False) -> str:
    """
    Return the hash of the last event of a stream, ``GENESIS`` if it never began.

    Args:
        connection: A read, or a write transaction.
        stream: Which.
        held: Whether nobody else may append to it until the write transaction ends.
    """
    query = select(event_stream.c.head_hash).where(event_stream.c.stream == stream)
    head: str | None = connection.scalar(query.with_for_update() if held else query)
    return head or GENESIS
