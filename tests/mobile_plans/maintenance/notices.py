"""
Notices of the MAINTNOTE practice as mobile operators and carriers send them.

Written from the practice's published examples (3.8) and from what carriers really send, with names
of our own: the same properties in the same forms, valid and broken.
"""

from collections.abc import Mapping
from email.message import EmailMessage

INITIAL = {
    "SUMMARY": "Exchange of a packet gateway",
    "DTSTART;VALUE=DATE-TIME": "20261212T080000Z",
    "DTEND;VALUE=DATE-TIME": "20261212T100000Z",
    "DTSTAMP;VALUE=DATE-TIME": "20261123T110000Z",
    "UID": "42",
    "SEQUENCE": "1",
    "X-MAINTNOTE-PROVIDER": "contoso.example",
    "X-MAINTNOTE-ACCOUNT": "137.035999173",
    "X-MAINTNOTE-MAINTENANCE-ID": "WorkOrder-31415",
    "X-MAINTNOTE-OBJECT-ID": "pgw-west",
    "X-MAINTNOTE-IMPACT": "DEGRADED",
    "X-MAINTNOTE-STATUS": "TENTATIVE",
    'ORGANIZER;CN="Contoso NOC"': "mailto:noc@contoso.example",
}
"""The first notice of a maintenance."""
MOVED = {
    "DTSTART;VALUE=DATE-TIME": "20261214T080000Z",
    "DTEND;VALUE=DATE-TIME": "20261214T100000Z",
    "SEQUENCE": "2",
    "X-MAINTNOTE-STATUS": "CONFIRMED",
}
"""What an updated window changes; those after it change it too."""
CANCELLED = MOVED | {"SEQUENCE": "3", "X-MAINTNOTE-STATUS": "CANCELLED"}
OPEN = MOVED | {
    "SEQUENCE": "3",
    "SUMMARY": "Open - Exchange of a packet gateway",
    "X-MAINTNOTE-STATUS": "IN-PROCESS",
}
CLOSED = MOVED | {
    "SEQUENCE": "4",
    "SUMMARY": "Closed - Exchange of a packet gateway",
    "X-MAINTNOTE-STATUS": " COMPLETED",
}


def ics(changes: Mapping[str, str | None] = {}, *more: str) -> bytes:
    """
    Write a notice as a calendar file.

    Args:
        changes: By property, its other value, or None to leave it out.
        *more: Further lines.
    """
    lines = [f"{name}:{value}" for name, value in (INITIAL | dict(changes)).items() if value]
    whole = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Maint Note//https://github.com/maint-notification//",
        "BEGIN:VEVENT",
        *lines,
        *more,
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "\r\n".join(whole).encode()


def eml(content: bytes, received: str, *, file_name: str = "invite.ics") -> bytes:
    """Write a mail with a calendar file attached, as our mail server received it."""
    mail = EmailMessage()
    mail["Received"] = f"from mx.contoso.example by mail.mobileplans.example; {received}"
    mail["From"] = "noc@contoso.example"
    mail["Subject"] = "Planned maintenance"
    mail["Message-ID"] = "<42@contoso.example>"
    mail.set_content("Please find our notice attached.")
    mail.add_attachment(content, maintype="text", subtype="calendar", filename=file_name)
    return mail.as_bytes()
