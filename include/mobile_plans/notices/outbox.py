"""The outbox's door: a notice is looked at, rendered and written beside the state it tells of."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Connection, func, select

from include.mobile_plans.errors import BadInput, Conflict
from include.mobile_plans.notices.deliveries import add_delivery, stream_of
from include.mobile_plans.notices.discretion import check_discretion
from include.mobile_plans.notices.message import (
    Notice,
    Recipient,
    build_message,
    message_id,
    require_one_mobile_operator,
)
from include.mobile_plans.notices.templates import render
from include.mobile_plans.policy import program_policy
from include.mobile_plans.store import append_event
from include.mobile_plans.store.tables import delivery, event_stream, notice

_ONE_THREAD_LOCK = 776_101


def queue_notice(connection: Connection, wanted: Notice, *, sender: str, now: datetime) -> bool:
    """
    Put a notice into the outbox, in the transaction that changes the state it tells of.

    Args:
        connection: The write transaction.
        wanted: What to tell, and to whom.
        sender: The address it comes from.
        now: The current instant, aware UTC.

    Returns:
        Whether it is new; the same key is queued once, whatever a restarted task does.

    Raises:
        BadInput: It would reach or name two mobile operators, or cannot be rendered or addressed.
        Conflict: Its key is that of a notice about something else.
    """
    require_one_mobile_operator(wanted)
    key = f"{wanted.key}:{wanted.party}"
    _require_lengths(wanted, key)
    _one_at_a_time(connection, wanted)
    if _is_queued(connection, key, wanted):
        return False
    policy = program_policy().notices
    position, references = _place_in_thread(connection, wanted)
    message = build_message(
        wanted,
        render(wanted.kind, wanted.context),
        sender=sender,
        queued_at=now,
        references=references,
        policy=policy,
    )
    check_discretion(connection, wanted, message, policy.ordinary_words)
    connection.execute(
        notice.insert().values(
            notice_key=key,
            kind=wanted.kind,
            party=wanted.party,
            slug=wanted.slug,
            thread=wanted.thread,
            thread_position=position,
            message_id=message_id(wanted.key, wanted.party, sender),
            queued_at=now,
            sender=sender,
            subject=str(message["Subject"]),
            message=message.as_bytes(),
            contacts=_contacts(wanted),
        )
    )
    for recipient in _once_each(wanted.recipients):
        add_delivery(connection, key, recipient.email, recipient.role, now)
    append_event(
        connection,
        stream=stream_of(key),
        kind="notice.queued",
        recorded_at=now,
        actor="outbox",
        data={"kind": wanted.kind, "recipients": [r.email for r in wanted.recipients]},
    )
    return True


def _require_lengths(wanted: Notice, key: str) -> None:
    """Refuse what the store could not hold, before a database says so in its own words."""
    lengths = [
        ("key", stream_of(key), event_stream.c.stream),
        ("thread", wanted.thread, notice.c.thread),
        *(("address", r.email, delivery.c.recipient) for r in wanted.recipients),
        *(("role", r.role, delivery.c.role) for r in (*wanted.recipients, *wanted.fallbacks)),
    ]
    for name, text, column in lengths:
        longest = getattr(column.type, "length", None)
        if longest is not None and len(text) > longest:
            msg = f"notice {key[:80]}: the {name} is {len(text)} long, at most {longest} are kept"
            raise BadInput(msg)


def _one_at_a_time(connection: Connection, wanted: Notice) -> None:
    """Let only one transaction place a mail in a thread; SQLite has one writer anyhow."""
    if connection.dialect.name == "postgresql":
        thread = func.hashtext(f"{wanted.thread}:{wanted.party}")
        connection.execute(select(func.pg_advisory_xact_lock(_ONE_THREAD_LOCK, thread)))


def _is_queued(connection: Connection, key: str, wanted: Notice) -> bool:
    row = connection.execute(
        select(notice.c.kind, notice.c.slug, notice.c.thread).where(notice.c.notice_key == key)
    ).first()
    if row is None:
        return False
    if (row.kind, row.slug, row.thread) != (wanted.kind, wanted.slug, wanted.thread):
        msg = (
            f"notice {key} is queued already, as {row.kind} about {row.slug or 'no one'} in "
            f"{row.thread}: give another notice another key"
        )
        raise Conflict(msg)
    return True


def _place_in_thread(connection: Connection, wanted: Notice) -> tuple[int, list[str]]:
    """Return the next place in a thread, and the mails of it that these recipients have seen."""
    rows = connection.execute(
        select(notice.c.slug, notice.c.message_id, notice.c.thread_position)
        .where(notice.c.thread == wanted.thread, notice.c.party == wanted.party)
        .order_by(notice.c.thread_position)
    ).all()
    position = rows[-1].thread_position + 1 if rows else 1
    return position, [row.message_id for row in rows if row.slug == wanted.slug]


def _contacts(wanted: Notice) -> dict[str, list[str]]:
    """List every address of each role in the order they are tried."""
    contacts: dict[str, list[str]] = {}
    for recipient in (*wanted.recipients, *wanted.fallbacks):
        contacts.setdefault(recipient.role, []).append(recipient.email)
    return contacts


def _once_each(recipients: Iterable[Recipient]) -> Iterator[Recipient]:
    """Keep one recipient per address: a person with two roles gets one mail."""
    seen: set[str] = set()
    for recipient in recipients:
        if recipient.email.lower() not in seen:
            seen.add(recipient.email.lower())
            yield recipient
