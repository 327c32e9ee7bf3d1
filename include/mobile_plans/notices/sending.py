"""
Sending what the outbox holds, so that a crash at any statement loses nothing.

A delivery is claimed in a transaction of its own before the mail is handed over, and marked sent in
another after the server answered. Who finds a claim that nobody reported on sends again, with the
same Message-ID, and says so: that is the only way a mail can arrive twice.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select, update

from include.mobile_plans.notices.outbox import add_delivery
from include.mobile_plans.notices.rules import RetrySchedule
from include.mobile_plans.notices.transport import (
    AnswerLost,
    Refused,
    Transport,
    TryAgainLater,
)
from include.mobile_plans.simulation.clock import Clock
from include.mobile_plans.store import Store, append_event
from include.mobile_plans.store.tables import delivery, notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One delivery that this process alone is sending."""

    key: str
    recipient: str
    role: str
    attempts: int
    sender: str
    message: bytes


@dataclass(slots=True)
class DrainReport:
    """How many deliveries ended how: ``sent``, ``refused``, ``later``, ``answer lost``."""

    outcomes: Counter[str] = field(default_factory=Counter)


def drain(
    store: Store,
    transport: Transport,
    clock: Clock,
    *,
    schedule: RetrySchedule | None = None,
    at_most: int = 1000,
) -> DrainReport:
    """
    Send every delivery that is due, oldest first, and return how they ended.

    Args:
        store: Where the outbox is.
        transport: How mails are handed over; closed at the end.
        clock: The current time, asked before each delivery.
        schedule: When failed ones are tried again.
        at_most: Stop after so many, so that one call does not run for ever.
    """
    schedule = schedule or RetrySchedule()
    report = DrainReport()
    try:
        for claim in _claims(store, clock, schedule, at_most):
            outcome = _send(store, transport, clock, schedule, claim)
            report.outcomes[outcome] += 1
    finally:
        transport.close()
    return report


def _claims(store: Store, clock: Clock, schedule: RetrySchedule, at_most: int) -> Iterator[Claim]:
    for _ in range(at_most):
        with store.transaction() as connection:
            claim = _claim_next(connection, clock.now(), schedule)
        if claim is None:
            return
        yield claim


def _claim_next(connection: Connection, now: datetime, schedule: RetrySchedule) -> Claim | None:
    """Take the oldest due delivery for this process, skipping those another one holds."""
    interrupted = and_(
        delivery.c.state == "sending", delivery.c.claimed_at <= now - schedule.answer_timeout
    )
    due = and_(delivery.c.state == "queued", delivery.c.due_at <= now)
    row = connection.execute(
        select(delivery, notice.c.sender, notice.c.message)
        .join(notice, notice.c.notice_key == delivery.c.notice_key)
        .where(or_(due, interrupted))
        .order_by(delivery.c.due_at, delivery.c.notice_key, delivery.c.recipient)
        .limit(1)
        .with_for_update(of=delivery, skip_locked=True)
    ).first()
    if row is None:
        return None
    if row.state == "sending":
        _record(connection, row, "delivery.interrupted", now, {"claimed_at": str(row.claimed_at)})
    connection.execute(
        update(delivery)
        .where(delivery.c.notice_key == row.notice_key, delivery.c.recipient == row.recipient)
        .values(state="sending", claimed_at=now, attempts=row.attempts + 1)
    )
    return Claim(
        key=row.notice_key,
        recipient=row.recipient,
        role=row.role,
        attempts=row.attempts + 1,
        sender=row.sender,
        message=row.message,
    )


def _send(
    store: Store, transport: Transport, clock: Clock, schedule: RetrySchedule, claim: Claim
) -> str:
    """Hand over one claimed delivery and record how it ended."""
    try:
        answer = transport.send(claim.message, sender=claim.sender, recipient=claim.recipient)
    except Refused as refusal:
        return _finish(store, clock, claim, "refused", str(refusal))
    except AnswerLost as lost:
        return _postpone(store, clock, schedule, claim, "answer lost", str(lost))
    except TryAgainLater as reason:
        return _postpone(store, clock, schedule, claim, "later", str(reason))
    return _finish(store, clock, claim, "sent", answer)


def _finish(store: Store, clock: Clock, claim: Claim, state: str, answer: str) -> str:
    now = clock.now()
    with store.transaction() as connection:
        _update(
            connection, claim, state=state, answer=answer, sent_at=now if state == "sent" else None
        )
        _record(connection, claim, f"delivery.{state}", now, {"answer": answer})
        if state == "refused":
            _fall_to_next_contact(connection, claim, now)
    return state


def _postpone(
    store: Store, clock: Clock, schedule: RetrySchedule, claim: Claim, outcome: str, reason: str
) -> str:
    now = clock.now()
    due_at = schedule.next_attempt(now, claim.attempts)
    with store.transaction() as connection:
        _update(connection, claim, state="queued", due_at=due_at, answer=reason)
        kind = f"delivery.{'answer_lost' if outcome == 'answer lost' else 'postponed'}"
        _record(connection, claim, kind, now, {"reason": reason, "attempts": claim.attempts})
    return outcome


def _fall_to_next_contact(connection: Connection, claim: Claim, now: datetime) -> None:
    """A refused address is replaced at once by the next contact of its role, if there is one."""
    contacts = connection.execute(
        select(notice.c.contacts).where(notice.c.notice_key == claim.key)
    ).scalar_one()
    tried = set(
        connection.scalars(select(delivery.c.recipient).where(delivery.c.notice_key == claim.key))
    )
    for email in contacts[claim.role]:
        if email not in tried:
            add_delivery(connection, claim.key, email, claim.role, now)
            _record(connection, claim, "delivery.next_contact", now, {"next": email})
            return
    _record(connection, claim, "delivery.nobody_left", now, {"role": claim.role})


def _update(connection: Connection, claim: Claim, **values: object) -> None:
    connection.execute(
        update(delivery)
        .where(delivery.c.notice_key == claim.key, delivery.c.recipient == claim.recipient)
        .values(values)
    )


def _record(
    connection: Connection, of: Claim | Row[Any], kind: str, now: datetime, data: dict[str, object]
) -> None:
    key = of.key if isinstance(of, Claim) else of.notice_key
    append_event(
        connection,
        stream=f"notice:{key}",
        kind=kind,
        recorded_at=now,
        actor="outbox",
        data={"recipient": of.recipient, **data},
    )
