"""How an incident stands: its events, and what follows from them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from pydantic import TypeAdapter

from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import parse_instant
from include.mobile_plans.policy import PartyName, SeverityName
from include.mobile_plans.store import Event

Service = Literal[
    "core_network",
    "walled_garden",
    "portal",
    "xdr",
    "network",
    "mobile_plans",
    "store",
    "customer_support",
    "other",
]
Channel = Literal["monitoring", "call", "mail", "program"]
"""Seen by monitoring; called or mailed by the mobile operator; found by our own people."""
State = Literal["unassessed", "open", "paused", "recovered", "resolved", "turned_back"]
STATES: tuple[State, ...] = get_args(State)
ENDED: tuple[State, ...] = ("resolved", "turned_back")
ANSWERS = ("first_response", "update", "resolution")
"""The updates that answer what is owed, where they are the word of the party that owes it."""

Entry = Event
"""One event of an incident, under the name its rules know it by."""

OPENED = "incident.opened"
ASSESSED = "severity.assigned"
REACHED = "party.reached"
UPDATED = "update.posted"
JOINED = "report.joined"
TROUBLE = "trouble.linked"
RECOVERED = "recovery.seen"
GROUPED = "incident.grouped"
TURNED_BACK = "incident.turned_back"
RUN_STARTED = "run.started"
KINDS = (
    OPENED,
    ASSESSED,
    REACHED,
    UPDATED,
    JOINED,
    TROUBLE,
    RECOVERED,
    GROUPED,
    TURNED_BACK,
    RUN_STARTED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What monitoring saw of an outage: its edges, bad slots, and the share of slots it saw."""

    good_before: datetime | None
    first_bad: datetime
    last_bad: datetime
    bad_slots: int
    coverage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """
    What an incident began with.

    Attributes:
        source: What makes it unique: the outage, run or command behind it.
        told_by: The party that escalates it or tells of it.
        is_notice: Whether that party tells of its own outage (O1, O2).
        service: What is hit.
        slug: The mobile operator it is between the program and; None for a parent of many.
        what: What happened.
        since: When it began, as far as known.
        aware_at: When the party that tells of it first knew, or None while it has not said.
        channel: How it reached us.
        caller: Who told us and how to call back.
        contact: The contact on record the caller was recognised as, or None.
        parent: The incident of which it is one mobile operator's part.
        related: Other open incidents of that service and mobile operator.
        seen: What monitoring saw.
    """

    source: str
    told_by: PartyName
    is_notice: bool = False
    service: Service
    slug: str | None
    what: str
    since: datetime
    aware_at: datetime | None
    channel: Channel
    caller: str | None = None
    contact: str | None = None
    parent: str | None = None
    related: tuple[str, ...] = ()
    seen: Seen | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """
    One incident: what it began with and every event of it, from which all else follows.

    An update is an event whose data name ``what`` it is, whose word (``party``, ``by``), the
    ``text`` and the ``evidence``; its effective instant is when it reached us, or we said it.
    """

    opening: Opening
    events: tuple[Event, ...]

    @property
    def incident_id(self) -> str:
        """Its number, ``INC-0042``."""
        return self.events[0].stream.partition(":")[2]

    @property
    def stream(self) -> str:
        """The name of its events' stream."""
        return self.events[0].stream

    @property
    def slug(self) -> str | None:
        """The mobile operator it is about; None for a parent of many."""
        return self.opening.slug

    @property
    def opened_at(self) -> datetime:
        """When it was opened, as recorded."""
        return self.events[0].recorded_at

    @property
    def received_at(self) -> datetime:
        """When it reached us."""
        return self.events[0].effective_at

    @property
    def changed_at(self) -> datetime:
        """When it last changed, as recorded."""
        return self.events[-1].recorded_at

    def all(self, kind: str) -> list[Event]:
        """Return the events of a kind, oldest first."""
        return [event for event in self.events if event.kind == kind]

    def last(self, kind: str) -> Event | None:
        """Return the newest event of a kind, or None."""
        return next((event for event in reversed(self.events) if event.kind == kind), None)

    def last_update(self, *whats: str) -> Event | None:
        """Return the newest update that is one of these, or None."""
        updates = reversed(self.all(UPDATED))
        return next((event for event in updates if event.data["what"] in whats), None)

    @property
    def severity(self) -> SeverityName | None:
        """The severity that counts, or None while nobody assigned one."""
        assigned = self.last(ASSESSED)
        severity: SeverityName | None = assigned.data["severity"] if assigned else None
        return severity

    @property
    def owes(self) -> PartyName:
        """The party that owes answers: the one that was told, or tells of its own outage (O)."""
        told_by = self.opening.told_by
        other: PartyName = "mobile_operator" if told_by == "program" else "program"
        return told_by if self.opening.is_notice else other

    @property
    def state(self) -> State:
        """How it stands, in one word."""
        if self.last(TURNED_BACK):
            return "turned_back"
        if self.last_update("resolution"):
            return "resolved"
        if self.severity is None:
            return "unassessed"
        if self.pause is not None:
            return "paused"
        return "open" if self.recovered_at is None else "recovered"

    @property
    def is_ended(self) -> bool:
        """Whether nothing more is to be done about it."""
        return self.state in ENDED

    @property
    def ended_at(self) -> datetime | None:
        """When it was resolved or turned back, or None."""
        end = self.last(TURNED_BACK) or self.last_update("resolution")
        return end.effective_at if end else None

    @property
    def pause(self) -> Event | None:
        """The pause that lasts, or None."""
        turn = self.last_update("pause", "resume")
        return turn if turn is not None and turn.data["what"] == "pause" else None

    @property
    def aware_at(self) -> datetime | None:
        """When the party that tells of it first knew, as last stated."""
        said = self.last_update("awareness")
        if said is not None:
            return said.effective_at
        stated = [
            e.data["stated"]["aware_at"]
            for e in self.all(ASSESSED)
            if "aware_at" in e.data["stated"]
        ]
        return parse_instant(stated[-1]) if stated else self.opening.aware_at

    @property
    def troubles(self) -> list[str]:
        """The outages and findings of monitoring that belong to it."""
        return [event.data["trouble"] for event in self.all(TROUBLE)]

    @property
    def recovered_at(self) -> datetime | None:
        """When monitoring saw the last of them end, or None while one lasts."""
        turns = [event for event in self.events if event.kind in (TROUBLE, RECOVERED)]
        return turns[-1].effective_at if turns and turns[-1].kind == RECOVERED else None

    @property
    def seen(self) -> Seen | None:
        """What monitoring saw, the newest of it."""
        recovery = self.last(RECOVERED)
        return (recovery and _SEEN.validate_python(recovery.data["seen"])) or self.opening.seen

    @property
    def parent(self) -> str | None:
        """The incident it is a part of."""
        grouped = self.last(GROUPED)
        return grouped.data["parent"] if grouped else self.opening.parent

    def reached_at(self, position: int, *ways: str) -> datetime | None:
        """Return when what an event tells first reached the other party, in any way or these."""
        found = [
            event.effective_at
            for event in self.all(REACHED)
            if event.data["of"] == position and (not ways or event.data["by"] in ways)
        ]
        return min(found, default=None)


_OPENING = TypeAdapter(Opening)
_SEEN = TypeAdapter(Seen | None)


def document_of(opening: Opening) -> dict[str, Any]:
    """Write what an incident began with as the JSON document its first event keeps."""
    document: dict[str, Any] = _OPENING.dump_python(opening, mode="json")
    return document


def seen_document(seen: Seen | None) -> Any:
    """Write what monitoring saw as the JSON document an event keeps."""
    return _SEEN.dump_python(seen, mode="json")


def replay(events: Iterable[Event]) -> Incident:
    """
    Build an incident from its whole stream of events.

    Raises:
        BadInput: The events are not those of an incident: somebody changed them.
    """
    whole = tuple(events)
    for event in whole:
        if (event is whole[0]) != (event.kind == OPENED) or event.kind not in KINDS:
            msg = f"{event.stream} holds {event.kind!r} at {event.position}, which no incident has"
            raise BadInput(msg)
    return Incident(_OPENING.validate_python(whole[0].data), whole)


def stream_of(incident_id: str) -> str:
    """Name the stream of an incident's events."""
    return f"incident:{incident_id}"
