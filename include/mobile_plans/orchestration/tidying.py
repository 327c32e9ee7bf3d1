"""What the tasks of ``housekeeping`` do."""

from dataclasses import asdict
from typing import Any

from airflow.sdk import CronTriggerTimetable

from include.mobile_plans.errors import MobilePlansError
from include.mobile_plans.obligations import housekeep
from include.mobile_plans.policy import program_policy
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment, verify_events

clock = SystemClock()


def schedule() -> CronTriggerTimetable:
    """Run in the quiet of the night, UTC."""
    return CronTriggerTimetable("17 3 * * *", timezone="UTC")


def verify_the_record() -> int:
    """
    Recompute every chain of events.

    Raises:
        MobilePlansError: A chain was broken behind our back.
    """
    with store_from_environment().snapshot() as connection:
        findings = verify_events(connection)
    if findings:
        first = findings[0]
        msg = (
            f"{len(findings)} breaks in the record, the first in {first.stream} at event "
            f"{first.position}: {first.problem}; `db verify` lists them all"
        )
        raise MobilePlansError(msg)
    return 0


def remove_what_is_old() -> dict[str, Any]:
    """Remove closed promises and sent notices that policy no longer keeps; say how many."""
    return asdict(housekeep(store_from_environment(), clock, program_policy()))
