"""Reading what monitoring knows: how fresh it is, and which outages and findings there are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from include.mobile_plans.monitoring.slots import SlotState, portal_target, slug_of, start_of
from include.mobile_plans.policy import mobile_operators_in_force
from include.mobile_plans.policy.program import MonitoringPolicy
from include.mobile_plans.store.tables import outage, portal_finding, probe_target, sample


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
    A live portal without a recent sample.

    Attributes:
        target: Which.
        newest: Its newest slot, None if it never had one.
        age: How old that is, or how long it is live without one.
    """

    target: str
    newest: datetime | None
    age: timedelta


def outages(
    connection: Connection,
    *,
    slug: str | None = None,
    since: datetime | None = None,
    only_open: bool = False,
) -> list[Outage]:
    """Return outages, oldest first: of one mobile operator, still open, or begun since then."""
    query = select(outage).order_by(outage.c.first_bad, outage.c.target)
    if slug is not None:
        query = query.where(outage.c.slug == slug)
    if since is not None:
        query = query.where(outage.c.first_bad >= since)
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
    slot = connection.scalar(select(func.max(probe_target.c.slot)))
    return None if slot is None else start_of(slot)


def silences(connection: Connection, policy: MonitoringPolicy, now: datetime) -> Sequence[Silence]:
    """
    List the live portals whose newest sample is older than policy allows: our prober is silent.

    Args:
        connection: A read.
        policy: ``alerts.oldest_sample`` is how old.
        now: The current instant.
    """
    newest = {
        row.target: start_of(row.slot)
        for row in connection.execute(select(probe_target.c.target, probe_target.c.slot))
        if row.slot is not None
    }
    found = []
    for version in mobile_operators_in_force(connection, now):
        if version.state != "live" or not version.mobile_operator.monitoring.probed:
            continue
        target = portal_target(version.slug)
        # Since it is live, and since its record allows probing: neither is our silence.
        live = max(version.live_since or version.valid_from, version.valid_from)
        age = now - max(newest.get(target, live), live)
        if age > policy.alerts.oldest_sample:
            found.append(Silence(target=target, newest=newest.get(target), age=age))
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
