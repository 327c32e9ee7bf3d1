"""
Business time read backwards: what lies between two instants, and what a notice sent now allows.

Each function is the exact inverse of a rule in ``deadlines``, so no verdict can depend on which
way round it was asked.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from include.mobile_plans.calendar.deadlines import (
    ONE_DAY,
    at_wall_clock,
    deadline,
    local_time,
    require_business_days,
    require_parties,
    works_for_all,
)
from include.mobile_plans.calendar.party import Party, is_working_day
from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import require_utc

ONE_MICROSECOND = timedelta(microseconds=1)


def business_days_of_notice(notice_at: datetime, event: datetime, parties: Iterable[Party]) -> int:
    """
    Count the business days of notice that were given, the inverse of ``deadline``.

    A notice is in time for N business days exactly when N is at most this number: it is the
    greatest N whose deadline is not before the notice, and 0 when not even one was given.

    Args:
        notice_at: When the notice was sent, aware.
        event: When the event starts, aware.
        parties: Those whose calendars count.

    Raises:
        NaiveDatetime: An instant has no time zone.
        BadInput: No party is given, or one is unknown.
    """
    notice_at = require_utc(notice_at, "the notice")
    event = require_utc(event, "the event")
    everyone = require_parties(parties)
    return min(
        _count_while(event, -ONE_DAY, everyone, zone_of=party, holds=notice_at.__le__)
        for party in everyone
    )


def earliest_event(notice_at: datetime, business_days: int, parties: Iterable[Party]) -> datetime:
    """
    Return the earliest event for which a notice is in time.

    Exact to the microsecond, except where clocks fall back past midnight into the day before, as
    in Newfoundland until 2011: there it may be the midnight after.

    A later event need not be in time: all events of a weekend reach back to the same business
    day, each at its own time of day, so one on Sunday morning needs an earlier notice than one on
    Saturday evening. From the business day after, every event is in time.

    Args:
        notice_at: When the notice is sent, aware.
        business_days: How many business days before the event it is due, from 1.
        parties: Those whose calendars count.

    Returns:
        The event, aware UTC.

    Raises:
        NaiveDatetime: The notice has no time zone.
        BadInput: No party is given, the number of days is not allowed, or a party is unknown.
    """
    notice_at = require_utc(notice_at, "the notice")
    everyone = require_parties(parties)
    require_business_days(business_days)
    openings = sorted(
        opening
        for party in everyone
        for opening in _openings(notice_at, business_days, everyone, zone_of=party)
    )
    return next(
        event for event in openings if deadline(event, business_days, everyone).instant >= notice_at
    )


def elapsed_business_days(since: datetime, until: datetime, party: Party) -> int:
    """
    Count whole business days that have passed, the inverse of ``after_business_days``.

    What is due within N business days is due by now exactly when N is at most this number.

    Raises:
        NaiveDatetime: An instant has no time zone.
        BadInput: The party is unknown.
    """
    since, until = require_utc(since, "the start"), require_utc(until, "the end")
    return _count_while(since, ONE_DAY, (party,), zone_of=party, holds=until.__ge__)


def elapsed_business_time(since: datetime, until: datetime, party: Party) -> timedelta:
    """
    Return how much of the time between two instants fell on working days of a party.

    Days run from midnight to midnight in its zone, 23 or 25 hours where the clocks change; no
    office hours.

    Raises:
        NaiveDatetime: An instant has no time zone.
        BadInput: The end lies before the start, or the party is unknown.
    """
    since, until = require_utc(since, "the start"), require_utc(until, "the end")
    if until < since:
        msg = f"the end {until.isoformat()} lies before the start {since.isoformat()}"
        raise BadInput(msg)
    total = timedelta()
    day = local_time(since, party).date()
    last = local_time(until, party).date()
    while day <= last:
        if is_working_day(day, party):
            begin, end = _midnight(day, party), _midnight(day + ONE_DAY, party)
            total += max(timedelta(), min(until, end) - max(since, begin))
        day += ONE_DAY
    return total


def after_business_time(since: datetime, business_time: timedelta, party: Party) -> datetime:
    """
    Return the first instant by which business time has passed, the inverse of the one above.

    Args:
        since: When it starts to pass, aware.
        business_time: How much of it, 0 or more; none has passed at once.
        party: The party whose working days count.

    Raises:
        NaiveDatetime: The start has no time zone.
        BadInput: The time is negative, or the party is unknown.
    """
    since = require_utc(since, "the start")
    if business_time < timedelta():
        msg = f"{business_time} of business time is negative: none or more can pass"
        raise BadInput(msg)
    begin, left = since, business_time
    day = local_time(since, party).date()
    while left:
        end = _midnight(day + ONE_DAY, party)
        if is_working_day(day, party):
            if left <= end - begin:
                return begin + left
            left -= end - begin
        begin, day = end, day + ONE_DAY
    return begin


def _count_while(
    start: datetime,
    step: timedelta,
    parties: Sequence[Party],
    *,
    zone_of: Party,
    holds: Callable[[datetime], bool],
) -> int:
    """Count business days away from an instant for as long as their instants hold."""
    local = local_time(start, zone_of)
    day = local.date()
    counted = 0
    while True:
        day += step
        if works_for_all(day, parties):
            if not holds(at_wall_clock(day, local.time(), zone_of)):
                return counted
            counted += 1


def _openings(
    notice_at: datetime, business_days: int, parties: Sequence[Party], *, zone_of: Party
) -> Iterator[datetime]:
    """
    Yield every instant at which events may begin to be in time on one party's clock.

    Events whose last counted day is the day of the notice are in time from its time of day;
    events that reach back to a later day always are.
    """
    day = local_time(notice_at, zone_of).date()
    time_of_day = _first_time_of_day(notice_at, zone_of)
    free_after = business_days + works_for_all(day, parties)
    worked = 0
    while worked < free_after:
        worked += works_for_all(day, parties)
        day += ONE_DAY
        if business_days == worked < free_after:
            yield from _showing(day, time_of_day, zone_of)
    yield _midnight(day, zone_of)
    # Where clocks fall back past midnight, only the next day is sure.
    yield _midnight(day + ONE_DAY, zone_of)


def _midnight(day: date, party: Party) -> datetime:
    """Return the first instant of a day on a party's clock."""
    return at_wall_clock(day, time(), party)


def _first_time_of_day(notice_at: datetime, party: Party) -> time:
    """Return the earliest time of day that, on the day of the notice, is not before it."""
    offsets = [
        (notice_at + shift).astimezone(party.zone_info).utcoffset() or timedelta()
        for shift in (-ONE_DAY, timedelta(), ONE_DAY)
    ]
    naive = notice_at.replace(tzinfo=None)
    wall = _first(
        naive + min(offsets),
        naive + max(offsets),
        lambda wall: at_wall_clock(wall.date(), wall.time(), party) >= notice_at,
    )
    return wall.time()


def _showing(day: date, time_of_day: time, party: Party) -> Iterator[datetime]:
    """Yield when a clock first shows a time or a later one on a day, and again if it is doubled."""
    wall = datetime.combine(day, time_of_day)
    instants = [wall.replace(tzinfo=party.zone_info, fold=fold).astimezone(UTC) for fold in (0, 1)]
    yield _first(
        min(instants),
        max(instants),
        lambda instant: local_time(instant, party).replace(tzinfo=None) >= wall,
    )
    yield max(instants)


def _first(low: datetime, high: datetime, holds: Callable[[datetime], bool]) -> datetime:
    """Find the first moment from low on that holds, given that it stays so up to high."""
    if holds(low):
        return low
    moments = range((high - low) // ONE_MICROSECOND)
    return low + ONE_MICROSECOND * bisect_left(
        moments, True, key=lambda microseconds: holds(low + ONE_MICROSECOND * microseconds)
    )
