"""The outbox: notices written beside the state they tell of, and what became of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from include.mobile_plans.errors import BadInput, NotFound
from include.mobile_plans.notices.message import (
    Notice,
    Recipient,
    build_message,
    message_id,
    require_one_mobile_operator,
)
from include.mobile_plans.notices.templates import render
from include.mobile_plans.store import append_event
from include.mobile_plans.store.tables import delivery, notice


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """What became of one notice for one recipient."""

    recipient: str
    role: str
    state: str
    attempts: int
    due_at: datetime
    sent_at: datetime | None
    answer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRow:
    """A notice as it stands in the outbox."""

    key: str
    kind: str
    party: str
    slug: str | None
    subject: str
    message_id: str
    queued_at: datetime
    deliveries: tuple[DeliveryRow, ...]


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
        BadInput: It would reach two mobile operators, or cannot be rendered or addressed.
    """
    require_one_mobile_operator(wanted)
    key = f"{wanted.key}:{wanted.party}"
    if connection.scalar(select(notice.c.notice_key).where(notice.c.notice_key == key)):
        return False
    references = _references(connection, wanted)
    message = build_message(
        wanted,
        render(wanted.kind, wanted.context),
        sender=sender,
        queued_at=now,
        references=references,
    )
    connection.execute(
        notice.insert().values(
            notice_key=key,
            kind=wanted.kind,
            party=wanted.party,
            slug=wanted.slug,
            thread=wanted.thread,
            thread_position=len(references) + 1,
            message_id=message_id(wanted.key, wanted.party, sender.rpartition("@")[2]),
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
        stream=f"notice:{key}",
        kind="notice.queued",
        recorded_at=now,
        actor="outbox",
        data={"kind": wanted.kind, "recipients": [r.email for r in wanted.recipients]},
    )
    return True


def add_delivery(
    connection: Connection, key: str, recipient: str, role: str, now: datetime
) -> None:
    """Ask for a notice to be sent to one recipient, due now."""
    connection.execute(
        delivery.insert().values(
            notice_key=key, recipient=recipient, role=role, state="queued", attempts=0, due_at=now
        )
    )


def list_notices(connection: Connection, *, key_prefix: str = "") -> list[NoticeRow]:
    """Return the notices whose key begins so, oldest first, with their deliveries."""
    rows = connection.execute(
        select(notice, delivery)
        .join(delivery, delivery.c.notice_key == notice.c.notice_key)
        .where(notice.c.notice_key.startswith(key_prefix, autoescape=True))
        .order_by(notice.c.queued_at, notice.c.notice_key, delivery.c.recipient)
    ).mappings()
    found: dict[str, NoticeRow] = {}
    for row in rows:
        key = row[notice.c.notice_key]
        before = found[key].deliveries if key in found else ()
        found[key] = NoticeRow(
            key=key,
            deliveries=(
                *before,
                DeliveryRow(**{n: row[n] for n in DeliveryRow.__dataclass_fields__}),
            ),
            **{n: row[n] for n in ("kind", "party", "slug", "subject", "message_id", "queued_at")},
        )
    return list(found.values())


def requeue(connection: Connection, key: str, recipient: str, *, by: str, now: datetime) -> None:
    """
    Ask, as a named person, for a refused or stuck delivery to be tried again.

    Raises:
        NotFound: There is no such delivery.
        BadInput: It was already sent: sending it again would double it.
    """
    where = (delivery.c.notice_key == key) & (delivery.c.recipient == recipient)
    state = connection.scalar(select(delivery.c.state).where(where).with_for_update())
    if state is None:
        msg = f"notice {key} has no delivery to {recipient}"
        raise NotFound(msg)
    if state == "sent":
        msg = f"notice {key} was already sent to {recipient}: it is not sent twice"
        raise BadInput(msg)
    connection.execute(delivery.update().where(where).values(state="queued", due_at=now))
    append_event(
        connection,
        stream=f"notice:{key}",
        kind="delivery.requeued",
        recorded_at=now,
        actor=by,
        data={"recipient": recipient},
    )


def _references(connection: Connection, wanted: Notice) -> list[str]:
    rows = connection.scalars(
        select(notice.c.message_id)
        .where(notice.c.thread == wanted.thread, notice.c.party == wanted.party)
        .where(func.coalesce(notice.c.slug, "") == (wanted.slug or ""))
        .order_by(notice.c.thread_position)
    )
    return list(rows)


def _contacts(wanted: Notice) -> dict[str, list[str]]:
    """List every address of each role in the order they are tried."""
    contacts: dict[str, list[str]] = {}
    for recipient in (*wanted.recipients, *wanted.fallbacks):
        contacts.setdefault(recipient.role, []).append(recipient.email)
    return contacts


def _once_each(recipients: Iterable[Recipient]) -> list[Recipient]:
    """Keep one recipient per address: a person with two roles gets one mail."""
    return list({recipient.email.lower(): recipient for recipient in recipients}.values())
