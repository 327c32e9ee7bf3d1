"""What became of the notices in the outbox: one delivery per recipient, told in events."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, select, true, update

from include.mobile_plans.errors import BadInput, NotFound
from include.mobile_plans.instants import format_instant
from include.mobile_plans.store import append_event, read_events
from include.mobile_plans.store.tables import delivery, notice

DeliveryState = Literal["queued", "sending", "sent", "refused"]
_DOUBTFUL = ("delivery.interrupted", "delivery.answer_lost")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """What became of one notice for one recipient; ``answer`` is the mail server's last one."""

    recipient: str
    role: str
    state: DeliveryState
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
    thread: str
    subject: str
    message_id: str
    queued_at: datetime
    deliveries: tuple[DeliveryRow, ...]

    @property
    def stream(self) -> str:
        """The stream of events that tells its story."""
        return stream_of(self.key)


def stream_of(key: str) -> str:
    """Name the stream of events that tells a notice's story."""
    return f"notice:{key}"


def add_delivery(
    connection: Connection, key: str, recipient: str, role: str, now: datetime
) -> None:
    """Ask for a notice to be sent to one recipient, due now."""
    connection.execute(
        delivery.insert().values(
            notice_key=key, recipient=recipient, role=role, state="queued", attempts=0, due_at=now
        )
    )


def list_notices(
    connection: Connection,
    *,
    key_prefix: str = "",
    state: DeliveryState | None = None,
    slug: str | None = None,
) -> list[NoticeRow]:
    """
    Return notices, oldest first, each with all of its deliveries.

    Args:
        connection: A read of the store.
        key_prefix: Only those whose key begins so.
        state: Only those with a delivery in this state.
        slug: Only those about this mobile operator.
    """
    with_state = select(delivery.c.notice_key).where(delivery.c.state == state)
    conditions: list[ColumnElement[bool]] = [
        notice.c.notice_key.startswith(key_prefix, autoescape=True) if key_prefix else true(),
        notice.c.notice_key.in_(with_state) if state else true(),
        notice.c.slug == slug if slug else true(),
    ]
    return _read(connection, *conditions)


def find_notice(connection: Connection, key: str) -> NoticeRow:
    """
    Return one notice.

    Raises:
        NotFound: There is none of that key; where it begins others, they are named.
    """
    found = _read(connection, notice.c.notice_key == key)
    if not found:
        close = [row.key for row in list_notices(connection, key_prefix=key)][:5]
        hint = f": did you mean {' or '.join(close)}?" if close else ""
        msg = f"there is no notice {key}{hint}"
        raise NotFound(msg)
    return found[0]


def requeue(
    connection: Connection,
    key: str,
    recipient: str,
    *,
    by: str,
    now: datetime,
    even_if_sent: bool = False,
) -> None:
    """
    Ask, as a named person, for a delivery to be tried again now.

    Args:
        connection: A write transaction.
        key: The notice.
        recipient: One of its recipients.
        by: Who asks.
        now: The current instant, aware UTC.
        even_if_sent: Whether the person wants it once more although it was sent.

    Raises:
        NotFound: There is no such delivery.
        BadInput: Nobody is named, it is being sent now, or it was sent and that was not allowed.
    """
    if not by.strip():
        msg = "a delivery is tried again for a named person: nobody is named"
        raise BadInput(msg)
    where = (delivery.c.notice_key == key) & (delivery.c.recipient == recipient)
    state = connection.scalar(select(delivery.c.state).where(where).with_for_update())
    if state is None:
        known = ", ".join(row.recipient for row in find_notice(connection, key).deliveries)
        msg = f"notice {key} has no delivery to {recipient}: it goes to {known}"
        raise NotFound(msg)
    if state == "sending":
        msg = f"notice {key} is being sent to {recipient} now: a crashed sender is found out soon"
        raise BadInput(msg)
    if state == "sent" and not even_if_sent:
        msg = f"notice {key} was already sent to {recipient}: it is not sent twice unasked"
        raise BadInput(msg)
    connection.execute(update(delivery).where(where).values(state="queued", due_at=now))
    record_delivery(connection, key, recipient, "requeued", now, actor=by, was=state)


def record_delivery(
    connection: Connection,
    key: str,
    recipient: str,
    what: str,
    now: datetime,
    *,
    actor: str = "outbox",
    **facts: Any,
) -> None:
    """Write into a notice's story what happened to one of its deliveries."""
    told = {
        name: format_instant(value) if isinstance(value, datetime) else value
        for name, value in facts.items()
    }
    append_event(
        connection,
        stream=stream_of(key),
        kind=f"delivery.{what}",
        recorded_at=now,
        actor=actor,
        data={"recipient": recipient, **told},
    )


def doubts_of(connection: Connection, key: str, recipient: str) -> int:
    """Count how often it was not known whether a delivery had arrived."""
    return sum(
        event.kind in _DOUBTFUL and event.data["recipient"] == recipient
        for event in read_events(connection, stream_of(key))
    )


def tell_next_contact(connection: Connection, key: str, refused: str, now: datetime) -> None:
    """Replace a refused address at once by the next contact of each role it holds."""
    contacts: dict[str, list[str]] = connection.execute(
        select(notice.c.contacts).where(notice.c.notice_key == key)
    ).scalar_one()
    rows = connection.execute(
        select(delivery.c.recipient, delivery.c.state).where(delivery.c.notice_key == key)
    )
    states = {row.recipient.lower(): row.state for row in rows}
    for role, emails in contacts.items():
        if refused.lower() not in map(str.lower, emails):
            continue
        following = next((email for email in emails if email.lower() not in states), None)
        if following is not None:
            add_delivery(connection, key, following, role, now)
            states[following.lower()] = "queued"
            record_delivery(connection, key, refused, "next_contact", now, next=following)
        elif all(states[email.lower()] == "refused" for email in emails):
            record_delivery(connection, key, refused, "nobody_left", now, role=role)


def _read(connection: Connection, *conditions: ColumnElement[bool]) -> list[NoticeRow]:
    shown = [column for column in notice.c if column.name not in ("message", "contacts", "sender")]
    rows = connection.execute(
        select(*shown, delivery)
        .join(delivery, delivery.c.notice_key == notice.c.notice_key)
        .where(*conditions)
        .order_by(notice.c.queued_at, notice.c.notice_key, delivery.c.recipient)
    ).mappings()
    found: dict[str, NoticeRow] = {}
    for row in rows:
        key = row[notice.c.notice_key]
        before = found[key].deliveries if key in found else ()
        this = DeliveryRow(**{name: row[name] for name in DeliveryRow.__dataclass_fields__})
        told = ("kind", "party", "slug", "thread", "subject", "message_id", "queued_at")
        found[key] = NoticeRow(
            key=key, deliveries=(*before, this), **{name: row[name] for name in told}
        )
    return list(found.values())
