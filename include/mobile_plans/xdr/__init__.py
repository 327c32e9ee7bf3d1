"""
Feeds of detail records: their contract, and what is checked of each file (X1).

What needs pyarrow and numpy is imported at first use, because every DAG file imports the rooms.
"""

from include.mobile_plans.xdr.contract import FEEDS, Column, Feed, file_name, parse_file_name
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

__all__ = [
    "FEEDS",
    "AcceptedFile",
    "Column",
    "ControlTotals",
    "Expectations",
    "Feed",
    "FeedFileName",
    "FeedName",
    "FileReport",
    "Finding",
    "Manifest",
    "RangePeriod",
    "Sample",
    "file_name",
    "parse_file_name",
]
