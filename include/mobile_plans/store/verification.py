"""Find what was changed behind the back of the event table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Connection, select

from include.mobile_plans.store.events import GENESIS, Event, event_of
from include.mobile_plans.store.tables import event, event_stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One break of a chain: which stream, at which position, and what is wrong, in words."""

    stream: str
    position: int
    problem: str


def verify_events(connection: Connection, stream: str | None = None) -> list[Finding]:
    """
    Recompute every chain, or the one named, and list each break.

    Detects rows edited, removed, inserted, reordered and cut off at the end.
    """
    heads_query = select(event_stream.c.stream, event_stream.c.length, event_stream.c.head_hash)
    events_query = select(event).order_by(event.c.stream, event.c.position, event.c.event_id)
    if stream is not None:
        heads_query = heads_query.where(event_stream.c.stream == stream)
        events_query = events_query.where(event.c.stream == stream)
    heads = {row.stream: (row.length, row.head_hash) for row in connection.execute(heads_query)}
    findings: list[Finding] = []
    # Of this statement only: on the connection it would outlive it.
    rows = connection.execute(events_query, execution_options={"yield_per": 1000})
    for name, events in groupby(map(event_of, rows), key=lambda e: e.stream):
        length, head_hash = heads.pop(name, (0, GENESIS))
        findings += _verify_stream(name, events, length, head_hash)
    findings += [
        Finding(stream=name, position=length, problem=f"all {length} events are missing")
        for name, (length, _) in sorted(heads.items())
        if length
    ]
    return findings


def _verify_stream(
    stream: str, events: Iterable[Event], length: int, head_hash: str
) -> Iterator[Finding]:
    position, last_hash = 0, GENESIS
    for found in events:
        position += 1
        if found.position != position:
            yield Finding(
                stream=stream,
                position=position,
                problem=f"event {position} is missing or out of order: found {found.position}",
            )
            position = found.position
        if found.hash != found.expected_hash():
            yield Finding(
                stream=stream, position=found.position, problem="its content does not fit its hash"
            )
        if found.previous_hash != last_hash:
            yield Finding(
                stream=stream,
                position=found.position,
                problem="it does not follow the event before it",
            )
        last_hash = found.hash
    if (position, last_hash) != (length, head_hash):
        yield Finding(
            stream=stream,
            position=length,
            problem=f"the stream ends at event {position}, its head says {length}",
        )
