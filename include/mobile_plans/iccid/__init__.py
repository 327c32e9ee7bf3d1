"""
ICCIDs, their ranges and their neighbours EID, IMEI and IMSI.

Whole columns are judged by names imported at first use, because numpy and pyarrow are slow to
import and every DAG file imports this room.
"""

import importlib
from typing import TYPE_CHECKING, Any

from include.mobile_plans.iccid.check import check_iccid
from include.mobile_plans.iccid.numbers import (
    EXPLANATIONS,
    IccidVerdict,
    Kind,
    Reason,
    check_eid,
    check_imei,
    check_imsi,
    likely_kind,
    mask_iccid,
    mask_iccids,
    with_check_digit,
)
from include.mobile_plans.iccid.ranges import (
    IccidRange,
    is_subset,
    is_true_subset,
    merge,
    overlap,
    parse_ranges,
    range_warnings,
    total_size,
)

if TYPE_CHECKING:
    from include.mobile_plans.iccid.columns import (
        RangeTable,
        check_digits_hold,
        forms_hold,
        membership,
    )

__all__ = [
    "EXPLANATIONS",
    "IccidRange",
    "IccidVerdict",
    "Kind",
    "RangeTable",
    "Reason",
    "check_digits_hold",
    "check_eid",
    "check_iccid",
    "check_imei",
    "check_imsi",
    "forms_hold",
    "is_subset",
    "is_true_subset",
    "likely_kind",
    "mask_iccid",
    "mask_iccids",
    "membership",
    "merge",
    "overlap",
    "parse_ranges",
    "range_warnings",
    "total_size",
    "with_check_digit",
]


def __getattr__(name: str) -> Any:
    if name in {"RangeTable", "check_digits_hold", "forms_hold", "membership"}:
        return getattr(importlib.import_module(f"{__name__}.columns"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
