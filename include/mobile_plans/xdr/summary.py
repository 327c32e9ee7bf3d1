"""What a report says of feeds: files expected, received, accepted, refused, rows, late (X1, M4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection

from include.mobile_plans.policy import ProgramPolicy
from include.mobile_plans.xdr.model import FeedName
from include.mobile_plans.xdr.overview import period_statuses
from include.mobile_plans.xdr.periods import PeriodState, PeriodStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSummary:
    """
    The files of one feed whose periods ended in a time.

    Attributes:
        feed: Kind of records.
        expected: Periods of which a file was owed.
        received: Those for which anything came.
        accepted: Those whose file counts; stated to be empty among them.
        rejected: Files that were refused, each revision counted.
        rows: Records of the files that count.
        quarantined: Rows of them that were set aside.
        late: Periods whose first file came after it was due, or has not come though it is due.
        missing: Periods that are missing.
    """

    feed: FeedName
    expected: int
    received: int
    accepted: int
    rejected: int
    rows: int
    quarantined: int
    late: int
    missing: int


def summarise(
    connection: Connection,
    slug: str,
    first_day: date,
    last_day: date,
    policy: ProgramPolicy,
    now: datetime,
) -> list[FeedSummary]:
    """
    Summarise the feeds of a mobile operator over whole UTC days.

    Args:
        connection: A read.
        slug: Whose feeds.
        first_day: Begin.
        last_day: End, this day included.
        policy: When files are due and missing.
        now: The current instant, aware UTC.

    Raises:
        NotFound: There is no such mobile operator.
    """
    begin = datetime.combine(first_day, time(), UTC)
    end = min(datetime.combine(last_day + timedelta(days=1), time(), UTC), now)
    statuses = period_statuses(connection, slug, begin, end, policy, now)
    feeds = sorted({one.period.feed for one in statuses})
    return [_summary(feed, [one for one in statuses if one.period.feed == feed]) for feed in feeds]


def _summary(feed: FeedName, statuses: Sequence[PeriodStatus]) -> FeedSummary:
    counted = [one.counted for one in statuses if one.counted is not None]
    return FeedSummary(
        feed=feed,
        expected=len(statuses),
        received=sum(bool(one.files) for one in statuses),
        accepted=len(counted),
        rejected=sum(file.state == "rejected" for one in statuses for file in one.files),
        rows=sum(one.rows for one in counted),
        quarantined=sum(one.quarantined for one in counted),
        late=sum(one.is_late for one in statuses),
        missing=sum(one.state is PeriodState.MISSING for one in statuses),
    )
