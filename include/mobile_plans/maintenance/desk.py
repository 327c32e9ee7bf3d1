"""Where maintenance is read and changed: one transaction, the policy, the time, the rooms above."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, select

from include.mobile_plans.errors import Conflict, NotFound
from include.mobile_plans.instants import format_instant
from include.mobile_plans.maintenance.plans import PORTAL
from include.mobile_plans.maintenance.rules import exclusions, next_look
from include.mobile_plans.maintenance.state import (
    ANNOUNCED,
    CANCELLED,
    CLOSED,
    COMPLETED,
    RESCHEDULED,
    TOLD,
    Maintenance,
    Word,
    document_of,
    replay,
    stream_of,
)
from include.mobile_plans.policy import MobileOperator, ProgramPolicy, mobile_operators_in_force
from include.mobile_plans.store import append_event, next_number, read_events
from include.mobile_plans.store.events import event_of
from include.mobile_plans.store.tables import event, exclusion
from include.mobile_plans.store.tables import maintenance as table

SYSTEM = "mobile-plans"
"""Who acts where no person did."""
_SERIES = "MNT"
_PREFIX = f"{_SERIES}-"
_EXCLUDING = (ANNOUNCED, RESCHEDULED, TOLD, COMPLETED, CANCELLED)
"""The events that change which minutes availability leaves out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """
    What rooms above know; whoever opens a desk brings it.

    Attributes:
        launch_days: When each mobile operator with an active launch is to go live.
        failing: Given mobile operators and the time, says of each whose portal monitoring sees
            fail since when.
    """

    launch_days: Callable[[Connection], Mapping[str, datetime]]
    failing: Callable[[Connection, Iterable[str], datetime], Mapping[str, datetime]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """
    What every change of a maintenance needs.

    Attributes:
        connection: The write transaction, or a snapshot to read only.
        policy: The program's policy in force.
        now: The current instant, aware UTC.
        outlook: What rooms above know.
    """

    connection: Connection
    policy: ProgramPolicy
    now: datetime
    outlook: Outlook

    @property
    def clock(self) -> Word:
        """The word of the clock itself."""
        return Word(by=SYSTEM, at=self.now)

    def mobile_operators(self) -> dict[str, MobileOperator]:
        """Return every mobile operator on record that is not withdrawn, by slug."""
        versions = mobile_operators_in_force(self.connection, self.now)
        return {one.slug: one.mobile_operator for one in versions if one.state != "withdrawn"}

    def find(self, maintenance_id: str) -> Maintenance:
        """
        Return a maintenance.

        Raises:
            NotFound: There is none of that id.
        """
        events = read_events(self.connection, stream_of(maintenance_id))
        if not events:
            msg = f"there is no maintenance {maintenance_id!r}: `maintenance list` shows them"
            raise NotFound(msg)
        return replay(events)

    def lock(self, maintenance_id: str) -> Maintenance:
        """
        Return an open maintenance that nobody else changes until this transaction ends.

        Raises:
            NotFound: There is none of that id.
            Conflict: It was completed or cancelled.
        """
        number = number_of(maintenance_id)
        self.connection.execute(
            select(table.c.number).where(table.c.number == number).with_for_update()
        )
        found = self.find(maintenance_id)
        if not found.is_open:
            msg = f"{maintenance_id} is {found.state}: nothing of it changes any more"
            raise Conflict(msg)
        return found

    def of_run(self, run_id: str) -> Maintenance:
        """
        Return the maintenance a run of Airflow asks about: its own, or the one it changes.

        Raises:
            NotFound: The run asks about none.
        """
        number = self.connection.scalar(select(table.c.number).where(table.c.run_id == run_id))
        return self.find(run_id if number is None else id_of(number))

    def all(self, *, only_open: bool = False) -> list[Maintenance]:
        """Return every maintenance, the newest first."""
        query = select(table.c.number)
        if only_open:
            query = query.where(table.c.state.not_in(CLOSED))
        streams = [stream_of(id_of(number)) for number in self.connection.scalars(query)]
        rows: Any = self.connection.execute(
            select(event)
            .where(event.c.stream.in_(streams))
            .order_by(event.c.stream, event.c.position)
        )
        by_stream = groupby(map(event_of, rows), key=lambda one: one.stream)
        found = [replay(events) for _, events in by_stream]
        return sorted(found, key=lambda one: -number_of(one.maintenance_id))

    def known_as(self, slug: str, uid: str) -> Maintenance | None:
        """Return the maintenance a mobile operator's calendar files call so, or None."""
        named = (table.c.slug == slug) & (table.c.uid == uid)
        number = self.connection.scalar(select(table.c.number).where(named))
        return None if number is None else self.find(id_of(number))

    def record(
        self, before: Maintenance | None, kind: str, word: Word, facts: Mapping[str, Any]
    ) -> Maintenance:
        """
        Append an event, and bring the row and the exclusions to what the events now say.

        Args:
            before: The maintenance, locked; None begins one under the next free number.
            kind: What happened.
            word: Who says so, and when that reached us.
            facts: By attribute, what is true from now on.
        """
        before = before or self._begun()
        append_event(
            self.connection,
            stream=before.stream,
            kind=f"maintenance.{kind}",
            recorded_at=self.now,
            received_at=None if word.at == self.now else word.at,
            actor=word.by,
            data=document_of(before, facts),
        )
        after = self.find(before.maintenance_id)
        number = number_of(after.maintenance_id)
        row = row_of(after, self.policy)
        self.connection.execute(table.update().where(table.c.number == number).values(row))
        if after.plan is not None and after.plan.service == PORTAL and kind in _EXCLUDING:
            self._exclude(after.plan.mobile_operators)
        return after

    def _begun(self) -> Maintenance:
        """Take the next number; two at once do not get the same."""
        maintenance_id = next_number(self.connection, _SERIES)
        number = number_of(maintenance_id)
        self.connection.execute(table.insert().values(number=number, state="proposed"))
        return Maintenance(maintenance_id=maintenance_id, length=0)

    def _exclude(self, slugs: Iterable[str]) -> None:
        """Bring what monitoring leaves out for portals to what was told in time."""
        everything = self.all()
        for slug in slugs:
            ours = (exclusion.c.slug == slug) & exclusion.c.exclusion_key.startswith(_PREFIX)
            self.connection.execute(exclusion.delete().where(ours))
            rows = [
                {
                    "exclusion_key": f"{one.maintenance_id}:{slug}:{format_instant(one.starts_at)}",
                    "slug": slug,
                    "starts_at": one.starts_at,
                    "ends_at": one.ends_at,
                    "reason": f"{one.maintenance_id}: planned maintenance, told in time",
                }
                for one in exclusions(everything, slug, PORTAL)
            ]
            if rows:
                self.connection.execute(exclusion.insert(), rows)


def id_of(number: int) -> str:
    """Name a maintenance by its number."""
    return f"{_PREFIX}{number:04d}"


def number_of(maintenance_id: str) -> int:
    """
    Return the number a maintenance's name holds.

    Raises:
        NotFound: It is no such name.
    """
    if not re.fullmatch(rf"{_PREFIX}\d{{4,9}}", maintenance_id):
        msg = f"{maintenance_id!r} names no maintenance: names are like {id_of(7)}"
        raise NotFound(msg)
    return int(maintenance_id.removeprefix(_PREFIX))


def row_of(maintenance: Maintenance, policy: ProgramPolicy) -> dict[str, Any]:
    """Write the row of a maintenance: every column follows from its events and policy."""
    plan = maintenance.latest_plan
    return {
        "state": maintenance.state,
        "slug": None if plan is None else plan.slug,
        "uid": None if maintenance.theirs is None else maintenance.theirs.uid,
        "starts_at": None if plan is None else plan.window.starts_at,
        "ends_at": None if plan is None else plan.window.ends_at,
        "next_at": next_look(maintenance, policy),
        "run_id": maintenance.run_id,
    }
