"""Rows as Arrow columns, a batch at a time, and what a header is held against."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.mobile_plans.xdr.contract import Feed

CATEGORY = pa.dictionary(pa.int32(), pa.string())
"""How columns of few texts are kept: each text once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """
    Some rows.

    Attributes:
        columns: By name; text, coded text, or typed where Parquet had types.
        length: Rows.
        before: Rows and malformed lines before the first.
        malformed: Places, among rows and malformed lines from 0, of the malformed ones.
    """

    columns: Mapping[str, pa.Array]
    length: int
    before: int
    malformed: tuple[int, ...] = ()

    def numbers(self) -> npt.NDArray[np.int64]:
        """Return each row's number in the file, from 1; malformed lines have numbers too."""
        if not self.malformed:
            return np.arange(self.before + 1, self.before + 1 + self.length)
        numbers = np.arange(self.before + 1, self.before + 1 + self.length + len(self.malformed))
        return np.delete(numbers, self.malformed)


@dataclass(slots=True, kw_only=True)
class Trailer:
    """The last line of a file without a manifest, as text: sequence, records, sum of bytes."""

    fields: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Header:
    """What of the contract a file's header lacks and has more; and whether the order differs."""

    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    is_reordered: bool = False
    doubled: tuple[str, ...] = ()
    wrong_types: tuple[str, ...] = ()

    @property
    def is_unreadable(self) -> bool:
        """Whether its rows cannot be told apart by it."""
        return bool(self.missing or self.doubled or self.wrong_types)


@dataclass(slots=True, kw_only=True)
class Malformed:
    """Lines that are no rows: how many, and the first few with their numbers and field counts."""

    count: int = 0
    first: list[tuple[int, int]] = field(default_factory=list)


def compare_header(names: list[str], feed: Feed) -> Header:
    """Hold a header against the contract."""
    known = [name for name in names if name in feed.names]
    expected = [name for name in feed.names if name in known]
    return Header(
        missing=tuple(name for name in feed.names if name not in names),
        extra=tuple(name for name in names if name not in feed.names),
        is_reordered=known != expected,
        doubled=tuple(sorted({name for name in names if names.count(name) > 1})),
    )


def offsets_of(text: pa.Array) -> npt.NDArray[np.int32]:
    """Return where each text of 32-bit offsets begins and ends in its buffer, without copying."""
    if not len(text):
        return np.zeros(1, np.int32)
    return np.frombuffer(text.buffers()[1], np.int32)[text.offset : text.offset + len(text) + 1]


def bytes_of(text: pa.Array) -> npt.NDArray[np.uint8]:
    """Return the bytes that texts of 32-bit offsets use, without copying."""
    data = text.buffers()[2]
    if data is None:
        return np.zeros(0, np.uint8)
    offsets = offsets_of(text)
    return np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]]
