"""How a promise stands: the replay of its events, and nothing else."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import parse_instant
from include.mobile_plans.obligations.promises import Promise, promise_from
from include.mobile_plans.store import Event

State = Literal["open", "at_risk", "breached", "paused", "met", "met_late", "cancelled"]
CLOSED: tuple[State, ...] = ("met", "met_late", "cancelled")

OPENED = "obligation.opened"
WARNED = "obligation.warned"
BREACHED = "obligation.breached"
ESCALATED = "obligation.escalated"
PAUSED = "obligation.paused"
RESUMED = "obligation.resumed"
MET = "obligation.met"
CORRECTED = "obligation.corrected"
CANCELLED = "obligation.cancelled"
SETTLED = "obligation.settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    What met a promise.

    Attributes:
        by: The named person whose answer it is.
        evidence: What proves it.
        received_at: When it reached us; this is what counts.
        recorded_at: When it was written down.
        in_time: Whether it was received by the time it was due.
    """

    by: str
    evidence: str
    received_at: datetime
    recorded_at: datetime
    in_time: bool

    def is_same(self, by: str, received_at: datetime) -> bool:
        """Tell whether an answer is this one, written down again."""
        return (self.by, self.received_at) == (by, received_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """
    A time in which the clock stood still.

    Attributes:
        waiting_for: Whom or what the promise waited for.
        paused_at: From when, as received.
        resumed_at: Until when, as received; None while it lasts.
    """

    waiting_for: str
    paused_at: datetime
    resumed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """
    A promise and how it stands.

    Attributes:
        promise: What was promised.
        due_at: When it is due, pauses counted.
        warn_at: When it is at risk, pauses counted.
        warned_at: When its debtor was reminded, or None.
        breached_at: When the breach was recorded, or None while none stands.
        escalations: How many further roles were told of the breach that stands.
        pauses: Every pause, oldest first.
        answer: What met it, or None.
        cancelled_at: When it was cancelled, or None.
        corrected_at: When a breach was last taken back, or None: an answer or pause received in
            time was recorded late.
        breach_told: Whether people who were told of a breach still have to hear how it ended.
        ranks_told: How many further roles were ever told of a breach.
        changed_at: When it last changed, as recorded.
        length: How many events it has.
    """

    promise: Promise
    due_at: datetime
    warn_at: datetime
    changed_at: datetime
    warned_at: datetime | None = None
    breached_at: datetime | None = None
    escalations: int = 0
    pauses: tuple[Pause, ...] = ()
    answer: Answer | None = None
    cancelled_at: datetime | None = None
    corrected_at: datetime | None = None
    breach_told: bool = False
    ranks_told: int = 0
    length: int = 1

    @property
    def key(self) -> str:
        """What makes the promise unique."""
        return self.promise.key

    @property
    def state(self) -> State:
        """How it stands, in one word."""
        if self.cancelled_at is not None:
            return "cancelled"
        if self.answer is not None:
            return "met" if self.answer.in_time else "met_late"
        if self.pause is not None:
            return "paused"
        if self.breached_at is not None:
            return "breached"
        return "open" if self.warned_at is None else "at_risk"

    @property
    def is_closed(self) -> bool:
        """Whether nothing is owed any more."""
        return self.state in CLOSED

    @property
    def pause(self) -> Pause | None:
        """The pause that lasts, or None."""
        last = self.pauses[-1] if self.pauses else None
        return last if last is not None and last.resumed_at is None else None

    @property
    def closed_at(self) -> datetime | None:
        """When it was recorded as met or cancelled, or None."""
        if self.cancelled_at is not None:
            return self.cancelled_at
        return None if self.answer is None else self.answer.recorded_at

    def is_in_time(self, received_at: datetime) -> bool:
        """Tell whether an answer received then keeps the promise; while it is paused, any does."""
        return self.pause is not None or received_at <= self.due_at


def stream_of(key: str) -> str:
    """Name the stream of a promise's events."""
    return f"obligation:{key}"


def replay(events: Iterable[Event]) -> Obligation:
    """
    Build an obligation from its whole stream of events.

    Raises:
        BadInput: The events are not those of an obligation: somebody changed them.
    """
    obligation: Obligation | None = None
    for event in events:
        if obligation is None:
            obligation = _opened(event)
        elif event.kind in _APPLY:
            obligation = replace(
                _APPLY[event.kind](obligation, event),
                length=event.position,
                changed_at=event.recorded_at,
            )
        else:
            msg = f"{event.stream} holds {event.kind!r}, which no obligation has"
            raise BadInput(msg)
    if obligation is None:
        msg = "an obligation has at least one event"
        raise BadInput(msg)
    return obligation


def _opened(event: Event) -> Obligation:
    if event.kind != OPENED:
        msg = f"{event.stream} begins with {event.kind!r}, not with {OPENED!r}"
        raise BadInput(msg)
    promise = promise_from(event.data)
    return Obligation(
        promise=promise,
        due_at=promise.due_at,
        warn_at=promise.warn_at,
        changed_at=event.recorded_at,
    )


def _warned(before: Obligation, event: Event) -> Obligation:
    return replace(before, warned_at=event.recorded_at)


def _breached(before: Obligation, event: Event) -> Obligation:
    return replace(before, breached_at=event.recorded_at, breach_told=True)


def _escalated(before: Obligation, event: Event) -> Obligation:
    rank: int = event.data["rank"]
    return replace(before, escalations=rank, ranks_told=max(rank, before.ranks_told))


def _paused(before: Obligation, event: Event) -> Obligation:
    pause = Pause(waiting_for=event.data["waiting_for"], paused_at=event.effective_at)
    return replace(before, pauses=(*before.pauses, pause))


def _resumed(before: Obligation, event: Event) -> Obligation:
    ended = replace(before.pauses[-1], resumed_at=event.effective_at)
    return replace(
        before,
        pauses=(*before.pauses[:-1], ended),
        # As recorded then: a later calendar library must not move it.
        due_at=parse_instant(event.data["due_at"]),
        warn_at=parse_instant(event.data["warn_at"]),
    )


def _met(before: Obligation, event: Event) -> Obligation:
    answer = Answer(
        by=event.actor,
        evidence=event.data["evidence"],
        received_at=event.effective_at,
        recorded_at=event.recorded_at,
        in_time=before.is_in_time(event.effective_at),
    )
    return replace(before, answer=answer)


def _corrected(before: Obligation, event: Event) -> Obligation:
    return replace(
        before,
        breached_at=None,
        escalations=0,
        corrected_at=event.recorded_at,
        breach_told=before.breached_at is not None,
    )


def _cancelled(before: Obligation, event: Event) -> Obligation:
    return replace(before, cancelled_at=event.recorded_at)


def _settled(before: Obligation, event: Event) -> Obligation:
    del event
    return replace(before, breach_told=False)


_APPLY: dict[str, Callable[[Obligation, Event], Obligation]] = {
    WARNED: _warned,
    BREACHED: _breached,
    ESCALATED: _escalated,
    PAUSED: _paused,
    RESUMED: _resumed,
    MET: _met,
    CORRECTED: _corrected,
    CANCELLED: _cancelled,
    SETTLED: _settled,
}
