"""
Telephone calls to the contacts of a role, in order, until one is reached (E3, O1).

A call is a stream of events: whom to call and why, then each attempt with who answered and when.
When it reached somebody is what clocks use, not when it was written down.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from include.mobile_plans.errors import BadInput, DoesNotApply, NotFound
from include.mobile_plans.instants import format_instant, parse_instant, require_utc
from include.mobile_plans.questions import Answer, Field, Question, Run
from include.mobile_plans.store import append_event, read_events, store_from_environment

REACHED, NOT_REACHED = "Reached", "Not reached"
OPENED, TRIED = "call.opened", "call.tried"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneContact:
    """Somebody to call: ``languages`` are those the person can be called in."""

    name: str
    phone: str
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallWanted:
    """
    What somebody has to be told by telephone.

    Attributes:
        key: What makes it unique.
        about: One line naming the matter and the mobile operator.
        message: Markdown: what to say, and what to ask for.
        contacts: Whom to call, in order.
        deadline: By when somebody must be reached, or None.
        alert: What one search for a caller is called that several calls share, or None: somebody
            who works through many calls is not looked for once for each.
    """

    key: str
    about: str
    message: str
    contacts: tuple[PhoneContact, ...]
    deadline: datetime | None = None
    alert: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAttempt:
    """
    One attempt to reach a contact.

    Attributes:
        rank: Which contact, from 1.
        reached: Whether somebody answered.
        spoke_to: Who answered.
        called_at: When the call was made.
        ticket: The other side's reference, if it gave one.
        recorded_by: The user who wrote it down.
        recorded_at: When.
    """

    rank: int
    reached: bool
    spoke_to: str | None
    called_at: datetime
    ticket: str | None
    recorded_by: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call and every attempt so far."""

    wanted: CallWanted
    opened_at: datetime
    attempts: tuple[CallAttempt, ...]

    @property
    def success(self) -> CallAttempt | None:
        """The attempt that reached somebody, or None."""
        return next((attempt for attempt in self.attempts if attempt.reached), None)

    @property
    def is_exhausted(self) -> bool:
        """Whether every contact was tried and nobody reached."""
        tried = {attempt.rank for attempt in self.attempts}
        return self.success is None and len(tried) >= len(self.wanted.contacts)


def call_task(rank: int) -> str:
    """Name the task that calls the contact of a rank."""
    return f"call_contact_{rank}"


def open_call(
    connection: Connection, wanted: CallWanted, *, most_ranks: int, now: datetime
) -> Call:
    """
    Ask for a call, in the transaction of what it tells of; the same key again asks for nothing.

    Args:
        connection: The write transaction.
        wanted: What to tell and whom; contacts beyond ``most_ranks`` are left out.
        most_ranks: How many contacts are called at most.
        now: The current instant, aware UTC.

    Raises:
        BadInput: There is nobody to call.
    """
    contacts = wanted.contacts[:most_ranks]
    if not contacts:
        msg = f"call {wanted.key}: no contact has a telephone number"
        raise BadInput(msg)
    stream = _stream(wanted.key)
    if not read_events(connection, stream):
        deadline = None if wanted.deadline is None else format_instant(wanted.deadline)
        append_event(
            connection,
            stream=stream,
            kind=OPENED,
            recorded_at=now,
            actor="mobile-plans",
            data={
                "about": wanted.about,
                "message": wanted.message,
                "deadline": deadline,
                "alert": wanted.alert,
                "contacts": [asdict(contact) for contact in contacts],
            },
        )
    return find_call(connection, wanted.key)


def record_attempt(connection: Connection, key: str, attempt: CallAttempt) -> Call:
    """
    Record an attempt; its time is when the call was made.

    Raises:
        NotFound: There is no such call.
        BadInput: The time is not possible, nobody is named, or somebody was reached before.
    """
    call = find_call(connection, key)
    called_at = require_utc(attempt.called_at, "called at")
    problems = []
    if called_at > attempt.recorded_at:
        problems.append(f"called at {format_instant(called_at)} lies in the future")
    if called_at < call.opened_at:
        asked = format_instant(call.opened_at)
        problems.append(f"called at {format_instant(called_at)} lies before it was asked, {asked}")
    if call.success is not None:
        problems.append(f"{call.success.spoke_to} was reached already")
    if attempt.reached and not attempt.spoke_to:
        problems.append("name who answered")
    if problems:
        raise BadInput(*problems)
    append_event(
        connection,
        stream=_stream(key),
        kind=TRIED,
        recorded_at=attempt.recorded_at,
        received_at=called_at,
        actor=attempt.recorded_by,
        data={name: getattr(attempt, name) for name in ("rank", "reached", "spoke_to", "ticket")},
    )
    return find_call(connection, key)


def find_call(connection: Connection, key: str) -> Call:
    """
    Return a call, replayed from its events.

    Raises:
        NotFound: There is none of that key.
    """
    events = read_events(connection, _stream(key))
    if not events:
        msg = f"there is no call {key!r}"
        raise NotFound(msg)
    opened = events[0].data
    deadline = opened["deadline"]
    return Call(
        wanted=CallWanted(
            key=key,
            about=opened["about"],
            message=opened["message"],
            contacts=tuple(_contact(contact) for contact in opened["contacts"]),
            deadline=None if deadline is None else parse_instant(deadline),
            alert=opened.get("alert"),
        ),
        opened_at=events[0].recorded_at,
        attempts=tuple(
            CallAttempt(
                **event.data,
                called_at=event.effective_at,
                recorded_by=event.actor,
                recorded_at=event.recorded_at,
            )
            for event in events
            if event.kind == TRIED
        ),
    )


class PhoneCall:
    """
    The question behind a phone task: was the contact of this rank reached?

    Args:
        rank: Which contact, from 1; a rank beyond the contacts is skipped with its reason.
        key_of: Names the call of a run.
        on_attempt: Told of each attempt in the transaction that records it, so that whoever asked
            for the call can meet a promise with it.
        duty_role: Who is looked for to make the call.
    """

    options = (REACHED, NOT_REACHED)
    fields: Mapping[str, Field] = {
        "spoke_to": Field(
            title="Spoke to",
            description="Who answered.",
            required_with=frozenset({REACHED}),
        ),
        "called_at": Field(
            title="Called at",
            description="When the call was made, with its offset, such as 2026-12-01T10:05:00Z. "
            "Left empty, the moment of this answer.",
            kind="instant",
        ),
        "ticket": Field(title="Ticket", description="The reference they gave, if any."),
    }

    def __init__(
        self,
        rank: int,
        key_of: Callable[[Run], str],
        *,
        on_attempt: Callable[[Connection, Call, CallAttempt], None] | None = None,
        duty_role: str | None = "operations_centre",
    ) -> None:
        self.rank = rank
        self.key_of = key_of
        self.on_attempt = on_attempt
        self.duty_role = duty_role

    def ask(self, run: Run, now: datetime) -> Question:
        """
        Show whom to call and what to say.

        Raises:
            DoesNotApply: Somebody was reached, or there is no contact of this rank.
        """
        del now
        with store_from_environment().snapshot() as connection:
            call = find_call(connection, self.key_of(run))
        if call.success is not None:
            msg = f"{call.success.spoke_to} was reached"
            raise DoesNotApply(msg)
        contacts = call.wanted.contacts
        if self.rank > len(contacts):
            msg = f"there are {len(contacts)} contacts to call"
            raise DoesNotApply(msg)
        contact = contacts[self.rank - 1]
        languages = f" ({', '.join(contact.languages)})" if contact.languages else ""
        return Question(
            subject=f"Call {contact.name}, {contact.phone}: {call.wanted.about}",
            body=(
                f"Call **{contact.name}**{languages} at **{contact.phone}**.\n\n"
                f"{call.wanted.message}\n\n{_tried(call)}"
                "*Not reached* goes to the next contact at once."
            ),
            deadline=call.wanted.deadline,
            fields=self.fields,
            alert=call.wanted.alert,
        )

    def record(self, run: Run, answer: Answer) -> bool:
        """
        Write the attempt down.

        Raises:
            BadInput: The time is not possible, or nobody is named.
        """
        attempt = CallAttempt(
            rank=self.rank,
            reached=answer.option == REACHED,
            spoke_to=answer.text("spoke_to"),
            called_at=answer.instant("called_at", "Called at") or answer.recorded_at,
            ticket=answer.text("ticket"),
            recorded_by=answer.recorded_by,
            recorded_at=answer.recorded_at,
        )
        with store_from_environment().transaction() as connection:
            call = record_attempt(connection, self.key_of(run), attempt)
            if self.on_attempt is not None:
                self.on_attempt(connection, call, attempt)
        return True


def _tried(call: Call) -> str:
    lines = [
        f"- {call.wanted.contacts[attempt.rank - 1].name}: not reached, "
        f"{attempt.called_at:%H:%M} UTC"
        for attempt in call.attempts
    ]
    return "Tried before:\n\n" + "\n".join(lines) + "\n\n" if lines else ""


def _contact(document: dict[str, Any]) -> PhoneContact:
    return PhoneContact(**document | {"languages": tuple(document["languages"])})


def _stream(key: str) -> str:
    return f"call:{key}"
