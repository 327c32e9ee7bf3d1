"""Reading what monitoring knows: how fresh it is, and which outages and findings there are."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, or_, select

from include.mobile_plans.monitoring.planning import watched_in_force
from include.mobile_plans.monitoring.slots import (
    SlotState,
    excluded_spans,
    portal_target,
    slot_at,
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


def portal_statuses(
    connection: Connection, policy: MonitoringPolicy, now: datetime, within: timedelta
) -> list[PortalStatus]:
    """
    Return how each portal that is watched does, with its slots of the time just gone.

    Slots that may still be under way are left out; planned maintenance is as known now.
    """
    interval = policy.probe.interval
    begin = slot_at(now - within, interval)
    end = slot_at(now - interval - policy.probe.timeout, interval)
    watched = {portal_target(one.slug): one for one in watched_in_force(connection, now)}
    windows = _windows(connection, start_of(begin), start_of(end))
    since = {
        target: max(begin, slot_at(one.live_since or one.valid_from, interval))
        for target, one in watched.items()
    }
    spans = {
        target: excluded_spans(windows.get(one.slug, ()), since[target], end, interval)
        for target, one in watched.items()
    }
    seen: dict[str, Counter[str]] = {target: Counter() for target in watched}
    query = (
        select(probe_target.c.target, sample.c.slot, sample.c.state)
        .join_from(sample, probe_target)
        .where(sample.c.slot >= begin, sample.c.slot < end)
    )
    for target, slot, state in connection.execute(query):
        if target in seen and not any(first <= slot < after for first, after in spans[target]):
            seen[target][state] += 1
    rows = {row.target: row for row in connection.execute(select(probe_target))}
    return [
        PortalStatus(
            target=target,
            newest=_instant(rows[target].slot) if target in rows else None,
            last_known=_instant(rows[target].last_known) if target in rows else None,
            certificate_ends_at=rows[target].certificate_ends_at if target in rows else None,
            slots=_four_states(counts, spans[target], (end - since[target]), interval),
        )
        for target, counts in seen.items()
    ]


def _windows(
    connection: Connection, since: datetime, until: datetime
) -> dict[str, list[tuple[datetime, datetime]]]:
    query = select(exclusion).where(exclusion.c.starts_at < until, exclusion.c.ends_at > since)
    windows: dict[str, list[tuple[datetime, datetime]]] = {}
    for row in connection.execute(query):
        windows.setdefault(row.slug, []).append((row.starts_at, row.ends_at))
    return windows


def _four_states(
    seen: Counter[str], spans: Sequence[tuple[int, int]], all_s: int, interval: timedelta
) -> Mapping[SlotState, int]:
    """Complete what was seen outside of maintenance: all slots that are left are unknown."""
    length_s = whole_seconds(interval)
    counts = {state: seen[state] for state in (SlotState.GOOD, SlotState.BAD)}
    counts[SlotState.EXCLUDED] = sum(after - first for first, after in spans) // length_s
    counts[SlotState.UNKNOWN] = max(all_s // length_s - sum(counts.values()), 0)
    return counts


def _instant(slot: int | None) -> datetime | None:
    return None if slot is None else start_of(slot)
