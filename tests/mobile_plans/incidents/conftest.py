"""The example mobile operators in a store, a virtual clock, and incidents of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Connection, select

from include.mobile_plans.incidents import (
    Incident,
    Post,
    Report,
    call_of_run,
    find_incident,
    hear,
    on_attempt,
    open_for_outages,
    post,
    report,
)
from include.mobile_plans.notices import RetrySchedule, drain
from include.mobile_plans.obligations import (
    CallAttempt,
    Obligation,
    find_call,
    list_obligations,
    record_attempt,
    sweep,
)
from include.mobile_plans.policy import change_state, program_policy
from include.mobile_plans.policy.files import import_files, mobile_operator_paths, read_files
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store, tables

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
"""A Monday."""
SLUGS = ("contoso", "fabrikam", "northwind", "tailspin")
ALL_KNOWN = {"portal": "not reachable", "purchased_data": "usable", "reference": "T-1"}


@dataclass
class Postman:
    """A mail server that takes everything, and keeps who got what and when."""

    clock: VirtualClock
    taken: list[tuple[datetime, str, bytes]] = field(default_factory=list)

    def send(self, message: bytes, *, sender: str, recipient: str, patience: timedelta) -> str:
        self.taken.append((self.clock.now(), recipient, message))
        return "250 taken"

    def close(self) -> None:
        """Nothing to let go of."""


@dataclass
class World:
    """A store, a clock, a postman: what the operations of a day need."""

    store: Store
    clock: VirtualClock
    postman: Postman
    numbers: Iterator[int] = field(default_factory=count)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self.store.transaction() as connection:
            yield connection

    def outage(self, slug: str = "tailspin", minutes: float = 30.5, **changes: Any) -> str:
        """Let monitoring have escalated an outage of a portal just now."""
        now = self.clock.now()
        first_bad = now - timedelta(minutes=minutes)
        row = {
            "outage_key": f"{slug}/portal:{first_bad:%Y-%m-%dT%H:%M:%S}Z",
            "target": f"{slug}/portal",
            "slug": slug,
            "good_before": first_bad - timedelta(seconds=30),
            "first_bad": first_bad,
            "last_bad": now,
            "bad_slots": int(minutes * 2) + 1,
            "escalated_at": now,
            "good_after": None,
            "origin": "probe",
        } | changes
        with self.store.transaction() as connection:
            connection.execute(tables.outage.insert().values(row))
        return str(row["outage_key"])

    def recover(self, key: str) -> None:
        """Let the portal answer again just now."""
        end = {"good_after": self.clock.now()}
        its_row = tables.outage.c.outage_key == key
        with self.store.transaction() as connection:
            connection.execute(tables.outage.update().where(its_row).values(end))

    def look(self) -> list[str]:
        """Look at monitoring as the DAGs do."""
        done, problems = open_for_outages(self.store, self.clock)
        assert problems == []
        return done

    def tick(self, *, at_most: int = 1000, **forward: float) -> None:
        """Move the clock, then do what is due, deliver the mails and learn that they were taken."""
        self.clock.advance(timedelta(**forward))
        assert sweep(self.store, self.clock, program_policy()).problems == ()
        self.deliver(at_most)
        hear(self.store, self.clock)

    def deliver(self, at_most: int = 1000) -> None:
        """Let the mails that are due be taken by the other side's servers."""
        schedule = RetrySchedule.of(program_policy().notices)
        drain(self.store, self.postman, self.clock, schedule=schedule, at_most=at_most)

    def report(self, **changes: Any) -> Incident:
        """Let a person of a mobile operator report something."""
        now = self.clock.now()
        given = {
            "source": f"test:{next(self.numbers)}",
            "slugs": ("contoso",),
            "channel": "call",
            "service": "mobile_plans",
            "what": "Users cannot buy plans",
            "since": now - timedelta(minutes=40),
            "received_at": now,
            "caller": "Chris Wong, +1 206 555 0102",
            "stated": ALL_KNOWN,
        } | changes
        with self.store.transaction() as connection:
            return report(connection, Report(**given), by="ops", now=now)

    def post(self, incident: Incident | str, what: str, **changes: Any) -> Incident:
        """Post to an incident."""
        now = self.clock.now()
        number = incident if isinstance(incident, str) else incident.incident_id
        given = {
            "incident_id": number,
            "what": what,
            "by": "Theresa Kelly",
            "text": "we look into it",
            "received_at": now,
            "recorded_by": "ops",
        } | changes
        with self.store.transaction() as connection:
            return post(connection, Post(**given), now)

    def call(self, run_id: str, rank: int, spoke_to: str | None, **changes: Any) -> None:
        """Answer a phone task of a run."""
        now = self.clock.now()
        given = {
            "rank": rank,
            "reached": spoke_to is not None,
            "spoke_to": spoke_to,
            "called_at": now,
            "ticket": None,
            "recorded_by": "ops",
            "recorded_at": now,
        } | changes
        with self.store.transaction() as connection:
            attempt = CallAttempt(**given)
            call = record_attempt(connection, call_of_run(connection, run_id), attempt)
            on_attempt(connection, call, attempt)

    def incident(self, number: str) -> Incident:
        with self.store.snapshot() as connection:
            return find_incident(connection, number)

    def promises(self, number: str) -> dict[str, Obligation]:
        """Return the promises of an incident by what follows its number in their keys."""
        with self.store.snapshot() as connection:
            found = list_obligations(connection, subject=f"incident:{number}")
        return {one.key.removeprefix(f"{number}:"): one for one in found}

    def call_state(self, key: str) -> Any:
        with self.store.snapshot() as connection:
            return find_call(connection, key)

    def mails(self) -> dict[str, Any]:
        """Return the mails in the outbox by kind and party, the newest of each."""
        with self.store.snapshot() as connection:
            rows = connection.execute(
                select(tables.notice).order_by(
                    tables.notice.c.queued_at, tables.notice.c.thread_position
                )
            )
            return {f"{row.kind}_to_{row.party}": row for row in rows}


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands at noon of a Monday."""
    return VirtualClock(NOON)


@pytest.fixture
def world(store: Store, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> World:
    """The example mobile operators, live, in a store that questions and commands find."""
    url = store.url.render_as_string(hide_password=False)
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", url)
    monkeypatch.setenv("MOBILE_PLANS_POLICY_DIR", str(SHIPPED_POLICY))
    files = read_files(
        mobile_operator_paths([SHIPPED_POLICY / "mobile_operators"]), allow_loopback=True
    )
    long_ago = NOON - timedelta(days=365)
    with store.transaction() as connection:
        import_files(
            connection, files.read, author="Ada", approver=None, reason="examples", now=long_ago
        )
        for slug in SLUGS:
            change_state(
                connection,
                slug,
                "live",
                author="Ada",
                approver=None,
                reason="go-live",
                now=long_ago,
            )
    return World(store=store, clock=clock, postman=Postman(clock))
