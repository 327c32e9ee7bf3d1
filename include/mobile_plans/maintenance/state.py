"""What a maintenance is at this moment: the replay of its events, and nothing else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import TypeAdapter

from include.mobile_plans.calendar import Deadline
from include.mobile_plans.maintenance.plans import Plan
from include.mobile_plans.store import Event

State = Literal["unreadable", "proposed", "announced", "under_way", "completed", "cancelled"]
CLOSED: tuple[State, ...] = ("completed", "cancelled")

REQUESTED, RECEIVED, CARRIED = "requested", "received", "carried"
PROPOSED, WITHDRAWN = "proposed", "withdrawn"
ANNOUNCED, RESCHEDULED, TOLD = "announced", "rescheduled", "told"
REMINDED, STARTED, ENDED, OVERRAN = "reminded", "started", "ended", "overran"
EXTENDED, HELD_BACK, COMPLETED, CANCELLED = "extended", "held_back", "completed", "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """
    How the notice stands for one recipient (P1, P2).

    Attributes:
        deadline: By when it was due on the calendars of both, and how that was counted.
        calendars: Those calendars, such as ``US-WA/America/Los_Angeles``.
        proposed_in: The event that proposed what it judges, by its position.
        told_at: When a mail server took the notice, or it reached us; None until then.
    """

    deadline: Deadline
    calendars: tuple[str, ...]
    proposed_in: int
    told_at: datetime | None = None

    def late_by(self, told_at: datetime | None = None) -> timedelta | None:
        """Return by how much it was late, or would be if told then; None when it is in time."""
        at = self.told_at or told_at
        late = at is not None and at > self.deadline.instant
        return at - self.deadline.instant if late and at is not None else None

    @property
    def is_in_time(self) -> bool:
        """Whether it was told, by its deadline."""
        return self.told_at is not None and self.late_by() is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """
    A plan nobody was told of yet, the first one or another window.

    Attributes:
        plan: What is to be told.
        verdicts: By when each recipient must be told.
        warnings: What it collides with, in sentences.
        proposed_at: When it was proposed, or reached us.
        reason: Why another window is needed.
    """

    plan: Plan
    verdicts: Mapping[str, Verdict]
    warnings: tuple[str, ...]
    proposed_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """
    What somebody says of a maintenance.

    Attributes:
        by: Whose word it is.
        why: The reason of a change; the evidence of a completion.
        at: When it reached us, aware UTC; clocks use it.
    """

    by: str
    why: str = ""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarFile:
    """The last calendar file of a mobile operator that was taken."""

    uid: str
    sequence: int
    stamp: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """
    One maintenance, replayed.

    Attributes:
        maintenance_id: ``MNT-`` and its number.
        file: SHA-256 of the file it came in, or None.
        problems: Why that file could not be read.
        received_at: When that file reached us.
        theirs: Of a mobile operator's notices that came as calendar files, the last.
        proposal: What is proposed and not yet told.
        run_id: The run whose form was recorded last.
        plan: What was told; None before.
        verdicts: How the notice stands for each recipient.
        announced: Which event told the plan, by its position: names the mails of it.
        announced_at: When the plan was told.
        confirmed_by: Who confirmed a late or colliding one.
        reason: Why it is late, moved or cancelled.
        excluded_per_month: The most a month's availability leaves out, as policy said when told.
        extended_to: The new end of one that takes longer.
        steps: What was told since by the clock, for this window.
        report: A completion that waits because monitoring still sees the service fail.
        closed_at: When it was completed or cancelled, as received.
        closed: How it ended.
        carried: Whether a run of Airflow carries it.
        sequence: The newest version of its calendar entry; -1 before the first.
        length: How many events it has.
    """

    maintenance_id: str
    length: int
    file: str | None = None
    problems: tuple[str, ...] = ()
    received_at: datetime | None = None
    theirs: CalendarFile | None = None
    proposal: Proposal | None = None
    run_id: str | None = None
    plan: Plan | None = None
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    announced: int = 0
    announced_at: datetime | None = None
    confirmed_by: str | None = None
    reason: str = ""
    excluded_per_month: timedelta = timedelta(0)
    extended_to: datetime | None = None
    steps: tuple[str, ...] = ()
    report: Word | None = None
    closed_at: datetime | None = None
    closed: Literal["completed", "cancelled"] | None = None
    carried: bool = False
    sequence: int = -1

    @property
    def state(self) -> State:
        """How it stands, in one word."""
        if self.closed is not None:
            return self.closed
        if self.plan is None:
            return "proposed" if self.proposal else "unreadable"
        return "under_way" if STARTED in self.steps else "announced"

    @property
    def is_open(self) -> bool:
        """Whether it is neither completed nor cancelled."""
        return self.closed is None

    @property
    def latest_plan(self) -> Plan | None:
        """What was told, or else what is proposed."""
        return self.plan or (self.proposal.plan if self.proposal else None)

    @property
    def begun_at(self) -> datetime | None:
        """When it was proposed, told or received, whichever is known."""
        proposed_at = self.proposal.proposed_at if self.proposal else None
        return proposed_at or self.announced_at or self.received_at

    @property
    def untold(self) -> tuple[str, ...]:
        """The recipients whose notice no mail server has taken yet."""
        waits = self.is_open and self.plan is not None
        return tuple(r for r, v in self.verdicts.items() if waits and v.told_at is None)

    @property
    def stream(self) -> str:
        """The name of its events' stream."""
        return stream_of(self.maintenance_id)


_MAINTENANCE = TypeAdapter(Maintenance)


def stream_of(maintenance_id: str) -> str:
    """Name the stream of a maintenance's events."""
    return f"maintenance:{maintenance_id}"


def replay(events: Iterable[Event]) -> Maintenance:
    """Build a maintenance from its whole stream: each event holds the facts true from then on."""
    facts: dict[str, Any] = {}
    for event in events:
        facts |= event.data
        facts |= {"maintenance_id": event.stream.partition(":")[2], "length": event.position}
    return _MAINTENANCE.validate_python(facts)


def document_of(before: Maintenance, facts: Mapping[str, Any]) -> dict[str, Any]:
    """
    Write what changes about a maintenance as the JSON document an event keeps.

    Args:
        before: How it stands.
        facts: By attribute, what is true from now on.
    """
    document = _MAINTENANCE.dump_python(replace(before, **facts), mode="json")
    return {name: document[name] for name in facts}
