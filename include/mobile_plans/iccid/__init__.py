"""ICCIDs, their ranges and their neighbours EID, IMEI and IMSI."""

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

__all__ = [
    "EXPLANATIONS",
    "IccidRange",
    "IccidVerdict",
    "Kind",
    "Reason",
    "check_eid",
    "check_iccid",
    "check_imei",
    "check_imsi",
    "is_subset",
    "is_true_subset",
    "likely_kind",
    "mask_iccid",
    "merge",
    "overlap",
    "parse_ranges",
    "range_warnings",
    "total_size",
    "with_check_digit",
]
