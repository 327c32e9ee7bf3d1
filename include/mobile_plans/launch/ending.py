"""The date of a launch moves, or the launch ends: live, or cancelled (L10)."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import format_instant, require_utc
from include.mobile_plans.launch.asked import Asked, asked_about, launch_in_context
from include.mobile_plans.launch.mails import announce_live, tell_cancellation, tell_postponement
from include.mobile_plans.launch.records import append_to, end_launch, lock_launch, record_check
from include.mobile_plans.launch.rules import (
    FINAL_SIGN_OFF,
    PARTIES,
    date_problems,
    go_live_obstacles,
)
from include.mobile_plans.launch.state import POSTPONED, Launch
from include.mobile_plans.obligations import cancel, list_obligations
from include.mobile_plans.policy import PartyName, change_state, signer_problem
from include.mobile_plans.questions import Run

GO_LIVE_CHECK = "Go-live"


def postpone_launch(
    connection: Connection,
    launch_id: str,
    target_at: datetime,
    *,
    by: str,
    reason: str,
    agreed: Mapping[PartyName, str],
    evidence: str,
    now: datetime,
) -> Launch:
    """
    Give an active launch another date, which a named person of each party agreed to.

    Args:
        connection: The write transaction.
        launch_id: The launch.
        target_at: The new date, aware, in the future and outside every freeze.
        by: Who writes it down.
        reason: Why.
        agreed: The named person of each party.
        evidence: What proves that they agreed, such as the mobile operator's own mail.
        now: The current instant, aware UTC.

    Raises:
        NotFound: There is no such launch.
        NaiveDatetime: The new date has no time zone.
        BadInput: The date, the persons, the reason or the evidence does not do.
        Conflict: The launch is live or cancelled.
    """
    lock_launch(connection, launch_id)
    target_at = require_utc(target_at, "the new date")
    asked = launch_in_context(connection, launch_id, now)
    before = asked.launch.target_at
    problems = date_problems(target_at, asked.policy, now)
    if target_at == before:
        problems.append(f"the launch is due at {format_instant(before)} already")
    problems += [
        problem
        for party in PARTIES
        if (problem := signer_problem(agreed.get(party), asked.people(party), asked.whose(party)))
    ]
    given = {"by": by, "reason": reason, "evidence": evidence}
    problems += [f"a new date needs {name!r}" for name, text in given.items() if not text.strip()]
    if problems:
        raise BadInput(*problems)
    data = {
        "target_at": format_instant(target_at),
        "reason": reason,
        "agreed": {party: agreed[party] for party in PARTIES},
        "evidence": evidence,
    }
    append_to(connection, launch_id, POSTPONED, actor=by, now=now, data=data)
    asked = launch_in_context(connection, launch_id, now)
    tell_postponement(connection, asked, before)
    return asked.launch


def cancel_launch(
    connection: Connection, launch_id: str, *, by: str, reason: str, now: datetime
) -> Launch:
    """
    Cancel an active launch: both parties are told, and nothing is owed for it any more.

    Cancelling it again changes nothing.

    Raises:
        NotFound: There is no such launch.
        BadInput: The reason or the person is missing.
        Conflict: It is live.
    """
    if not reason.strip() or not by.strip():
        msg = "a launch is cancelled by a named person with a reason: give both"
        raise BadInput(msg)
    found = launch_in_context(connection, launch_id, now).launch
    if not end_launch(connection, found, "cancelled", by=by, reason=reason, now=now):
        return found
    for promise in list_obligations(connection, subject=found.stream):
        if not promise.is_closed:
            because = f"launch cancelled: {reason}"
            cancel(connection, promise.key, by=by, reason=because, now=now)
    asked = launch_in_context(connection, launch_id, now)
    tell_cancellation(connection, asked, by=by, reason=reason)
    return asked.launch


def may_go_live(connection: Connection, run: Run, now: datetime) -> list[str]:
    """
    List what keeps a launch from going live now, and keep in its record what is not the date.

    Args:
        connection: The write transaction.
        run: The run that carries the launch.
        now: The current instant, aware UTC.

    Raises:
        NotFound: The run carries no launch.
        BadInput: The launch was cancelled.
    """
    asked = asked_about(connection, run, now)
    if asked.launch.state == "live":
        return []
    obstacles = go_live_obstacles(asked.launch, asked.policy, now)
    is_due = now >= asked.launch.target_at
    before = asked.launch.checks.get(GO_LIVE_CHECK)
    detail = "; ".join(obstacles) or "nothing is in the way"
    if is_due and (before is None or before.detail != detail):
        record_check(
            connection, asked.launch, GO_LIVE_CHECK, passed=not obstacles, detail=detail, now=now
        )
    return obstacles


def bring_live(connection: Connection, run: Run, now: datetime) -> None:
    """
    Turn the record live, close the launch and tell both parties, all or nothing (L10).

    A task that is started again finds the launch live and changes nothing.

    Raises:
        NotFound: The run carries no launch.
        BadInput: Something is in the way, or the launch was cancelled.
    """
    asked = asked_about(connection, run, now)
    if asked.launch.state == "live":
        return
    of = lock_launch(connection, asked.launch.launch_id)
    obstacles = go_live_obstacles(of, asked.policy, now)
    if obstacles:
        raise BadInput(*obstacles)
    by = _signer(asked)
    change_state(
        connection,
        of.slug,
        "live",
        author=of.request.requested_by,
        approver=None if by == of.request.requested_by else by,
        reason=f"go-live of {of.launch_id}",
        now=now,
    )
    end_launch(connection, of, "live", by=by, reason="go-live", now=now)
    announce_live(connection, launch_in_context(connection, of.launch_id, now))


def _signer(asked: Asked) -> str:
    signed = asked.launch.latest(FINAL_SIGN_OFF)
    return signed.signed_by if signed else asked.launch.request.requested_by
