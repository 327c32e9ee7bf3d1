"""When a promise is due and at risk, and how far a pause moves it: pure counting of time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from include.mobile_plans.calendar import Deadline, after_business_days, after_business_time
from include.mobile_plans.calendar import elapsed_business_time as business_time
from include.mobile_plans.policy import BusinessDays, PartyCalendar, Period

Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodEnd:
    """
    The end of a period.

    Attributes:
        due_at: The last instant at which the promise is kept, aware UTC.
        counted: How its business days were counted; None for elapsed time.
    """

    due_at: datetime
    counted: Deadline | None


def period_end(since: datetime, within: Period, calendar: PartyCalendar) -> PeriodEnd:
    """
    Return when something owed within a period is due.

    Args:
        since: When the period starts, aware.
        within: Elapsed time, or working days of the party that owes it: then the same local time
            on the nth next one (decision, "A business-day period forward").
        calendar: The calendar of that party.

    Raises:
        NaiveDatetime: The start has no time zone.
        BadInput: The calendar does not reach that far.
    """
    if isinstance(within, BusinessDays):
        counted = after_business_days(since, within.business_days, calendar.party)
        return PeriodEnd(due_at=counted.instant, counted=counted)
    return PeriodEnd(due_at=since + within, counted=None)


def at_risk_from(
    since: datetime, due_at: datetime, pauses: Iterable[Interval], share: float
) -> datetime:
    """
    Return the instant at which a share of the time between two instants has run, pauses left out.

    A deadline that had passed when its promise was given is at risk from that deadline on.
    """
    if due_at <= since:
        return due_at
    stretches = list(_running(since, due_at, pauses))
    left = share * sum((end - begin for begin, end in stretches), timedelta())
    for begin, end in stretches:
        if left <= end - begin:
            return begin + left
        left -= end - begin
    return due_at


def due_after_pause(
    due_at: datetime, pause: Interval, within: Period, calendar: PartyCalendar
) -> datetime:
    """
    Return when a promise is due once a pause is over: what was used stays used.

    Elapsed time moves by as long as the pause lasted. Of a business period, the business time
    that was left when the pause began is left when it ends.

    Args:
        due_at: When it was due without this pause.
        pause: When it began, before ``due_at``, and ended.
        within: The period of the promise.
        calendar: The calendar of the party that owes it.
    """
    paused_at, resumed_at = pause
    if not isinstance(within, BusinessDays):
        return due_at + (resumed_at - paused_at)
    left = business_time(paused_at, due_at, calendar.party)
    return max(due_at, after_business_time(resumed_at, left, calendar.party))


def _running(since: datetime, due_at: datetime, pauses: Iterable[Interval]) -> Iterator[Interval]:
    """Yield the stretches between two instants that no pause covers, in order."""
    begin = since
    for paused_at, resumed_at in sorted(pauses):
        if paused_at > begin:
            yield begin, min(paused_at, due_at)
        begin = resumed_at
    if begin < due_at:
        yield begin, due_at
