"""
Columns of text as typed values, failures counted instead of raised.

A batch without a fault is cast as a whole. Only where that fails is each text held against a
pattern, so one verdict never depends on its neighbours: what the quick way would let through that
the pattern refuses is looked for first.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.mobile_plans.xdr.batches import bytes_of, offsets_of

Flags: TypeAlias = npt.NDArray[np.bool_]
Numbers: TypeAlias = npt.NDArray[np.int64]

MICRO = 1_000_000
"""Money is kept as whole millionths, as its contract has six decimals."""
_MONEY = pa.decimal128(18, 6)
_SECONDS = pa.timestamp("s", tz="UTC")
_AWARE = (20, 25)
"""Characters of a time with ``Z``, and with an offset."""
_NAIVE = 19

_INTEGER = r"^[+-]?[0-9]{1,18}$"
_DECIMAL = r"^[+-]?[0-9]{1,12}(\.[0-9]{1,6})?$"
_TOO_FINE = r"^[+-]?[0-9]{1,12}\.[0-9]{7,}$"
_NUMBER = r"^[+-]?[0-9]{1,18}(\.[0-9]{1,18})?$"
_LEAP = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29"
_DAY = (
    r"(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))|" + _LEAP + r")"
)
_TIME = r"[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_NAIVE_MOMENT = rf"^{_DAY}{_TIME}$"
_AWARE_MOMENT = rf"^{_DAY}{_TIME}(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """
    A column's values.

    Attributes:
        values: One per row; 0 where there is none. Times are seconds since 1970 in UTC, money
            millionths.
        known: Where there is a value; None for everywhere.
        wrong: Where there is a text that is no such value; None for nowhere.
        too_fine: Where money has more than six decimals; None for nowhere. Wrong as well.
    """

    values: npt.NDArray[Any]
    known: Flags | None
    wrong: Flags | None = None
    too_fine: Flags | None = None


def integers(array: pa.Array) -> Cells:
    """Read whole numbers."""
    if pa.types.is_integer(array.type):
        return _cells(array.cast(pa.int64()), np.int64)
    plain = _text(array)
    return _read(plain, pa.int64(), _INTEGER, np.int64, is_plain=_has_no_letters(plain))


def numbers(array: pa.Array) -> Cells:
    """Read numbers that need not be exact."""
    if not _is_text(array):
        return _cells(array.cast(pa.float64()), np.float64)
    plain = _text(array)
    return _read(plain, pa.float64(), _NUMBER, np.float64, is_plain=_has_no_letters(plain))


def money(array: pa.Array) -> Cells:
    """Read amounts exactly, as millionths."""
    if pa.types.is_decimal(array.type):
        return _typed_money(array)
    plain = _text(array)
    if _has_no_letters(plain):
        try:
            return _millionths(plain.cast(_MONEY), plain)
        except pa.ArrowInvalid:
            pass
    good = _matches(plain, _DECIMAL)
    kept = pc.if_else(pa.array(good), plain, pa.scalar(None, pa.string()))
    present = _present(plain)
    cells = _millionths(kept.cast(_MONEY), kept)
    return Cells(
        values=cells.values,
        known=cells.known,
        wrong=~good if present is None else present & ~good,
        too_fine=_matches(plain, _TOO_FINE),
    )


def moments(array: pa.Array, zone: str | None = None) -> Cells:
    """
    Read times as seconds since 1970.

    Args:
        array: Text with an offset, or Arrow timestamps that have one.
        zone: Where a text without an offset is allowed, the time zone it is meant in.
    """
    if pa.types.is_timestamp(array.type):
        return _cells(array.cast(_SECONDS, safe=False), np.int64)
    plain = _text(array)
    lengths = np.diff(offsets_of(plain))
    if plain.null_count:
        lengths = lengths[_present(plain)]
    if np.isin(lengths, _AWARE).all():
        try:
            return _cells(plain.cast(_SECONDS), np.int64)
        except pa.ArrowInvalid:
            pass
    return _moments_by_pattern(plain, zone)


def _moments_by_pattern(plain: pa.Array, zone: str | None) -> Cells:
    aware = _matches(plain, _AWARE_MOMENT)
    nothing = pa.scalar(None, pa.string())
    cells = _cells(pc.if_else(pa.array(aware), plain, nothing).cast(_SECONDS), np.int64)
    values, good = cells.values, aware
    if zone is not None:
        naive = _matches(plain, _NAIVE_MOMENT)
        local = pc.if_else(pa.array(naive), plain, nothing).cast(pa.timestamp("s"))
        there = pc.assume_timezone(local, zone, ambiguous="earliest", nonexistent="earliest")
        values = np.where(naive, _cells(there.cast(_SECONDS), np.int64).values, values)
        good = aware | naive
    present = _present(plain)
    wrong = ~good if present is None else present & ~good
    return Cells(values=values, known=good, wrong=wrong)


def _read(
    plain: pa.Array, kind: pa.DataType, pattern: str, dtype: type[np.generic], *, is_plain: bool
) -> Cells:
    if is_plain:
        try:
            return _cells(plain.cast(kind), dtype)
        except pa.ArrowInvalid:
            pass
    good = _matches(plain, pattern)
    kept = pc.if_else(pa.array(good), plain, pa.scalar(None, pa.string()))
    if pa.types.is_integer(kind):
        kept = pc.utf8_ltrim(kept, "+")
    present = _present(plain)
    cells = _cells(kept.cast(kind), dtype)
    wrong = ~good if present is None else present & ~good
    return Cells(values=cells.values, known=cells.known, wrong=wrong)


def _cells(array: pa.Array, dtype: type[np.generic]) -> Cells:
    known = _present(array)
    if known is not None:
        array = array.fill_null(pa.scalar(0, pa.int64()).cast(array.type))
    if pa.types.is_timestamp(array.type):
        array = array.view(pa.int64())
    return Cells(values=array.to_numpy(zero_copy_only=False).astype(dtype, copy=False), known=known)


def _millionths(amounts: pa.Array, plain: pa.Array) -> Cells:
    """18 digits fit the lower half of a decimal's 128 bits."""
    halves = np.frombuffer(amounts.buffers()[1], np.int64)
    values = halves[2 * amounts.offset : 2 * (amounts.offset + len(amounts)) : 2]
    known = _present(plain)
    return Cells(values=values if known is None else np.where(known, values, 0), known=known)


def _typed_money(array: pa.Array) -> Cells:
    try:
        amounts = array.cast(_MONEY)
    except pa.ArrowInvalid:
        return money(array.cast(pa.string()))
    return _millionths(amounts, amounts)


def _text(array: pa.Array) -> pa.Array:
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _is_text(array: pa.Array) -> bool:
    return bool(pa.types.is_string(array.type) or pa.types.is_dictionary(array.type))


def _has_no_letters(plain: pa.Array) -> bool:
    """Arrow reads ``0x10`` and ``1e3`` as numbers; digits, sign and point come before letters."""
    used = bytes_of(plain)
    return not len(used) or bool(used.max() <= ord("9"))


def _present(array: pa.Array) -> Flags | None:
    if not array.null_count:
        return None
    return np.asarray(array.is_valid().to_numpy(zero_copy_only=False))


def _matches(plain: pa.Array, pattern: str) -> Flags:
    found = pc.match_substring_regex(plain, pattern).fill_null(False)
    return np.asarray(found.to_numpy(zero_copy_only=False))
