"""
What is checked of a feed over time: T01 and T02, and where one period stands.

Pure: what was accepted and what time it is are arguments.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from include.mobile_plans.instants import format_instant, require_utc
from include.mobile_plans.policy.xdr import Lateness, XdrPolicy
from include.mobile_plans.xdr.model import LENGTHS, Cadence, Finding

Standing = Literal["running", "awaited", "late", "missing", "accepted"]
"""Of a period: not over, not yet expected, expected and not there, missing, there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCompleteness:
    """
    The periods of one UTC day.

    Attributes:
        day: Which.
        expected: How many were due.
        accepted: How many of them were accepted, stated empty ones included.
    """

    day: date
    expected: int
    accepted: int

    @property
    def share(self) -> float | None:
        """Accepted of expected, or None where nothing was due."""
        return self.accepted / self.expected if self.expected else None


def periods(begin: datetime, end: datetime, cadence: Cadence) -> Iterator[datetime]:
    """
    Yield the starts of the periods that lie wholly between two instants.

    Raises:
        NaiveDatetime: An instant has no time zone.
    """
    length, begin, end = LENGTHS[cadence], require_utc(begin), require_utc(end)
    start = begin.replace(minute=0, second=0, microsecond=0)
    if cadence == "P1D":
        start = start.replace(hour=0)
    if start < begin:
        start += length
    while start + length <= end:
        yield start
        start += length


def standing(
    start: datetime,
    cadence: Cadence,
    accepted: Collection[datetime],
    now: datetime,
    lateness: Lateness,
) -> Standing:
    """
    Tell where a period stands; exactly at a limit it is not yet beyond it.

    Args:
        start: Of the period.
        cadence: Its length.
        accepted: The starts of the periods accepted.
        now: Aware UTC.
        lateness: The limits.
    """
    if start in accepted:
        return "accepted"
    waited = now - (start + LENGTHS[cadence])
    if waited < timedelta(0):
        return "running"
    if waited > lateness.missing:
        return "missing"
    return "late" if waited > lateness.expected else "awaited"


def freshness(
    last_accepted: datetime | None,
    since: datetime,
    cadence: Cadence,
    now: datetime,
    policy: XdrPolicy,
) -> Finding | None:
    """
    T01: something was accepted lately.

    Args:
        last_accepted: When a file was accepted last, or None for never.
        since: Since when files are expected.
        cadence: Of the feed.
        now: Aware UTC.
        policy: Its limits.
    """
    limit = policy.lateness.of(cadence).stale
    last = since if last_accepted is None else max(last_accepted, since)
    if now - last <= limit:
        return None
    hours = int((now - last) / timedelta(hours=1))
    text = f"nothing was accepted since {format_instant(last)}, {hours} hours ago"
    return _finding("T01", text, 1, policy)


def completeness(
    due: Collection[datetime], accepted: Collection[datetime]
) -> tuple[DayCompleteness, ...]:
    """T02: count for each UTC day the periods that were due and those accepted."""
    days: Mapping[date, list[datetime]] = {
        day: [start for start in due if start.date() == day]
        for day in sorted({start.date() for start in due})
    }
    return tuple(
        DayCompleteness(
            day=day, expected=len(starts), accepted=sum(start in accepted for start in starts)
        )
        for day, starts in days.items()
    )


def incompleteness(days: Collection[DayCompleteness], policy: XdrPolicy) -> Finding | None:
    """T02 as a finding: how many periods lack, on which days; None where all are there."""
    lacking = [one for one in days if one.accepted < one.expected]
    if not lacking:
        return None
    words = ", ".join(f"{one.day}: {one.accepted} of {one.expected}" for one in lacking)
    count = sum(one.expected - one.accepted for one in lacking)
    return _finding("T02", f"periods accepted of those due: {words}", count, policy)


def _finding(rule: str, message: str, count: int, policy: XdrPolicy) -> Finding:
    return Finding(
        check=rule.partition("_")[0],
        severity=policy.severities[rule],
        row=None,
        column=None,
        count=count,
        message=message,
    )
