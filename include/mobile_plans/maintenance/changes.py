"""What can happen to a maintenance: told, moved, extended, completed, cancelled (P1 to P3)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from include.mobile_plans.errors import BadInput, Conflict
from include.mobile_plans.instants import format_instant
from include.mobile_plans.maintenance import promises
from include.mobile_plans.maintenance.desk import Desk
from include.mobile_plans.maintenance.mails import tell, tell_maintainer
from include.mobile_plans.maintenance.plans import PORTAL, Plan
from include.mobile_plans.maintenance.rules import (
    collisions,
    end_of,
    plan_problems,
    reservations,
    verdicts_of,
)
from include.mobile_plans.maintenance.state import (
    ANNOUNCED,
    CANCELLED,
    COMPLETED,
    ENDED,
    EXTENDED,
    HELD_BACK,
    OVERRAN,
    PROPOSED,
    RECEIVED,
    RESCHEDULED,
    STARTED,
    WITHDRAWN,
    Maintenance,
    Proposal,
    Word,
)


def preview(desk: Desk, plan: Plan, word: Word, before: Maintenance | None = None) -> Proposal:
    """
    Judge a plan as if it were proposed now: by when each must be told, what it collides with.

    Args:
        desk: A read of the store is enough.
        plan: What is planned; without recipients, all live mobile operators are.
        word: Who proposes it.
        before: The maintenance it belongs to, or None.

    Raises:
        BadInput: The plan is not possible, or a mobile operator is unknown.
    """
    known = desk.mobile_operators()
    live = tuple(slug for slug, one in known.items() if one.state == "live")
    plan = replace(plan, recipients=plan.recipients or live)
    problems = [*plan_problems(plan, known, desk.now)]
    if problems:
        raise BadInput(*problems)
    own = before.maintenance_id if before else None
    others = [one for one in desk.all(only_open=True) if one.maintenance_id != own]
    launches = desk.outlook.launch_days(desk.connection)
    return Proposal(
        plan=plan,
        verdicts=verdicts_of(plan, known, desk.policy, before),
        warnings=tuple(collisions(plan, others, launches, known, desk.policy)),
        proposed_at=word.at,
        reason=word.why,
    )


def propose(desk: Desk, plan: Plan, word: Word, before: Maintenance | None = None) -> Maintenance:
    """
    Record a plan that nobody is told of yet; while it waits, its earliest deadline is a promise.

    Arguments are those of ``preview``, on a write transaction and with ``before`` locked.

    Raises:
        BadInput: The plan is not possible, or a mobile operator is unknown.
        Conflict: The maintenance has begun.
    """
    if before is not None and STARTED in before.steps:
        msg = f"{before.maintenance_id} is under way: extend, complete or cancel it"
        raise Conflict(msg)
    facts = {"proposal": preview(desk, plan, word, before)}
    after = desk.record(before, PROPOSED, word, facts)
    promises.watch(desk, after)
    return after


def announce(desk: Desk, maintenance_id: str, word: Word) -> Maintenance:
    """
    Tell a proposal to its recipients, or keep that a mobile operator told us (P1, P2).

    Args:
        desk: The write transaction.
        maintenance_id: The maintenance.
        word: Who decides it; where it is late for somebody or collides, also why. Of a mobile
            operator's, when its notice reached us.

    Raises:
        Conflict: Nothing is proposed.
        BadInput: It is late or collides, and no reason is given; its window has begun meanwhile;
            or a mail cannot be written.
    """
    before = desk.lock(maintenance_id)
    proposal = before.proposal
    if proposal is None:
        msg = f"nothing is proposed for {maintenance_id}: it was told already"
        raise Conflict(msg)
    is_ours = proposal.plan.party == "program"
    problems = [*plan_problems(proposal.plan, desk.mobile_operators(), desk.now)]
    if problems:
        raise BadInput(*problems, "withdraw it")
    doubts = reservations(proposal, desk.now) if is_ours else []
    if doubts and not word.why:
        raise BadInput(*doubts, "a named person confirms that with a reason")
    told_at = desk.now if is_ours else word.at
    verdicts = dict(proposal.verdicts)
    if not is_ours:
        verdicts = {r: v if v.told_at else replace(v, told_at=told_at) for r, v in verdicts.items()}
    promises.release(desk, before, word.by, "told anew", keep=verdicts)
    facts = {
        "plan": proposal.plan,
        "proposal": None,
        "verdicts": verdicts,
        "announced": before.length + 1,
        "announced_at": told_at,
        "confirmed_by": word.by if doubts else None,
        "reason": word.why or proposal.reason,
        "excluded_per_month": desk.policy.maintenance.excluded_per_month,
        "steps": (),
    }
    # What the program's window collides with may be another mobile operator's.
    warnings = () if is_ours else proposal.warnings
    kind = RESCHEDULED if before.plan else ANNOUNCED
    after = record_and_tell(desk, before, kind, replace(word, at=told_at), facts, warnings=warnings)
    promises.give_notices(desk, after, proposal.proposed_at)
    if not is_ours:
        tell_maintainer(desk, after, RECEIVED, warnings=warnings)
    return after


def reschedule(desk: Desk, before: Maintenance, plan: Plan, word: Word) -> Maintenance:
    """
    Move a window: the five-day rule starts anew, unless it lies inside the one that was told.

    One of the program that is late or collides is only proposed: a named person confirms it.

    Raises:
        BadInput: It is the same window, or not possible.
        Conflict: The maintenance has begun.
    """
    if before.plan == plan:
        msg = f"{before.maintenance_id} has that window already: {plan.window}"
        raise BadInput(msg)
    after = propose(desk, plan, word, before)
    assert after.proposal is not None  # noqa: S101 - just proposed
    if plan.party == "program" and reservations(after.proposal, desk.now):
        return after
    return announce(desk, after.maintenance_id, word)


def extend(desk: Desk, before: Maintenance, ends_at: datetime, word: Word) -> Maintenance:
    """
    Give a maintenance that is under way more time; the minutes past its told end still count.

    Raises:
        BadInput: It has not begun, or the new end is not later.
    """
    if STARTED not in before.steps:
        msg = f"{before.maintenance_id} has not begun: reschedule it"
        raise BadInput(msg)
    if ends_at <= end_of(before):
        msg = (
            f"{before.maintenance_id} is to end {format_instant(end_of(before))}: an extension "
            f"ends later, not {format_instant(ends_at)}"
        )
        raise BadInput(msg)
    promises.release(desk, before, word.by, f"extended: {word.why}", keep=before.verdicts)
    steps = tuple(step for step in before.steps if step not in (ENDED, OVERRAN))
    facts = {"extended_to": ends_at, "steps": steps, "reason": word.why, "report": None}
    return record_and_tell(desk, before, EXTENDED, word, facts)


def complete(desk: Desk, before: Maintenance, word: Word) -> Maintenance:
    """
    Tell everybody that it is complete (P3), unless monitoring still sees the service fail.

    Then it is held back, the maintaining party hears why, and ``release_report`` tells it later.

    Raises:
        BadInput: It has not begun.
    """
    plan = before.plan
    if plan is None or (word.at < plan.window.starts_at and STARTED not in before.steps):
        msg = f"{before.maintenance_id} has not begun: cancel it, if it does not take place"
        raise BadInput(msg)
    if failing := _failing(desk, plan):
        after = desk.record(before, HELD_BACK, word, {"report": word})
        known = desk.mobile_operators()
        names = {known[slug].name: since for slug, since in failing.items()}
        tell_maintainer(desk, after, HELD_BACK, failing=names)
        return after
    facts = {"closed": "completed", "closed_at": word.at, "report": None}
    after = record_and_tell(desk, before, COMPLETED, word, facts)
    promises.meet_completion(desk, after, word)
    return after


def release_report(desk: Desk, before: Maintenance) -> Maintenance:
    """
    Tell a completion that was held back, once the service is well.

    It counts from now: while the service failed, it was not complete.
    """
    if before.report is None or before.plan is None or _failing(desk, before.plan):
        return before
    return complete(desk, before, replace(before.report, at=desk.now))


def cancel(desk: Desk, before: Maintenance, word: Word) -> Maintenance:
    """Cancel a maintenance: whoever was told of it hears of it, and nothing is owed any more."""
    promises.release(desk, before, word.by, f"cancelled: {word.why}")
    facts = {"closed": "cancelled", "closed_at": word.at, "reason": word.why}
    if before.plan is None:
        return desk.record(before, CANCELLED, word, facts)
    return record_and_tell(desk, before, CANCELLED, word, facts)


def withdraw(desk: Desk, maintenance_id: str, word: Word) -> Maintenance:
    """Take back what was proposed; a window that was told before stands."""
    before = desk.lock(maintenance_id)
    if before.plan is None:
        return cancel(desk, before, word)
    promises.release(desk, before, word.by, f"withdrawn: {word.why}", keep=before.verdicts)
    return desk.record(before, WITHDRAWN, word, {"proposal": None})


def record_and_tell(
    desk: Desk, before: Maintenance, kind: str, word: Word, facts: Mapping[str, Any], **shown: Any
) -> Maintenance:
    """Record what happened, and tell it to every recipient with the next version of the entry."""
    after = desk.record(before, kind, word, {**facts, "sequence": before.sequence + 1})
    tell(desk, after, kind, **shown)
    return after


def _failing(desk: Desk, plan: Plan) -> Mapping[str, datetime]:
    """Return whose portals fail since when, where it is portals that are maintained."""
    if plan.service != PORTAL:
        return {}
    return desk.outlook.failing(desk.connection, plan.mobile_operators, desk.now)
