"""What the portals do, in sentences for people who look at a run."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection

from include.mobile_plans.monitoring.planning import watched_in_force
from include.mobile_plans.monitoring.reading import (
    Outage,
    newest_sample,
    outages,
    portal_findings,
)
from include.mobile_plans.monitoring.slots import portal_target
from include.mobile_plans.policy.program import MonitoringPolicy

_RECENT = timedelta(hours=1)
_FINDINGS = {
    "degradation": "degraded: nearly all of its answers are bad",
    "unstable": "unstable: it was out again and again",
}


def situation(connection: Connection, policy: MonitoringPolicy, now: datetime) -> list[str]:
    """
    Say which portals are out, degraded or unstable now, and which were out within the last hour.

    A portal that is no longer watched is left out: nobody learns how it goes on.
    """
    watched = {portal_target(one.slug) for one in watched_in_force(connection, now)}
    newest = newest_sample(connection)
    seen = "none was seen yet" if newest is None else f"the newest slot is {_time(newest)}"
    lines = [f"{len(watched)} portal{'s' * (len(watched) != 1)} watched; {seen}"]
    lines += [
        outage_words(one, policy)
        for one in outages(connection, ended_after=now - _RECENT)
        if one.target in watched and one.origin == "probe"
    ]
    lines += [
        f"{one.target} is {_FINDINGS[one.kind]}, since {_time(one.since)}"
        for one in portal_findings(connection, only_open=True)
        if one.target in watched
    ]
    return lines


def outage_words(one: Outage, policy: MonitoringPolicy) -> str:
    """Say since when a portal is out, how sure that is, and whether it was escalated (M2)."""
    return "; ".join(_parts(one, policy))


def _parts(one: Outage, policy: MonitoringPolicy) -> Iterator[str]:
    before = "never seen good" if one.good_before is None else f"good at {_time(one.good_before)}"
    lasts = "is" if one.good_after is None else "was"
    yield f"{one.target} {lasts} out since {_time(one.first_bad)} ({before} before)"
    yield f"{one.bad_slots} bad slot{'s' * (one.bad_slots != 1)} up to {_time(one.last_bad)}"
    if one.escalated_at is not None:
        yield f"escalated at {_time(one.escalated_at)}"
    elif one.good_after is None and one.bad_slots >= policy.early_warning.bad_slots:
        due = one.first_bad + policy.outage.escalate_after
        yield f"EARLY WARNING: to be escalated after {_time(due)}"
    if one.good_after is not None:
        yield f"good again at {_time(one.good_after)}"


def _time(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"
