"""
Incidents that monitoring opens: exactly one for each escalated outage, however often it looks.

Each outage is taken in a transaction of its own, in which the number of the incident is held, so
that two schedulers at once, or one after a crash, open it once. Many at once get one parent.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from include.mobile_plans.errors import BadInput
from include.mobile_plans.incidents.about import about
from include.mobile_plans.incidents.escalation import assess
from include.mobile_plans.incidents.mails import story, tell
from include.mobile_plans.incidents.records import (
    SYSTEM,
    append,
    find_incident,
    list_incidents,
    lock_incident,
    open_incident,
    parts_lasting,
    seen_lately,
)
from include.mobile_plans.incidents.rules import storm_reason
from include.mobile_plans.incidents.state import (
    GROUPED,
    RECOVERED,
    TROUBLE,
    Incident,
    Opening,
    Seen,
    seen_document,
)
from include.mobile_plans.incidents.statements import REACHABLE, decide
from include.mobile_plans.instants import format_instant
from include.mobile_plans.monitoring import Outage, outages, portal_findings
from include.mobile_plans.policy import ProgramPolicy, program_policy
from include.mobile_plans.simulation.clock import Clock
from include.mobile_plans.store import Store
from include.mobile_plans.store.tables import incident_trouble as table

_WORDS = {
    "outage": ("The MO Direct portal does not answer as expected", REACHABLE[2]),
    "degradation": ("The MO Direct portal answers hardly any probe as expected", REACHABLE[1]),
    "unstable": ("The MO Direct portal fails again and again for a short time", REACHABLE[1]),
}
"""What each kind of trouble is called, and what it states."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """
    Something monitoring found that is to be escalated.

    Attributes:
        key: Its name for good.
        slug: Whose portal.
        kind: An outage, degradation, or unstable.
        since: Since when.
        aware_at: When its rule fired: the program's first awareness (decision).
        ended_at: When it ended, or None while it lasts.
        seen: The edges of an outage.
    """

    key: str
    slug: str
    kind: str
    since: datetime
    aware_at: datetime
    ended_at: datetime | None
    seen: Seen | None = None


def open_for_outages(store: Store, clock: Clock) -> tuple[list[str], list[str]]:
    """
    Open an incident for everything monitoring escalated, and note what has recovered.

    Safe to call as often as wanted, from several processes at once.

    Returns:
        What was done, in words; and one line for each outage that could not be taken, which is
        tried again by the next call and keeps back nothing else.
    """
    done, problems = [], []
    with store.snapshot() as connection:
        found = troubles(connection, program_policy(), clock.now())
        known = _linked(connection, [one.key for one in found])
    for trouble in found:
        if trouble.key not in known:
            try:
                with store.transaction() as connection:
                    done += _take(connection, trouble, clock.now())
            except BadInput as problem:
                problems.append(f"{trouble.key}: {'; '.join(problem.problems)}")
    return [*done, *_note_recoveries(store, clock, found)], problems


def troubles(connection: Connection, policy: ProgramPolicy, now: datetime) -> list[Trouble]:
    """
    List what monitoring escalated, oldest first: as far back as samples are kept, and what lasts.

    Outages that were found in history afterwards are nothing to escalate any more.
    """
    recent = now - policy.monitoring.retention.hot_samples
    seen = {
        one.key: one
        for one in (*outages(connection, only_open=True), *outages(connection, since=recent))
        if one.origin == "probe"
    }
    found = [
        Trouble(
            key=f"{one.target}:{one.kind}:{format_instant(one.since)}",
            slug=one.slug,
            kind=one.kind,
            since=one.since,
            aware_at=one.since,
            ended_at=one.until,
        )
        for one in portal_findings(connection)
        if one.until is None or one.since >= recent
    ]
    found += [
        Trouble(
            key=one.key,
            slug=one.slug,
            kind="outage",
            since=one.first_bad,
            aware_at=one.escalated_at,
            ended_at=one.good_after,
            seen=_seen(one, policy),
        )
        for one in seen.values()
        if one.escalated_at is not None
    ]
    return sorted(found, key=lambda one: (one.aware_at, one.key))


def _seen(outage: Outage, policy: ProgramPolicy) -> Seen:
    slots = (outage.last_bad - outage.first_bad) // policy.monitoring.probe.interval + 1
    return Seen(
        good_before=outage.good_before,
        first_bad=outage.first_bad,
        last_bad=outage.last_bad,
        bad_slots=outage.bad_slots,
        coverage=outage.bad_slots / slots,
    )


def incidents_of(connection: Connection, keys: Collection[str]) -> dict[str, str]:
    """Return which incident each outage or finding of monitoring belongs to, where it has one."""
    query = select(table.c.trouble, table.c.incident_id).where(table.c.trouble.in_(keys))
    return {row.trouble: row.incident_id for row in connection.execute(query)}


def _linked(connection: Connection, keys: list[str]) -> set[str]:
    return set(connection.scalars(select(table.c.trouble).where(table.c.trouble.in_(keys))))


def _take(connection: Connection, trouble: Trouble, now: datetime) -> list[str]:
    """Open the incident of a trouble, or let it join the one of that portal that still lasts."""
    what, portal = _WORDS[trouble.kind]
    running = [
        one
        for one in list_incidents(connection, slug=trouble.slug, only_open=True)
        if (one.opening.told_by, one.opening.service) == ("program", "portal")
        and one.recovered_at is None
        and one.opening.source != trouble.key
    ]
    if running:
        incident, is_new = lock_incident(connection, running[-1].incident_id), False
    else:
        opening = Opening(
            source=trouble.key,
            told_by="program",
            service="portal",
            slug=trouble.slug,
            what=what,
            since=trouble.since,
            aware_at=trouble.aware_at,
            channel="monitoring",
            seen=trouble.seen,
        )
        incident, is_new = open_incident(connection, opening, by=SYSTEM, now=now)
    if _linked(connection, [trouble.key]):
        return []
    row = {"trouble": trouble.key, "incident_id": incident.incident_id}
    connection.execute(table.insert().values(row))
    incident = append(connection, incident, TROUBLE, {"trouble": trouble.key}, now=now)
    if is_new:
        incident = _group(connection, incident, now)
    if incident.severity != "high":
        degraded, stated = trouble.kind == "degradation", {"portal": portal}
        decision = decide(stated, since=trouble.since, now=now, degraded=degraded)
        assess(connection, incident, decision, by=SYSTEM, now=now)
    return [f"{incident.incident_id} {'opened' if is_new else 'joined'} for {trouble.key}"]


def _group(connection: Connection, incident: Incident, now: datetime) -> Incident:
    """Give an incident the parent of the many it is one of, and that parent its first parts."""
    storm, seen = program_policy().incidents.storm, incident.seen
    lately = seen_lately(connection, now - storm.within)
    coverage = seen.coverage if seen else None
    reason = storm_reason([slug for _, slug, _ in lately], coverage, storm)
    if reason is None:
        return incident
    known = max((parent for *_, parent in lately if parent is not None), default=None)
    parent_id = known or _open_parent(connection, incident, reason, now)
    alone = [lock_incident(connection, one) for one, _, parent in lately if parent is None]
    parts = [append(connection, one, GROUPED, {"parent": parent_id}, now=now) for one in alone]
    if known is None:
        named = [
            (one.incident_id, about(connection, one, now).name, one.opening.since) for one in parts
        ]
        told = about(connection, find_incident(connection, parent_id), now)
        tell(connection, told, "program", "incident_storm", {"parts": named}, part="storm")
    return find_incident(connection, incident.incident_id)


def _open_parent(connection: Connection, first: Incident, reason: str, now: datetime) -> str:
    opening = Opening(
        source=f"storm:{first.incident_id}",
        told_by="program",
        service="portal",
        slug=None,
        what=f"{reason[0].upper()}{reason[1:]}",
        since=first.opening.since,
        aware_at=now,
        channel="monitoring",
    )
    parent, _ = open_incident(connection, opening, by=SYSTEM, now=now)
    decision = decide({}, since=opening.since, now=now, override=("high", reason))
    return assess(connection, parent, decision, by=SYSTEM, now=now).incident_id


def _note_recoveries(store: Store, clock: Clock, found: list[Trouble]) -> list[str]:
    """Note of each open incident that all of its outages and findings have ended."""
    ended = {one.key: (one.ended_at, one.seen) for one in found if one.ended_at is not None}
    recovered = []
    with store.snapshot() as connection:
        lasting = list_incidents(connection, states=("unassessed", "open", "paused"))
    for incident_id in [one.incident_id for one in lasting if _is_over(one, ended)]:
        with store.transaction() as connection:
            now, incident = clock.now(), lock_incident(connection, incident_id)
            if incident.is_ended or not _is_over(incident, ended):
                continue
            at, seen = max((ended[key] for key in incident.troubles), key=lambda one: one[0])
            data = {"seen": seen_document(seen)}
            incident = append(connection, incident, RECOVERED, data, now=now, received_at=at)
            _propose_resolution(connection, incident, now)
            recovered.append(f"{incident_id} recovered")
    return recovered


def _propose_resolution(connection: Connection, incident: Incident, now: datetime) -> None:
    """Propose to the program to resolve it; of many, their parent once the last one recovered."""
    if incident.parent is not None:
        if parts_lasting(connection, incident.parent):
            return
        incident = find_incident(connection, incident.parent)
    told, part = about(connection, incident, now), incident.events[-1].position
    tell(connection, told, "program", "incident_recovered", story(told), part=part)


def _is_over(incident: Incident, ended: dict[str, tuple[datetime, Seen | None]]) -> bool:
    lasts = incident.recovered_at is None and bool(incident.troubles)
    return lasts and all(key in ended for key in incident.troubles)
