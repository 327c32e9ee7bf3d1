"""
A rollup: all that reports need of one target and UTC day, and what it was made from.

Slots are named by their start in whole seconds since 1970 UTC; a span is a time from its first
instant up to, not including, its last, in the same seconds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Literal, NamedTuple, TypeAlias

from include.mobile_plans.store.types import canonical_json

Span: TypeAlias = tuple[int, int]
Attribution: TypeAlias = Literal["good", "excluded", "unknown"]
ATTRIBUTIONS: tuple[Attribution, ...] = ("good", "excluded", "unknown")
"""What a bad slot can be by a decision on a dispute."""
PHASES = ("dns", "connect", "tls", "first_byte")
"""The phases of a probe whose time is kept."""
STORE = "store"
"""The source of a rollup whose day is not sealed yet."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a day in which slots had one length."""

    begin: int
    end: int
    length_s: int

    def slots(self, spans: Iterable[Span]) -> int:
        """Count the slots that start in its part of some spans."""
        clipped = ((max(self.begin, begin), min(self.end, end)) for begin, end in spans)
        return sum(
            -(-end // self.length_s) + -begin // self.length_s
            for begin, end in clipped
            if begin < end
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """
    One UTC day, and how it is counted.

    Attributes:
        day: Which.
        pieces: Which slots it has, in order, up to the last that is over.
        limit_us: The latency promised.
        policy: Fingerprint of the policy.
    """

    day: date
    pieces: tuple[Piece, ...]
    limit_us: int
    policy: str

    @property
    def span(self) -> Span:
        """All of its slots that are over."""
        return self.pieces[0].begin, self.pieces[-1].end


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """
    What of a day is counted for one target, and how; all within the day, in order.

    Attributes:
        spans: When it was live.
        excluded: Planned maintenance told in time.
        overrun: From the end of such a window until its maintenance was completed.
        decisions: Disputes that were accepted: what bad slots of a span are instead.
    """

    spans: tuple[Span, ...]
    excluded: tuple[Span, ...] = ()
    overrun: tuple[Span, ...] = ()
    decisions: tuple[tuple[int, int, Attribution], ...] = ()


class Edges(NamedTuple):
    """
    The bad slots of a day between two good ones: an outage, or the part of one that day has.

    Attributes:
        before: The last good slot before, None if that day has none.
        after: The first good slot after, None likewise.
        bad: Bad slots side by side: the first, how many, and from one to the next in seconds.
    """

    before: int | None
    after: int | None
    bad: tuple[tuple[int, int, int], ...]


class Rollup(NamedTuple):
    """
    One target and UTC day; a tuple, because a report reads tens of thousands of them.

    Attributes:
        target: Which.
        day: Which.
        first_slot: The begin of the time counted.
        after: Its end.
        good: Slots that were good, and so on for the other states.
        seen_good: Good ones, those excluded with them.
        seen_bad: Bad ones likewise.
        good_s: Seconds of good slots, and so on.
        ours_s: Of unknown ones, those nobody probed.
        network_s: Of unknown ones, those probed while we were cut off.
        overrun_s: Of bad ones, those of maintenance that lasted longer than its window.
        measured: How many good probes have a latency.
        sum_us: The sum of these latencies.
        within: How many of them are within the limit.
        first_good: The first good slot, or None.
        last_good: The last one, or None.
        histogram: Of the latencies.
        source: SHA-256 of the sealed file it was made from, or ``store``.
        inputs: SHA-256 over all else it was made from.
        policy: Fingerprint of the policy.
        phase_us: The sums of the phases of good probes, in the order of ``PHASES``.
        phase_count: How many of each were measured.
        edges: Of its outages, in order.
    """

    target: str
    day: date
    first_slot: int
    after: int
    good: int
    bad: int
    excluded: int
    unknown: int
    seen_good: int
    seen_bad: int
    good_s: int
    bad_s: int
    excluded_s: int
    ours_s: int
    network_s: int
    overrun_s: int
    measured: int
    sum_us: int
    within: int
    first_good: int | None
    last_good: int | None
    histogram: bytes
    source: str
    inputs: str
    policy: str
    phase_us: tuple[int, ...]
    phase_count: tuple[int, ...]
    edges: tuple[Edges, ...]

    def differences(self, made_again: "Rollup") -> list[str]:
        """Say of each figure in which the same rollup, made again, differs how it does."""
        found = []
        for name in _FIGURES:
            kept, again = getattr(self, name), getattr(made_again, name)
            if kept != again:
                is_long = name in ("histogram", "edges")
                found.append(f"{name} differs" if is_long else f"{name} is {kept}, not {again}")
        return found

    @property
    def digest(self) -> str:
        """SHA-256 over its figures and what they follow from, wherever the samples were."""
        parts = [
            value.hex() if isinstance(value, bytes) else value
            for value in (getattr(self, name) for name in _FIGURES if name not in _OF_A_DAY)
        ]
        return hash_of([self.target, self.day.isoformat(), *parts])


_FIGURES = tuple(name for name in Rollup._fields if name != "policy")
_OF_A_DAY = ("target", "day", "source")


def hash_of(document: object) -> str:
    """Return the SHA-256 of a JSON document in its canonical form."""
    return sha256(canonical_json(document).encode()).hexdigest()


def inputs_of(day: Day, scope: Scope) -> str:
    """Name all that the rollup of a day follows from but the samples."""
    pieces = [(piece.begin, piece.end, piece.length_s) for piece in day.pieces]
    parts = (scope.spans, scope.excluded, scope.overrun, scope.decisions)
    return hash_of([day.day.isoformat(), pieces, day.limit_us, *parts])


def clipped(spans: Iterable[Span], to: Span) -> tuple[Span, ...]:
    """Return what of some spans lies within another one."""
    cut = ((max(begin, to[0]), min(end, to[1])) for begin, end in spans)
    return tuple((begin, end) for begin, end in cut if begin < end)


def common(first: Sequence[Span], second: Sequence[Span]) -> tuple[Span, ...]:
    """Return what two lists of spans share."""
    return tuple(part for span in second for part in clipped(first, span))
