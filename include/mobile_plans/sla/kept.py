"""Rollups as rows of the store."""

import json
from collections.abc import Collection, Iterable
from datetime import date
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, String, Text, delete, select, type_coerce

from include.mobile_plans.sla.rollup import PHASES, Edges, Rollup
from include.mobile_plans.store import upsert
from include.mobile_plans.store.tables import sla_rollup as table

_PHASE_US = tuple(f"{phase}_us" for phase in PHASES)
_PHASE_COUNT = tuple(f"{phase}_count" for phase in PHASES)
_PLAIN = Rollup._fields[:-3]
_COLUMNS = [
    table.c.target,
    # As the database has them: a report reads thirty thousand, of thirty days, few with an outage.
    type_coerce(table.c.day, String),
    *(table.c[name] for name in (*_PLAIN[2:], *_PHASE_US, *_PHASE_COUNT)),
    type_coerce(table.c.edges, Text),
]
_AT_ONCE = 500
_AT_PHASES, _AT_COUNTS = len(_PLAIN), len(_PLAIN) + len(PHASES)


def write_rollups(connection: Connection, rollups: Iterable[Rollup]) -> None:
    """Keep rollups, in place of those of the same targets and days."""
    upsert(connection, table, [_row(one) for one in rollups])


def read_rollups(
    connection: Connection,
    first: date,
    last: date,
    targets: Collection[str] | None = None,
) -> list[Rollup]:
    """
    Return the rollups of some days, by target, then day.

    Args:
        connection: A read.
        first: The first day.
        last: The last day, included.
        targets: Only of these.
    """
    query = select(*_COLUMNS).where(table.c.day >= first, table.c.day <= last)
    if targets is not None:
        query = query.where(table.c.target.in_(targets))
    found = connection.execute(query, execution_options={"yield_per": _AT_ONCE})
    # Sorted here: a database would sort all their histograms with them.
    return sorted(map(_rollup, found), key=itemgetter(0, 1))


def sources_of(connection: Connection, day: date) -> dict[str, tuple[str, str]]:
    """Return by target what the rollups of a day were made from: source and inputs."""
    columns = (table.c.target, table.c.source, table.c.inputs)
    rows = connection.execute(select(*columns).where(table.c.day == day))
    return {row.target: (row.source, row.inputs) for row in rows}


def remove_rollups(connection: Connection, day: date, targets: Collection[str]) -> None:
    """Remove the rollups of targets that are not counted on a day after all."""
    for target in targets:
        its_row = (table.c.day == day) & (table.c.target == target)
        connection.execute(delete(table).where(its_row))


def _row(one: Rollup) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in _PLAIN},
        **dict(zip(_PHASE_US, one.phase_us, strict=True)),
        **dict(zip(_PHASE_COUNT, one.phase_count, strict=True)),
        "edges": one.edges or None,
    }


def _rollup(row: Any) -> Rollup:
    return Rollup._make(
        (
            row[0],
            _day(row[1]),
            *row[2:_AT_PHASES],
            row[_AT_PHASES:_AT_COUNTS],
            row[_AT_COUNTS:-1],
            () if row[-1] is None else _edges(row[-1]),
        )
    )


@lru_cache
def _day(value: str | date) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def _edges(text: str) -> tuple[Edges, ...]:
    return tuple(
        Edges(before, after, tuple(map(tuple, bad))) for before, after, bad in json.loads(text)
    )
