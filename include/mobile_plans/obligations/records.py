"""Promises in the store: opened once, then met, paused, resumed or cancelled by named people."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from include.mobile_plans.calendar import calendar_version
from include.mobile_plans.errors import BadInput, Conflict
from include.mobile_plans.instants import format_instant, require_utc
from include.mobile_plans.obligations.periods import period_end
from include.mobile_plans.obligations.promises import (
    Promise,
    Wanted,
    document_of,
    give_promise,
    period_of,
)
from include.mobile_plans.obligations.reading import find_obligation, lock_obligation, read_stream
from include.mobile_plans.obligations.rules import (
    after_pause,
    require_can_be_met,
    require_can_be_paused,
    require_received,
    upcoming_step,
)
from include.mobile_plans.obligations.state import (
    CANCELLED,
    CORRECTED,
    MET,
    OPENED,
    PAUSED,
    RESUMED,
    Obligation,
    stream_of,
)
from include.mobile_plans.policy import PartyCalendar, ProgramPolicy, mobile_operator_in_force
from include.mobile_plans.store import append_event
from include.mobile_plans.store.tables import obligation as table


def open_obligation(
    connection: Connection, wanted: Wanted, policy: ProgramPolicy, *, by: str, now: datetime
) -> Obligation:
    """
    Open a promise; the same key again returns the one there is, whatever a restarted task does.

    Args:
        connection: The write transaction.
        wanted: What is promised.
        policy: The program's policy: period, roles and the program's calendar come from it.
        by: The named person or the part of the system that opens it.
        now: The current instant, aware UTC.

    Raises:
        BadInput: What is wanted is not allowed.
        NotFound: The mobile operator is unknown.
        Conflict: The key names a promise about something else.
    """
    promise = give_promise(wanted, policy, _calendar_of(connection, wanted, policy, now))
    return _open(connection, promise, by=by, now=now)


def meet(
    connection: Connection,
    key: str,
    *,
    by: str,
    evidence: str,
    received_at: datetime,
    now: datetime,
    recorded_by: str | None = None,
) -> Obligation:
    """
    Record what met a promise; what counts is when it was received (E6).

    An answer received in time takes back a breach, visibly, however late it is written down. The
    same answer again changes nothing.

    Args:
        connection: The write transaction.
        key: The promise.
        by: The named person whose answer it is.
        evidence: What proves it, such as the Message-ID of a mail or who answered a call.
        received_at: When it reached us, aware.
        now: The current instant, aware UTC.
        recorded_by: The user who writes it down, where that is somebody else.

    Raises:
        NotFound: There is no such promise.
        BadInput: Nobody is named, the evidence is missing, or it was received at no possible time.
        Conflict: The promise was cancelled, or met already by another answer.
    """
    before = lock_obligation(connection, key)
    _require_named(by=by, evidence=evidence)
    received_at = require_received(before, received_at, now)
    if before.answer is not None and before.answer.is_same(by, received_at):
        return before
    require_can_be_met(before, received_at)
    data = {"evidence": evidence} | ({"recorded_by": recorded_by} if recorded_by else {})
    after = record(connection, before, MET, by=by, now=now, received_at=received_at, data=data)
    missed = before.breached_at is not None or before.answer is not None
    if missed and after.state == "met":
        because = {"because": "an answer received in time was recorded late"}
        after = record(connection, after, CORRECTED, by=by, now=now, data=because)
    return after


def renew(
    connection: Connection,
    key: str,
    *,
    by: str,
    evidence: str,
    received_at: datetime,
    now: datetime,
    recorded_by: str | None = None,
) -> Obligation:
    """
    Meet one promise of a series and open the next, due one period after this was received.

    Arguments and errors are those of ``meet``.

    Returns:
        The next promise of the series.

    Raises:
        BadInput: The promise is none of a series.
    """
    promise = find_obligation(connection, key).promise
    if promise.number is None or promise.within is None:
        msg = f"promise {key} is none of a series: meet it instead"
        raise BadInput(msg)
    met = meet(
        connection,
        key,
        by=by,
        evidence=evidence,
        received_at=received_at,
        now=now,
        recorded_by=recorded_by,
    )
    since = received_at if met.answer is None else met.answer.received_at
    end = period_end(since, promise.within, promise.calendar)
    number = promise.number + 1
    following = replace(
        promise,
        key=f"{promise.series}:{number}",
        number=number,
        since=since,
        due_at=end.due_at,
        counted=end.counted,
    )
    return _open(connection, following, by=by, now=now)


def pause(
    connection: Connection,
    key: str,
    *,
    by: str,
    waiting_for: str,
    received_at: datetime,
    now: datetime,
) -> Obligation:
    """
    Stop the clock of a promise from the moment it was heard that its debtor has to wait.

    Args:
        connection: The write transaction.
        key: The promise.
        by: The named person who decides it.
        waiting_for: Whom and what it waits for.
        received_at: From when the clock stands still, aware; before the promise is due.
        now: The current instant, aware UTC.

    Raises:
        NotFound: There is no such promise.
        BadInput: Nobody is named, or the time is not possible, or its due time was fixed.
        Conflict: It is closed, paused already, or was due before.
    """
    before = lock_obligation(connection, key)
    _require_named(by=by, waiting_for=waiting_for)
    received_at = require_received(before, received_at, now)
    if before.pause is not None and before.pause.paused_at == received_at:
        return before
    require_can_be_paused(before, received_at)
    if before.breached_at is not None:
        because = {"because": "a pause that began in time was recorded late"}
        before = record(connection, before, CORRECTED, by=by, now=now, data=because)
    data = {"waiting_for": waiting_for}
    return record(connection, before, PAUSED, by=by, now=now, received_at=received_at, data=data)


def resume(
    connection: Connection, key: str, *, by: str, received_at: datetime, now: datetime
) -> Obligation:
    """
    Let the clock of a paused promise run again; what had been used of its time stays used.

    Args:
        connection: The write transaction.
        key: The promise.
        by: The named person who decides it.
        received_at: From when the clock runs, aware; not before the pause began.
        now: The current instant, aware UTC.

    Raises:
        NotFound: There is no such promise.
        BadInput: Nobody is named, or the time is not possible.
        Conflict: It is not paused.
    """
    before = lock_obligation(connection, key)
    _require_named(by=by)
    received_at = require_received(before, received_at, now)
    if before.pause is None:
        if before.pauses and before.pauses[-1].resumed_at == received_at:
            return before
        msg = f"promise {key} is {before.state}: only a paused one is resumed"
        raise Conflict(msg)
    due_at, warn_at = after_pause(before, received_at)
    data = {"due_at": format_instant(due_at), "warn_at": format_instant(warn_at)}
    if before.promise.counted is not None:
        data["calendar_version"] = calendar_version()
    return record(connection, before, RESUMED, by=by, now=now, received_at=received_at, data=data)


def cancel(connection: Connection, key: str, *, by: str, reason: str, now: datetime) -> Obligation:
    """
    Release a promise: nothing is owed any more. Cancelling it again changes nothing.

    Raises:
        NotFound: There is no such promise.
        BadInput: Nobody is named, or no reason is given.
        Conflict: It was met.
    """
    before = lock_obligation(connection, key)
    _require_named(by=by, reason=reason)
    if before.state == "cancelled":
        return before
    if before.is_closed:
        msg = f"promise {key} was met: it is no longer cancelled"
        raise Conflict(msg)
    return record(connection, before, CANCELLED, by=by, now=now, data={"reason": reason})


def record(
    connection: Connection,
    before: Obligation,
    kind: str,
    *,
    by: str,
    now: datetime,
    data: Mapping[str, Any],
    received_at: datetime | None = None,
) -> Obligation:
    """Append an event to a locked promise and bring its row to what the events now say."""
    append_event(
        connection,
        stream=stream_of(before.key),
        kind=kind,
        recorded_at=now,
        received_at=received_at,
        actor=by,
        data=data,
    )
    after = read_stream(connection, before.key)
    connection.execute(
        table.update().where(table.c.obligation_key == before.key).values(row_of(after))
    )
    return after


def row_of(obligation: Obligation) -> dict[str, Any]:
    """Write the row of a promise: every column follows from its events."""
    promise, step = obligation.promise, upcoming_step(obligation)
    return {
        "obligation_key": promise.key,
        "kind": promise.kind,
        "subject": promise.subject,
        "slug": promise.slug,
        "debtor": promise.debtor,
        "creditor": promise.creditor,
        "acts": promise.roles.acts,
        "title": promise.title,
        "since": promise.since,
        "period": period_of(promise),
        "warn_at": obligation.warn_at,
        "due_at": obligation.due_at,
        "state": obligation.state,
        "next_at": None if step is None else step.at,
        "met_at": None if obligation.answer is None else obligation.answer.received_at,
        "closed_at": obligation.closed_at,
    }


def _open(connection: Connection, promise: Promise, *, by: str, now: datetime) -> Obligation:
    _require_named(by=by)
    opened = Obligation(
        promise=promise,
        due_at=promise.due_at,
        warn_at=promise.warn_at,
        changed_at=require_utc(now, "now"),
    )
    try:
        with connection.begin_nested():
            connection.execute(table.insert().values(row_of(opened)))
    except IntegrityError:
        return _same_promise(find_obligation(connection, promise.key), promise)
    append_event(
        connection,
        stream=stream_of(promise.key),
        kind=OPENED,
        recorded_at=now,
        actor=by,
        data=document_of(promise),
    )
    return read_stream(connection, promise.key)


def _same_promise(found: Obligation, wanted: Promise) -> Obligation:
    def about(promise: Promise) -> Iterable[object]:
        return promise.kind, promise.subject, promise.slug, promise.debtor

    if about(found.promise) != about(wanted):
        msg = (
            f"promise {wanted.key} is already one about {found.promise.subject}, owed by the "
            f"{found.promise.debtor}: choose another key"
        )
        raise Conflict(msg)
    return found


def _calendar_of(
    connection: Connection, wanted: Wanted, policy: ProgramPolicy, now: datetime
) -> PartyCalendar:
    """Return the calendar of the party that owes (decision, "Which calendar counts")."""
    if wanted.debtor == "mobile_operator" and wanted.slug is not None:
        return mobile_operator_in_force(connection, wanted.slug, now).mobile_operator.calendar
    return policy.calendars.program


def _require_named(**given: str) -> None:
    problems = [
        f"{name} is empty: a promise changes by a named person, with a reason or evidence"
        for name, text in given.items()
        if not text.strip()
    ]
    if problems:
        raise BadInput(*problems)
