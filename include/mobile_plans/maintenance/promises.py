"""What the maintaining party owes: notice five business days ahead, and word of completion."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from include.mobile_plans.maintenance.desk import SYSTEM, Desk
from include.mobile_plans.maintenance.plans import PROGRAM, Plan
from include.mobile_plans.maintenance.rules import end_of
from include.mobile_plans.maintenance.state import Maintenance, Verdict, Word
from include.mobile_plans.obligations import (
    Obligation,
    Wanted,
    cancel,
    list_obligations,
    meet,
    open_obligation,
)


def watch(desk: Desk, maintenance: Maintenance) -> None:
    """Promise the earliest notice that can still be in time, so that nobody forgets to confirm."""
    proposal = maintenance.proposal
    assert proposal is not None  # noqa: S101 - only proposals wait
    ahead = [
        (verdict.deadline.instant, recipient)
        for recipient, verdict in proposal.verdicts.items()
        if verdict.told_at is None and verdict.deadline.instant > desk.now
    ]
    if ahead and proposal.plan.party == "program":
        _, first = min(ahead)
        verdict, since = proposal.verdicts[first], proposal.proposed_at
        _open_notice(desk, maintenance, proposal.plan, (first, verdict), since)


def give_notices(desk: Desk, maintenance: Maintenance, since: datetime) -> None:
    """
    Promise each recipient its notice (P1, P2), or keep that it was told.

    What is late already is promised when it is told: a reminder of what just left helps nobody.
    """
    plan = maintenance.plan
    assert plan is not None  # noqa: S101 - it was just told
    for recipient, verdict in maintenance.verdicts.items():
        if verdict.told_at is not None:
            meet_notice(desk, maintenance, recipient)
        elif verdict.deadline.instant > desk.now:
            _open_notice(desk, maintenance, plan, (recipient, verdict), since)


def meet_notice(desk: Desk, maintenance: Maintenance, recipient: str) -> None:
    """Keep that a recipient was told, at the instant its verdict says."""
    plan, verdict = maintenance.plan, maintenance.verdicts[recipient]
    assert plan is not None  # noqa: S101 - as above
    assert verdict.told_at is not None  # noqa: S101 - callers have just recorded it
    _open_notice(desk, maintenance, plan, (recipient, verdict), verdict.told_at)
    meet(
        desk.connection,
        _notice_key(maintenance, recipient, verdict),
        by=SYSTEM,
        evidence=f"event {maintenance.length} of {maintenance.stream}",
        received_at=verdict.told_at,
        now=desk.now,
    )


def promise_completion(desk: Desk, maintenance: Maintenance, since: datetime) -> Obligation:
    """Promise word of completion from an instant on (P3), once for each end there was."""
    plan = maintenance.plan
    assert plan is not None  # noqa: S101 - only what was told is completed
    return open_obligation(
        desk.connection,
        Wanted(
            kind="completion_notice",
            key=f"{maintenance.maintenance_id}:completion:{end_of(maintenance):%Y%m%dT%H%M%SZ}",
            subject=maintenance.stream,
            slug=plan.slug,
            debtor=plan.party,
            since=since,
        ),
        desk.policy,
        by=SYSTEM,
        now=desk.now,
    )


def meet_completion(desk: Desk, maintenance: Maintenance, word: Word) -> None:
    """Keep that completion was told; before the window's end too, where nothing was owed yet."""
    since = min(end_of(maintenance), word.at)
    promise = promise_completion(desk, maintenance, since).promise
    meet(
        desk.connection,
        promise.key,
        by=word.by,
        evidence=word.why,
        received_at=max(word.at, promise.since),
        now=desk.now,
    )


def release(
    desk: Desk,
    maintenance: Maintenance,
    by: str,
    reason: str,
    keep: Mapping[str, Verdict] = MappingProxyType({}),
) -> None:
    """Release what is still owed about a maintenance, but for the notices of these verdicts."""
    kept = {_notice_key(maintenance, *one) for one in keep.items()}
    for one in list_obligations(desk.connection, subject=maintenance.stream):
        if not one.is_closed and one.key not in kept:
            cancel(desk.connection, one.key, by=by, reason=reason, now=desk.now)


def _open_notice(
    desk: Desk, maintenance: Maintenance, plan: Plan, pair: tuple[str, Verdict], since: datetime
) -> None:
    recipient, verdict = pair
    wanted = Wanted(
        kind="maintenance_notice",
        key=_notice_key(maintenance, recipient, verdict),
        subject=maintenance.stream,
        slug=plan.slug if recipient == PROGRAM else recipient,
        debtor=plan.party,
        since=since,
        due=verdict.deadline,
    )
    open_obligation(desk.connection, wanted, desk.policy, by=SYSTEM, now=desk.now)


def _notice_key(maintenance: Maintenance, recipient: str, verdict: Verdict) -> str:
    return f"{maintenance.maintenance_id}:notice:{recipient}:{verdict.proposed_in}"
