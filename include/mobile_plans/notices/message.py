"""A notice before it is a mail, and the mail it becomes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTP, default
from email.utils import format_datetime
from hashlib import sha256
from typing import Any, Literal, cast

from pydantic import TypeAdapter, ValidationError

from include.mobile_plans.errors import BadInput
from include.mobile_plans.policy import NoticePolicy
from include.mobile_plans.policy.values import Email

Party = Literal["program", "mobile_operator"]

_POLICY = SMTP.clone(max_line_length=900, cte_type="7bit")
"""Folding a subject that begins with a long word puts a stray blank before it; 998 is allowed."""

_EMAIL = TypeAdapter[str](Email)
_NOT_ONE_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_FILENAME = re.compile(r"[^/\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,200}")
_CONTENT_ID = re.compile(r"[A-Za-z0-9._-]{1,150}@[A-Za-z0-9.-]{1,100}")
_CONTENT_TYPE = re.compile(
    r"(?:application|audio|font|image|text|video)/[a-z0-9][a-z0-9.+-]{0,100}"
)


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
    """
    A file that goes with a notice.

    Attributes:
        filename: What it is saved as.
        content_type: Such as ``text/csv``.
        content: Its bytes.
        content_id: Where the HTML shows it, as ``cid:<content_id>``; None for a file of its own.
    """

    filename: str
    content_type: str
    content: bytes
    content_id: str | None = None


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


def message_id(key: str, party: Party, sender: str) -> str:
    """Return the one Message-ID of a notice: the same key always gives the same."""
    domain = sender.rpartition("@")[2]
    return f"<{sha256(f'{party}:{key}'.encode()).hexdigest()[:40]}@{domain}>"


def require_one_mobile_operator(notice: Notice) -> None:
    """
    Refuse a notice that would reach two mobile operators.

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
    policy: NoticePolicy,
) -> EmailMessage:
    """
    Make the mail: text, HTML, attachments, and the headers that thread it.

    It is ASCII throughout, whatever it says, so that every mail server takes it.

    Args:
        notice: What is told, and to whom.
        rendered: Its words.
        sender: The address it comes from.
        queued_at: What its Date header says, aware UTC.
        references: The Message-IDs of the thread so far, oldest first.
        policy: How long it may be.

    Raises:
        BadInput: A header cannot hold what it should, an address is not one, an attachment has no
            proper name or type, or something is too long.
    """
    for recipient in (*notice.recipients, *notice.fallbacks):
        _require_address(notice, recipient.email)
    _require_address(notice, sender)
    message = EmailMessage(policy=_POLICY)
    for name, value in _headers(notice, rendered, sender, queued_at, references, policy).items():
        message[name] = value
    _require_faithful_headers(notice, rendered, message)
    message.set_content(_text(notice, rendered.text))
    message.add_alternative(_text(notice, rendered.html), subtype="html")
    _, shown = message.iter_parts()
    for attachment in sorted(notice.attachments, key=lambda one: one.content_id is None):
        # What the HTML shows comes first: it becomes a part of the HTML, not of the mail.
        _attach(notice, message, cast("EmailMessage", shown), attachment)
    size = len(message.as_bytes())
    if size > policy.maximum_message_bytes:
        msg = f"notice {notice.key} is {size} bytes: at most {policy.maximum_message_bytes} go out"
        raise BadInput(msg)
    return message


def _headers(
    notice: Notice,
    rendered: Rendered,
    sender: str,
    queued_at: datetime,
    references: Sequence[str],
    policy: NoticePolicy,
) -> dict[str, str]:
    if len(rendered.subject) > policy.maximum_subject_characters:
        msg = (
            f"notice {notice.key}: its subject has {len(rendered.subject)} characters, "
            f"at most {policy.maximum_subject_characters} are sent"
        )
        raise BadInput(msg)
    _require_header_text(notice, "the subject", rendered.subject)
    for recipient in notice.recipients:
        _require_header_text(notice, "a recipient's name", recipient.name)
    headers = {
        "From": sender,
        "To": ", ".join(
            str(Address(display_name=recipient.name, addr_spec=recipient.email))
            for recipient in notice.recipients
        ),
        "Subject": rendered.subject,
        "Date": format_datetime(queued_at),
        "Message-ID": message_id(notice.key, notice.party, sender),
        "Auto-Submitted": "auto-generated",
        "X-Mobile-Plans-Notice": notice.kind,
    }
    if references:
        named = _first_and_newest(references, policy.most_references)
        headers |= {"In-Reply-To": references[-1], "References": " ".join(named)}
    return headers


def _first_and_newest(references: Sequence[str], most: int) -> list[str]:
    """Shorten a long thread as RFC 5322 3.6.4 readers expect: its root and its last mails stay."""
    if len(references) <= most:
        return list(references)
    return [references[0], *references[len(references) - most + 1 :]]


def _require_address(notice: Notice, address: str) -> None:
    try:
        _EMAIL.validate_python(address)
    except ValidationError as error:
        msg = f"notice {notice.key}: {address!r} is not an e-mail address: name@domain, in ASCII"
        raise BadInput(msg) from error


def _require_header_text(notice: Notice, name: str, text: str) -> None:
    """Refuse what could end a header or turn into other text once it is read."""
    if _NOT_ONE_LINE.search(text):
        msg = f"notice {notice.key}: {name} may not hold a line break or control character"
        raise BadInput(msg)
    if "=?" in text:
        msg = f"notice {notice.key}: {name} may not hold '=?', which mail programs decode"
        raise BadInput(msg)


def _require_faithful_headers(notice: Notice, rendered: Rendered, message: EmailMessage) -> None:
    """Read the headers back: whatever Python folded and encoded, they must say what was meant."""
    read = BytesHeaderParser(policy=default).parsebytes(message.as_bytes())
    addresses = [(address.display_name, address.addr_spec) for address in read["To"].addresses]
    if (
        read.keys() != message.keys()
        or read["Subject"] != rendered.subject
        or addresses != [(recipient.name, recipient.email) for recipient in notice.recipients]
    ):
        msg = f"notice {notice.key}: its subject and names cannot be written as headers of a mail"
        raise BadInput(msg)


def _text(notice: Notice, text: str) -> str:
    if _SURROGATE.search(text):
        msg = f"notice {notice.key}: its text holds half a character, which no mail can carry"
        raise BadInput(msg)
    return text


def _attach(
    notice: Notice, message: EmailMessage, shown: EmailMessage, attachment: Attachment
) -> None:
    if not _FILENAME.fullmatch(attachment.filename) or "=?" in attachment.filename:
        msg = (
            f"notice {notice.key}: attachment {attachment.filename!r} needs a file name of at most "
            "200 characters, without slashes and control characters"
        )
        raise BadInput(msg)
    if not _CONTENT_TYPE.fullmatch(attachment.content_type):
        msg = (
            f"notice {notice.key}: attachment {attachment.filename} is {attachment.content_type!r}:"
            " allowed are types such as text/csv or application/pdf, one file each"
        )
        raise BadInput(msg)
    main_type, _, sub_type = attachment.content_type.partition("/")
    if attachment.content_id is None:
        message.add_attachment(
            attachment.content, maintype=main_type, subtype=sub_type, filename=attachment.filename
        )
        return
    _require_shown(notice, shown, attachment.filename, attachment.content_id)
    shown.add_related(
        attachment.content,
        maintype=main_type,
        subtype=sub_type,
        cid=f"<{attachment.content_id}>",
        filename=attachment.filename,
        disposition="inline",
    )


def _require_shown(notice: Notice, shown: EmailMessage, filename: str, content_id: str) -> None:
    """Refuse a picture that the HTML does not show: mail programs would hide or append it."""
    html = shown.get_body(("html",))
    text = html.get_content() if html is not None else ""
    if not _CONTENT_ID.fullmatch(content_id) or f'"cid:{content_id}"' not in text:
        msg = (
            f"notice {notice.key}: its HTML has to show {filename} as cid:{content_id}, "
            "letters, digits, dots and dashes on both sides of an @"
        )
        raise BadInput(msg)
