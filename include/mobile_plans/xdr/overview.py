"""Reading how the periods of feeds stand (X1)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from include.mobile_plans.policy import (
    ProgramPolicy,
    mobile_operator_versions,
    mobile_operators_in_force,
)
from include.mobile_plans.policy.xdr import XdrPolicy
from include.mobile_plans.xdr.periods import Period, PeriodStatus, owed_periods, status_of
from include.mobile_plans.xdr.records import checked_files, written_off


def periods_ended(
    connection: Connection, begin: datetime, end: datetime, policy: XdrPolicy
) -> list[Period]:
    """Return the periods of all mobile operators that ended after ``begin`` and by ``end``."""
    found: list[Period] = []
    for version in mobile_operators_in_force(connection, end):
        if version.live_since is not None and version.mobile_operator.xdr_feeds:
            versions = mobile_operator_versions(connection, version.slug)
            found += owed_periods(versions, begin, end, policy)
    return found


def period_statuses(
    connection: Connection,
    slug: str,
    begin: datetime,
    end: datetime,
    policy: ProgramPolicy,
    now: datetime,
) -> list[PeriodStatus]:
    """
    Return how the periods of a mobile operator stand that ended in a time, oldest first.

    Raises:
        NotFound: There is no such mobile operator.
    """
    versions = mobile_operator_versions(connection, slug)
    periods = list(owed_periods(versions, begin, end, policy.xdr))
    found: list[PeriodStatus] = []
    for feed in sorted({one.feed for one in periods}):
        given_up = written_off(connection, slug, feed)
        of_feed = [one for one in periods if one.feed == feed]
        files = checked_files(connection, slug, feed, period_from=_first(of_feed), environment="P")
        found += [status_of(one, files, given_up, now) for one in of_feed]
    return sorted(found, key=lambda one: (one.period.start, one.period.feed))


def period_status(
    connection: Connection,
    slug: str,
    feed: str,
    start: datetime,
    policy: ProgramPolicy,
    now: datetime,
) -> PeriodStatus | None:
    """
    Return how one period stands, or None where no file of it is owed.

    Raises:
        NotFound: There is no such mobile operator.
    """
    found = period_statuses(connection, slug, start, now, policy, now)
    wanted = (feed, start)
    return next((one for one in found if (one.period.feed, one.period.start) == wanted), None)


def _first(periods: Sequence[Period]) -> datetime:
    return min(one.start for one in periods)
