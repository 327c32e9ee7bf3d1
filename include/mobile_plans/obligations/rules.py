"""What a promise asks for next, and what may be recorded of it (E6)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from include.mobile_plans.errors import BadInput, Conflict
from include.mobile_plans.instants import format_instant, require_utc
from include.mobile_plans.obligations.periods import Interval, at_risk_from, due_after_pause
from include.mobile_plans.obligations.state import Obligation

JUST_AFTER = timedelta(microseconds=1)
"""At the instant it is due a promise is still kept; it is missed just after."""

StepName = Literal["warn", "breach", "escalate", "settle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    One thing to do about a promise.

    Attributes:
        name: Remind the debtor, tell of the breach, tell a further role, or tell those who were
            told of a breach how it ended.
        at: When it is to be done.
        rank: Which further role is told, from 1; 0 for the other steps.
    """

    name: StepName
    at: datetime
    rank: int = 0


def upcoming_step(obligation: Obligation) -> Step | None:
    """Return what has to be done next about a promise, whenever that is; None when nothing is."""
    if obligation.breach_told and (obligation.is_closed or obligation.breached_at is None):
        return Step(name="settle", at=obligation.changed_at)
    if obligation.is_closed or obligation.pause is not None:
        return None
    return next(_steps_left(obligation), None)


def next_step(obligation: Obligation, now: datetime) -> Step | None:
    """Return what has to be done about a promise by now, or None: one step at a time, in order."""
    step = upcoming_step(obligation)
    return step if step is not None and step.at <= now else None


def _steps_left(obligation: Obligation) -> Iterator[Step]:
    if obligation.breached_at is None:
        if obligation.warned_at is None and obligation.warn_at < obligation.due_at:
            yield Step(name="warn", at=obligation.warn_at)
        yield Step(name="breach", at=obligation.due_at + JUST_AFTER)
    else:
        chain = obligation.promise.roles.escalations
        for rank, escalation in enumerate(chain, 1):
            if rank > obligation.escalations:
                at = obligation.due_at + JUST_AFTER + escalation.after
                yield Step(name="escalate", at=at, rank=rank)


def require_received(obligation: Obligation, received_at: datetime, now: datetime) -> datetime:
    """
    Return the instant something reached us, once it can be true.

    Raises:
        NaiveDatetime: It has no time zone.
        BadInput: It lies in the future, or before the promise or its last pause began.
    """
    received_at = require_utc(received_at, "received_at")
    if received_at > now:
        msg = (
            f"received_at {format_instant(received_at)} lies in the future: "
            f"it is {format_instant(now)}"
        )
        raise BadInput(msg)
    began, at = "began", obligation.promise.since
    if obligation.pause is not None:
        began, at = "was paused", obligation.pause.paused_at
    if received_at < at:
        msg = (
            f"received_at {format_instant(received_at)} lies before promise {obligation.key} "
            f"{began}, {format_instant(at)}"
        )
        raise BadInput(msg)
    return received_at


def require_can_be_met(before: Obligation, received_at: datetime) -> None:
    """
    Refuse another answer, but for one received in time where the first was late.

    Raises:
        Conflict: The promise was cancelled, or that other answer stands.
    """
    if before.state == "cancelled":
        msg = f"promise {before.key} was cancelled: nothing is owed any more"
        raise Conflict(msg)
    answer = before.answer
    if answer is not None and (answer.in_time or not before.is_in_time(received_at)):
        msg = (
            f"promise {before.key} was met already by {answer.by}, received "
            f"{format_instant(answer.received_at)}: only an answer received in time corrects one "
            "that was late"
        )
        raise Conflict(msg)


def require_can_be_paused(before: Obligation, received_at: datetime) -> None:
    """
    Refuse a pause that could not stop a running clock.

    Raises:
        Conflict: The promise is closed, paused already, or was due before.
        BadInput: Its due time was fixed, or the pause would overlap the last one.
    """
    if before.is_closed or before.pause is not None:
        msg = f"promise {before.key} is {before.state}: only a running one is paused"
        raise Conflict(msg)
    if before.promise.within is None:
        msg = f"promise {before.key} was given with its due time: that does not move"
        raise BadInput(msg)
    if received_at >= before.due_at:
        msg = (
            f"promise {before.key} was due {format_instant(before.due_at)}: "
            "it is paused before that, or not at all"
        )
        raise Conflict(msg)
    resumed_at = before.pauses[-1].resumed_at if before.pauses else None
    if resumed_at is not None and received_at < resumed_at:
        msg = (
            f"promise {before.key} was paused until {format_instant(resumed_at)}: "
            "pauses do not overlap"
        )
        raise BadInput(msg)


def after_pause(obligation: Obligation, resumed_at: datetime) -> tuple[datetime, datetime]:
    """
    Return when a promise is due and at risk once the pause it is in ends.

    Args:
        obligation: A paused one, whose kind has a period.
        resumed_at: When the pause ends, not before it began.
    """
    promise, pause = obligation.promise, obligation.pause
    assert pause is not None  # noqa: S101 - the caller has refused everything else
    assert promise.within is not None  # noqa: S101 - only those with a period are paused
    due_at = due_after_pause(
        obligation.due_at, (pause.paused_at, resumed_at), promise.within, promise.calendar
    )
    intervals: list[Interval] = [
        (one.paused_at, one.resumed_at or resumed_at) for one in obligation.pauses
    ]
    return due_at, at_risk_from(promise.since, due_at, intervals, promise.at_risk_share)
