"""
SLA reports: rollups, statements and charts (M3, M4).

What counts columns of samples is imported at first use, because numpy and pyarrow are slow to
import and every DAG file imports this room.
"""

import importlib
from typing import TYPE_CHECKING, Any

from include.mobile_plans.sla.disputes import (
    DECISIONS,
    Claim,
    Dispute,
    decide_dispute,
    find_dispute,
    list_disputes,
    open_dispute,
)
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
    from include.mobile_plans.sla.days import Desk, Verification, refresh, require_days, verify
    from include.mobile_plans.sla.issuing import (
        Issued,
        find_statement,
        issue,
        list_statements,
        reissue,
        statement_problems,
    )
    from include.mobile_plans.sla.reporting import (
        months_so_far,
        statements_of,
        tell_corrections,
        tell_day,
        tell_month,
        tell_overview,
    )
    from include.mobile_plans.sla.samples import figures_of_file
    from include.mobile_plans.sla.statements import kind_of, number_of

__all__ = [
    "CSV_HEADER",
    "DECISIONS",
    "Claim",
    "Desk",
    "Dispute",
    "Issued",
    "Terms",
    "Verification",
    "csv_rows",
    "csv_text",
    "decide_dispute",
    "figures_document",
    "figures_of_file",
    "find_dispute",
    "find_statement",
    "html_document",
    "issue",
    "kept_document",
    "kind_of",
    "list_disputes",
    "list_statements",
    "months_so_far",
    "number_of",
    "open_dispute",
    "queue_overview",
    "queue_statement",
    "refresh",
    "reissue",
    "require_days",
    "statement_document",
    "statement_from",
    "statement_problems",
    "statements_of",
    "tell_corrections",
    "tell_day",
    "tell_month",
    "tell_overview",
    "verify",
]

_LATER = {
    "figures_of_file": "samples",
    **dict.fromkeys(("Desk", "Verification", "refresh", "require_days", "verify"), "days"),
    **dict.fromkeys(
        (
            "Issued",
            "find_statement",
            "issue",
            "list_statements",
            "reissue",
            "statement_problems",
        ),
        "issuing",
    ),
    **dict.fromkeys(
        (
            "months_so_far",
            "statements_of",
            "tell_corrections",
            "tell_day",
            "tell_month",
            "tell_overview",
        ),
        "reporting",
    ),
    **dict.fromkeys(("kind_of", "number_of"), "statements"),
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
