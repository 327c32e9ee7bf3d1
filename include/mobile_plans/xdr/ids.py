"""
Which records were there before: 64-bit hashes find the candidates, the ids themselves decide.

The ids of a file go into a folder as they are read, so that ten million of them cost eight bytes
each in memory; only those whose hashes meet are read again.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.mobile_plans.xdr.batches import bytes_of, offsets_of
from include.mobile_plans.xdr.cells import Numbers

Hashes: TypeAlias = npt.NDArray[np.uint64]

_SEED = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_WORD = 8
_CONFIRMED_AT_ONCE = 1 << 20
_IDS = pa.schema([("id", pa.string())])


def mix(hashes: Hashes, more: npt.NDArray[np.generic]) -> Hashes:
    """Fold another 64-bit value per row into the hashes (the finaliser of splitmix64)."""
    mixed = (hashes ^ more.view(np.uint64)) * _FIRST
    mixed ^= mixed >> np.uint64(29)
    mixed *= _SECOND
    mixed ^= mixed >> np.uint64(32)
    return mixed


def hashes_of(texts: pa.Array) -> Hashes:
    """Hash each text of a column; a missing one as if it were empty."""
    offsets, data = offsets_of(texts), bytes_of(texts)
    begins = offsets[:-1] - offsets[0]
    lengths = np.diff(offsets)
    if not len(lengths):
        return np.zeros(0, np.uint64)
    longest = int(lengths.max())
    if int(lengths.min()) == longest:
        return _hash_equal(data.reshape(len(lengths), longest))
    hashes = np.zeros(len(lengths), np.uint64)
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        hashes[rows] = _hash_equal(data[begins[rows, None] + np.arange(length)])
    return hashes


def _hash_equal(letters: npt.NDArray[np.uint8]) -> Hashes:
    count, length = letters.shape
    words = -(-length // _WORD)
    padded = np.zeros((count, words * _WORD), np.uint8)
    padded[:, :length] = letters
    hashes = np.full(count, _SEED ^ np.uint64(length))
    for word in padded.view(np.uint64).T:
        hashes = mix(hashes, np.ascontiguousarray(word))
    return hashes


class IdLog:
    """
    The ids of one file's records in the order of its rows.

    Args:
        folder: Where they are kept; the caller's, and removed by it.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ids.arrow"
        self._sink = pa.OSFile(str(self._path), "wb")
        self._writer = pa.ipc.new_file(self._sink, _IDS)
        self._parts: list[Hashes] = []
        self._begins: list[int] = [0]
        self._all: Hashes | None = None

    def append(self, ids: pa.Array, hashes: Hashes) -> None:
        """Keep the ids of a batch; a missing one is like no other."""
        if ids.null_count:
            rows = np.flatnonzero(ids.is_null().to_numpy(zero_copy_only=False))
            hashes = hashes.copy()
            hashes[rows] = mix(np.full(len(rows), _FIRST), rows + self._begins[-1])
        self._writer.write_batch(pa.record_batch([ids], schema=_IDS))
        self._parts.append(hashes)
        self._begins.append(self._begins[-1] + len(ids))

    def close(self) -> None:
        """End writing; ids can be read from now on."""
        self._writer.close()
        self._sink.close()
        self._all = np.concatenate([np.zeros(0, np.uint64), *self._parts])
        self._parts = []

    @property
    def hashes(self) -> Hashes:
        """The hash of each row's id, once closed."""
        return np.zeros(0, np.uint64) if self._all is None else self._all

    def texts(self, places: Numbers) -> pa.Array:
        """Return the ids at some places, which ascend."""
        parts: list[pa.Array] = []
        with pa.OSFile(str(self._path), "rb") as source:
            reader = pa.ipc.open_file(source)
            bounds = np.searchsorted(places, self._begins)
            for index, (first, last) in enumerate(pairwise(bounds)):
                if first < last:
                    ids = reader.get_batch(index).column(0)
                    parts.append(ids.take(pa.array(places[first:last] - self._begins[index])))
        return pa.concat_arrays(parts) if parts else pa.array([], pa.string())

    def repeated(self) -> Numbers:
        """Return the places, ascending, whose id an earlier place has already."""
        places, firsts = repeated_hashes(self.hashes)
        return np.sort(self._confirmed(places, self, firsts))

    def repeats_of(self, earlier: "IdLog") -> Numbers:
        """Return the places, ascending, whose id another file has already."""
        order = np.argsort(earlier.hashes, kind="stable")
        ordered = earlier.hashes[order]
        found = np.searchsorted(ordered, self.hashes)
        found[found == len(ordered)] = 0
        places = np.flatnonzero(ordered[found] == self.hashes) if len(ordered) else found[:0]
        return np.sort(self._confirmed(places, earlier, order[found[places]]))

    def _confirmed(self, places: Numbers, other: "IdLog", theirs: Numbers) -> Numbers:
        return np.concatenate(
            [
                np.zeros(0, np.int64),
                *(
                    mine[np.asarray(pc.equal(_at(self, mine), _at(other, there)).fill_null(False))]
                    for mine, there in _slices(places, theirs)
                ),
            ]
        )


def repeated_hashes(hashes: Hashes) -> tuple[Numbers, Numbers]:
    """Return the places whose hash an earlier place has already, and the first place of each."""
    ordered = np.sort(hashes)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    del ordered
    if not len(twice):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    # A block at a time: three more copies of all hashes would be most of the memory of a check.
    candidates = np.concatenate(
        [
            begin + np.flatnonzero(_are_among(twice, hashes[begin : begin + _CONFIRMED_AT_ONCE]))
            for begin in range(0, len(hashes), _CONFIRMED_AT_ONCE)
        ]
    )
    order = candidates[np.argsort(hashes[candidates], kind="stable")]
    is_first = np.concatenate([[True], hashes[order[1:]] != hashes[order[:-1]]])
    firsts = order[np.maximum.accumulate(np.where(is_first, np.arange(len(order)), 0))]
    return order[~is_first], firsts[~is_first]


def _are_among(ordered: Hashes, hashes: Hashes) -> npt.NDArray[np.bool_]:
    found = np.searchsorted(ordered, hashes)
    found[found == len(ordered)] = 0
    return np.asarray(ordered[found] == hashes)


class Seen(Protocol):
    """What knows the records of earlier files."""

    def repeats(self, ids: IdLog) -> Numbers:
        """Return the places, ascending, of records an earlier file holds."""


class EarlierFiles:
    """
    The records of files read before, as ``Seen``.

    Args:
        logs: Theirs.
    """

    def __init__(self, logs: Sequence[IdLog]) -> None:
        self._logs = logs

    def repeats(self, ids: IdLog) -> Numbers:
        """Return the places, ascending, of records an earlier file holds."""
        found = [ids.repeats_of(log) for log in self._logs]
        return np.unique(np.concatenate([np.zeros(0, np.int64), *found]))


def _slices(mine: Numbers, theirs: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
    for begin in range(0, len(mine), _CONFIRMED_AT_ONCE):
        yield mine[begin : begin + _CONFIRMED_AT_ONCE], theirs[begin : begin + _CONFIRMED_AT_ONCE]


def _at(log: IdLog, places: Numbers) -> pa.Array:
    """Return ids at places in any order."""
    distinct, inverse = np.unique(places, return_inverse=True)
    return log.texts(distinct).take(pa.array(inverse))
