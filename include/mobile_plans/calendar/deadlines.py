"""
Business time to the instant: how far back a notice is due, and how far ahead an answer is.

Walked day by day over real calendars; the wall-clock time is kept across changes of daylight
saving, and nothing is deemed received later than it was (requirements, "Which calendar counts
business days?").
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from include.mobile_plans.calendar.party import Party, is_working_day, names_of_day_off
from include.mobile_plans.calendar.working_days import calendar_version
from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import require_utc

ONE_DAY = timedelta(days=1)
MOST_BUSINESS_DAYS = 1000
"""Four years of them: more is a typing error, not a promise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedDay:
    """
    A holiday that was passed over, outside the weekends of those who have it.

    Attributes:
        date: The day, in the zone that decided.
        names: Each holiday with the calendar that has it, such as ``Christmas Day (US)``.
    """

    date: date
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """
    The last instant at which a promise is kept, and how it was counted.

    Attributes:
        instant: Aware UTC; at this instant the promise is still kept.
        counted: The business days that count, earliest first, in the zone that decided.
        skipped: The holidays passed over, earliest first; weekends are not listed.
        zone: The IANA zone whose wall clock decided.
        calendar_version: What knew the working days, to be kept with the deadline.
    """

    instant: datetime
    counted: tuple[date, ...]
    skipped: tuple[SkippedDay, ...]
    zone: str
    calendar_version: str


def deadline(event: datetime, business_days: int, parties: Iterable[Party]) -> Deadline:
    """
    Return the last instant for a notice due some business days before an event (P1, P2).

    In each party's zone, walk back from the event's local date and count the days that are
    worked in every calendar; the deadline there is the event's local time on the last one
    counted. The earliest of these instants decides. The day of the event never counts.

    Args:
        event: When the event starts, aware.
        business_days: How many business days before, from 1.
        parties: Those whose calendars count; the order decides only between equal instants.

    Raises:
        NaiveDatetime: The event has no time zone.
        BadInput: No party is given, the number of days is not allowed, or a party is unknown.
    """
    event = require_utc(event, "the event")
    everyone = require_parties(parties)
    require_business_days(business_days)
    candidates = (
        _walk(event, business_days, everyone, zone_of=party, step=-ONE_DAY) for party in everyone
    )
    return min(candidates, key=lambda candidate: candidate.instant)


def after_business_days(since: datetime, business_days: int, party: Party) -> Deadline:
    """
    Return when something owed within some business days is due (E3, E4).

    The same local time on the Nth next working day of the party that owes it, in its zone; the
    day it starts on never counts.

    Args:
        since: When the period starts, aware.
        business_days: How many business days later, from 1.
        party: The party that owes it.

    Raises:
        NaiveDatetime: The start has no time zone.
        BadInput: The number of days is not allowed, or the party is unknown.
    """
    since = require_utc(since, "the start")
    require_business_days(business_days)
    return _walk(since, business_days, (party,), zone_of=party, step=ONE_DAY)


def works_for_all(day: date, parties: Iterable[Party]) -> bool:
    """Tell whether a day is worked in every one of the calendars."""
    return all(is_working_day(day, party) for party in parties)


def at_wall_clock(day: date, time_of_day: time, party: Party) -> datetime:
    """
    Return the instant at which a party's clock shows a time on a day.

    A time that does not exist is read with the offset before the change, a doubled one as the
    first of the two.
    """
    wall = datetime.combine(day, time_of_day.replace(fold=0), tzinfo=party.zone_info)
    return wall.astimezone(UTC)


def require_parties(parties: Iterable[Party]) -> tuple[Party, ...]:
    """
    Return the parties, each once.

    Raises:
        BadInput: There is none.
    """
    everyone = tuple(dict.fromkeys(parties))
    if not everyone:
        msg = "no party is given: at least one calendar must count the business days"
        raise BadInput(msg)
    return everyone


def require_business_days(business_days: int) -> None:
    """
    Refuse a number of business days that no promise has.

    Raises:
        BadInput: It is below 1 or absurdly large.
    """
    if not 1 <= business_days <= MOST_BUSINESS_DAYS:
        msg = f"{business_days} business days are not allowed: 1 to {MOST_BUSINESS_DAYS} are"
        raise BadInput(msg)


def local_time(instant: datetime, party: Party) -> datetime:
    """
    Return an instant as a party's clock shows it.

    Raises:
        BadInput: The zone is unknown, or the instant is at the end of all calendars.
    """
    try:
        return instant.astimezone(party.zone_info)
    except OverflowError:
        msg = f"the year of {instant.isoformat()} is outside every calendar"
        raise BadInput(msg) from None


def _walk(
    start: datetime,
    business_days: int,
    parties: Sequence[Party],
    *,
    zone_of: Party,
    step: timedelta,
) -> Deadline:
    local = local_time(start, zone_of)
    day = local.date()
    counted: list[date] = []
    skipped: list[SkippedDay] = []
    while len(counted) < business_days:
        day += step
        if works_for_all(day, parties):
            counted.append(day)
        elif names := _names(day, parties):
            skipped.append(SkippedDay(date=day, names=names))
    return Deadline(
        instant=at_wall_clock(day, local.time(), zone_of),
        counted=tuple(sorted(counted)),
        skipped=tuple(sorted(skipped, key=lambda one: one.date)),
        zone=zone_of.zone,
        calendar_version=calendar_version(),
    )


def _names(day: date, parties: Iterable[Party]) -> tuple[str, ...]:
    names = (name for party in parties for name in names_of_day_off(day, party))
    return tuple(dict.fromkeys(names))
