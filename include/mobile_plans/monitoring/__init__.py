"""
Portal monitoring: the probe engine, slots, outages, and what is kept of them (M1, M2).

Nothing here knows Airflow: ``Watch.rounds`` is an async generator; a trigger, a command or a test
runs it. The archive is imported at first use, because pyarrow is slow to import and every DAG file
imports this room.
"""

import importlib
from typing import TYPE_CHECKING, Any

from include.mobile_plans.monitoring.alerts import look_after_monitoring
from include.mobile_plans.monitoring.answers import follows_redirects, judge_answer, judge_response
from include.mobile_plans.monitoring.planning import CONTROL_TARGETS_VARIABLE
from include.mobile_plans.monitoring.reading import (
    Outage,
    PortalFinding,
    PortalStatus,
    Silence,
    failing_portals,
    newest_sample,
    outages,
    portal_findings,
    portal_statuses,
    silences,
)
from include.mobile_plans.monitoring.records import RoundReport
from include.mobile_plans.monitoring.rules import OutageRun
from include.mobile_plans.monitoring.slots import (
    SlotState,
    portal_target,
    slot_at,
    slug_of,
    start_of,
    whole_seconds,
)
from include.mobile_plans.monitoring.watching import Watch
from include.mobile_plans.monitoring.words import outage_words, situation

if TYPE_CHECKING:
    from include.mobile_plans.monitoring.archive import (
        ARCHIVE_VARIABLE,
        Archive,
        bounds_of,
        changed_at,
        stored_targets,
    )
    from include.mobile_plans.monitoring.history import HISTORY_COLUMNS, import_history, read_row
    from include.mobile_plans.monitoring.retention import (
        LATEST_ROUND,
        SealedDay,
        clear_days,
        problem_of,
        seal_days,
        sealed_days,
    )

__all__ = [
    "ARCHIVE_VARIABLE",
    "CONTROL_TARGETS_VARIABLE",
    "HISTORY_COLUMNS",
    "LATEST_ROUND",
    "Archive",
    "Outage",
    "OutageRun",
    "PortalFinding",
    "PortalStatus",
    "RoundReport",
    "SealedDay",
    "Silence",
    "SlotState",
    "Watch",
    "bounds_of",
    "changed_at",
    "clear_days",
    "failing_portals",
    "follows_redirects",
    "import_history",
    "judge_answer",
    "judge_response",
    "look_after_monitoring",
    "newest_sample",
    "outage_words",
    "outages",
    "portal_findings",
    "portal_statuses",
    "portal_target",
    "problem_of",
    "read_row",
    "seal_days",
    "sealed_days",
    "silences",
    "situation",
    "slot_at",
    "slug_of",
    "start_of",
    "stored_targets",
    "whole_seconds",
]

_LATER = {
    **dict.fromkeys(
        ("ARCHIVE_VARIABLE", "Archive", "bounds_of", "changed_at", "stored_targets"), "archive"
    ),
    **dict.fromkeys(("HISTORY_COLUMNS", "import_history", "read_row"), "history"),
    **dict.fromkeys(
        ("LATEST_ROUND", "SealedDay", "clear_days", "problem_of", "seal_days", "sealed_days"),
        "retention",
    ),
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
