"""
Maintenance as calendar files after the MAINTNOTE practice: ours written, a mobile operator's read.

The practice asks for twelve properties; a file without one of them is not guessed at.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from icalendar import Calendar, Event, vCalAddress, vText, vUnknown

from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import require_utc
from include.mobile_plans.maintenance.desk import Desk
from include.mobile_plans.maintenance.plans import IMPACTS, AffectedObject, Window
from include.mobile_plans.maintenance.rules import end_of
from include.mobile_plans.maintenance.state import CalendarFile, Maintenance

REQUIRED = (
    "DTSTAMP",
    "DTSTART",
    "DTEND",
    "UID",
    "SUMMARY",
    "ORGANIZER",
    "SEQUENCE",
    "X-MAINTNOTE-PROVIDER",
    "X-MAINTNOTE-ACCOUNT",
    "X-MAINTNOTE-MAINTENANCE-ID",
    "X-MAINTNOTE-OBJECT-ID",
    "X-MAINTNOTE-IMPACT",
)
"""What every notice of the practice has (3.5); its status may be left out."""
STATUSES = {
    "unreadable": "TENTATIVE",
    "proposed": "TENTATIVE",
    "announced": "CONFIRMED",
    "under_way": "IN-PROCESS",
    "completed": "COMPLETED",
    "cancelled": "CANCELLED",
}
KNOWN_STATUSES = ("TENTATIVE", "CONFIRMED", "CANCELLED", "IN-PROCESS", "COMPLETED", "RE-SCHEDULED")
"""Those of the practice, and one that senders use besides."""
SERVICE = "X-MOBILE-PLANS-SERVICE"
"""Ours, and optional: which service it is, for those who know the program's names."""
_OBJECT_IMPACT = "X-MAINTNOTE-OBJECT-IMPACT"
_MANY = ("X-MAINTNOTE-MAINTENANCE-ID", "X-MAINTNOTE-OBJECT-ID")
_RFC_STATUSES = {"proposed": "TENTATIVE", "cancelled": "CANCELLED"}
_ESCAPED = re.compile(r"\\([\\;,nN])")
_PRODUCT = "-//Mobile Plans program//Operations//EN"


@dataclass(frozen=True, slots=True, kw_only=True)
class TheirNotice:
    """
    What a calendar file says.

    Attributes:
        file: Which version of which entry it is.
        status: One of ``KNOWN_STATUSES``, or None where it says nothing.
        window: When.
        objects: What is affected, and how badly.
        service: The program's name of the service, where the file has it.
        summary: What is done.
        reference: The sender's own name for it.
        provider: Who maintains, in the sender's words.
        organizer: Whose mail address sent it.
    """

    file: CalendarFile
    status: str | None
    window: Window
    objects: tuple[AffectedObject, ...]
    service: str | None
    summary: str
    reference: str
    provider: str
    organizer: str


def calendar_file(desk: Desk, maintenance: Maintenance, recipient: str) -> bytes:
    """
    Write the calendar entry of a maintenance for one recipient, who is the only one it names.

    Its UID never changes, its SEQUENCE rises with everything that is told. No METHOD, as the
    practice asks: whoever wants it in a calendar puts it there.
    """
    plan = maintenance.latest_plan
    assert plan is not None  # noqa: S101 - an unreadable notice has no entry
    sender, known = desk.policy.contacts.sender, desk.mobile_operators()
    maintainer = known.get(plan.maintained_by)
    domain = sender.email.rpartition("@")[2]
    provider = maintainer.name if maintainer else domain
    email = maintainer.contacts.maintenance[0].email if maintainer else sender.email
    organizer = vCalAddress(f"mailto:{email}")
    organizer.params["CN"] = maintainer.name if maintainer else desk.policy.contacts.program_name
    entry = Event()
    for name, value in {
        "uid": f"{maintenance.maintenance_id}@{domain}",
        "sequence": max(maintenance.sequence, 0),
        "dtstamp": desk.now,
        "dtstart": plan.window.starts_at,
        "dtend": end_of(maintenance) if maintenance.plan else plan.window.ends_at,
        "summary": plan.summary,
        "organizer": organizer,
        "status": _RFC_STATUSES.get(maintenance.state, "CONFIRMED"),
        "X-MAINTNOTE-PROVIDER": vText(provider),
        "X-MAINTNOTE-ACCOUNT": vText(recipient),
        "X-MAINTNOTE-MAINTENANCE-ID": vText(maintenance.maintenance_id),
        "X-MAINTNOTE-IMPACT": vText(plan.impact),
        "X-MAINTNOTE-STATUS": vText(STATUSES[maintenance.state]),
        SERVICE: vText(plan.service),
    }.items():
        entry.add(name, value)
    if plan.reference:
        # The practice allows a second MAINTENANCE-ID; parsers in use read only one.
        entry.add("description", f"Reference: {plan.reference}")
    for one in plan.objects:
        impact: dict[str, str] = {_OBJECT_IMPACT: one.impact}
        entry.add("X-MAINTNOTE-OBJECT-ID", vText(one.name), parameters=impact)
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add_component(entry)
    written: bytes = calendar.to_ical()
    return written


def read_notice(content: bytes) -> TheirNotice:
    """
    Read a mobile operator's calendar file.

    Raises:
        BadInput: It is none, holds more than one event, lacks a property of the practice, or one
            cannot be understood: one line each.
    """
    event = _only_event(content)
    problems = [
        f"{name} is missing: a notice of the MAINTNOTE practice has it"
        for name in REQUIRED
        if event.get(name) in (None, "")
    ]
    problems += [f"{name}: {problem}" for name, problem in event.errors if name in REQUIRED]
    problems += [
        f"{name} is given twice"
        for name in REQUIRED
        if isinstance(event.get(name), list) and name not in _MANY
    ]
    if event.get("RRULE") is not None:
        problems.append("RRULE: a window that repeats is told one by one")
    if problems:
        raise BadInput(*problems)
    status = event.get("X-MAINTNOTE-STATUS")
    if status is not None and _text(status).upper() not in KNOWN_STATUSES:
        allowed = ", ".join(KNOWN_STATUSES)
        msg = f"X-MAINTNOTE-STATUS {_text(status)!r} is unknown: allowed are {allowed}"
        raise BadInput(msg)
    window = Window(
        starts_at=_instant(event, "DTSTART"),
        ends_at=_instant(event, "DTEND"),
        zone=getattr(event["DTSTART"].dt.tzinfo, "key", "UTC"),
    )
    service = event.get(SERVICE)
    return TheirNotice(
        file=CalendarFile(
            uid=_text(event["UID"]),
            sequence=int(event["SEQUENCE"]),
            stamp=_instant(event, "DTSTAMP"),
        ),
        status=None if status is None else _text(status).upper(),
        window=window,
        objects=tuple(
            AffectedObject(
                name=_text(one),
                impact=_impact(one.params.get(_OBJECT_IMPACT) or event["X-MAINTNOTE-IMPACT"]),
            )
            for one in _list(event["X-MAINTNOTE-OBJECT-ID"])
        ),
        service=None if service is None else _text(service),
        summary=_text(event["SUMMARY"]),
        reference=_text(_list(event["X-MAINTNOTE-MAINTENANCE-ID"])[0]),
        provider=_text(event["X-MAINTNOTE-PROVIDER"]),
        organizer=_text(event["ORGANIZER"]).removeprefix("mailto:").removeprefix("MAILTO:"),
    )


def _only_event(content: bytes) -> Any:
    try:
        events = Calendar.from_ical(content).walk("VEVENT")
    except ValueError as error:
        msg = f"it is no calendar file: {' '.join(str(error).split())[:200]}"
        raise BadInput(msg) from None
    if len(events) != 1:
        msg = f"it holds {len(events)} events: one notice tells of one"
        raise BadInput(msg)
    return events[0]


def _instant(event: Any, name: str) -> datetime:
    found = event[name].dt
    if not isinstance(found, datetime):
        msg = f"{name} {found} is a day: give the time too, with its zone"
        raise BadInput(msg)
    return require_utc(found, name)


def _impact(given: object) -> Any:
    """Take an impact the practice does not know for the worst, as it asks (3.6.5)."""
    impact = _text(given).upper()
    return impact if impact in IMPACTS else "OUTAGE"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: object) -> str:
    """Return a property on one line; of those it does not know, icalendar leaves the escapes."""
    text = str(value)
    if isinstance(value, vUnknown):
        text = _ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], text)
    return " ".join(text.split())
