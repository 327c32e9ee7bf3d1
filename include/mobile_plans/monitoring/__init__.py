"""
Portal monitoring: the probe engine, slots, outages, and what is kept of them (M1, M2).

Nothing here knows Airflow: ``Watch.rounds`` is an async generator; a trigger, a command or a test
runs it.
"""

from include.mobile_plans.monitoring.answers import judge_answer
from include.mobile_plans.monitoring.planning import CONTROL_TARGETS_VARIABLE
from include.mobile_plans.monitoring.reading import (
    Outage,
    PortalFinding,
    Silence,
    newest_sample,
    outages,
    portal_findings,
    silences,
)
from include.mobile_plans.monitoring.records import RoundReport
from include.mobile_plans.monitoring.watching import Watch

__all__ = [
    "CONTROL_TARGETS_VARIABLE",
    "Outage",
    "PortalFinding",
    "RoundReport",
    "Silence",
    "Watch",
    "judge_answer",
    "newest_sample",
    "outages",
    "portal_findings",
    "silences",
]
