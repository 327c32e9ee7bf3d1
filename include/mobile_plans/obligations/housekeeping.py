"""
Deleting what is long over: closed promises and sent mails, and never anything that is open.

A stream of events goes whole or not at all, and only while its chain is whole; its length and last
hash stay on record in the stream ``housekeeping``, so what was removed cannot be told otherwise.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Select, Table, delete, or_, select

from include.mobile_plans.notices.deliveries import stream_of as notice_stream
from include.mobile_plans.obligations.state import stream_of as obligation_stream
from include.mobile_plans.policy import ProgramPolicy
from include.mobile_plans.simulation.clock import Clock
from include.mobile_plans.store import Store, append_event, verify_events
from include.mobile_plans.store.tables import delivery, event, event_stream, notice, obligation

STREAM = "housekeeping"
ACTOR = "housekeeping"
_AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class HousekeepingReport:
    """
    What was removed.

    Attributes:
        promises: How many closed promises, with their events.
        notices: How many sent notices, with their deliveries and events.
        kept: One line for each stream that was old enough but whose chain is broken: it stays.
    """

    promises: int
    notices: int
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sort:
    """
    One sort of thing that grows old.

    Attributes:
        stream_of: Names the stream of one, by its key.
        old: Finds the keys of those that may go: closed, and last changed before an instant.
        rows: Its tables, children before parents, each with the column that holds the key.
    """

    stream_of: Callable[[str], str]
    old: Callable[[datetime], Select[Any]]
    rows: tuple[tuple[Table, Column[str]], ...]


def housekeep(store: Store, clock: Clock, policy: ProgramPolicy) -> HousekeepingReport:
    """
    Delete closed promises and sent mails that are older than policy keeps them.

    Args:
        store: Where they are.
        clock: The current time.
        policy: The program's policy in force: ``promises.kept_for``.
    """
    now = clock.now()
    before = now - policy.promises.kept_for
    broken: dict[str, str] = {}
    removed = {name: _clear(store, sort, before, now, broken) for name, sort in _SORTS.items()}
    return HousekeepingReport(**removed, kept=tuple(broken.values()))


def _clear(
    store: Store, sort: _Sort, before: datetime, now: datetime, broken: dict[str, str]
) -> int:
    """Remove all of a sort that may go, a batch per transaction, and return how many went."""
    removed = 0
    column = sort.rows[-1][1]
    while True:
        with store.transaction() as connection:
            query = sort.old(before).where(column.not_in(tuple(broken))).order_by(column)
            keys = [row[0] for row in connection.execute(query.limit(_AT_ONCE))]
            if not keys:
                return removed
            whole = [key for key in keys if _is_whole(connection, sort, key, broken)]
            _remove(connection, sort, whole, now)
            removed += len(whole)


def _is_whole(connection: Connection, sort: _Sort, key: str, broken: dict[str, str]) -> bool:
    findings = verify_events(connection, sort.stream_of(key))
    if findings:
        broken[key] = f"{sort.stream_of(key)}: {findings[0].problem}"
    return not findings


def _remove(connection: Connection, sort: _Sort, keys: Sequence[str], now: datetime) -> None:
    if not keys:
        return
    streams = [sort.stream_of(key) for key in keys]
    heads = connection.execute(
        select(event_stream).where(event_stream.c.stream.in_(streams)).order_by("stream")
    )
    gone = [{"stream": h.stream, "length": h.length, "head_hash": h.head_hash} for h in heads]
    for table, column in sort.rows:
        connection.execute(delete(table).where(column.in_(keys)))
    for table, column in ((event, event.c.stream), (event_stream, event_stream.c.stream)):
        connection.execute(delete(table).where(column.in_(streams)))
    append_event(
        connection,
        stream=STREAM,
        kind="streams.removed",
        recorded_at=now,
        actor=ACTOR,
        data={"removed": gone},
    )


def _old_promises(before: datetime) -> Select[Any]:
    return select(obligation.c.obligation_key).where(
        obligation.c.closed_at < before, obligation.c.next_at.is_(None)
    )


def _old_notices(before: datetime) -> Select[Any]:
    """A thread goes whole: its mails name each other."""
    sent = select(delivery.c.notice_key).where(delivery.c.state == "sent")
    waiting = select(delivery.c.notice_key).where(delivery.c.state.in_(("queued", "sending")))
    alive = select(notice.c.thread).where(
        or_(
            notice.c.queued_at >= before,
            notice.c.notice_key.in_(waiting),
            notice.c.notice_key.not_in(sent),
        )
    )
    return select(notice.c.notice_key).where(notice.c.thread.not_in(alive))


_SORTS = {
    "promises": _Sort(
        stream_of=obligation_stream,
        old=_old_promises,
        rows=((obligation, obligation.c.obligation_key),),
    ),
    "notices": _Sort(
        stream_of=notice_stream,
        old=_old_notices,
        rows=((delivery, delivery.c.notice_key), (notice, notice.c.notice_key)),
    ),
}
