"""When a mail reached us, from its own headers: what clocks use is received, not recorded."""

from datetime import datetime
from email import message_from_bytes
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path

from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import require_utc


def received_at_of(mail: bytes) -> datetime:
    """
    Return when our own mail server took a mail: the date of its topmost ``Received`` header.

    Each server puts its header on top, so those below, and the sender's ``Date``, are only claims.

    Raises:
        BadInput: It has no such header, or one without a date and zone.
    """
    message = message_from_bytes(mail, policy=default)
    headers = message.get_all("Received", [])
    if not headers:
        msg = "the mail has no Received header: it never passed a mail server; state when it came"
        raise BadInput(msg)
    _, _, date = str(headers[0]).rpartition(";")
    try:
        return require_utc(parsedate_to_datetime(" ".join(date.split())), "Received")
    except (ValueError, TypeError):
        msg = f"the mail's Received header has no date: {str(headers[0])[:120]!r}"
        raise BadInput(msg) from None


def evidence_of(mail: bytes) -> str:
    """Name a mail as evidence: its Message-ID, sender and subject, on one line."""
    message = message_from_bytes(mail, policy=default)
    parts = [f"{name} {message[name]}" for name in ("Message-ID", "From", "Subject")]
    return " ".join("; ".join(parts).split())


def read_mail(path: Path) -> bytes:
    """
    Read a mail file.

    Raises:
        BadInput: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        msg = f"the mail {path} cannot be read: {error.strerror}"
        raise BadInput(msg) from None
