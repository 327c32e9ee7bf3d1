"""
History from another monitor: samples from a CSV file, put beside our own (M1).

Of two rows in one slot the worse counts. What we saw ourselves stays as it is, and nothing of a
history is escalated any more.
"""

import csv
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import format_instant, parse_instant
from include.mobile_plans.monitoring.probes import ProbeResult
from include.mobile_plans.monitoring.records import (
    Sample,
    hold_targets,
    sample_row,
    write_outages,
)
from include.mobile_plans.monitoring.retention import IMPORTED, STREAM
from include.mobile_plans.monitoring.rules import OutageRun, TargetState, feed
from include.mobile_plans.monitoring.slots import SlotState, slot_at, slug_of, start_of
from include.mobile_plans.policy import mobile_operators_in_force
from include.mobile_plans.policy.program import MonitoringPolicy
from include.mobile_plans.store import append_event, insert_missing
from include.mobile_plans.store.tables import outage, sample

HISTORY_COLUMNS = ["target", "at", "ok", "latency_ms"]
_STATES = {"true": SlotState.GOOD, "false": SlotState.BAD}
_LONGEST_MS = 600_000
_ORIGIN = "history"


@dataclass(slots=True, kw_only=True)
class History:
    """
    What a file of history says.

    Attributes:
        name: The file's name.
        sha256: Of its bytes.
        samples: By target and slot.
        doubled: How many rows fell into a slot that another row had.
        problems: One line for each row that cannot be taken.
    """

    name: str
    sha256: str
    samples: dict[tuple[str, int], Sample] = field(default_factory=dict)
    doubled: int = 0
    problems: list[str] = field(default_factory=list)


def read_history(path: Path, interval: timedelta, slugs: Collection[str], now: datetime) -> History:
    """
    Read a file with the columns ``target``, ``at``, ``ok`` and ``latency_ms``.

    Args:
        path: A CSV file in UTF-8.
        interval: The length of its slots.
        slugs: The mobile operators on record.
        now: The current instant; no row may be later.

    Raises:
        BadInput: It cannot be read, is not text, or has other columns.
    """
    try:
        content = path.read_bytes()
        lines = csv.reader(content.decode("utf-8-sig").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path} cannot be read as text in UTF-8: {error}"
        raise BadInput(msg) from None
    if next(lines, None) != HISTORY_COLUMNS:
        msg = f"{path}: its first line must be {','.join(HISTORY_COLUMNS)}"
        raise BadInput(msg)
    history = History(name=path.name, sha256=sha256(content).hexdigest())
    for cells in filter(None, lines):
        try:
            slot, one = _sample_of(cells, interval, slugs, now)
        except BadInput as problem:
            history.problems.append(f"{path.name} line {lines.line_num}: {problem}")
            continue
        other = history.samples.get((one.result.target, slot))
        history.doubled += other is not None
        if other is None or _badness(other) < _badness(one):
            history.samples[one.result.target, slot] = one
    return history


def _badness(one: Sample) -> tuple[bool, int]:
    return one.state is SlotState.BAD, one.result.total_us or 0


def _sample_of(
    cells: list[str], interval: timedelta, slugs: Collection[str], now: datetime
) -> tuple[int, Sample]:
    target, at, state, total_us = read_row(cells)
    if slug_of(target) not in slugs:
        msg = f"mobile operator {slug_of(target)!r} is unknown"
        raise BadInput(msg)
    if at > now:
        msg = f"at {cells[1]} is in the future"
        raise BadInput(msg)
    result = ProbeResult(target=target, total_us=total_us, detail="from another monitor")
    return slot_at(at, interval), Sample(state=state, result=result)


def read_row(cells: list[str]) -> tuple[str, datetime, SlotState, int | None]:
    """
    Return the target, instant, state and microseconds that one row of a history says.

    Raises:
        BadInput: It says something else, or nothing.
    """
    if len(cells) != len(HISTORY_COLUMNS):
        msg = f"it has {len(cells)} cells, {len(HISTORY_COLUMNS)} are allowed"
        raise BadInput(msg)
    target, at_text, ok, latency = (cell.strip() for cell in cells)
    at = parse_instant(at_text, "at")
    state = _STATES.get(ok.lower())
    if state is None or (state is SlotState.BAD and latency):
        msg = f"ok is {ok!r} with latency_ms {latency!r}: allowed are true, and false without one"
        raise BadInput(msg)
    return target, at, state, _microseconds(latency) if state is SlotState.GOOD else None


def _microseconds(latency: str) -> int:
    try:
        milliseconds = float(latency)
    except ValueError:
        milliseconds = -1.0
    if not 0 <= milliseconds <= _LONGEST_MS:
        msg = f"latency_ms is {latency!r}: allowed is a number from 0 to {_LONGEST_MS}"
        raise BadInput(msg)
    return round(milliseconds * 1000)


def import_history(
    connection: Connection,
    path: Path,
    policy: MonitoringPolicy,
    *,
    interval: timedelta,
    skip_bad: bool,
    by: str,
    now: datetime,
) -> tuple[History, int]:
    """
    Take the samples of a file into the store, and the outages they tell of.

    Args:
        connection: A write transaction.
        path: The file.
        policy: The policy of monitoring: our own slots, and the rules.
        interval: The length of the file's slots, a multiple of our own.
        skip_bad: Whether the good rows are taken although there are bad ones.
        by: The named person who imports it.
        now: The current instant.

    Returns:
        What the file says, and how many of its slots are new.

    Raises:
        BadInput: The file is refused, or one line for each bad row; nothing is written then.
    """
    own = policy.probe.interval
    if interval % own or not by.strip():
        msg = f"a history has slots of a multiple of {own}, and is imported by a named person"
        raise BadInput(msg)
    slugs = {version.slug for version in mobile_operators_in_force(connection, now)}
    history = read_history(path, interval, slugs, now)
    if history.problems and not skip_bad:
        raise BadInput(*history.problems)
    if not history.samples:
        return history, 0
    targets = hold_targets(connection, sorted({target for target, _ in history.samples}))
    names = {row.target_id: name for name, row in targets.items()}
    slots = [slot for _, slot in history.samples]
    span = (min(slots), max(slots))
    taken = {(names[row.target_id], row.slot) for row in _samples(connection, names, span)}
    new = [
        sample_row(targets[target].target_id, slot, one)
        for (target, slot), one in history.samples.items()
        if (target, slot) not in taken
    ]
    if new:
        insert_missing(connection, sample, new)
        runs = _outages(connection, names, span, policy)
        write_outages(connection, runs, origin=_ORIGIN)
        first, last = (format_instant(start_of(slot)) for slot in span)
        data = {"file": history.name, "sha256": history.sha256, "first": first, "last": last}
        append_event(connection, stream=STREAM, kind=IMPORTED, recorded_at=now, actor=by, data=data)
    return history, len(new)


def _samples(
    connection: Connection, names: Mapping[int, str], span: tuple[int, int]
) -> Iterator[Any]:
    """Read the samples of targets from the first to the last of some slots, in order."""
    query = (
        select(sample.c.target_id, sample.c.slot, sample.c.state)
        .where(sample.c.slot.between(*span), sample.c.target_id.in_(names))
        .order_by(sample.c.slot)
    )
    yield from connection.execute(query)


def _outages(
    connection: Connection,
    names: Mapping[int, str],
    span: tuple[int, int],
    policy: MonitoringPolicy,
) -> Iterator[tuple[str, OutageRun]]:
    """Find the outages that begin and end in a history and that we did not see ourselves."""
    query = select(outage).where(outage.c.target.in_(names.values()), outage.c.origin != _ORIGIN)
    ours = connection.execute(query).all()
    states: dict[str, TargetState] = {}
    for row in _samples(connection, names, span):
        target = names[row.target_id]
        step = feed(states.get(target, TargetState()), row.slot, SlotState(row.state), policy)
        states[target] = step.state
        run = step.outage
        if run is None or run.good_after is None:
            continue
        begins, ends = start_of(run.first_bad), start_of(run.last_bad)
        if not any(
            one.target == target and one.first_bad <= ends and begins <= one.last_bad
            for one in ours
        ):
            yield target, run
