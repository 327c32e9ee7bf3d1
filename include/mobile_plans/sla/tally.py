"""
Counting a UTC day: columns of samples in, rollups out, many targets at once.

Everything that costs something for each sample is done by numpy over whole columns; what Python
does is done once for each target.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from include.mobile_plans.sla import histogram
from include.mobile_plans.sla.rollup import (
    PHASES,
    Day,
    Edges,
    Piece,
    Rollup,
    Scope,
    Span,
    clipped,
    common,
    inputs_of,
)

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
TIMES = ("total_us", *(f"{phase}_us" for phase in PHASES))
"""The columns of times a rollup needs."""
GOOD, BAD, CUT_OFF = 0, 1, 2
"""What the column ``state`` holds, as in the archive; what a sample counts as begins likewise."""
_WINDOW, _DECIDED, _OUTSIDE = 3, 6, 7
"""
What else a sample can count as: in a window (added to what was seen), decided, not counted.
"""
_KINDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """
    Samples of whole targets, sorted by target, then slot.

    Attributes:
        names: The targets, in order.
        edges: Where the samples of each begin, and where the last one's end.
        slot: Their slots.
        state: What was seen: ``GOOD``, ``BAD`` or ``CUT_OFF``.
        times: By name of ``TIMES`` the microseconds, and which were measured, None if all were.
    """

    names: list[str]
    edges: Integers
    slot: Integers
    state: npt.NDArray[np.int8]
    times: Mapping[str, tuple[npt.NDArray[np.int32], Flags | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Times:
    """Sums for each target: how many times were measured in good probes, and their sum."""

    count: Integers
    total: Integers


def tally(samples: Samples, day: Day, scopes: Mapping[str, Scope], source: str) -> Iterator[Rollup]:
    """
    Make the rollups of targets of which there are samples.

    Args:
        samples: Of one day.
        day: That day.
        scopes: What of it is counted, by target; others are left out.
        source: Where the samples come from.
    """
    if not samples.names:
        return
    whole = Scope(spans=(day.span,))
    counts_as, overrun = _kinds(samples, day, scopes, whole)
    starts = samples.edges[:-1]
    groups = np.repeat(np.arange(len(samples.names)), np.diff(samples.edges))
    counts = _counts(samples.slot, counts_as, groups, len(samples.names), day)
    is_good = (counts_as == GOOD) & (samples.state == GOOD)
    total, measured = samples.times["total_us"]
    timed = is_good if measured is None else is_good & measured
    times = {name: _sums(samples.times[name], is_good, starts) for name in TIMES}
    within = np.add.reduceat(timed & (total <= day.limit_us), starts, dtype=np.int64)
    histograms = np.bincount(
        groups[timed] * histogram.SIZE + histogram.buckets(total[timed]),
        minlength=len(samples.names) * histogram.SIZE,
    ).reshape(-1, histogram.SIZE)
    inputs = inputs_of(day, whole)
    for number, (name, (begin, end)) in enumerate(
        zip(samples.names, pairwise(samples.edges.tolist()), strict=True)
    ):
        scope = scopes.get(name)
        if scope is None:
            continue
        known = _known(samples.slot[begin:end], counts_as[begin:end])
        yield _rollup(
            name,
            day,
            scope,
            counts[number].tolist(),
            overrun_s=overrun.get(name, 0),
            first_good=known.first_good,
            last_good=known.last_good,
            edges=_edges(known, day.pieces) if known.has_bad else (),
            measured=int(times["total_us"].count[number]),
            sum_us=int(times["total_us"].total[number]),
            within=int(within[number]),
            phase_us=tuple(int(times[f"{phase}_us"].total[number]) for phase in PHASES),
            phase_count=tuple(int(times[f"{phase}_us"].count[number]) for phase in PHASES),
            histogram=histogram.pack(histograms[number]),
            source=source,
            inputs=inputs if scope == whole else inputs_of(day, scope),
        )


def unseen(target: str, day: Day, scope: Scope, source: str) -> Rollup:
    """Make the rollup of a target without any sample on a day."""
    return _rollup(
        target,
        day,
        scope,
        [[0] * _KINDS for _ in day.pieces],
        overrun_s=0,
        first_good=None,
        last_good=None,
        edges=(),
        measured=0,
        sum_us=0,
        within=0,
        phase_us=(0,) * len(PHASES),
        phase_count=(0,) * len(PHASES),
        histogram=b"",
        source=source,
        inputs=inputs_of(day, scope),
    )


def _kinds(
    samples: Samples, day: Day, scopes: Mapping[str, Scope], whole: Scope
) -> tuple[npt.NDArray[np.int8], dict[str, int]]:
    """Say what each sample counts as, and for how many seconds each target overran."""
    special = [
        number
        for number, name in enumerate(samples.names)
        if (scope := scopes.get(name)) is not None and scope is not whole and scope != whole
    ]
    if not special:
        return samples.state, {}
    counts_as, overrun = samples.state.copy(), {}
    for number in special:
        name = samples.names[number]
        part = slice(samples.edges[number], samples.edges[number + 1])
        slots, own, scope = samples.slot[part], counts_as[part], scopes[name]
        for begin, end, attribution in scope.decisions:
            instead = {"good": GOOD, "unknown": CUT_OFF, "excluded": _DECIDED}[attribution]
            own[_within(slots, (begin, end)) & (own == BAD)] = instead
        for span in scope.excluded:
            in_window = _within(slots, span)
            own[in_window & (own == _DECIDED)] = BAD  # the window excludes it already
            own[in_window & (own < _WINDOW)] += _WINDOW
        is_live = np.zeros(len(slots), dtype=np.bool_)
        for span in clipped(scope.spans, day.span):
            is_live |= _within(slots, span)
        own[~is_live] = _OUTSIDE
        overrun[name] = _overrun(slots[own == BAD], scope.overrun, day.pieces)
    return counts_as, overrun


def _overrun(bad: Integers, spans: tuple[Span, ...], pieces: tuple[Piece, ...]) -> int:
    return sum(
        piece.length_s * int(np.count_nonzero(_within(bad, part)))
        for piece in pieces
        for part in clipped(spans, (piece.begin, piece.end))
    )


def _within(slots: Integers, span: Span) -> Flags:
    return np.asarray((slots >= span[0]) & (slots < span[1]))


def _counts(
    slots: Integers, counts_as: npt.NDArray[np.int8], groups: Integers, number: int, day: Day
) -> Integers:
    """Count the samples of each target, piece of the day, and kind."""
    keys = groups * len(day.pieces)
    if len(day.pieces) > 1:
        begins = [piece.begin for piece in day.pieces[1:]]
        keys = keys + np.searchsorted(begins, slots, side="right")
    found = np.bincount(keys * _KINDS + counts_as, minlength=number * len(day.pieces) * _KINDS)
    return found.reshape(number, len(day.pieces), _KINDS)


def _sums(
    times: tuple[npt.NDArray[np.int32], Flags | None], is_good: Flags, starts: Integers
) -> _Times:
    values, measured = times
    counted = is_good if measured is None else is_good & measured
    return _Times(
        count=np.add.reduceat(counted, starts, dtype=np.int64),
        total=np.add.reduceat(values * counted, starts, dtype=np.int64),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """The slots of one target that were good or bad, in order."""

    slots: Integers
    is_bad: Flags

    @property
    def has_bad(self) -> bool:
        return bool(self.is_bad.any())

    @property
    def first_good(self) -> int | None:
        place = int(np.argmin(self.is_bad)) if len(self.is_bad) else 0
        return None if self.is_bad[place : place + 1].all() else int(self.slots[place])

    @property
    def last_good(self) -> int | None:
        place = (
            len(self.is_bad) - 1 - (int(np.argmin(self.is_bad[::-1])) if len(self.is_bad) else 0)
        )
        return None if place < 0 or self.is_bad[place] else int(self.slots[place])


def _known(slots: Integers, counts_as: npt.NDArray[np.int8]) -> _Known:
    is_known = counts_as <= BAD
    if is_known.all():
        return _Known(slots=slots, is_bad=counts_as == BAD)
    return _Known(slots=slots[is_known], is_bad=counts_as[is_known] == BAD)


def _edges(known: _Known, pieces: tuple[Piece, ...]) -> tuple[Edges, ...]:
    """Cut a day at its good slots: each stretch of bad ones, with the good ones beside it."""
    turns = np.flatnonzero(np.diff(known.is_bad.astype(np.int8), prepend=0, append=0))
    slots, step = known.slots, min(piece.length_s for piece in pieces)
    found = []
    for begin, end in turns.reshape(-1, 2).tolist():
        bad = slots[begin:end]
        cuts = [0, *(np.flatnonzero(np.diff(bad) != step) + 1).tolist(), len(bad)]
        found.append(
            Edges(
                before=int(slots[begin - 1]) if begin else None,
                after=int(slots[end]) if end < len(slots) else None,
                bad=tuple((int(bad[at]), until - at, step) for at, until in pairwise(cuts)),
            )
        )
    return tuple(found)


def _rollup(target: str, day: Day, scope: Scope, counts: list[list[int]], **rest: object) -> Rollup:
    """Put together what was counted in each piece of the day, and what nobody probed."""
    spans = clipped(scope.spans, day.span)
    lengths = [piece.length_s for piece in day.pieces]
    windows = [piece.slots(common(spans, scope.excluded)) for piece in day.pieces]
    excluded = [
        max(window, sum(found[_WINDOW:_DECIDED])) + found[_DECIDED]
        for window, found in zip(windows, counts, strict=True)
    ]
    unprobed = [
        max(0, piece.slots(spans) - left_out - sum(found[:_WINDOW]))
        for piece, left_out, found in zip(day.pieces, excluded, counts, strict=True)
    ]
    good, bad, cut_off = ([found[kind] for found in counts] for kind in (GOOD, BAD, CUT_OFF))

    def seconds(numbers: list[int]) -> int:
        return sum(number * length for number, length in zip(numbers, lengths, strict=True))

    return Rollup(
        target=target,
        day=day.day,
        first_slot=spans[0][0],
        after=spans[-1][1],
        good=sum(good),
        bad=sum(bad),
        excluded=sum(excluded),
        unknown=sum(cut_off) + sum(unprobed),
        seen_good=sum(good) + sum(found[_WINDOW + GOOD] for found in counts),
        seen_bad=sum(bad) + sum(found[_WINDOW + BAD] + found[_DECIDED] for found in counts),
        good_s=seconds(good),
        bad_s=seconds(bad),
        excluded_s=seconds(excluded),
        ours_s=seconds(unprobed),
        network_s=seconds(cut_off),
        policy=day.policy,
        **rest,  # type: ignore[arg-type]  # the callers name them
    )
