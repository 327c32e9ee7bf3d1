"""
Mails as files: one ``.eml`` each, complete the moment its name appears.

The envelope, which a mail's own headers do not show (blind copies above all), is kept in headers of
ours at the top: ``X-Received-At``, ``X-Envelope-From``, ``X-Envelope-To``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage, MIMEPart
from email.policy import default as modern
from functools import cached_property, lru_cache
from itertools import count
from pathlib import Path

from include.mobile_plans.errors import NotFound
from include.mobile_plans.instants import format_instant, require_utc

SUFFIX = ".eml"
_NAME = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-z-]+")
_RECEIVED = "%Y%m%dT%H%M%S.%fZ"
_PARSER_FAULTS = (MessageError, LookupError, ValueError, TypeError, AttributeError)
"""What the standard library's mail parser raises on headers no server should have let through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A part of a mail that is not its text: a file, an image, an invitation."""

    file_name: str
    content_type: str
    content_id: str
    content: bytes


class CaughtMail:
    """
    One mail as it arrived.

    Args:
        name: Its file's name without the suffix; unique in its folder.
        raw: The whole file.
    """

    def __init__(self, name: str, raw: bytes) -> None:
        self.name = name
        self.raw = raw
        self.message: EmailMessage = message_from_bytes(raw, policy=modern)

    def header(self, name: str) -> str:
        """Return a header as people read it, or an empty text where it is missing or broken."""
        try:
            return str(self.message.get(name, ""))
        except _PARSER_FAULTS:
            return "(unreadable)"

    @property
    def received_at(self) -> datetime:
        """When the last byte had arrived, aware UTC."""
        return datetime.strptime(self.name.split("-")[0], _RECEIVED).replace(tzinfo=UTC)

    @property
    def envelope_from(self) -> str:
        """The address the sending server named; empty for a delivery report."""
        return self.header("X-Envelope-From")

    @property
    def envelope_to(self) -> tuple[str, ...]:
        """The addresses the mail was delivered to, blind copies included."""
        return tuple(self.header("X-Envelope-To").split())

    @property
    def subject(self) -> str:
        """Its subject as people read it."""
        return self.header("Subject")

    @cached_property
    def headers(self) -> list[tuple[str, str]]:
        """Every header in its order, as people read it."""
        try:
            return [(str(name), str(value)) for name, value in self.message.items()]
        except _PARSER_FAULTS:
            return [(name, self.header(name)) for name in self.message]

    @cached_property
    def text(self) -> str:
        """Its plain text, or an empty text."""
        return self._body("plain")

    @cached_property
    def html(self) -> str:
        """Its HTML, or an empty text."""
        return self._body("html")

    @cached_property
    def attachments(self) -> tuple[Attachment, ...]:
        """Every part that is neither the text nor the HTML, in order."""
        bodies = {id(self._part("plain")), id(self._part("html"))}
        leaves = (part for part in self.message.walk() if not part.is_multipart())
        return tuple(
            _attachment(part, position)
            for position, part in enumerate(leaves, start=1)
            if id(part) not in bodies
        )

    def _part(self, subtype: str) -> MIMEPart | None:
        try:
            return self.message.get_body(preferencelist=(subtype,))
        except _PARSER_FAULTS:
            return None

    def _body(self, subtype: str) -> str:
        part = self._part(subtype)
        if part is None:
            return ""
        try:
            text = str(part.get_content())
        except _PARSER_FAULTS:
            text = bytes(part.get_payload(decode=True) or b"").decode(errors="replace")
        return text.replace("\r\n", "\n")


class MailFolder:
    """
    A folder of caught mails, the newest first.

    Args:
        path: The folder; it is made when the first mail arrives.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def save(self, raw: bytes, *, sender: str, recipients: Sequence[str], now: datetime) -> Path:
        """
        Write one mail and return its file, which is complete as soon as it has this name.

        Args:
            raw: The mail as it arrived.
            sender: Address of the envelope.
            recipients: Addresses of the envelope, blind copies included.
            now: When it arrived.

        Raises:
            NaiveDatetime: ``now`` has no time zone.
        """
        received = require_utc(now)
        envelope = (
            f"X-Received-At: {format_instant(received)}\r\n"
            f"X-Envelope-From: {sender}\r\n"
            f"X-Envelope-To: {' '.join(recipients)}\r\n"
        )
        content = envelope.encode() + raw
        stem = f"{received.strftime(_RECEIVED)}-{_slug(CaughtMail('', content).subject)}"
        self.path.mkdir(parents=True, exist_ok=True)
        unfinished = self.path / f".{stem}.part"
        unfinished.write_bytes(content)
        candidates = (f"{stem}-{number}" if number > 1 else stem for number in count(1))
        file = next(f for f in map(self._file, candidates) if not f.exists())
        return unfinished.replace(file)

    def names(self) -> list[str]:
        """Name every mail, the newest first."""
        stems = (file.stem for file in self.path.glob(f"*{SUFFIX}"))
        return sorted(filter(_NAME.fullmatch, stems), reverse=True)

    def all(self) -> list[CaughtMail]:
        """Return every mail, the newest first."""
        return [self.mail(name) for name in self.names()]

    def mail(self, name: str) -> CaughtMail:
        """
        Return one mail.

        Raises:
            NotFound: There is none of this name; a name with a path in it is none.
        """
        if not _NAME.fullmatch(name):
            msg = f"there is no mail {name!r}: names are those of the files, without {SUFFIX}"
            raise NotFound(msg)
        return _read(self._file(name))

    def _file(self, name: str) -> Path:
        return self.path / f"{name}{SUFFIX}"


@lru_cache(maxsize=1000)
def _read(file: Path) -> CaughtMail:
    try:
        return CaughtMail(file.stem, file.read_bytes())
    except FileNotFoundError:
        msg = f"there is no mail {file.stem!r} in {file.parent}: it may have been deleted"
        raise NotFound(msg) from None


def _slug(subject: str) -> str:
    words = re.findall(r"[0-9A-Za-z]+", subject)
    return "-".join(words)[:60].strip("-").lower() or "mail"


def _attachment(part: MIMEPart, position: int) -> Attachment:
    content_type = part.get_content_type()
    try:
        given = part.get_filename() or ""
    except _PARSER_FAULTS:
        given = ""
    return Attachment(
        file_name=safe_file_name(given) or f"part-{position}.{content_type.split('/')[1]}",
        content_type=content_type,
        content_id=str(part.get("Content-ID", "")).strip("<> "),
        content=bytes(part.get_payload(decode=True) or b""),
    )


def safe_file_name(given: str) -> str:
    """Reduce a name that came by mail to letters, digits, dots, dashes: no path, no dot file."""
    last = re.split(r"[/\\]", given)[-1]
    return re.sub(r"[^0-9A-Za-z._-]+", "_", last).lstrip("._")[:120]
