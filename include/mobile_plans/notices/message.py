"""A notice before it is a mail, and the mail it becomes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import Any, Literal

from include.mobile_plans.errors import BadInput

Party = Literal["program", "mobile_operator"]

_POLICY = SMTP.clone(max_line_length=900)
"""Folding a subject that begins with a long word puts a stray blank before it; 998 is allowed."""

MAXIMUM_MESSAGE_BYTES = 10 * 1024 * 1024
"""Common mail servers refuse more than 10 MiB once attachments are encoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """
    One person or desk a notice is for.

    Attributes:
        name: How to greet them.
        email: Where the mail goes.
        role: The role they hold; a refused address falls to the role's next contact.
        slug: The mobile operator they belong to, or None for the program's own people.
    """

    name: str
    email: str
    role: str
    slug: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that goes with a notice."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """
    One thing to tell one party.

    Attributes:
        key: What makes it unique; queueing the same key again queues nothing.
        kind: The folder of its templates in ``include/templates``.
        party: Who is told.
        slug: The mobile operator it is about; required when that party is told.
        recipients: Whom it goes to, the first contact of each role.
        fallbacks: The further contacts of those roles, in order.
        context: What the templates may name.
        thread: Notices of one thread and party are replies to each other.
        attachments: Files that go with it.
    """

    key: str
    kind: str
    party: Party
    slug: str | None
    recipients: tuple[Recipient, ...]
    context: dict[str, Any]
    thread: str
    fallbacks: tuple[Recipient, ...] = ()
    attachments: tuple[Attachment, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The words of a notice."""

    subject: str
    text: str
    html: str


def message_id(key: str, party: Party, domain: str) -> str:
    """Return the one Message-ID of a notice: the same key always gives the same."""
    return f"<{sha256(f'{party}:{key}'.encode()).hexdigest()[:40]}@{domain}>"


def require_one_mobile_operator(notice: Notice) -> None:
    """
    Refuse a notice that would let one mobile operator learn of another.

    Raises:
        BadInput: It has no recipient, or recipients of another party or mobile operator.
    """
    if not notice.recipients:
        msg = f"notice {notice.key} has no recipient: at least one is needed"
        raise BadInput(msg)
    allowed = notice.slug if notice.party == "mobile_operator" else None
    if notice.party == "mobile_operator" and allowed is None:
        msg = f"notice {notice.key} is for a mobile operator but names none"
        raise BadInput(msg)
    for recipient in (*notice.recipients, *notice.fallbacks):
        if recipient.slug != allowed:
            msg = (
                f"notice {notice.key} is for {allowed or 'the program'} and cannot go to "
                f"{recipient.email} of {recipient.slug or 'the program'}"
            )
            raise BadInput(msg)


def build_message(
    notice: Notice,
    rendered: Rendered,
    *,
    sender: str,
    queued_at: datetime,
    references: Sequence[str],
) -> EmailMessage:
    """
    Make the mail: text, HTML, attachments, and the headers that thread it.

    Args:
        notice: What is told, and to whom.
        rendered: Its words.
        sender: The address it comes from.
        queued_at: What its Date header says, aware UTC.
        references: The Message-IDs of the thread so far, oldest first.

    Raises:
        BadInput: A header would hold a line break, an address is not one, or it is too large.
    """
    message = EmailMessage(policy=_POLICY)
    headers = {
        "From": sender,
        "To": ", ".join(_address(recipient) for recipient in notice.recipients),
        "Subject": rendered.subject,
        "Date": format_datetime(queued_at),
        "Message-ID": message_id(notice.key, notice.party, sender.rpartition("@")[2]),
        "Auto-Submitted": "auto-generated",
        "X-Mobile-Plans-Notice": notice.kind,
    }
    if references:
        headers |= {"In-Reply-To": references[-1], "References": " ".join(references)}
    for name, value in headers.items():
        if "\r" in value or "\n" in value:
            msg = f"notice {notice.key}: header {name} may not hold a line break"
            raise BadInput(msg)
        message[name] = value
    message.set_content(rendered.text)
    message.add_alternative(rendered.html, subtype="html")
    for attachment in notice.attachments:
        _attach(message, attachment)
    size = len(message.as_bytes())
    if size > MAXIMUM_MESSAGE_BYTES:
        msg = f"notice {notice.key} is {size} bytes: at most {MAXIMUM_MESSAGE_BYTES} are sent"
        raise BadInput(msg)
    return message


def _attach(message: EmailMessage, attachment: Attachment) -> None:
    main_type, _, sub_type = attachment.content_type.partition("/")
    message.add_attachment(
        attachment.content, maintype=main_type, subtype=sub_type, filename=attachment.filename
    )


def _address(recipient: Recipient) -> str:
    try:
        return str(Address(display_name=recipient.name, addr_spec=recipient.email))
    except (ValueError, IndexError) as error:
        msg = f"{recipient.email!r} of {recipient.name!r} is not an e-mail address: name@domain"
        raise BadInput(msg) from error
