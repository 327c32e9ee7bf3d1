"""
Figures without a database: from the samples of a CSV file, as ``probes import`` takes them (M3).

A file whose rows all have the usual form is read as whole columns; any other one row by row, by the
rules of the import, so that both say the same of it.
"""

import csv
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from include.mobile_plans.errors import BadInput
from include.mobile_plans.monitoring import (
    HISTORY_COLUMNS,
    SlotState,
    read_row,
    start_of,
    whole_seconds,
)
from include.mobile_plans.sla.figures import figures
from include.mobile_plans.sla.model import TargetFigures
from include.mobile_plans.sla.rollup import PHASES, Day, Piece, Rollup, Scope
from include.mobile_plans.sla.rules import Terms
from include.mobile_plans.sla.tally import BAD, GOOD, TIMES, Samples, tally, unseen

_DAY_S = 86_400
_USUAL = {
    "at": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$",
    "row": r"^(true,\d{1,6}(\.\d{1,6})?|false,)$",
}
_LONGEST_MS = 600_000
_SOURCE = "file"

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Rows as columns: place of the target in ``names``, slot, state, microseconds or 0."""

    names: list[str]
    target: Integers
    slot: Integers
    state: npt.NDArray[np.int8]
    total_us: Integers

    def take(self, rows: Integers) -> "_Columns":
        return replace(
            self,
            target=self.target[rows],
            slot=self.slot[rows],
            state=self.state[rows],
            total_us=self.total_us[rows],
        )


def figures_of_file(path: Path, interval: timedelta, terms: Terms) -> list[TargetFigures]:
    """
    Return the figures of each target in a file, from its first to its last slot, by name.

    Args:
        path: A CSV file in UTF-8 with the columns ``target``, ``at``, ``ok`` and ``latency_ms``.
        interval: The length of its slots.
        terms: What is promised.

    Raises:
        BadInput: It cannot be read, or one line for each row that cannot be taken.
    """
    length_s = whole_seconds(interval)
    probe = replace(terms.monitoring.probe, interval=interval)
    terms = replace(terms, monitoring=replace(terms.monitoring, probe=probe))
    columns = _worst_of_each_slot(_read(path), length_s)
    edges = np.flatnonzero(np.diff(columns.target, prepend=-1, append=-1))
    found = []
    for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        own = columns.take(np.arange(begin, end))
        rollups = list(_rollups(own, length_s, terms))
        latencies = np.sort(own.total_us[own.state == GOOD])
        found.append(figures(rollups, terms, latencies_us=latencies))
    return sorted(found, key=lambda one: one.target)


def _rollups(own: _Columns, length_s: int, terms: Terms) -> Iterator[Rollup]:
    """Count the slots of one target day by day."""
    name, first, after = own.names[own.target[0]], int(own.slot[0]), int(own.slot[-1]) + length_s
    days = np.arange(first // _DAY_S, int(own.slot[-1]) // _DAY_S + 1)
    edges = np.searchsorted(own.slot, np.append(days, days[-1] + 1) * _DAY_S)
    for number, begin_of_day in enumerate((days * _DAY_S).tolist()):
        rows = slice(edges[number], edges[number + 1])
        last_day = number == len(days) - 1
        span = max(first, begin_of_day), after if last_day else begin_of_day + _DAY_S
        day = Day(
            day=start_of(begin_of_day).date(),
            pieces=(Piece(*span, length_s),),
            limit_us=round(terms.latency_limit_ms * 1000),
            policy="",
        )
        scopes = {name: Scope(spans=(span,))}
        counted = list(tally(_samples(own, name, rows), day, scopes, _SOURCE))
        yield from counted or [unseen(name, day, scopes[name], _SOURCE)]


def _samples(own: _Columns, name: str, rows: slice) -> Samples:
    slots, none = own.slot[rows], np.zeros(rows.stop - rows.start, dtype=np.int32)
    never = np.zeros(len(none), dtype=np.bool_)
    return Samples(
        names=[name] if len(slots) else [],
        edges=np.array([0, len(slots)]),
        slot=slots,
        state=own.state[rows],
        times={
            TIMES[0]: (own.total_us[rows].astype(np.int32), None),
            **{f"{phase}_us": (none, never) for phase in PHASES},
        },
    )


def _worst_of_each_slot(columns: _Columns, length_s: int) -> _Columns:
    """Sort by target and slot; of the rows of one slot the worst is left, and counted."""
    slot = columns.slot // length_s * length_s
    order = np.lexsort((columns.total_us, columns.state, slot, columns.target))
    sorted_ = replace(columns, slot=slot).take(order)
    same = (np.diff(sorted_.slot) == 0) & (np.diff(sorted_.target) == 0)
    return sorted_.take(np.flatnonzero(~np.append(same, False)))


def _read(path: Path) -> _Columns:
    """Read a file by columns or, where a row has another form than the usual, row by row."""
    with suppress(pa.ArrowInvalid, OSError):  # reading row by row says what is wrong, and where
        options = arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(HISTORY_COLUMNS, pa.string()), strings_can_be_null=False
        )
        table = arrow_csv.read_csv(path, convert_options=options)
        if table.column_names == HISTORY_COLUMNS and (columns := _usual(table)) is not None:
            return columns
    try:
        lines = csv.reader(path.read_text(encoding="utf-8-sig").splitlines())
        header = next(lines, None)
        rows = [(lines.line_num, cells) for cells in lines if cells]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        msg = f"{path} cannot be read as text in UTF-8: {error}"
        raise BadInput(msg) from None
    if header != HISTORY_COLUMNS or not rows:
        names = ",".join(HISTORY_COLUMNS)
        msg = f"{path}: its first line must be {names}, and at least one row must follow"
        raise BadInput(msg)
    return _by_row(path, rows)


def _usual(table: pa.Table) -> _Columns | None:
    """Take rows that are all in the usual form; None where one is not, or there is none."""
    target, at, ok, latency = (column.combine_chunks() for column in table.columns)
    state = pc.utf8_lower(ok)
    forms = {"at": at, "row": pc.binary_join_element_wise(state, latency, ",")}
    for name, form in _USUAL.items():
        if not len(at) or not pc.all(pc.match_substring_regex(forms[name], form)).as_py():
            return None
    slot = at.cast(pa.timestamp("s", tz="UTC")).cast(pa.int64()).to_numpy()
    is_good = pc.equal(state, "true")
    milliseconds = pc.if_else(is_good, latency, "0").cast(pa.float64()).to_numpy()
    if milliseconds.max() > _LONGEST_MS:
        return None
    names = pc.utf8_trim_whitespace(target).dictionary_encode()
    return _Columns(
        names=names.dictionary.to_pylist(),
        target=names.indices.to_numpy().astype(np.int64),
        slot=slot,
        state=np.where(is_good.to_numpy(zero_copy_only=False), GOOD, BAD).astype(np.int8),
        total_us=np.rint(milliseconds * 1000).astype(np.int64),
    )


def _by_row(path: Path, rows: Sequence[tuple[int, list[str]]]) -> _Columns:
    found, problems = [], []
    for number, cells in rows:
        try:
            target, at, state, total_us = read_row(cells)
        except BadInput as problem:
            problems.append(f"{path.name} line {number}: {problem}")
        else:
            is_bad = state is SlotState.BAD
            found.append((target, int(at.timestamp() // 1), BAD if is_bad else GOOD, total_us or 0))
    if problems:
        raise BadInput(*problems)
    targets, slots, states, totals = zip(*found, strict=True)
    names = list(dict.fromkeys(targets))
    places = {name: place for place, name in enumerate(names)}
    return _Columns(
        names=names,
        target=np.array([places[name] for name in targets]),
        slot=np.array(slots, dtype=np.int64),
        state=np.array(states, dtype=np.int8),
        total_us=np.array(totals, dtype=np.int64),
    )
