"""
Feeds of detail records: their contract, and what is checked of each file (X1).

What needs pyarrow and numpy is imported at first use, because every DAG file imports the rooms.
"""

import importlib
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from include.mobile_plans.xdr.checking import Examined, check_file, examine
    from include.mobile_plans.xdr.ids import EarlierFiles, IdLog, Seen
    from include.mobile_plans.xdr.ranges import range_periods, registered_periods

__all__ = [
    "FEEDS",
    "AcceptedFile",
    "Column",
    "ControlTotals",
    "EarlierFiles",
    "Examined",
    "Expectations",
    "Feed",
    "FeedFileName",
    "FeedName",
    "FileReport",
    "Finding",
    "IdLog",
    "Manifest",
    "RangePeriod",
    "Sample",
    "Seen",
    "check_file",
    "examine",
    "file_name",
    "parse_file_name",
    "parse_manifest",
    "range_periods",
    "registered_periods",
    "write_manifest",
]

_LATER = {
    **dict.fromkeys(("Examined", "check_file", "examine"), "checking"),
    **dict.fromkeys(("EarlierFiles", "IdLog", "Seen"), "ids"),
    **dict.fromkeys(("range_periods", "registered_periods"), "ranges"),
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
