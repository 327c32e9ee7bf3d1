"""What the tasks of ``obligation_clock`` do."""

from airflow.sdk import Asset, AssetOrTimeSchedule, AssetWatcher, CronTriggerTimetable

from include.mobile_plans.errors import MobilePlansError
from include.mobile_plans.obligations import sweep, tell_the_next
from include.mobile_plans.orchestration.due_work_trigger import DueWorkTrigger
from include.mobile_plans.orchestration.mail import send_due_notices
from include.mobile_plans.policy import program_policy
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment

clock = SystemClock()
MOST_MAILS_AT_ONCE = 200
"""So that a run ends within a minute even when the mail server takes 200 ms for each."""


def schedule() -> AssetOrTimeSchedule:
    """Run when the watcher sees something due, and every minute in case it saw nothing."""
    due_work = Asset(
        name="mobile_plans.due_work",
        uri="x-mobile-plans://due_work",
        watchers=[AssetWatcher(name="mobile_plans_due_work", trigger=DueWorkTrigger())],
    )
    every_minute = CronTriggerTimetable("* * * * *", timezone="UTC")
    return AssetOrTimeSchedule(timetable=every_minute, assets=due_work)


def keep_promises() -> list[str]:
    """
    Remind, record breaches and escalate, each once; return what was done.

    Raises:
        MobilePlansError: A promise could not be acted on; all others were.
    """
    store, policy = store_from_environment(), program_policy()
    alerted = tell_the_next(store, clock, policy)
    report = sweep(store, clock, policy)
    if report.problems:
        raise MobilePlansError("; ".join(report.problems))
    return [
        *(f"told the next person of {key}" for key in alerted),
        *(f"{step.name} {step.key}" for step in report.performed),
    ]


def send_notices() -> dict[str, int]:
    """Send the mails that are due; return how they ended."""
    return dict(send_due_notices(at_most=MOST_MAILS_AT_ONCE).outcomes)
