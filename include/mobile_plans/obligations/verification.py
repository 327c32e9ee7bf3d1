"""Compare the rows of promises with what their events say: the events are the record."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from include.mobile_plans.errors import BadInput
from include.mobile_plans.obligations.reading import read_stream
from include.mobile_plans.obligations.records import row_of
from include.mobile_plans.obligations.state import stream_of
from include.mobile_plans.store.tables import event_stream
from include.mobile_plans.store.tables import obligation as table


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One promise whose row is not what its events say, and how, in words."""

    key: str
    problem: str


def verify_obligations(connection: Connection) -> list[Difference]:
    """Recompute every row from its events and list each difference, sorted by key."""
    rows = {
        row["obligation_key"]: dict(row) for row in connection.execute(select(table)).mappings()
    }
    streams = connection.scalars(
        select(event_stream.c.stream).where(event_stream.c.stream.startswith(stream_of("")))
    )
    with_events = {stream.removeprefix(stream_of("")) for stream in streams}
    return [
        Difference(key=key, problem=problem)
        for key in sorted(rows.keys() | with_events)
        for problem in _problems(connection, key, rows.get(key), has_events=key in with_events)
    ]


def _problems(
    connection: Connection, key: str, row: dict[str, Any] | None, *, has_events: bool
) -> Iterator[str]:
    if not has_events:
        yield "it has a row, but no events"
        return
    try:
        expected = row_of(read_stream(connection, key))
    except BadInput as problem:
        yield str(problem)
        return
    if row is None:
        yield "it has events, but no row"
        return
    for name, value in expected.items():
        if row[name] != value:
            yield f"its row says {name} is {row[name]}, its events say {value}"
