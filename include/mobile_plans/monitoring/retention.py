"""
Which days are sealed, and when their samples may leave the store.

The event stream ``archive`` tells it: a day was sealed with its SHA-256, history was imported, the
samples of a day were removed. Samples that come after their day was sealed make a further
revision of it, a file of its own. Nothing is removed that is not sealed and verified.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import file_digest
from pathlib import Path

from sqlalchemy import Connection, delete, func, select

from include.mobile_plans.errors import Conflict, MobilePlansError
from include.mobile_plans.monitoring.archive import Archive, bounds_of, write_day
from include.mobile_plans.monitoring.slots import start_of
from include.mobile_plans.policy import ProgramPolicy, policies_in_force
from include.mobile_plans.simulation.clock import Clock
from include.mobile_plans.store import Store, append_event, read_events, stream_head
from include.mobile_plans.store.tables import sample

STREAM = "archive"
ACTOR = "housekeeping"
IMPORTED = "history.imported"
_SEALED, _CLEARED = "archive.sealed", "archive.cleared"
_DAY = timedelta(days=1)
LATEST_ROUND = timedelta(hours=2, minutes=30)
"""How long after a day its last rounds may still wait to be recorded."""
_HOUR_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedDay:
    """
    One sealed day, as it was sealed last.

    Attributes:
        day: Which.
        file: Its place in the archive.
        sha256: Of its bytes.
        bytes: How many.
        rows: How many samples it holds.
        targets: Of how many targets.
        stored: How many of them the store held then, 0 once they were removed.
        is_whole: Whether none was imported since.
    """

    day: date
    file: str
    sha256: str
    bytes: int
    rows: int
    targets: int
    stored: int
    is_whole: bool = True

    def holds_all(self, stored: int) -> bool:
        """Tell whether it holds all samples of its day, of which the store has so many now."""
        return self.is_whole and stored <= self.stored


def sealed_days(connection: Connection) -> dict[date, SealedDay]:
    """Return every sealed day, oldest first."""
    days: dict[date, SealedDay] = {}
    for event in read_events(connection, STREAM):
        data = event.data
        if event.kind == _SEALED:
            day = date.fromisoformat(data["day"])
            days[day] = SealedDay(**data | {"day": day})
        elif event.kind == _CLEARED:
            day = date.fromisoformat(data["day"])
            days[day] = replace(days[day], stored=0)
        elif event.kind == IMPORTED:
            first, last = (datetime.fromisoformat(data[name]).date() for name in ("first", "last"))
            for day in [day for day in days if first <= day <= last]:
                days[day] = replace(days[day], is_whole=False)
    return dict(sorted(days.items()))


def closed_days(connection: Connection, now: datetime) -> Iterator[tuple[date, int]]:
    """Yield the days that are over and of which the store holds samples, with how many."""
    oldest = connection.scalar(select(func.min(sample.c.slot)))
    if oldest is None:
        return
    day = start_of(oldest).date()
    while bounds_of(day)[1] <= (now - LATEST_ROUND).timestamp():
        if number := _stored(connection, day):
            yield day, number
        day += _DAY


def _stored(connection: Connection, day: date) -> int:
    first, after = bounds_of(day)
    in_day = (sample.c.slot >= first, sample.c.slot < after)
    return connection.scalar(select(func.count()).select_from(sample).where(*in_day)) or 0


def seal_days(
    store: Store, archive: Archive, clock: Clock, policy: ProgramPolicy
) -> list[SealedDay]:
    """
    Seal every day that is over and is not sealed yet, or not whole; return those sealed now.

    Raises:
        MobilePlansError: What was written cannot be read back, or another process sealed meanwhile.
    """
    with store.snapshot() as connection:
        sealed = sealed_days(connection)
        wanted = [
            day
            for day, stored in closed_days(connection, clock.now())
            if day not in sealed or not sealed[day].holds_all(stored)
        ]
    return [_seal(store, archive, day, clock, policy) for day in wanted]


def _seal(
    store: Store, archive: Archive, day: date, clock: Clock, policy: ProgramPolicy
) -> SealedDay:
    with tempfile.TemporaryDirectory() as folder:
        local = Path(folder) / "day.parquet"
        with store.snapshot() as connection:
            stored = _stored(connection, day)
            head = stream_head(connection, STREAM)
            before = sealed_days(connection).get(day)
            end = start_of(bounds_of(day)[1])
            policies = policies_in_force(connection, end - _DAY, end) or [(end - _DAY, policy)]
            rows, targets = write_day(
                local,
                connection,
                day,
                policies,
                None if before is None else archive.parquet(before.file),
            )
        with local.open("rb") as stream:
            digest = file_digest(stream, "sha256").hexdigest()
        sealed = SealedDay(
            day=day,
            file=f"samples/{day:%Y/%m}/{day}.{digest[:12]}.parquet",
            sha256=digest,
            bytes=local.stat().st_size,
            rows=rows,
            targets=targets,
            stored=stored,
        )
        archive.put(local, sealed.file)
    if problem := problem_of(archive, sealed):
        raise MobilePlansError(problem)
    facts = {name: getattr(sealed, name) for name in _FACTS} | {"day": day.isoformat()}
    with store.transaction() as connection:
        if stream_head(connection, STREAM, held=True) != head:
            msg = f"{day} was not sealed: something else was written to the archive meanwhile"
            raise Conflict(msg)
        _tell(connection, _SEALED, facts, clock.now())
    return sealed


_FACTS = ("file", "sha256", "bytes", "rows", "targets", "stored")


def problem_of(archive: Archive, sealed: SealedDay) -> str | None:
    """Hash a sealed day again, and say what is wrong with it, or None."""
    try:
        found = archive.hash_of(sealed.file)
    except MobilePlansError as error:
        return str(error)
    if found == sealed.sha256:
        return None
    return f"{sealed.file} is not what was sealed: its SHA-256 is {found}, not {sealed.sha256}"


def clear_days(
    store: Store, archive: Archive, clock: Clock, policy: ProgramPolicy
) -> tuple[list[date], list[str]]:
    """
    Remove the samples of sealed days that are older than policy keeps them.

    Returns:
        The days that were cleared, and a line for each day that had to stay.

    Raises:
        StoreUnavailable: The store cannot be read or written.
    """
    now = clock.now()
    before = (now - policy.monitoring.retention.hot_samples).timestamp()
    with store.snapshot() as connection:
        sealed = sealed_days(connection)
        old = [one for one in closed_days(connection, now) if bounds_of(one[0])[1] <= before]
    cleared, kept = [], []
    for day, stored in old:
        one = sealed.get(day)
        if one is None or not one.holds_all(stored):
            kept.append(f"{day} is not sealed with all of its samples")
        elif problem := problem_of(archive, one):
            kept.append(problem)
        else:
            _clear(store, one, now)
            cleared.append(day)
    return cleared, kept


def _clear(store: Store, sealed: SealedDay, now: datetime) -> None:
    """Remove the samples of a day hour by hour, as long as none was imported since."""
    first, after = bounds_of(sealed.day)
    for begin in range(first, after, _HOUR_S):
        with store.transaction() as connection:
            stream_head(connection, STREAM, held=True)
            if not sealed_days(connection)[sealed.day].is_whole:
                return
            of_hour = (sample.c.slot >= begin, sample.c.slot < begin + _HOUR_S)
            connection.execute(delete(sample).where(*of_hour))
    with store.transaction() as connection:
        _tell(connection, _CLEARED, {"day": sealed.day.isoformat()}, now)


def _tell(connection: Connection, kind: str, data: dict[str, object], now: datetime) -> None:
    append_event(connection, stream=STREAM, kind=kind, recorded_at=now, actor=ACTOR, data=data)
