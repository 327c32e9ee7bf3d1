"""What is planned: who maintains which service, what of it and how badly, when, and who is told."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal, TypeVar, cast, get_args
from zoneinfo import ZoneInfo, available_timezones

from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import format_instant, require_utc
from include.mobile_plans.policy import PartyName, ProgramPolicy

T = TypeVar("T")

PROGRAM = "program"
"""What names the program where a slug would name a mobile operator."""
PORTAL, CORE_NETWORK = "portal", "core_network"

Impact = Literal["NO-IMPACT", "REDUCED-REDUNDANCY", "DEGRADED", "OUTAGE"]
IMPACTS: tuple[Impact, ...] = get_args(Impact)
"""The impacts of the MAINTNOTE practice, the least first."""
_INTERRUPTING: tuple[Impact, ...] = ("DEGRADED", "OUTAGE")

_WINDOW = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d) to (?:(\d{4}-\d\d-\d\d) )?(\d\d:\d\d) (\S+)")
_EXAMPLE = "2026-12-12 22:00 to 2026-12-13 02:00 Europe/London"
_SUMMARY = re.compile(r"\A(?:(\S+): )?(.*)\Z", re.DOTALL)
_MOST_CHARACTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """
    The time something is maintained in.

    Attributes:
        starts_at: Its first instant, aware UTC.
        ends_at: The instant after its last.
        zone: The IANA zone it was given in, for showing it.
    """

    starts_at: datetime
    ends_at: datetime
    zone: str

    def __post_init__(self) -> None:
        """
        Refuse a window that does not end after it starts.

        Raises:
            BadInput: It does not.
        """
        if self.ends_at <= self.starts_at:
            msg = (
                f"the window ends {format_instant(self.ends_at)}, not after its start "
                f"{format_instant(self.starts_at)}: give the day it ends on"
            )
            raise BadInput(msg)

    def covers(self, other: "Window") -> bool:
        """Tell whether another window lies inside this one."""
        return self.starts_at <= other.starts_at and other.ends_at <= self.ends_at

    def __str__(self) -> str:
        """Say it in UTC, as people read it."""
        return f"{self.starts_at:%a %d %b %Y %H:%M} to {self.ends_at:%a %d %b %Y %H:%M} UTC"

    def overlaps(self, other: "Window") -> bool:
        """Tell whether the two share an instant."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedObject:
    """Something that is maintained, as its party calls it, and what its users notice."""

    name: str
    impact: Impact


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    Planned maintenance as it is told.

    Attributes:
        maintained_by: ``program``, or the slug of the mobile operator that maintains.
        service: One of ``service_names``.
        objects: What of it is affected, at least one.
        window: When.
        recipients: Who is told: slugs, or ``program`` where a mobile operator maintains.
        summary: What is done, in one line.
        reference: The maintaining party's own name for it, or None.
    """

    maintained_by: str
    service: str
    objects: tuple[AffectedObject, ...]
    window: Window
    recipients: tuple[str, ...]
    summary: str
    reference: str | None = None

    @property
    def party(self) -> PartyName:
        """Which party maintains."""
        return "program" if self.maintained_by == PROGRAM else "mobile_operator"

    @property
    def slug(self) -> str | None:
        """The mobile operator that maintains, or None."""
        return None if self.maintained_by == PROGRAM else self.maintained_by

    @property
    def impact(self) -> Impact:
        """The worst impact on any of its objects."""
        return max((one.impact for one in self.objects), key=IMPACTS.index)

    @property
    def interrupts(self) -> bool:
        """Whether users notice: only then does a window explain why a service failed."""
        return self.impact in _INTERRUPTING

    def is_within(self, told: "Plan") -> bool:
        """Tell whether it promises no more than what was told: no other time, object or impact."""
        worst = {one.name: IMPACTS.index(one.impact) for one in told.objects}
        return (
            self.service == told.service
            and told.window.covers(self.window)
            and all(IMPACTS.index(one.impact) <= worst.get(one.name, -1) for one in self.objects)
        )

    @property
    def mobile_operators(self) -> frozenset[str]:
        """Every mobile operator concerned, as recipient or because it maintains."""
        return frozenset({self.maintained_by, *self.recipients}) - {PROGRAM}


def service_names(policy: ProgramPolicy) -> dict[str, str]:
    """Return what people call each service: those of the SLA table, then the program's own."""
    table = policy.sla.services
    names = {row.name: getattr(table, row.name).name for row in fields(table)}
    return names | dict(policy.maintenance.program_services)


def plan_from_form(form: Mapping[str, object], policy: ProgramPolicy) -> Plan:
    """
    Understand the six fields of the form.

    Args:
        form: ``maintained_by``, ``service``, ``objects``, ``window``, ``recipients`` and
            ``summary``, as a form or the command line delivers them.
        policy: The program's policy: the services there are.

    Returns:
        The plan; where the program maintains and nobody is named, without recipients.

    Raises:
        BadInput: A field cannot be understood, one line each.
    """
    given = {name: str(form.get(name) or "").strip() for name in Plan.__dataclass_fields__}
    who, service = given["maintained_by"], given["service"]
    recipients = tuple(dict.fromkeys(re.findall(r"[^\s,;]+", given["recipients"])))
    reference, summary = _SUMMARY.findall(given["summary"])[0]
    problems = [*_problems(who, service, recipients, summary, policy)]
    window = _understood(parse_window, given["window"], problems)
    objects = _understood(parse_objects, given["objects"] or service, problems)
    if problems or window is None or objects is None:
        raise BadInput(*problems)
    return Plan(
        maintained_by=who,
        service=service,
        objects=objects,
        window=window,
        recipients=recipients if who == PROGRAM else (PROGRAM,),
        summary=summary,
        reference=reference or None,
    )


def parse_window(text: str) -> Window:
    """
    Read ``2026-12-12 22:00 to 2026-12-13 02:00 Europe/London``; the second day may be left out.

    A time that does not exist is read with the offset before the change of clocks, a doubled one as
    the first of the two, as everywhere.

    Raises:
        BadInput: It has another form, the zone is unknown, or it ends before it starts.
    """
    match = _WINDOW.fullmatch(" ".join(text.split()))
    if match is None or match[5] not in available_timezones():
        msg = f"window {text!r} is not two times and a zone: write it as {_EXAMPLE}"
        raise BadInput(msg)
    first_day, start, last_day, end, zone = match.groups()
    try:
        starts_at, ends_at = (
            require_utc(datetime.fromisoformat(f"{day} {at}").replace(tzinfo=ZoneInfo(zone)))
            for day, at in ((first_day, start), (last_day or first_day, end))
        )
    except ValueError:
        msg = f"window {text!r} names a day or time that does not exist: write it as {_EXAMPLE}"
        raise BadInput(msg) from None
    return Window(starts_at=starts_at, ends_at=ends_at, zone=zone)


def parse_objects(text: str) -> tuple[AffectedObject, ...]:
    """
    Read what is affected, ``name = IMPACT`` by line or semicolon; without an impact, an outage.

    Raises:
        BadInput: An impact is none of the practice, or a name is missing or too long.
    """
    objects = []
    for line in re.split(r"[\n;]+", text.strip()):
        name, equals, impact = (part.strip() for part in line.rpartition("="))
        name, impact = (name, impact.upper()) if equals else (impact, "OUTAGE")
        if impact not in IMPACTS:
            msg = f"impact {impact!r} of {name!r} is unknown: allowed are {', '.join(IMPACTS)}"
            raise BadInput(msg)
        if problem := _line_problem("an affected object", name):
            raise BadInput(problem)
        objects.append(AffectedObject(name=name, impact=cast("Impact", impact)))
    return tuple(objects)


def _understood(read: Callable[[str], T], text: str, problems: list[str]) -> T | None:
    try:
        return read(text)
    except BadInput as error:
        problems += error.problems
        return None


def _problems(
    who: str, service: str, recipients: tuple[str, ...], summary: str, policy: ProgramPolicy
) -> Iterator[str]:
    is_theirs = who not in ("", PROGRAM)
    if not who:
        yield "nobody maintains: name the program or a mobile operator"
    elif is_theirs and recipients:
        yield "maintenance of a mobile operator is told to the program alone: name no recipients"
    names = service_names(policy)
    if service not in names:
        yield f"service {service!r} is unknown: allowed are {', '.join(names)}"
    elif is_theirs and service in policy.maintenance.program_services:
        yield f"{names[service]} is the program's: a mobile operator does not maintain it"
    if problem := _line_problem("what is done", summary):
        yield problem


def _line_problem(what: str, text: str) -> str | None:
    if not text or len(text) > _MOST_CHARACTERS or not text.isprintable():
        return f"{what} is {text[:40]!r}: one line of 1 to {_MOST_CHARACTERS} characters is needed"
    return None
