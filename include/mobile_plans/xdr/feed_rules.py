"""
What is checked of a feed over time: T01 and T02; where one period stands is in ``periods``.

Pure: what was accepted and what time it is are arguments.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from include.mobile_plans.instants import format_instant
from include.mobile_plans.policy.xdr import XdrPolicy
from include.mobile_plans.xdr.model import Cadence, Finding


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
