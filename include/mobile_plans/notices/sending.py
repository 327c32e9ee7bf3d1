"""
Sending what the outbox holds, so that a crash at any statement loses nothing.

A delivery is claimed in a transaction of its own before the mail is handed over, and its outcome is
recorded in another after the server answered. A claim that nobody reported on is taken back, said
so, and sent again with the same Message-ID: apart from an answer that was lost on the line, which
is recorded too, that is the only way a mail can arrive twice.
"""

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, select, update

from include.mobile_plans.notices.deliveries import doubts_of, record_delivery, tell_next_contact
from include.mobile_plans.notices.rules import RetrySchedule
from include.mobile_plans.notices.transport import (
    AnswerLost,
    NobodyThere,
    Refused,
    Transport,
    TryAgainLater,
)
from include.mobile_plans.simulation.clock import Clock
from include.mobile_plans.store import Store
from include.mobile_plans.store.tables import delivery, notice

log = logging.getLogger(__name__)

OutcomeKind = Literal["sent", "refused", "postponed", "nobody_there", "answer_lost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One delivery that this process alone is sending; ``attempts`` tells it from later claims."""

    key: str
    recipient: str
    attempts: int
    sender: str
    message: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How handing over one mail ended: the event ``delivery.<kind>``, and what the server said."""

    kind: OutcomeKind
    answer: str


@dataclass(slots=True)
class DrainReport:
    """How many deliveries ended how, by ``OutcomeKind``."""

    outcomes: Counter[str] = field(default_factory=Counter)


def drain(
    store: Store,
    transport: Transport,
    clock: Clock,
    *,
    schedule: RetrySchedule,
    at_most: int = 1000,
) -> DrainReport:
    """
    Send every delivery that is due, oldest first, and return how they ended.

    Where the mail server cannot be reached at all, one delivery has found out for all of them.

    Args:
        store: Where the outbox is.
        transport: How mails are handed over; closed at the end.
        clock: The current time, asked before and after each delivery.
        schedule: When failed ones are tried again.
        at_most: Stop after so many, so that one call does not run for ever.
    """
    report = DrainReport()
    _take_back_interrupted(store, clock.now(), schedule)
    try:
        for _ in range(at_most):
            claim = _claim_next(store, clock.now())
            if claim is None:
                break
            outcome = _hand_over(transport, claim, schedule.patience)
            _record(store, clock.now(), schedule, claim, outcome)
            report.outcomes[outcome.kind] += 1
            if outcome.kind == "nobody_there":
                break
    finally:
        transport.close()
    return report


def _take_back_interrupted(store: Store, now: datetime, schedule: RetrySchedule) -> None:
    """Put back into the queue what a sender claimed and never reported on."""
    with store.transaction() as connection:
        silent = connection.execute(
            select(delivery.c.notice_key, delivery.c.recipient, delivery.c.claimed_at)
            .where(delivery.c.state == "sending")
            .where(delivery.c.claimed_at <= now - schedule.answer_timeout)
            .with_for_update(skip_locked=True)
        ).all()
        for row in silent:
            doubts = 1 + doubts_of(connection, row.notice_key, row.recipient)
            due_at = schedule.after_doubt(row.claimed_at, doubts)
            connection.execute(
                update(delivery)
                .where(_is(row.notice_key, row.recipient))
                .values(state="queued", due_at=due_at)
            )
            record_delivery(
                connection, row.notice_key, row.recipient, "interrupted", now, due_at=due_at
            )


def _claim_next(store: Store, now: datetime) -> Claim | None:
    """Take the oldest due delivery for this process, skipping those another one is taking."""
    with store.transaction() as connection:
        row = connection.execute(
            select(delivery, notice.c.sender, notice.c.message)
            .join(notice, notice.c.notice_key == delivery.c.notice_key)
            .where(delivery.c.state == "queued", delivery.c.due_at <= now)
            .order_by(
                delivery.c.due_at,
                notice.c.queued_at,
                notice.c.thread_position,
                delivery.c.notice_key,
                delivery.c.recipient,
            )
            .limit(1)
            .with_for_update(of=delivery, skip_locked=True)
        ).first()
        if row is None:
            return None
        connection.execute(
            update(delivery)
            .where(_is(row.notice_key, row.recipient))
            .values(state="sending", claimed_at=now, attempts=row.attempts + 1)
        )
    return Claim(
        key=row.notice_key,
        recipient=row.recipient,
        attempts=row.attempts + 1,
        sender=row.sender,
        message=row.message,
    )


def _hand_over(transport: Transport, claim: Claim, patience: timedelta) -> Outcome:
    try:
        answer = transport.send(
            claim.message, sender=claim.sender, recipient=claim.recipient, patience=patience
        )
    except Refused as refusal:
        return Outcome(kind="refused", answer=str(refusal))
    except NobodyThere as absence:
        return Outcome(kind="nobody_there", answer=str(absence))
    except TryAgainLater as reason:
        return Outcome(kind="postponed", answer=str(reason))
    except AnswerLost as loss:
        return Outcome(kind="answer_lost", answer=str(loss))
    except Exception as error:
        # One mail that the transport stumbles over must not keep back all those behind it.
        log.exception("notice %s could not be handed over to %s", claim.key, claim.recipient)
        return Outcome(kind="answer_lost", answer=f"{type(error).__name__}: {error}")
    return Outcome(kind="sent", answer=answer)


def _record(
    store: Store, now: datetime, schedule: RetrySchedule, claim: Claim, outcome: Outcome
) -> None:
    """Write down how one claimed delivery ended, unless it was taken back in the meantime."""
    with store.transaction() as connection:
        values = _consequence(connection, now, schedule, claim, outcome)
        still_held = (delivery.c.state == "sending") & (delivery.c.attempts == claim.attempts)
        found = connection.execute(
            update(delivery)
            .where(_is(claim.key, claim.recipient), still_held)
            .values(answer=outcome.answer, **values)
        )
        if found.rowcount == 0:
            _record_late(connection, now, claim, outcome)
            return
        facts: dict[str, Any] = {"answer": outcome.answer, "attempts": claim.attempts}
        if "due_at" in values:
            facts["due_at"] = values["due_at"]
        record_delivery(connection, claim.key, claim.recipient, outcome.kind, now, **facts)
        if outcome.kind == "refused":
            tell_next_contact(connection, claim.key, claim.recipient, now)
        if outcome.kind == "nobody_there":
            connection.execute(
                update(delivery)
                .where(delivery.c.state == "queued", delivery.c.due_at < values["due_at"])
                .values(due_at=values["due_at"], answer=outcome.answer)
            )


def _consequence(
    connection: Connection,
    now: datetime,
    schedule: RetrySchedule,
    claim: Claim,
    outcome: Outcome,
) -> dict[str, Any]:
    """Return what an outcome makes of the delivery."""
    match outcome.kind:
        case "sent":
            return {"state": "sent", "sent_at": now}
        case "refused":
            return {"state": "refused"}
        case "answer_lost":
            doubts = 1 + doubts_of(connection, claim.key, claim.recipient)
            return {"state": "queued", "due_at": schedule.after_doubt(now, doubts)}
        case "postponed" | "nobody_there":
            return {"state": "queued", "due_at": schedule.after_failure(now, claim.attempts)}


def _record_late(connection: Connection, now: datetime, claim: Claim, outcome: Outcome) -> None:
    """
    Keep what a sender reports that was silent for so long that it counted as crashed.

    That it was sent ends the matter, so that nobody sends it once more; anything else is up to
    whoever has taken over.
    """
    if outcome.kind == "sent":
        connection.execute(
            update(delivery)
            .where(_is(claim.key, claim.recipient), delivery.c.state != "sent")
            .values(state="sent", sent_at=now, answer=outcome.answer)
        )
    record_delivery(
        connection,
        claim.key,
        claim.recipient,
        outcome.kind,
        now,
        answer=outcome.answer,
        attempts=claim.attempts,
        late=True,
    )


def _is(key: str, recipient: str) -> ColumnElement[bool]:
    return (delivery.c.notice_key == key) & (delivery.c.recipient == recipient)
