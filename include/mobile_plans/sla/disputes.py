"""
Disputes: a mobile operator disputes bad slots with evidence, a named person decides (M3).

The samples stay as they are; what was decided is laid over them when days are counted.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, select, update

from include.mobile_plans.errors import BadInput, Conflict, NotFound
from include.mobile_plans.instants import format_instant
from include.mobile_plans.monitoring import slug_of
from include.mobile_plans.policy import (
    ProgramPolicy,
    mobile_operator_in_force,
    people_of,
    signer_problem,
)
from include.mobile_plans.sla.rollup import ATTRIBUTIONS, Attribution
from include.mobile_plans.store import append_event, next_number
from include.mobile_plans.store.tables import sla_dispute as table

State = Literal["open", "accepted", "rejected"]
_SERIES = "DSP"
_REJECT = "reject"
DECISIONS = (*ATTRIBUTIONS, _REJECT)
"""What a decision can be: what the bad slots are instead, or that they stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """
    What a mobile operator disputes.

    Attributes:
        target: Whose slots, such as ``contoso/portal``.
        starts_at: The first instant.
        ends_at: The instant after the last.
        contact: The named person of the mobile operator who says so.
        evidence: What proves it, in words.
        file: The name of the file that came with it, or None.
        received_at: When it reached us.
    """

    target: str
    starts_at: datetime
    ends_at: datetime
    contact: str
    evidence: str
    file: str | None
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute(Claim):
    """
    A dispute and how it stands.

    Attributes:
        dispute_id: Such as ``DSP-0001``.
        slug: Whose.
        opened_at: When it was written down.
        state: Open, accepted or rejected.
        attribution: What the bad slots are instead, None unless it was accepted.
        decided_by: The named person who decided, or None.
        decided_at: When, or None.
        reason: Why, or None.
    """

    dispute_id: str
    slug: str
    opened_at: datetime
    state: State
    attribution: Attribution | None
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None


def open_dispute(
    connection: Connection, claim: Claim, policy: ProgramPolicy, *, by: str, now: datetime
) -> Dispute:
    """
    Write down what a mobile operator disputes.

    Args:
        connection: A write transaction.
        claim: What.
        policy: The program's policy.
        by: Who writes it down.
        now: The current instant.

    Raises:
        BadInput: It has no evidence, ends before it begins, lies in the future, or nobody of the
            mobile operator stands behind it.
        NotFound: There is no such mobile operator.
    """
    slug = slug_of(claim.target)
    version = mobile_operator_in_force(connection, slug, now)
    people = people_of("mobile_operator", version.mobile_operator, policy)
    problems = [
        signer_problem(claim.contact, people, version.mobile_operator.name),
        None if claim.evidence.strip() else "a dispute needs evidence: say what proves it",
        None if claim.starts_at < claim.ends_at else "the disputed time ends before it begins",
        None if claim.ends_at <= now else "the disputed time is not over yet",
        None if claim.received_at <= now else "a dispute cannot be received in the future",
    ]
    if found := [problem for problem in problems if problem]:
        raise BadInput(*found)
    dispute_id = next_number(connection, _SERIES)
    facts = {name: getattr(claim, name) for name in Claim.__dataclass_fields__}
    row = {"dispute_id": dispute_id, "slug": slug, "state": "open", "opened_at": now} | facts
    connection.execute(table.insert().values(row))
    append_event(
        connection,
        stream=_stream(dispute_id),
        kind="dispute.opened",
        recorded_at=now,
        received_at=claim.received_at,
        actor=by,
        data={
            name: format_instant(fact) if isinstance(fact, datetime) else fact
            for name, fact in facts.items()
        },
    )
    return find_dispute(connection, dispute_id)


def decide_dispute(
    connection: Connection,
    dispute_id: str,
    decision: str,
    policy: ProgramPolicy,
    *,
    by: str,
    reason: str,
    now: datetime,
) -> Dispute:
    """
    Decide a dispute, once.

    Args:
        connection: A write transaction.
        dispute_id: Which.
        decision: One of ``DECISIONS``.
        policy: The program's policy: its named people.
        by: The named person of the program who decides.
        reason: Why.
        now: The current instant.

    Raises:
        NotFound: There is no such dispute.
        Conflict: It was decided before.
        BadInput: Nobody named decides, or without a reason, or something else.
    """
    problems = [
        signer_problem(by, people_of("program", None, policy), "the program"),
        None if reason.strip() else "a decision needs a reason",
        None if decision in DECISIONS else f"{decision!r} is none of {', '.join(DECISIONS)}",
    ]
    if found := [problem for problem in problems if problem]:
        raise BadInput(*found)
    its_row = table.c.dispute_id == dispute_id
    connection.execute(select(table.c.dispute_id).where(its_row).with_for_update())
    before = find_dispute(connection, dispute_id)
    if before.state != "open":
        msg = f"{dispute_id} was {before.state} by {before.decided_by}: it is decided once"
        raise Conflict(msg)
    is_rejected = decision == _REJECT
    after = {
        "state": "rejected" if is_rejected else "accepted",
        "attribution": None if is_rejected else decision,
        "decided_by": by,
        "decided_at": now,
        "reason": reason,
    }
    connection.execute(update(table).where(its_row).values(after))
    append_event(
        connection,
        stream=_stream(dispute_id),
        kind=f"dispute.{after['state']}",
        recorded_at=now,
        actor=by,
        data={"attribution": after["attribution"], "reason": reason},
    )
    return find_dispute(connection, dispute_id)


def find_dispute(connection: Connection, dispute_id: str) -> Dispute:
    """
    Return a dispute.

    Raises:
        NotFound: There is none of that number.
    """
    row = connection.execute(select(table).where(table.c.dispute_id == dispute_id)).first()
    if row is None:
        msg = f"there is no dispute {dispute_id!r}: `sla dispute list` shows them"
        raise NotFound(msg)
    return _dispute(row)


def list_disputes(
    connection: Connection, *, slug: str | None = None, states: Collection[str] = ()
) -> list[Dispute]:
    """Return disputes, oldest first: of a mobile operator, or in some states."""
    query = select(table).order_by(table.c.opened_at, table.c.dispute_id)
    if slug is not None:
        query = query.where(table.c.slug == slug)
    if states:
        query = query.where(table.c.state.in_(states))
    return [_dispute(row) for row in connection.execute(query)]


def _dispute(row: Any) -> Dispute:
    return Dispute(**{name: getattr(row, name) for name in Dispute.__dataclass_fields__})


def _stream(dispute_id: str) -> str:
    return f"dispute:{dispute_id}"
