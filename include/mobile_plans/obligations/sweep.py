"""
Doing what is due about promises: each step once, in order, however long everything stood still.

A step is one transaction: the promise's row is locked, its next step follows from its events, and
the event and the mails of that step are written together. A crash leaves either all or nothing of
a step; two sweeps at once take different promises, or wait for each other.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import format_instant
from include.mobile_plans.obligations.mails import Told, tell
from include.mobile_plans.obligations.reading import read_stream
from include.mobile_plans.obligations.records import record
from include.mobile_plans.obligations.rules import StepName, next_step
from include.mobile_plans.obligations.state import (
    BREACHED,
    ESCALATED,
    SETTLED,
    WARNED,
)
from include.mobile_plans.policy import ProgramPolicy
from include.mobile_plans.simulation.clock import Clock
from include.mobile_plans.store import Store
from include.mobile_plans.store.tables import obligation as table

ACTOR = "obligation_clock"
_EVENTS = {"warn": WARNED, "breach": BREACHED, "escalate": ESCALATED, "settle": SETTLED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Performed:
    """
    One step that a sweep did.

    Attributes:
        key: The promise.
        name: What was done.
        rank: Which further role was told, from 1; 0 for the other steps.
        at: When it was to be done.
        late_by: How much later it was done.
    """

    key: str
    name: StepName
    rank: int
    at: datetime
    late_by: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepReport:
    """
    What a sweep did.

    Attributes:
        performed: Every step, in the order it was done.
        problems: One line for each promise whose step could not be done; it is tried again by the
            next sweep, and holds up no other promise.
    """

    performed: tuple[Performed, ...]
    problems: tuple[str, ...]


def sweep(
    store: Store, clock: Clock, policy: ProgramPolicy, *, at_most: int = 10_000
) -> SweepReport:
    """
    Do everything that is due about promises, the longest overdue first.

    Args:
        store: Where the promises are.
        clock: The current time, asked before each step.
        policy: The program's policy in force: contacts, sender, when a reminder is late.
        at_most: Stop after so many steps, so that one call does not run for ever.
    """
    performed: list[Performed] = []
    problems: dict[str, str] = {}
    while len(performed) + len(problems) < at_most:
        with store.transaction() as connection:
            now = clock.now()
            key = _take_longest_overdue(connection, now, tuple(problems))
            if key is None:
                break
            try:
                with connection.begin_nested():
                    performed.append(_perform(connection, key, now, policy))
            except BadInput as problem:
                problems[key] = f"promise {key}: {'; '.join(problem.problems)}"
    return SweepReport(performed=tuple(performed), problems=tuple(problems.values()))


def _take_longest_overdue(
    connection: Connection, now: datetime, left_out: tuple[str, ...]
) -> str | None:
    """Lock the row of the promise that has waited longest, of those no other sweep holds."""
    key: str | None = connection.scalar(
        select(table.c.obligation_key)
        .where(table.c.next_at <= now, table.c.obligation_key.not_in(left_out))
        .order_by(table.c.next_at, table.c.obligation_key)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return key


def _perform(connection: Connection, key: str, now: datetime, policy: ProgramPolicy) -> Performed:
    before = read_stream(connection, key)
    step = next_step(before, now)
    if step is None:
        msg = "its row does not follow from its events: `promises verify` says how"
        raise BadInput(msg)
    late_by = now - step.at
    data = {"was_due_at": format_instant(step.at), "late_s": late_by.total_seconds()}
    if step.name == "escalate":
        role = before.promise.roles.escalations[step.rank - 1].to
        data |= {"rank": step.rank, "role": role}
    after = record(connection, before, _EVENTS[step.name], by=ACTOR, now=now, data=data)
    tell(connection, Told(obligation=after, step=step, now=now), policy)
    return Performed(key=key, name=step.name, rank=step.rank, at=step.at, late_by=late_by)
