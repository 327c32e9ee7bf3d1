"""Live mobile operators in a store, a clock that is moved, and maintenance of both parties."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from include.mobile_plans.maintenance.changes import announce, propose
from include.mobile_plans.maintenance.desk import Desk, Outlook
from include.mobile_plans.maintenance.plans import Plan, plan_from_form
from include.mobile_plans.maintenance.state import Maintenance, Word
from include.mobile_plans.maintenance.sweep import sweep
from include.mobile_plans.notices import RetrySchedule, drain
from include.mobile_plans.policy import ProgramPolicy, change_state, load_policy
from include.mobile_plans.policy.files import import_files, mobile_operator_paths, read_files
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store, tables
from tests.mobile_plans.notices.conftest import ScriptedTransport

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
"""A Monday."""
LIVE = ("contoso", "northwind")

OURS = {
    "maintained_by": "program",
    "service": "mobile_plans",
    "objects": "gateway-eu = OUTAGE; lookup = DEGRADED",
    "window": "2026-12-12 22:00 to 2026-12-13 02:00 UTC",
    "recipients": "",
    "summary": "CHG-7: Replacement of the gateway",
}
THEIRS = {
    "maintained_by": "contoso",
    "service": "portal",
    "objects": "portal-west = OUTAGE",
    "window": "2026-12-12 22:00 to 2026-12-13 02:00 UTC",
    "recipients": "",
    "summary": "New load balancer",
}


@dataclass
class World:
    """A desk at any time, and what rooms above would see."""

    store: Store
    policy: ProgramPolicy
    clock: VirtualClock
    launches: dict[str, datetime] = field(default_factory=dict)
    failing: dict[str, datetime] = field(default_factory=dict)

    @property
    def outlook(self) -> Outlook:
        """The rooms above, as this world scripts them."""

        def failing(_: Connection, slugs: Any, now: datetime) -> Mapping[str, datetime]:
            return {slug: at for slug, at in self.failing.items() if slug in slugs}

        return Outlook(launch_days=lambda _: self.launches, failing=failing)

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """Open a desk in a transaction of its own."""
        with self.store.transaction() as connection:
            yield Desk(
                connection=connection,
                policy=self.policy,
                now=self.clock.now(),
                outlook=self.outlook,
            )

    def plan(self, form: Mapping[str, str], **changes: str) -> Plan:
        return plan_from_form({**form, **changes}, self.policy)

    def word(self, **changes: Any) -> Word:
        return replace(Word(by="Mei Tanaka", at=self.clock.now()), **changes)

    def told(self, form: Mapping[str, str] = OURS, why: str = "", **changes: str) -> Maintenance:
        """Propose and announce a maintenance now, and let its mails out."""
        with self.desk() as desk:
            proposed = propose(desk, self.plan(form, **changes), self.word())
            after = announce(desk, proposed.maintenance_id, self.word(why=why))
        self.send()
        return self.find(after.maintenance_id)

    def find(self, maintenance_id: str = "MNT-0001") -> Maintenance:
        with self.desk() as desk:
            return desk.find(maintenance_id)

    def send(self) -> list[str]:
        """Let the mail server take what is queued, and do what is due."""
        drain(
            self.store,
            ScriptedTransport(),
            self.clock,
            schedule=RetrySchedule.of(self.policy.notices),
        )
        return self.sweep()

    def sweep(self) -> list[str]:
        done, problems = sweep(self.store, self.clock, self.policy, self.outlook)
        assert problems == []
        return done

    def at(self, instant: datetime) -> list[str]:
        """Move the clock, do what is due and let its mails out."""
        self.clock.advance_to(instant)
        return self.send()

    def mails(self, kind: str = "") -> list[Any]:
        """Return the rows of queued mails of a kind, oldest first."""
        with self.store.snapshot() as connection:
            rows = connection.execute(
                select(tables.notice).order_by(
                    tables.notice.c.queued_at, tables.notice.c.thread_position
                )
            ).all()
        return [row for row in rows if row.kind.startswith(f"maintenance_{kind}")]

    def excluded(self, slug: str) -> list[tuple[datetime, datetime]]:
        """Return what monitoring leaves out for a mobile operator."""
        table = tables.exclusion
        query = select(table).where(table.c.slug == slug).order_by(table.c.starts_at)
        with self.store.snapshot() as connection:
            return [(row.starts_at, row.ends_at) for row in connection.execute(query)]


@pytest.fixture(scope="session")
def policy() -> ProgramPolicy:
    """The policy that ships."""
    return load_policy(SHIPPED_POLICY)


def import_examples(store: Store, at: datetime) -> None:
    """Put the example mobile operators on record at an instant, two of them live an hour later."""
    paths = mobile_operator_paths([SHIPPED_POLICY / "mobile_operators"])
    read = read_files(paths, allow_loopback=True).read
    names = {"author": "Ada", "approver": None, "reason": "examples"}
    with store.transaction() as connection:
        import_files(connection, read, now=at, **names)
        for slug in LIVE:
            change_state(connection, slug, "live", now=at + timedelta(hours=1), **names)


@pytest.fixture
def world(store: Store, policy: ProgramPolicy, monkeypatch: pytest.MonkeyPatch) -> World:
    """The example mobile operators on record, two of them live, at noon of a Monday."""
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", store.url.render_as_string(hide_password=False))
    monkeypatch.setenv("MOBILE_PLANS_POLICY_DIR", str(SHIPPED_POLICY))
    import_examples(store, NOON - timedelta(days=365 * 6))
    return World(store, policy, VirtualClock(NOON))
