"""What the tasks of ``sla_report`` do: seal and count a day, make statements, queue the mails."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from airflow.sdk import CronTriggerTimetable, Param, get_current_context

from include.mobile_plans import monitoring, xdr
from include.mobile_plans import sla as room
from include.mobile_plans.errors import BadInput
from include.mobile_plans.simulation.clock import SystemClock

clock = SystemClock()
_DAY = timedelta(days=1)


def schedule() -> CronTriggerTimetable:
    """Run once a UTC day can be sealed, before ``housekeeping`` does it."""
    return CronTriggerTimetable("0 3 * * *", timezone="UTC")


def form() -> dict[str, Param]:
    """Return the one field of the trigger form."""
    return {
        "day": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Day (UTC)",
            description="Any day that is over; empty for yesterday.",
        )
    }


def day_to_report(params: Mapping[str, Any]) -> str:
    """
    Return the day that is reported: the one asked for, or the one before the run's own date.

    Raises:
        BadInput: It is no day, or not over yet.
    """
    asked, now = params.get("day"), clock.now()
    if asked:
        try:
            day = date.fromisoformat(asked)
        except ValueError:
            msg = f"{asked!r} is no day: write it as 2026-11-24"
            raise BadInput(msg) from None
    else:
        run = get_current_context()["dag_run"]
        day = (run.logical_date or now).astimezone(UTC).date() - _DAY
    over_at = datetime.combine(day + _DAY, time(), tzinfo=UTC) + monitoring.LATEST_ROUND
    if now < over_at:
        msg = f"{day} can be reported from {over_at:%Y-%m-%d %H:%M} UTC on: then all of it is known"
        raise BadInput(msg)
    return day.isoformat()


def seal_and_count(day: str) -> list[str]:
    """
    Seal every day that is over, and count the one that is reported.

    Raises:
        MobilePlansError: The archive cannot be used, or does not hold what was written.
    """
    desk = _desk()
    archive = monitoring.Archive.from_environment()
    sealed = monitoring.seal_days(desk.store, archive, clock, desk.policy)
    counted = room.refresh(desk, [date.fromisoformat(day)])
    return [
        *(f"sealed {one.day}: {one.file}" for one in sealed),
        *(f"counted {one.day} {one.target}" for one in counted),
    ]


def make_statements(day: str) -> list[str]:
    """Make the statement of the day for everybody who was live in it."""
    which = date.fromisoformat(day)
    return [
        f"{one.number} revision {one.seal.revision}"
        for one in room.statements_of(_desk(), which, which)
    ]


def mail_day(day: str) -> list[str]:
    """
    Queue the mails to mobile operators that chose a report each day.

    Raises:
        MobilePlansError: One could not be written; all others were.
    """
    return room.tell_day(_desk(), date.fromisoformat(day))


def mail_overview(day: str) -> bool:
    """Queue the overview for the program."""
    return room.tell_overview(_desk(), date.fromisoformat(day))


def mail_month(day: str) -> list[str]:
    """
    Queue the statements of the month before, from the first business day of the program on.

    Raises:
        MobilePlansError: One could not be written; all others were.
    """
    return room.tell_month(_desk(), date.fromisoformat(day))


def mail_corrections() -> list[str]:
    """
    Queue what was corrected since it was told, such as after a dispute.

    Raises:
        MobilePlansError: One could not be written; all others were.
    """
    return room.tell_corrections(_desk())


def _desk() -> room.Desk:
    return room.Desk.from_environment(clock, xdr.feed_rows)
