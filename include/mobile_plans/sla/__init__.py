"""
SLA reports: rollups, statements and charts (M3, M4).

What counts columns of samples is imported at first use, because numpy and pyarrow are slow to
import and every DAG file imports this room.
"""

import importlib
from typing import TYPE_CHECKING, Any

from include.mobile_plans.sla.document import csv_text, html_document
from include.mobile_plans.sla.documents import (
    CSV_HEADER,
    csv_rows,
    figures_document,
    kept_document,
    statement_document,
    statement_from,
)
from include.mobile_plans.sla.mails import queue_overview, queue_statement
from include.mobile_plans.sla.rules import Terms

if TYPE_CHECKING:
    from include.mobile_plans.sla.samples import figures_of_file

__all__ = [
    "CSV_HEADER",
    "Terms",
    "csv_rows",
    "csv_text",
    "figures_document",
    "figures_of_file",
    "html_document",
    "kept_document",
    "queue_overview",
    "queue_statement",
    "statement_document",
    "statement_from",
]

_LATER = {"figures_of_file": "samples"}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
