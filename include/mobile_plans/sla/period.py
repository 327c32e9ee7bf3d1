"""Everything statements of a period are made from, read once for any number of mobile operators."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from include.mobile_plans.incidents import incidents_of
from include.mobile_plans.maintenance import Maintenance
from include.mobile_plans.monitoring import bounds_of, outages, portal_target, slug_of, start_of
from include.mobile_plans.obligations import PromiseCount, count_promises
from include.mobile_plans.policy import ProgramPolicy
from include.mobile_plans.sla.disputes import Dispute, list_disputes
from include.mobile_plans.sla.figures import OnRecord
from include.mobile_plans.sla.kept import read_rollups
from include.mobile_plans.sla.rollup import Rollup, Span
from include.mobile_plans.sla.scopes import Circumstances, circumstances, days_between

LONGEST_OUTAGE = timedelta(days=31)
"""How far before a period its first outage is followed back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """
    A period of whole UTC days and what is known of it.

    Attributes:
        first_day: Its first day.
        last_day: Its last day, included.
        policy: The policy in force at its end.
        known: What decides over its days.
        rollups: By target, in order.
        earlier: By target, days before as far as an outage of the first day reaches back.
        on_record: The outages as they were told, by target.
        maintenances: All that were told.
        promises: Those due in it, by mobile operator.
        disputes: Those accepted that touch it, by target.
    """

    first_day: date
    last_day: date
    policy: ProgramPolicy
    known: Circumstances
    rollups: Mapping[str, list[Rollup]]
    earlier: Mapping[str, list[Rollup]]
    on_record: Mapping[str, list[OnRecord]]
    maintenances: tuple[Maintenance, ...]
    promises: Mapping[str, list[PromiseCount]]
    disputes: Mapping[str, list[Dispute]]

    @property
    def span(self) -> Span:
        """Its first slot, and the first after it."""
        return bounds_of(self.first_day)[0], bounds_of(self.last_day)[1]

    @property
    def is_over(self) -> bool:
        """Whether all of its slots are over."""
        return self.span[1] <= self.known.until


def read_period(
    connection: Connection,
    slugs: Collection[str],
    first_day: date,
    last_day: date,
    policy: ProgramPolicy,
    now: datetime,
) -> Period:
    """
    Read what statements of a period are made from.

    Args:
        connection: A snapshot; its rollups have been refreshed.
        slugs: Whose statements.
        first_day: The first day.
        last_day: The last day, included.
        policy: The policy in force now.
        now: The current instant.
    """
    known = circumstances(connection, days_between(first_day, last_day), policy, now, slugs)
    targets = [portal_target(slug) for slug in slugs]
    begin, end = start_of(bounds_of(first_day)[0]), start_of(bounds_of(last_day)[1])
    rollups = _by_target(read_rollups(connection, first_day, last_day, targets))
    return Period(
        first_day=first_day,
        last_day=last_day,
        policy=known.policy_on(last_day),
        known=known,
        rollups=rollups,
        earlier=_earlier(connection, rollups, first_day),
        on_record=_on_record(connection, slugs, end),
        maintenances=known.maintenances,
        promises=_by_slug(count_promises(connection, begin, end, slugs)),
        disputes=_disputes(connection, slugs, begin, end),
    )


def _by_target(rollups: Iterable[Rollup]) -> dict[str, list[Rollup]]:
    found: dict[str, list[Rollup]] = defaultdict(list)
    for one in rollups:
        found[one.target].append(one)
    return dict(found)


def _by_slug(counts: Iterable[PromiseCount]) -> dict[str, list[PromiseCount]]:
    found: dict[str, list[PromiseCount]] = defaultdict(list)
    for one in counts:
        found[one.slug].append(one)
    return dict(found)


def _earlier(
    connection: Connection, rollups: Mapping[str, list[Rollup]], first_day: date
) -> dict[str, list[Rollup]]:
    """Read the days before of each target that was bad before it was good on its first day."""
    begun = [
        target
        for target, days in rollups.items()
        if (edges := next((one.edges for one in days if one.good or one.bad), ()))
        and edges[0].before is None
    ]
    if not begun:
        return {}
    last_day = first_day - timedelta(days=1)
    found = _by_target(read_rollups(connection, first_day - LONGEST_OUTAGE, last_day, begun))
    return {target: _back_to_good(days) for target, days in found.items()}


def _back_to_good(days: list[Rollup]) -> list[Rollup]:
    """Return the last days from the newest one on that has a good slot."""
    good = [place for place, one in enumerate(days) if one.last_good is not None]
    return days[good[-1] :] if good else days


def _on_record(
    connection: Connection, slugs: Collection[str], end: datetime
) -> dict[str, list[OnRecord]]:
    only = next(iter(slugs)) if len(slugs) == 1 else None
    told = [one for one in outages(connection, slug=only) if one.first_bad < end]
    incidents = incidents_of(connection, [one.key for one in told if one.escalated_at])
    found: dict[str, list[OnRecord]] = defaultdict(list)
    for one in told:
        found[one.target].append(
            OnRecord(
                first_bad=int(one.first_bad.timestamp()),
                last_bad=int(one.last_bad.timestamp()),
                escalated=one.escalated_at is not None,
                incident=incidents.get(one.key),
            )
        )
    return dict(found)


def _disputes(
    connection: Connection, slugs: Collection[str], begin: datetime, end: datetime
) -> dict[str, list[Dispute]]:
    found: dict[str, list[Dispute]] = defaultdict(list)
    for one in list_disputes(connection, states=("accepted",)):
        if slug_of(one.target) in slugs and one.starts_at < end and begin < one.ends_at:
            found[one.target].append(one)
    return dict(found)
