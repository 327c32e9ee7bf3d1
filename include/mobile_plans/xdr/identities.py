"""
Whole columns of EIDs, IMEIs and IMSIs: each answer is the one the single-number rules give.

Plain digits of the right lengths are judged together; nothing else can be right, apart from numbers
written with blanks or hyphens, which the single-number rules are asked about.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.mobile_plans.iccid import check_eid, check_imei, check_imsi
from include.mobile_plans.xdr.batches import bytes_of, offsets_of
from include.mobile_plans.xdr.cells import Flags

Identity: TypeAlias = Literal["eid", "imei", "imsi"]
Digits: TypeAlias = npt.NDArray[np.uint8]

_IMEI_WITH_CHECK = 15
_COUNTRY_CODES = 1000
_NINE = 9


def identities_hold(texts: pa.Array, identity: Identity) -> Flags:
    """
    Tell of each text whether it is such a number; a missing one is none.

    Args:
        texts: Arrow text with 32-bit offsets.
        identity: Which kind of number.
    """
    offsets, data = offsets_of(texts), bytes_of(texts)
    begins, lengths = offsets[:-1] - offsets[0], np.diff(offsets)
    held = np.zeros(len(texts), np.bool_)
    for length in _LENGTHS[identity]:
        rows = np.flatnonzero(lengths == length)
        if len(rows) == len(texts):
            digits = data.reshape(-1, length) - np.uint8(ord("0"))
        else:
            digits = data[begins[rows, None] + np.arange(length)] - np.uint8(ord("0"))
        if len(rows):
            is_number = (digits <= _NINE).all(axis=1)
            held[rows] = is_number & _RULES[identity](np.where(digits <= _NINE, digits, 0))
    separated = pc.match_substring_regex(texts, r"[\s-]").fill_null(False)
    for row in np.flatnonzero(separated.to_numpy(zero_copy_only=False) & ~held):
        held[row] = _SINGLE[identity](texts[int(row)].as_py())
    return held


def _eids(digits: Digits) -> Flags:
    """ISO 7064 MOD 97-10, digit by digit."""
    rest = np.zeros(len(digits), np.int16)
    for digit in digits.T:
        rest = (rest * np.int16(10) + digit) % np.int16(97)
    return np.asarray(rest == 1)


def _imeis(digits: Digits) -> Flags:
    """Only those of 15 digits carry a check digit."""
    if digits.shape[1] != _IMEI_WITH_CHECK:
        return np.ones(len(digits), np.bool_)
    doubled = digits[:, 1::2] * np.uint8(2)
    total = digits[:, ::2].sum(axis=1) + (doubled - np.uint8(9) * (doubled > _NINE)).sum(axis=1)
    return np.asarray(total % 10 == 0)


def _imsis(digits: Digits) -> Flags:
    codes = digits[:, 0] * np.int16(100) + digits[:, 1] * np.int16(10) + digits[:, 2]
    return _assigned_codes()[codes]


@cache
def _assigned_codes() -> Flags:
    """Tell of each mobile country code whether it is assigned."""
    return np.array([check_imsi(f"{code:03}010123456789").valid for code in range(_COUNTRY_CODES)])


_LENGTHS: Mapping[Identity, tuple[int, ...]] = {
    "eid": (32,),
    "imei": (14, 15, 16),
    "imsi": (14, 15),
}
_RULES: Mapping[Identity, Callable[[Digits], Flags]] = {
    "eid": _eids,
    "imei": _imeis,
    "imsi": _imsis,
}
_SINGLE: Mapping[Identity, Callable[[str], bool]] = {
    "eid": lambda text: check_eid(text).valid,
    "imei": lambda text: check_imei(text).valid,
    "imsi": lambda text: check_imsi(text).valid,
}
