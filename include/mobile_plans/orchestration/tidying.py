"""What the tasks of ``housekeeping`` do."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from airflow.sdk import CronTriggerTimetable

from include.mobile_plans import xdr
from include.mobile_plans.errors import MobilePlansError
from include.mobile_plans.monitoring import Archive, clear_days, seal_days
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


def seal_closed_days() -> list[str]:
    """
    Seal the samples of every UTC day that is over into the archive.

    Raises:
        MobilePlansError: The archive cannot be used, or does not hold what was written.
    """
    archive = Archive.from_environment()
    sealed = seal_days(store_from_environment(), archive, clock, program_policy())
    return [f"{one.day}: samples {one.rows}, portals {one.targets}, {one.file}" for one in sealed]


def remove_what_is_old() -> dict[str, Any]:
    """
    Remove what policy no longer keeps: closed promises, sent notices, sealed samples, old ids.

    Raises:
        MobilePlansError: Samples are old enough to go, but stay: they are not in the archive.
    """
    store, policy = store_from_environment(), program_policy()
    removed = asdict(housekeep(store, clock, policy))
    cleared, kept = clear_days(store, Archive.from_environment(), clock, policy)
    if kept:
        msg = f"samples that should go are kept: {'; '.join(kept)}"
        raise MobilePlansError(msg)
    # A record counts as doubled for as long as closed periods are looked at again; a day to spare.
    before = clock.now() - policy.xdr.gap_filling - timedelta(days=1)
    ids = Archive.from_environment().remove_older(xdr.IDS, before)
    return removed | {
        "days_of_samples": [day.isoformat() for day in cleared],
        "files_of_record_ids": ids,
    }
