"""Telling what is due and was not told: each once, in order, however long we stood still."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from include.mobile_plans.errors import BadInput
from include.mobile_plans.maintenance import promises
from include.mobile_plans.maintenance.changes import record_and_tell, release_report
from include.mobile_plans.maintenance.desk import Desk, Outlook, id_of
from include.mobile_plans.maintenance.mails import tell_maintainer, told_at
from include.mobile_plans.maintenance.rules import Step, end_of, next_step
from include.mobile_plans.maintenance.state import ENDED, TOLD, Maintenance
from include.mobile_plans.policy import ProgramPolicy
from include.mobile_plans.simulation.clock import Clock
from include.mobile_plans.store import Store
from include.mobile_plans.store.tables import maintenance as table

_LOOK_AGAIN_AFTER = timedelta(minutes=1)


def sweep(
    store: Store, clock: Clock, policy: ProgramPolicy, outlook: Outlook
) -> tuple[list[str], list[str]]:
    """
    Do everything that is due about maintenance, the longest overdue first.

    Returns:
        What was done, and one line for each maintenance whose mails could not be written; it is
        tried again by the next sweep and holds up no other.
    """
    done: list[str] = []
    problems: list[str] = []
    seen: list[int] = []
    while True:
        with store.transaction() as connection:
            desk = Desk(connection=connection, policy=policy, now=clock.now(), outlook=outlook)
            number = _longest_overdue(desk, seen)
            if number is None:
                return done, problems
            seen.append(number)
            try:
                with connection.begin_nested():
                    done += _do_all(desk, id_of(number))
                    _look_later(desk, number)
            except BadInput as error:
                problems.append(f"{id_of(number)}: {'; '.join(error.problems)}")


def _longest_overdue(desk: Desk, seen: list[int]) -> int | None:
    """Lock the maintenance that has waited longest, of those no other sweep holds."""
    number: int | None = desk.connection.scalar(
        select(table.c.number)
        .where(table.c.next_at <= desk.now, table.c.number.not_in(seen))
        .order_by(table.c.next_at, table.c.number)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return number


def _do_all(desk: Desk, maintenance_id: str) -> list[str]:
    now = release_report(desk, _note_told(desk, desk.lock(maintenance_id)))
    done = [] if now.is_open else [f"completed {maintenance_id}"]
    while (step := next_step(now, desk.policy)) and step.at <= desk.now:
        now = _do(desk, now, step)
        done.append(f"{step.name} {maintenance_id}")
    return done


def _look_later(desk: Desk, number: int) -> None:
    """Let what still waits for others, such as a mail server, be looked at again in a while."""
    still_due = (table.c.number == number) & (table.c.next_at <= desk.now)
    desk.connection.execute(
        table.update().where(still_due).values(next_at=desk.now + _LOOK_AGAIN_AFTER)
    )


def _do(desk: Desk, before: Maintenance, step: Step) -> Maintenance:
    late_by = desk.now - step.at
    shown = late_by if late_by > desk.policy.promises.late_after else None
    facts = {"steps": (*before.steps, step.name)}
    if step.name != ENDED:
        return record_and_tell(desk, before, step.name, desk.clock, facts, late_by=shown)
    after = desk.record(before, ENDED, desk.clock, facts)
    due_at = promises.promise_completion(desk, after, since=end_of(after)).due_at
    tell_maintainer(desk, after, ENDED, late_by=shown, due_at=due_at)
    return after


def _note_told(desk: Desk, before: Maintenance) -> Maintenance:
    """Keep when a mail server took each notice: that is when its recipient was told (P1)."""
    verdicts = dict(before.verdicts)
    for recipient in before.untold:
        at = told_at(desk, before, recipient)
        if at is not None:
            verdicts[recipient] = replace(verdicts[recipient], told_at=at)
    if verdicts == before.verdicts:
        return before
    after = desk.record(before, TOLD, desk.clock, {"verdicts": verdicts})
    for recipient in set(before.untold) - set(after.untold):
        promises.meet_notice(desk, after, recipient)
    return after


def next_due(connection: Connection) -> datetime | None:
    """Return when a maintenance is to be looked at next, past or future, or None."""
    instant: datetime | None = connection.scalar(select(func.min(table.c.next_at)))
    return instant
