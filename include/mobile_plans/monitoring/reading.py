"""Reading what monitoring knows: how fresh it is, and which outages and findings there are."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, or_, select

from include.mobile_plans.monitoring.planning import watched_in_force
from include.mobile_plans.monitoring.slots import (
    SlotState,
    portal_target,
    slot_at,
    slug_of,
    start_of,
    whole_seconds,
)
from include.mobile_plans.policy.program import MonitoringPolicy
from include.mobile_plans.store.tables import (
    exclusion,
    outage,
    portal_finding,
    probe_target,
    sample,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """
    One outage on record.

    Attributes:
        key: Its name for good.
        target: What was out.
        slug: Whose it is.
        good_before: The last good slot before, None if none was seen.
        first_bad: Its first bad slot.
        last_bad: Its newest bad slot.
        bad_slots: How many slots were seen bad.
        escalated_at: The slot in which it was escalated (M2), or None.
        good_after: The good slot that ended it, None while it lasts.
        origin: ``probe`` as it was watched; ``history`` where the rules were run afterwards, which
            is nothing to escalate any more.
    """

    key: str
    target: str
    slug: str
    good_before: datetime | None
    first_bad: datetime
    last_bad: datetime
    bad_slots: int
    escalated_at: datetime | None
    good_after: datetime | None
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalFinding:
    """A degraded or unstable portal: ``kind``, and ``until`` None while it lasts."""

    target: str
    slug: str
    kind: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """
    A portal that should be watched and of which nothing was learnt lately.

    Attributes:
        target: Which.
        since: The newest slot in which it was good or bad; since when it is to be watched, if none.
        is_probed: Whether it was asked lately all the same: we are cut off, or short of something.
    """

    target: str
    since: datetime
    is_probed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalStatus:
    """
    How a portal that is watched does.

    Attributes:
        target: Which.
        newest: Its newest slot, None before the first.
        last_known: The newest slot in which it was good or bad.
        certificate_ends_at: Until when its certificate is valid, as last seen.
        slots: How many slots of the time looked at were in each state.
    """

    target: str
    newest: datetime | None
    last_known: datetime | None
    certificate_ends_at: datetime | None
    slots: Mapping[SlotState, int]


def outages(
    connection: Connection,
    *,
    slug: str | None = None,
    since: datetime | None = None,
    ended_after: datetime | None = None,
    only_open: bool = False,
) -> list[Outage]:
    """
    Return outages, oldest first.

    Args:
        connection: A read.
        slug: Only those of this mobile operator.
        since: Only those that began at or after it.
        ended_after: Only those that last or ended after it.
        only_open: Only those that last.
    """
    query = select(outage).order_by(outage.c.first_bad, outage.c.target)
    if slug is not None:
        query = query.where(outage.c.slug == slug)
    if since is not None:
        query = query.where(outage.c.first_bad >= since)
    if ended_after is not None:
        lasts = outage.c.good_after.is_(None)
        query = query.where(or_(lasts, outage.c.good_after > ended_after))
    if only_open:
        query = query.where(outage.c.good_after.is_(None))
    names = [name for name in Outage.__dataclass_fields__ if name != "key"]
    return [
        Outage(key=row.outage_key, **{name: getattr(row, name) for name in names})
        for row in connection.execute(query)
    ]


def portal_findings(
    connection: Connection, *, slug: str | None = None, only_open: bool = False
) -> list[PortalFinding]:
    """Return findings, oldest first."""
    query = select(portal_finding).order_by(portal_finding.c.since, portal_finding.c.target)
    if slug is not None:
        query = query.where(portal_finding.c.slug == slug)
    if only_open:
        query = query.where(portal_finding.c.until.is_(None))
    names = PortalFinding.__dataclass_fields__
    return [
        PortalFinding(**{name: getattr(row, name) for name in names})
        for row in connection.execute(query)
    ]


def newest_sample(connection: Connection) -> datetime | None:
    """Return the start of the newest slot recorded for any target, or None."""
    return _instant(connection.scalar(select(func.max(probe_target.c.slot))))


def silences(connection: Connection, policy: MonitoringPolicy, now: datetime) -> Sequence[Silence]:
    """
    List the portals of which nothing was learnt for longer than policy allows: we are blind.

    Args:
        connection: A read.
        policy: ``alerts.oldest_sample`` is how long.
        now: The current instant.
    """
    too_old = now - policy.alerts.oldest_sample
    rows = {row.target: row for row in connection.execute(select(probe_target))}
    found = []
    for version in watched_in_force(connection, now):
        row = rows.get(portal_target(version.slug))
        newest, last_known = (row.slot, row.last_known) if row else (None, None)
        # Since it is live, and since its record allows probing: neither is our silence.
        watched = max(version.live_since or version.valid_from, version.valid_from)
        since = max(_instant(last_known) or watched, watched)
        if since < too_old:
            is_probed = newest is not None and start_of(newest) >= too_old
            target = portal_target(version.slug)
            found.append(Silence(target=target, since=since, is_probed=is_probed))
    return found


def failing_portals(
    connection: Connection, slugs: Iterable[str], policy: MonitoringPolicy, now: datetime
) -> dict[str, datetime]:
    """
    Return whose portals fail, and since when: their newest sample is bad, and not old.

    What is excluded for planned maintenance was seen all the same, so it counts here.

    Args:
        connection: A read.
        slugs: Whose portals.
        policy: ``alerts.oldest_sample`` is how old a sample may be.
        now: The current instant.
    """
    targets = [portal_target(slug) for slug in slugs]
    fresh = int((now - policy.alerts.oldest_sample).timestamp())
    query = (
        select(probe_target.c.target, probe_target.c.slot)
        .join(sample, sample.c.target_id == probe_target.c.target_id)
        .where(sample.c.slot == probe_target.c.slot, probe_target.c.target.in_(targets))
        .where(sample.c.state == SlotState.BAD.value, probe_target.c.slot >= fresh)
    )
    since = {one.target: one.first_bad for one in outages(connection, only_open=True)}
    return {
        slug_of(row.target): since.get(row.target, start_of(row.slot))
        for row in connection.execute(query)
    }


def portal_statuses(
    connection: Connection, policy: MonitoringPolicy, now: datetime, within: timedelta
) -> list[PortalStatus]:
    """
    Return how each portal that is watched does, with its slots of the time just gone.

    Slots that may still be under way are left out. Planned maintenance is as known now, whatever
    was known when the slots were recorded; slots without a sample are unknown.
    """
    interval = policy.probe.interval
    begin, end = (
        slot_at(now - within, interval),
        slot_at(now - interval - policy.probe.timeout, interval),
    )
    rows: dict[str, Any] = {row.target: row for row in connection.execute(select(probe_target))}
    query = select(sample.c.target_id, sample.c.slot, sample.c.state)
    found = connection.execute(query.where(sample.c.slot >= begin, sample.c.slot < end))
    seen = {(row.target_id, row.slot): SlotState(row.state) for row in found}
    windows = connection.execute(
        select(exclusion).where(exclusion.c.ends_at > start_of(begin))
    ).all()

    def state_of(slug: str, target_id: int | None, slot: int) -> SlotState:
        for window in windows:
            if window.slug == slug and window.starts_at <= start_of(slot) < window.ends_at:
                return SlotState.EXCLUDED
        return seen.get((target_id, slot), SlotState.UNKNOWN)

    statuses = []
    for version in watched_in_force(connection, now):
        target = portal_target(version.slug)
        row = rows.get(target)
        live = max(begin, slot_at(version.live_since or version.valid_from, interval))
        slots = range(live, end, whole_seconds(interval))
        states = Counter(state_of(version.slug, row and row.target_id, slot) for slot in slots)
        statuses.append(
            PortalStatus(
                target=target,
                newest=_instant(row and row.slot),
                last_known=_instant(row and row.last_known),
                certificate_ends_at=row and row.certificate_ends_at,
                slots={state: states[state] for state in SlotState},
            )
        )
    return statuses


def _instant(slot: int | None) -> datetime | None:
    return None if slot is None else start_of(slot)
