"""
Feeds of detail records: their contract, and what is checked of each file (X1).

What needs pyarrow and numpy is imported at first use, because every DAG file imports the rooms.
"""

import importlib
from typing import TYPE_CHECKING, Any

from include.mobile_plans.xdr.arrivals import FeedFolder
from include.mobile_plans.xdr.contract import FEEDS, Column, Feed, file_name, parse_file_name
from include.mobile_plans.xdr.manifest import parse_manifest, write_manifest
from include.mobile_plans.xdr.model import (
    AcceptedFile,
    ControlTotals,
    Expectations,
    FeedFileName,
    FeedName,
    FileReport,
    Finding,
    Manifest,
    RangePeriod,
    Sample,
)
from include.mobile_plans.xdr.overview import period_status, period_statuses, periods_ended
from include.mobile_plans.xdr.periods import Period, PeriodState, PeriodStatus
from include.mobile_plans.xdr.records import IDS, CheckedFile, checked_files, write_off
from include.mobile_plans.xdr.summary import FeedSummary, feed_rows, summarise
from include.mobile_plans.xdr.tending import tend_feeds

if TYPE_CHECKING:
    from include.mobile_plans.xdr.checking import Examined, check_file, examine
    from include.mobile_plans.xdr.ids import EarlierFiles, IdLog, Seen
    from include.mobile_plans.xdr.intake import check_arrival, lying_unchecked, waiting
    from include.mobile_plans.xdr.ranges import range_periods, registered_periods

__all__ = [
    "FEEDS",
    "IDS",
    "AcceptedFile",
    "CheckedFile",
    "Column",
    "ControlTotals",
    "EarlierFiles",
    "Examined",
    "Expectations",
    "Feed",
    "FeedFileName",
    "FeedFolder",
    "FeedName",
    "FeedSummary",
    "FileReport",
    "Finding",
    "IdLog",
    "Manifest",
    "Period",
    "PeriodState",
    "PeriodStatus",
    "RangePeriod",
    "Sample",
    "Seen",
    "check_arrival",
    "check_file",
    "checked_files",
    "examine",
    "feed_rows",
    "file_name",
    "lying_unchecked",
    "parse_file_name",
    "parse_manifest",
    "period_status",
    "period_statuses",
    "periods_ended",
    "range_periods",
    "registered_periods",
    "summarise",
    "tend_feeds",
    "waiting",
    "write_manifest",
    "write_off",
]

_LATER = {
    **dict.fromkeys(("Examined", "check_file", "examine"), "checking"),
    **dict.fromkeys(("EarlierFiles", "IdLog", "Seen"), "ids"),
    **dict.fromkeys(("check_arrival", "lying_unchecked", "waiting"), "intake"),
    **dict.fromkeys(("range_periods", "registered_periods"), "ranges"),
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
