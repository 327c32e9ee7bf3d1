"""
Rollups of days: made from the sealed archive or, before a day is sealed, from the store.

They are made again whenever what they follow from has changed, and only then; making them twice
changes nothing.
"""

import json
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Connection

from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import parse_instant
from include.mobile_plans.monitoring import (
    ARCHIVE_VARIABLE,
    Archive,
    SealedDay,
    portal_target,
    problem_of,
    sealed_days,
    stored_targets,
)
from include.mobile_plans.policy import ProgramPolicy, program_policy
from include.mobile_plans.simulation.clock import Clock
from include.mobile_plans.sla.kept import (
    read_rollups,
    remove_rollups,
    sources_of,
    write_rollups,
)
from include.mobile_plans.sla.rollup import STORE, Day, Rollup, Scope, inputs_of
from include.mobile_plans.sla.scopes import Circumstances, circumstances
from include.mobile_plans.sla.tally import TIMES, Samples, tally, unseen
from include.mobile_plans.store import Store, store_from_environment

_COLUMNS = ["target", "slot", "state", *TIMES]
_TEXT = ["target"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """
    What making rollups and statements needs.

    Attributes:
        store: The store.
        archive: Where sealed days are; None where none is named, which does until one is needed.
        policy: The policy in force.
        clock: Tells the time.
    """

    store: Store
    archive: Archive | None
    policy: ProgramPolicy
    clock: Clock

    @classmethod
    def from_environment(cls, clock: Clock) -> "Desk":
        """
        Take the store, archive and policy that the environment names.

        Raises:
            StoreUnavailable: No store is named.
            BadInput: The policy is invalid.
        """
        has_archive = bool(os.environ.get(ARCHIVE_VARIABLE))
        return cls(
            store=store_from_environment(),
            archive=Archive.from_environment() if has_archive else None,
            policy=program_policy(),
            clock=clock,
        )

    def sealed(self, day: SealedDay) -> pq.ParquetFile:
        """
        Open a sealed day.

        Raises:
            BadInput: No archive is named.
            MobilePlansError: It is missing, or cannot be read.
        """
        return self._archive().parquet(day.file, _TEXT)

    def problem(self, day: SealedDay) -> str | None:
        """Say what is wrong with the file of a sealed day, or None."""
        return problem_of(self._archive(), day)

    def _archive(self) -> Archive:
        if self.archive is None:
            return Archive.from_environment()  # says what is missing
        return self.archive


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """
    What recomputing from the archive found.

    Attributes:
        days: How many sealed days were recomputed.
        rollups: How many rollups of them were compared.
        problems: One line for each difference.
    """

    days: int
    rollups: int
    problems: tuple[str, ...]


def refresh(
    desk: Desk, days: Collection[date], slugs: Collection[str] | None = None
) -> list[Rollup]:
    """
    Make the rollups of days that are missing or no longer follow from what is known now.

    Args:
        desk: The store and the archive.
        days: Which.
        slugs: Only of these mobile operators; without, of all.

    Returns:
        Those made now.

    Raises:
        MobilePlansError: A sealed day cannot be read.
    """
    made: list[Rollup] = []
    if not days:
        return made
    with desk.store.snapshot() as connection:
        known = circumstances(connection, days, desk.policy, desk.clock.now(), slugs)
        sealed = sealed_days(connection)
    for day in sorted(days):
        with desk.store.snapshot() as connection:
            found, gone = _stale(desk, connection, known, day, sealed.get(day), slugs)
        if found or gone:
            with desk.store.transaction() as connection:
                write_rollups(connection, found)
                remove_rollups(connection, day, gone)
        made += found
    return made


def verify(desk: Desk, first: date, last: date) -> Verification:
    """
    Recompute the rollups of sealed days from the archive, and compare every figure.

    Args:
        desk: The store and the archive.
        first: The first day.
        last: The last day, included.
    """
    problems: list[str] = []
    compared = 0
    with desk.store.snapshot() as connection:
        sealed = {day: one for day, one in sealed_days(connection).items() if first <= day <= last}
        if not sealed:
            return Verification(days=0, rollups=0, problems=())
        known = circumstances(connection, list(sealed), desk.policy, desk.clock.now())
        for day, one in sealed.items():
            kept = {rollup.target: rollup for rollup in read_rollups(connection, day, day)}
            if problem := desk.problem(one):
                problems.append(problem)
                continue
            for rollup in _from_archive(desk, known, one, None):
                before = kept.pop(rollup.target, None)
                if before is not None:  # else it was never asked for, and would be made so
                    compared += 1
                    name = f"{day} {rollup.target}"
                    problems += [f"{name}: {what}" for what in before.differences(rollup)]
            problems += [f"{day} {target}: it was not live" for target in kept]
    return Verification(days=len(sealed), rollups=compared, problems=tuple(problems))


def _stale(
    desk: Desk,
    connection: Connection,
    known: Circumstances,
    day: date,
    sealed: SealedDay | None,
    slugs: Collection[str] | None,
) -> tuple[list[Rollup], set[str]]:
    """Make what is missing of a day or was made from something else; name what is not counted."""
    kept = sources_of(connection, day)
    if slugs is not None:
        ours = set(map(portal_target, slugs))
        kept = {target: made_from for target, made_from in kept.items() if target in ours}
    lengths = None if sealed is None else _lengths(desk.sealed(sealed))
    about = known.day(day, lengths)
    if about is None:
        return [], set(kept)
    scopes = known.scopes(about)
    source = STORE if sealed is None else sealed.sha256
    inputs = _inputs(about, scopes)
    # What is in the store may have grown since, whatever it was made from.
    wanted = {
        target: scope
        for target, scope in scopes.items()
        if sealed is None or kept.get(target) != (source, inputs[target])
    }
    if not wanted:
        return [], kept.keys() - scopes.keys()
    if sealed is None:
        found = list(_from_store(connection, about, wanted))
    else:
        found = list(_from_archive(desk, known, sealed, wanted))
    return found, kept.keys() - scopes.keys()


def _inputs(day: Day, scopes: Mapping[str, Scope]) -> dict[str, str]:
    """Name what each rollup follows from; nearly all follow from the same."""
    names: dict[Scope, str] = {}
    return {
        target: names.get(scope) or names.setdefault(scope, inputs_of(day, scope))
        for target, scope in scopes.items()
    }


def _lengths(file: pq.ParquetFile) -> list[tuple[datetime, int]]:
    about = json.loads(file.schema_arrow.metadata[b"mobile_plans"])
    return [(parse_instant(one["since"]), one["interval_s"]) for one in about["policies"]]


def _from_archive(
    desk: Desk, known: Circumstances, sealed: SealedDay, scopes: Mapping[str, Scope] | None
) -> Iterator[Rollup]:
    """Count a sealed day, a row group at a time; all who were live, or those given."""
    file = desk.sealed(sealed)
    about = known.day(sealed.day, _lengths(file))
    if about is None:
        return
    scopes = known.scopes(about) if scopes is None else scopes
    seen = set()
    for rollup in rollups_of_file(file, about, scopes, sealed.sha256):
        seen.add(rollup.target)
        yield rollup
    for target in scopes.keys() - seen:
        yield unseen(target, about, scopes[target], sealed.sha256)


def rollups_of_file(
    file: pq.ParquetFile, day: Day, scopes: Mapping[str, Scope], source: str
) -> Iterator[Rollup]:
    """
    Count the samples of a sealed day, reading only the row groups that hold a target of it.

    Args:
        file: The sealed day, its targets read as a dictionary.
        day: How it is counted.
        scopes: What of it is counted, by target.
        source: Its SHA-256.
    """
    column = file.schema_arrow.get_field_index("target")
    for number in range(file.num_row_groups):
        statistics = file.metadata.row_group(number).column(column).statistics
        if statistics is not None and statistics.has_min_max:
            least, most = statistics.min, statistics.max
            if not any(least <= target <= most for target in scopes):
                continue
        table = file.read_row_group(number, columns=_COLUMNS, use_threads=False)
        yield from tally(samples_of(table), day, scopes, source)


def _from_store(connection: Connection, day: Day, scopes: Mapping[str, Scope]) -> Iterator[Rollup]:
    names = None if len(scopes) > _MOST_NAMED else list(scopes)
    seen = set()
    for target, whole in stored_targets(connection, day.day, names):
        table = whole.filter(pc.less(whole["slot"], day.span[1]))
        if target in scopes and len(table):
            seen.add(target)
            yield from tally(samples_of(table), day, scopes, STORE)
    for target in scopes.keys() - seen:
        yield unseen(target, day, scopes[target], STORE)


_MOST_NAMED = 100


def samples_of(table: pa.Table) -> Samples:
    """Return the samples of whole targets, sorted by target, then slot, as columns."""
    names = table["target"].combine_chunks()
    if not pa.types.is_dictionary(names.type):
        names = names.dictionary_encode()
    places = names.indices.to_numpy()
    starts = np.flatnonzero(np.diff(places, prepend=-1))
    dictionary = names.dictionary
    return Samples(
        names=dictionary.take(pa.array(places[starts])).to_pylist(),
        edges=np.append(starts, len(places)),
        slot=_numbers(table["slot"]),
        state=_numbers(table["state"]),
        times={name: _measured(table[name]) for name in TIMES},
    )


def _numbers(column: pa.ChunkedArray) -> Any:
    return column.combine_chunks().to_numpy()


def _measured(column: pa.ChunkedArray) -> tuple[Any, Any]:
    if not column.null_count:
        return _numbers(column), None
    is_valid = pc.is_valid(column).combine_chunks().to_numpy(zero_copy_only=False)
    return _numbers(pc.fill_null(column, 0)), is_valid


def require_days(first: date, last: date) -> None:
    """
    Refuse a period that ends before it begins.

    Raises:
        BadInput: It does.
    """
    if last < first:
        msg = f"the period ends {last}, before it begins {first}"
        raise BadInput(msg)
