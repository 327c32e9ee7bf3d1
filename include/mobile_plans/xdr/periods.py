"""
Which files a feed owes, and how each period stands: awaited, late, missing, delivered (X1).

Periods are UTC, so daylight saving never moves one. A period is owed when the mobile operator was
live, and its record named the feed with that cadence, from the period's begin to its end.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import get_args

from include.mobile_plans.policy import MobileOperatorVersion
from include.mobile_plans.policy.mobile_operators import XdrFeed
from include.mobile_plans.policy.xdr import XdrPolicy
from include.mobile_plans.xdr.model import LENGTHS, Cadence, FeedName
from include.mobile_plans.xdr.records import CheckedFile

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CADENCES: tuple[Cadence, ...] = get_args(Cadence)


class PeriodState(StrEnum):
    """
    How a period stands.

    AWAITED: not due yet. LATE: due, but not missing yet. MISSING: nothing usable came in time;
    it stays so until it is delivered or written off. REJECTED: what came was refused. ACCEPTED: its
    newest revision counts. EMPTY: stated to hold no records. WRITTEN_OFF: given up by a person.
    """

    AWAITED = "awaited"
    LATE = "late"
    MISSING = "missing"
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    EMPTY = "empty"
    WRITTEN_OFF = "written off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """
    One period of which a feed owes a file.

    Attributes:
        slug: Whose feed.
        feed: Kind of records.
        cadence: Its length.
        start: Aware UTC.
        due_at: When its file is expected at the latest.
        missing_at: From when it is missing.
    """

    slug: str
    feed: FeedName
    cadence: Cadence
    start: datetime
    due_at: datetime
    missing_at: datetime

    @property
    def end(self) -> datetime:
        """Its end, which does not belong to it."""
        return self.start + LENGTHS[self.cadence]

    @property
    def name(self) -> str:
        """Such as ``contoso CDR 2026-11-22 13:00``, as Airflow shows it."""
        return f"{self.slug} {self.feed} {self.words}"

    @property
    def words(self) -> str:
        """Which period, for people; always UTC."""
        if self.cadence == "P1D":
            return f"{self.start:%Y-%m-%d}"
        return f"{self.start:%Y-%m-%d %H:%M} to {self.end:%H:%M} UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodStatus:
    """
    A period and what came for it.

    Attributes:
        period: Which.
        state: How it stands.
        counted: The file that counts: the newest revision that was accepted, or None.
        files: Everything that came for it, oldest first.
        written_off: Who gave it up and why, or None.
    """

    period: Period
    state: PeriodState
    counted: CheckedFile | None
    files: tuple[CheckedFile, ...]
    written_off: str | None = None

    @property
    def is_late(self) -> bool:
        """Whether its first file came after it was due, or it is due and none came."""
        if self.files:
            return min(one.received_at for one in self.files) > self.period.due_at
        return self.state in (PeriodState.LATE, PeriodState.MISSING)


def owed_periods(
    versions: Sequence[MobileOperatorVersion], begin: datetime, end: datetime, policy: XdrPolicy
) -> Iterator[Period]:
    """
    Yield the periods a mobile operator owes a file of, that end after ``begin`` and by ``end``.

    Args:
        versions: All versions of its record, oldest first.
        begin: Aware UTC.
        end: Aware UTC.
        policy: When a file is due and missing.
    """
    for cadence in _CADENCES:
        length, lateness = LENGTHS[cadence], policy.lateness.of(cadence)
        stop = begin - (begin - _EPOCH) % length + length
        while stop <= end:
            for terms in _owed(versions, stop - length, stop, cadence):
                yield Period(
                    slug=versions[0].slug,
                    feed=terms.feed,
                    cadence=cadence,
                    start=stop - length,
                    due_at=stop + lateness.expected,
                    missing_at=stop + lateness.missing,
                )
            stop += length


def _owed(
    versions: Sequence[MobileOperatorVersion], start: datetime, stop: datetime, cadence: Cadence
) -> Iterator[XdrFeed]:
    before, after = version_at(versions, start), version_at(versions, stop)
    if before is None or after is None or after.live_since is None or after.live_since > start:
        return
    if before.state == after.state == "live":
        named = {one.feed for one in before.mobile_operator.xdr_feeds if one.cadence == cadence}
        feeds = after.mobile_operator.xdr_feeds
        yield from (one for one in feeds if one.cadence == cadence and one.feed in named)


def version_at(
    versions: Sequence[MobileOperatorVersion], at: datetime
) -> MobileOperatorVersion | None:
    """Return the version in force at an instant, or None before the first."""
    begun = [one for one in versions if one.valid_from <= at]
    return begun[-1] if begun else None


def status_of(
    period: Period, files: Iterable[CheckedFile], written_off: Mapping[datetime, str], now: datetime
) -> PeriodStatus:
    """
    Say how a period stands.

    Args:
        period: Which.
        files: What came of its feed.
        written_off: Which periods were given up, by whom and why.
        now: The current instant, aware UTC.
    """
    came = tuple(one for one in files if one.period_start == period.start)
    accepted = [one for one in came if one.state == "accepted"]
    counted = max(accepted, key=lambda one: (one.revision or 0, one.file_id), default=None)
    reason = written_off.get(period.start)
    if counted is not None:
        state = PeriodState.EMPTY if counted.rows == 0 else PeriodState.ACCEPTED
    elif reason is not None:
        state = PeriodState.WRITTEN_OFF
    elif any(one.state == "rejected" for one in came):
        state = PeriodState.REJECTED
    else:
        limits = (period.due_at, PeriodState.AWAITED), (period.missing_at, PeriodState.LATE)
        state = next((one for limit, one in limits if now <= limit), PeriodState.MISSING)
    return PeriodStatus(period=period, state=state, counted=counted, files=came, written_off=reason)
