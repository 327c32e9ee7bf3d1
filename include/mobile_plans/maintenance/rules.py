"""Five business days, collisions, what is told next, which minutes are left out (P1 to P3)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from include.mobile_plans.calendar import deadline
from include.mobile_plans.maintenance.plans import PROGRAM, Plan
from include.mobile_plans.maintenance.state import (
    ENDED,
    OVERRAN,
    REMINDED,
    STARTED,
    Maintenance,
    Proposal,
    Verdict,
)
from include.mobile_plans.policy import MobileOperator, ProgramPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing the clock tells of a maintenance, and when it is due."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """Minutes that availability leaves out, because of which maintenance; the end not included."""

    maintenance_id: str
    starts_at: datetime
    ends_at: datetime


def verdicts_of(
    plan: Plan,
    mobile_operators: Mapping[str, MobileOperator],
    policy: ProgramPolicy,
    before: Maintenance | None = None,
) -> dict[str, Verdict]:
    """
    Say by when each recipient must be told, on the calendars of both of its pair (P1, P2).

    A plan within the one that was told keeps what was judged then; any other one is told anew.

    Args:
        plan: What is to be told, its recipients named.
        mobile_operators: Those concerned, by slug.
        policy: The program's policy: its calendar, and how many business days.
        before: The maintenance whose window is moved, or None.

    Raises:
        BadInput: A calendar does not reach that far.
    """
    told = before.plan if before else None
    kept = before.verdicts if before and told and plan.is_within(told) else {}
    found = dict(kept)
    for recipient in plan.recipients:
        other = plan.maintained_by if recipient == PROGRAM else recipient
        parties = (policy.calendars.program.party, mobile_operators[other].calendar.party)
        days = policy.maintenance.notice_lead.business_days
        if recipient not in kept:
            found[recipient] = Verdict(
                deadline=deadline(plan.window.starts_at, days, parties),
                calendars=tuple(dict.fromkeys(str(party) for party in parties)),
                proposed_in=1 + (before.length if before else 0),
            )
    return found


def plan_problems(plan: Plan, known: Mapping[str, MobileOperator], now: datetime) -> Iterator[str]:
    """Say why a plan cannot be told: nobody to tell, somebody unknown, or it has begun."""
    for slug in sorted(plan.mobile_operators - known.keys()):
        yield f"mobile operator {slug!r} is unknown: known are {', '.join(known) or 'none'}"
    if not plan.recipients:
        yield "no mobile operator is live: name the recipients"
    if plan.party == "program" and plan.window.starts_at <= now:
        yield f"the window has begun, {plan.window}: give one that is still to come"


def send_by(verdicts: Mapping[str, Verdict]) -> datetime | None:
    """Return the earliest deadline of those who were not told yet, or None."""
    untold = [one.deadline.instant for one in verdicts.values() if one.told_at is None]
    return min(untold, default=None)


def reservations(proposal: Proposal, told_at: datetime) -> list[str]:
    """List why a named person has to confirm a proposal that would be told at an instant."""
    late = (
        f"late for {recipient}: due {verdict.deadline.instant:%a %d %b %Y %H:%M} UTC"
        for recipient, verdict in proposal.verdicts.items()
        if verdict.late_by(told_at) is not None and verdict.told_at is None
    )
    return [*late, *proposal.warnings]


def collisions(
    plan: Plan,
    others: Iterable[Maintenance],
    launches: Mapping[str, datetime],
    known: Mapping[str, MobileOperator],
    policy: ProgramPolicy,
) -> Iterator[str]:
    """
    Say what a plan collides with: windows of either party, launch days, freezes.

    Args:
        plan: What is to be told.
        others: All other maintenances.
        launches: When each mobile operator with an active launch is to go live.
        known: Every mobile operator.
        policy: The program's policy: its zone, and the freezes.
    """
    for other in others:
        theirs = other.latest_plan
        if (
            other.is_open
            and theirs is not None
            and theirs.window.overlaps(plan.window)
            and theirs.mobile_operators & plan.mobile_operators
        ):
            who = known[theirs.slug].name if theirs.slug else "the program"
            yield f"{other.maintenance_id} of {who} overlaps: {theirs.window}"
    days = _days(plan, ZoneInfo(policy.calendars.program.zone))
    for slug in sorted(plan.mobile_operators & launches.keys()):
        at = launches[slug]
        if at.astimezone(ZoneInfo(policy.calendars.program.zone)).date() in days:
            yield f"launch day: {known[slug].name} is to go live on {at:%a %d %b %Y %H:%M} UTC"
    for freeze in policy.launch.freezes:
        if any(freeze.first_day <= day <= freeze.last_day for day in days):
            yield f"freeze from {freeze.first_day} to {freeze.last_day}: {freeze.reason}"


def next_step(maintenance: Maintenance, policy: ProgramPolicy) -> Step | None:
    """
    Return what the clock tells next, whenever that is; each once for a window, in order.

    One that was told, or begun, after the time of its reminder is not reminded of.
    """
    plan = maintenance.plan
    if plan is None or not maintenance.is_open:
        return None
    ends_at = end_of(maintenance)
    times = {
        REMINDED: plan.window.starts_at - policy.maintenance.reminder_before,
        STARTED: plan.window.starts_at,
        ENDED: ends_at,
        OVERRAN: ends_at + policy.maintenance.completion_grace,
    }
    told_at = maintenance.announced_at
    done = {*maintenance.steps}
    if STARTED in done or (told_at is not None and told_at >= times[REMINDED]):
        done.add(REMINDED)
    return next((Step(name=name, at=at) for name, at in times.items() if name not in done), None)


def next_look(maintenance: Maintenance, policy: ProgramPolicy) -> datetime | None:
    """
    Return when it is to be looked at next, or None.

    At once while no run carries it, a mail server has not taken a notice, or completion is held
    back; else when something is due.
    """
    if not maintenance.is_open:
        return None
    if not maintenance.carried:
        return maintenance.begun_at
    if maintenance.report is not None or maintenance.untold:
        return maintenance.announced_at
    step = next_step(maintenance, policy)
    return None if step is None else step.at


def end_of(maintenance: Maintenance) -> datetime:
    """Return when a maintenance that was told is to end, extensions counted."""
    assert maintenance.plan is not None  # noqa: S101 - callers ask of those that were told
    return maintenance.extended_to or maintenance.plan.window.ends_at


def exclusions(maintenances: Iterable[Maintenance], slug: str, service: str) -> list[Exclusion]:
    """
    Return the minutes that availability leaves out for a mobile operator and service.

    Only windows that interrupt the service and were told in time, from their start to their
    announced end, or to the completion or cancellation where that came first; of each UTC month
    the first minutes up to what policy allowed when they were told. What two windows share counts
    once.

    Args:
        maintenances: All that were told, in any order.
        slug: The mobile operator.
        service: The service.
    """
    used: dict[tuple[int, int], timedelta] = {}
    found = []
    free_from = datetime.min.replace(tzinfo=UTC)
    for starts_at, ends_at, maintenance in sorted(
        _windows_in_time(maintenances, slug, service), key=lambda one: one[:2]
    ):
        for begin, end in _by_month(max(starts_at, free_from), ends_at):
            month = (begin.year, begin.month)
            left = maintenance.excluded_per_month - used.get(month, timedelta())
            end = min(end, begin + max(left, timedelta()))  # noqa: PLW2901 - cut to what is left
            if begin < end:
                used[month] = used.get(month, timedelta()) + (end - begin)
                found.append(
                    Exclusion(
                        maintenance_id=maintenance.maintenance_id, starts_at=begin, ends_at=end
                    )
                )
        free_from = max(free_from, ends_at)
    return found


def overruns(maintenances: Iterable[Maintenance], slug: str, service: str) -> list[Exclusion]:
    """
    Return the time after each window that availability may leave out, until it was completed.

    Such a time is not left out. That of one which is not completed or cancelled never ends.

    Args:
        maintenances: All that were told, in any order.
        slug: The mobile operator.
        service: The service.
    """
    times = [
        (one.maintenance_id, ends_at, one.closed_at or datetime.max.replace(tzinfo=UTC))
        for _, ends_at, one in _windows_in_time(maintenances, slug, service)
    ]
    return [
        Exclusion(maintenance_id=maintenance_id, starts_at=ends_at, ends_at=closed_at)
        for maintenance_id, ends_at, closed_at in times
        if ends_at < closed_at
    ]


def _windows_in_time(
    maintenances: Iterable[Maintenance], slug: str, service: str
) -> Iterator[tuple[datetime, datetime, Maintenance]]:
    for one in maintenances:
        plan = one.plan
        if plan is None or plan.service != service or not plan.interrupts:
            continue
        told = PROGRAM if plan.maintained_by == slug else slug
        verdict = one.verdicts.get(told) if slug in plan.mobile_operators else None
        if verdict is not None and verdict.is_in_time:
            ends_at = min(plan.window.ends_at, one.closed_at or plan.window.ends_at)
            yield plan.window.starts_at, ends_at, one


def _by_month(begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Cut an interval at the first instants of UTC months."""
    while begin < end:
        first = begin.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        following = (first + timedelta(days=32)).replace(day=1)
        yield begin, min(end, following)
        begin = following


def _days(plan: Plan, zone: ZoneInfo) -> set[date]:
    """Return every day of a zone that a window touches."""
    first = plan.window.starts_at.astimezone(zone).date()
    last = (plan.window.ends_at - timedelta(microseconds=1)).astimezone(zone).date()
    return {first + timedelta(days=n) for n in range((last - first).days + 1)}
