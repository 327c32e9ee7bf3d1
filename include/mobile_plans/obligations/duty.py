"""
Urgent tasks, and trouble of our own, look for somebody: the persons of a role are told in turn
until one claims it.

The first person is told at once, the next one when nobody has claimed it within the time of policy,
and after the last the first again. A claim is recorded, and answering the task ends the search too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from include.mobile_plans.errors import BadInput, NotFound
from include.mobile_plans.notices import PAGER, Notice, Recipient, add_delivery, queue_notice
from include.mobile_plans.policy import DutyPerson, ProgramPolicy
from include.mobile_plans.simulation.clock import Clock
from include.mobile_plans.store import Store, append_event, read_events
from include.mobile_plans.store.tables import duty_alert as table

ACTOR = "obligation_clock"
NOTICE_KIND = "duty_alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyAlert:
    """
    One urgent task and the search for somebody who takes it.

    Attributes:
        key: What makes it unique: the task that waits.
        role: Whose persons are told, a role of the duty roster.
        raised_at: When the task was asked.
        told: How many times somebody was told.
        next_at: When the next person is told, or None once it is claimed or answered.
        claimed_by: Who took it.
        ended_at: When it was claimed or answered.
    """

    key: str
    role: str
    raised_at: datetime
    told: int
    next_at: datetime | None
    claimed_by: str | None
    ended_at: datetime | None


def raise_alert(
    connection: Connection,
    key: str,
    *,
    role: str,
    headline: str,
    link: str,
    policy: ProgramPolicy,
    now: datetime,
    details: Sequence[str] = (),
) -> bool:
    """
    Begin to look for somebody who takes an urgent task, and tell the first person.

    Args:
        connection: The write transaction.
        key: What makes it unique; the same key again raises nothing.
        role: A role of the duty roster.
        headline: What the task asks, with its deadline.
        link: Where it can be answered, or seen where it is no task of Airflow.
        policy: The program's policy.
        now: The current instant, aware UTC.
        details: For what is no task: what happened and what is to be done, in paragraphs.

    Returns:
        Whether it is new.

    Raises:
        BadInput: The duty roster has no such role.
    """
    persons_of(role, policy)
    if connection.scalar(select(table.c.alert_key).where(table.c.alert_key == key)):
        return False
    connection.execute(
        table.insert().values(alert_key=key, role=role, raised_at=now, told=0, next_at=now)
    )
    facts = {"headline": headline, "link": link, "details": list(details)}
    _record(connection, key, "raised", ACTOR, now, facts)
    _tell_next(connection, key, policy, now)
    return True


def claim(connection: Connection, key: str, *, by: str, now: datetime) -> DutyAlert:
    """
    Record who takes an urgent task; nobody else is told of it any more.

    Raises:
        NotFound: There is no such alert.
        BadInput: Nobody is named, or it was claimed or answered before.
    """
    found = find_alert(connection, key)
    if not by.strip():
        msg = "an urgent task is claimed by a named person"
        raise BadInput(msg)
    if found.claimed_by == by:
        return found
    if found.ended_at is not None:
        who = f"claimed by {found.claimed_by}" if found.claimed_by else "answered"
        msg = f"{key} was {who} already"
        raise BadInput(msg)
    _end(connection, key, now, claimed_by=by)
    _record(connection, key, "claimed", by, now, {})
    return find_alert(connection, key)


def end_alert(connection: Connection, key: str, *, by: str, now: datetime) -> None:
    """Stop looking for somebody, because the task was answered; harmless where nobody looked."""
    ended = connection.execute(
        update(table)
        .where(table.c.alert_key == key, table.c.ended_at.is_(None))
        .values(next_at=None, ended_at=now)
    )
    if ended.rowcount:
        _record(connection, key, "answered", by, now, {})


def tell_the_next(store: Store, clock: Clock, policy: ProgramPolicy) -> list[str]:
    """
    Tell the next person of each urgent task that nobody claimed in time; return their keys.

    After a stop of days one person is told once, not one for every five minutes of it.
    """
    told: list[str] = []
    while True:
        with store.transaction() as connection:
            now = clock.now()
            key = connection.scalar(
                select(table.c.alert_key)
                .where(table.c.next_at <= now)
                .order_by(table.c.next_at, table.c.alert_key)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            if key is None:
                return told
            _tell_next(connection, key, policy, now)
            told.append(key)


def next_alert_due(connection: Connection) -> datetime | None:
    """Return when somebody is told next of an unclaimed task, or None."""
    due: datetime | None = connection.scalar(select(func.min(table.c.next_at)))
    return due


def find_alert(connection: Connection, key: str) -> DutyAlert:
    """
    Return an alert.

    Raises:
        NotFound: There is none of that key.
    """
    row = connection.execute(select(table).where(table.c.alert_key == key)).first()
    if row is None:
        msg = f"there is no urgent task {key!r}: `promises duty` shows them"
        raise NotFound(msg)
    return _alert(row)


def open_alerts(connection: Connection) -> list[DutyAlert]:
    """Return the urgent tasks nobody has claimed or answered, the oldest first."""
    rows = connection.execute(
        select(table).where(table.c.ended_at.is_(None)).order_by(table.c.raised_at)
    )
    return [_alert(row) for row in rows]


def persons_of(role: str, policy: ProgramPolicy) -> tuple[DutyPerson, ...]:
    """
    Return the persons of a role of the duty roster, in the order they are told.

    Raises:
        BadInput: The duty roster has no such role.
    """
    roster = policy.contacts.duty_roster
    if role not in roster.__dataclass_fields__:
        allowed = ", ".join(roster.__dataclass_fields__)
        msg = f"the duty roster has no role {role!r}: allowed are {allowed}"
        raise BadInput(msg)
    persons: tuple[DutyPerson, ...] = getattr(roster, role).persons
    return persons


def _tell_next(connection: Connection, key: str, policy: ProgramPolicy, now: datetime) -> None:
    found = find_alert(connection, key)
    persons = persons_of(found.role, policy)
    person = persons[found.told % len(persons)]
    raised = read_events(connection, _stream(key))[0].data
    number = found.told + 1
    contacts = policy.contacts
    queue_notice(
        connection,
        Notice(
            key=f"duty:{key}:{number:04d}",
            kind=NOTICE_KIND,
            party="program",
            slug=None,
            recipients=(Recipient(name=person.name, email=person.email, role=found.role),),
            context={
                "headline": raised["headline"],
                "link": raised["link"],
                "details": raised.get("details", []),
                "key": key,
                "person": person.name,
                "told": found.told,
                "raised_at": found.raised_at,
                "claim_within": policy.promises.claim_within,
                "program_name": contacts.program_name,
            },
            thread=f"duty:{key}",
        ),
        sender=contacts.sender.email,
        now=now,
    )
    if contacts.duty_paging:
        page = f"{PAGER}{person.phone}"
        add_delivery(connection, f"duty:{key}:{number:04d}:program", page, found.role, now)
    connection.execute(
        update(table)
        .where(table.c.alert_key == key)
        .values(told=number, next_at=now + policy.promises.claim_within)
    )
    _record(connection, key, "told", ACTOR, now, {"person": person.name, "number": number})


def _end(connection: Connection, key: str, now: datetime, **values: Any) -> None:
    connection.execute(
        update(table).where(table.c.alert_key == key).values(next_at=None, ended_at=now, **values)
    )


def _record(
    connection: Connection, key: str, what: str, actor: str, now: datetime, data: dict[str, Any]
) -> None:
    append_event(
        connection,
        stream=_stream(key),
        kind=f"duty.{what}",
        recorded_at=now,
        actor=actor,
        data=data,
    )


def _stream(key: str) -> str:
    return f"duty:{key}"


def _alert(row: Any) -> DutyAlert:
    names = [name for name in DutyAlert.__dataclass_fields__ if name != "key"]
    return DutyAlert(key=row.alert_key, **{name: getattr(row, name) for name in names})
