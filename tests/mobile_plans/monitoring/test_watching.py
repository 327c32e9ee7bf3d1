"""The watcher: round after round on the grid, whatever becomes of store, policy and itself (M1)."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from include.mobile_plans.errors import BadInput, StoreUnavailable
from include.mobile_plans.monitoring import CONTROL_TARGETS_VARIABLE, RoundReport, Watch, outages
from include.mobile_plans.monitoring import watching as module
from include.mobile_plans.monitoring.planning import AUTHORITIES_VARIABLE
from include.mobile_plans.monitoring.probes import ProbeResult
from include.mobile_plans.policy.program import MonitoringPolicy
from include.mobile_plans.simulation.certificates import local_certificate
from include.mobile_plans.simulation.clock import SystemClock, VirtualClock
from include.mobile_plans.store import Store
from include.mobile_plans.store.tables import mobile_operator_version, sample
from tests.mobile_plans.monitoring.conftest import NOON, go_live
from tests.mobile_plans.monitoring.fake_engine import FakeEngine, answer
from tests.mobile_plans.monitoring.rough_server import RoughServer

HALF_A_MINUTE = timedelta(seconds=30)


class World:
    """A virtual clock that sleeping moves, scripted portals, and a store that can be away."""

    def __init__(self, store: Store, monitoring: MonitoringPolicy, clock: VirtualClock) -> None:
        self.store = store
        self.policy = monitoring
        self.clock = clock
        self.down: set[str] = set()
        self.engines: list[FakeEngine] = []
        self.at_instants: dict[datetime, Callable[[], object]] = {}

    def watch(self, rounds: int | None, store: Store | None = None) -> Watch:
        return Watch(
            store or self.store,
            self.read_policy,
            self.clock,
            until=None if rounds is None else NOON + HALF_A_MINUTE * (rounds + 1),
            sleep=self.sleep,
        )

    def read_policy(self) -> MonitoringPolicy:
        if self.policy is None:
            msg = "monitoring.yaml: interval is required"
            raise BadInput(msg)
        return self.policy

    async def sleep(self, seconds: float) -> None:
        if seconds == module._RETRY_S:  # beside the grid, which alone moves the clock
            await asyncio.sleep(0.001)
            return
        self.clock.advance(timedelta(seconds=seconds))
        for instant in [at for at in self.at_instants if at <= self.clock.now()]:
            self.at_instants.pop(instant)()
        await asyncio.sleep(0)

    def result(self, target: str) -> ProbeResult | None:
        return answer(target, is_good=not target.startswith(tuple(self.down or {"none"})))

    def engine(self, died: Callable[[Exception], None]) -> FakeEngine:
        self.engines.append(FakeEngine(self.result, died=died))
        return self.engines[-1]

    def run(self, rounds: int, store: Store | None = None) -> list[RoundReport]:
        async def all_rounds() -> list[RoundReport]:
            return [report async for report in self.watch(rounds, store).rounds()]

        return asyncio.run(asyncio.wait_for(all_rounds(), 30))

    def slots(self) -> dict[datetime, int]:
        with self.store.snapshot() as connection:
            query = select(sample.c.slot, func.count().label("number")).group_by(sample.c.slot)
            return {row.slot: row.number for row in connection.execute(query)}


class AwayStore:
    """A store whose writes fail until an instant, and whose reads fail when told to."""

    def __init__(self, world: World, until: datetime = NOON) -> None:
        self._store = world.store
        self._clock = world.clock
        self.until = until
        self.is_readable = True

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        if self._clock.now() < self.until:
            msg = "the store cannot be used: it is away"
            raise StoreUnavailable(msg)
        with self._store.transaction() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        if not self.is_readable:
            msg = "the store cannot be used: it cannot be read"
            raise StoreUnavailable(msg)
        with self._store.snapshot() as connection:
            yield connection


async def eventually(check: Callable[[], object]) -> None:
    for _ in range(500):
        if check():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it never came")


@pytest.fixture
def world(
    records: Store,
    monitoring: MonitoringPolicy,
    clock: VirtualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    made = World(records, monitoring, clock)
    monkeypatch.setattr(module, "ProbeEngine", made.engine)
    return made


def test_rounds_lie_on_the_grid_one_after_another(world: World) -> None:
    """M1: twice per minute, each slot once, beginning at the next one."""
    reports = world.run(rounds=4)

    assert [report.slot for report in reports] == [NOON + HALF_A_MINUTE * n for n in range(1, 5)]
    assert [report.good for report in reports] == [3, 3, 3, 3]
    assert list(world.slots().values()) == [3, 3, 3, 3]


def test_an_outage_is_reported_when_it_is_committed(world: World) -> None:
    """M2: a report is yielded after the commit, and the store has the outage by then."""
    world.down = {"contoso"}
    found = []

    async def first_report() -> None:
        async with contextlib.aclosing(world.watch(None).rounds()) as rounds:
            async for report in rounds:
                with world.store.snapshot() as connection:
                    found.extend(outages(connection))
                assert report.opened == (found[0].key,)
                return

    asyncio.run(first_report())
    assert found[0].first_bad == NOON + HALF_A_MINUTE


def test_a_change_of_the_records_is_probed_within_a_minute(world: World) -> None:
    """L10: go-live turns a record live; it is probed without a restart, and so is what ended."""
    live_at = NOON + timedelta(seconds=61)
    world.at_instants[live_at] = lambda: go_live(world.store, "tailspin", world.clock.now())

    reports = world.run(rounds=5)

    first = next(report.slot for report in reports if report.good == 4)
    assert first - live_at < timedelta(minutes=1)


def test_rounds_wait_in_memory_while_the_store_is_away(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A database error is retried: every slot is recorded in order, late but in its own slot."""
    away = AwayStore(world, NOON + timedelta(seconds=115))
    world.down = {"contoso"}

    reports = world.run(rounds=5, store=away)

    assert [report.slot for report in reports] == [NOON + HALF_A_MINUTE * n for n in range(1, 6)]
    assert [bool(report.opened) for report in reports] == [True, False, False, False, False]
    assert list(world.slots().values()) == [3] * 5
    assert "later rounds wait: the store cannot be used: it is away" in caplog.text


def test_a_store_that_is_away_for_hours_costs_the_oldest_slots(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What no longer fits into memory stays unknown, and the log says which slots."""
    monkeypatch.setattr(module, "_MOST_WAITING", 3)
    away = AwayStore(world, NOON + timedelta(seconds=205))

    reports = world.run(rounds=8, store=away)

    lost = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert lost[0] == "The store is away too long: 2026-11-23 12:00:30+00:00 is lost"
    assert 4 <= len(reports) == len(world.slots()) == 8 - len(lost) < 8


def test_portals_are_asked_as_last_planned_while_records_cannot_be_read(world: World) -> None:
    """Probing goes on without the records."""
    away = AwayStore(world)
    world.at_instants[NOON + timedelta(seconds=40)] = lambda: setattr(away, "is_readable", False)

    assert [report.good for report in world.run(rounds=4, store=away)] == [3] * 4


def test_policy_that_becomes_invalid_leaves_the_last_plan(world: World) -> None:
    """Policy that becomes invalid while running does not stop the probing."""
    world.at_instants[NOON + timedelta(seconds=40)] = lambda: setattr(world, "policy", None)

    assert [report.good for report in world.run(rounds=4)] == [3] * 4


def test_a_shorter_interval_takes_effect_on_its_own_grid(world: World) -> None:
    """A changed policy is in force in the next round, and no slot lies off its grid."""
    shorter = replace(world.policy.probe, interval=timedelta(seconds=20))

    def change() -> None:
        world.policy = replace(world.policy, probe=shorter)

    world.at_instants[NOON + timedelta(seconds=40)] = change
    slots = [(report.slot - NOON).total_seconds() for report in world.run(rounds=4)]

    assert slots[0] == 30
    assert all(slot % 20 == 0 for slot in slots[1:])
    assert slots == sorted(set(slots))


def test_a_restart_goes_on_with_the_outage_it_finds(world: World) -> None:
    """M2: restart-proof: another process continues the outage, a gap opens none."""
    world.down = {"contoso"}
    world.run(rounds=3)
    world.clock.advance(timedelta(minutes=40))
    world.run(rounds=85)

    with world.store.snapshot() as connection:
        (found,) = outages(connection)
    assert found.first_bad == NOON + HALF_A_MINUTE
    assert found.good_after is None
    assert found.escalated_at is None, "half of its slots were not seen"


def test_the_first_slot_after_a_long_gap_escalates_nothing(world: World) -> None:
    """M2: a monitor gap of an hour and one failed probe are no outage of an hour."""
    world.run(rounds=2)
    world.clock.advance(timedelta(hours=1))
    world.down = {"contoso"}
    (report,) = world.run(rounds=123)[:1]

    assert report.opened
    assert not report.escalated


def test_a_cancelled_round_is_recorded_whole_or_not_at_all(world: World) -> None:
    """Stopping in the middle of a round leaves no half of it, and the next start goes on."""
    world.result = lambda target: (
        None if target == "contoso/portal" else answer(target, is_good=True)
    )

    async def cancelled() -> None:
        task = asyncio.create_task(anext(world.watch(None).rounds()))
        await asyncio.sleep(0.3)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()

    asyncio.run(cancelled())
    assert world.slots() == {}
    assert world.engines[0].waiting

    del world.result
    begun = (world.clock.now() - NOON) // HALF_A_MINUTE
    assert {report.good for report in world.run(rounds=begun + 2)} == {3}


def test_a_stopped_watch_records_what_has_ended(world: World) -> None:
    """Rounds that wait for the store when the triggerer is told to stop get a last chance."""
    away = AwayStore(world, NOON + timedelta(days=1))
    watch = world.watch(3, away)

    async def stopped() -> None:
        sleeping = asyncio.Event()

        async def sleep(seconds: float) -> None:
            if seconds == module._RETRY_S:
                sleeping.set()
                await asyncio.Event().wait()
            await World.sleep(world, seconds)

        watch._sleep = sleep
        task = asyncio.create_task(anext(watch.rounds()))
        await asyncio.wait_for(sleeping.wait(), 5)
        await eventually(lambda: watch._begun.qsize() >= 3)
        away.until = NOON
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(stopped())
    assert list(world.slots().values()) == [3, 3, 3]


def test_an_engine_that_dies_ends_the_watch(world: World) -> None:
    """Nobody waits for ever for rounds that never end: whoever runs the watch begins anew."""
    world.result = lambda _: None

    async def watched() -> None:
        task = asyncio.create_task(anext(world.watch(None).rounds()))
        await eventually(lambda: world.engines)
        world.engines[0].died(MemoryError("no more"))
        with pytest.raises(MemoryError):
            await task

    asyncio.run(asyncio.wait_for(watched(), 10))


def test_a_store_that_cannot_be_read_at_the_start_is_said(world: World) -> None:
    away = AwayStore(world)
    away.is_readable = False
    with pytest.raises(StoreUnavailable):
        world.run(rounds=1, store=away)


def test_once_asks_all_portals_at_once_in_the_slot_that_runs(world: World) -> None:
    """`probes run --once` waits for no grid."""
    world.down = {"fabrikam"}
    report = asyncio.run(world.watch(None).once())

    assert (report.slot, report.good, report.bad) == (NOON, 2, 1)
    due = {ask.due for ask in world.engines[0].asked if ask.request.target.endswith("/portal")}
    assert len(due) == 1


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_real_probes_on_a_real_clock(
    records: Store,
    monitoring: MonitoringPolicy,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Engine, rounds and records together, in slots of one second."""
    certificate = local_certificate(tmp_path, SystemClock().now())
    quick = replace(
        monitoring,
        probe=replace(
            monitoring.probe,
            interval=timedelta(seconds=1),
            timeout=timedelta(seconds=0.5),
        ),
    )
    with RoughServer(certificate) as server:
        monkeypatch.setenv(AUTHORITIES_VARIABLE, str(certificate.authority))
        monkeypatch.setenv(CONTROL_TARGETS_VARIABLE, server.uri("ok"))
        with records.transaction() as connection:
            move_portals(connection, server)
        until = SystemClock().now() + timedelta(seconds=3)

        async def all_rounds() -> list[RoundReport]:
            watch = Watch(records, lambda: quick, SystemClock(), until=until)
            return [report async for report in watch.rounds()]

        reports = asyncio.run(all_rounds())

    assert 2 <= len(reports) <= 3
    assert {(report.good, report.bad, report.unknown) for report in reports} == {(2, 1, 0)}
    with records.snapshot() as connection:
        (found,) = outages(connection)
        late = list(connection.scalars(select(sample.c.late_us)))
    assert (found.target, found.bad_slots) == ("fabrikam/portal", len(reports))
    assert all(0 <= one < 500_000 for one in late)


def move_portals(connection: Connection, server: RoughServer) -> None:
    """Let the portals on record be those of a server: one of them hangs."""
    for row in connection.execute(select(mobile_operator_version)).all():
        document = row.document
        path = "hang" if row.slug == "fabrikam" else "ok"
        portal = {"uri": server.uri(path, host="localhost"), "expectation": {"statuses": [200]}}
        document["portals"]["production"] = portal
        connection.execute(
            mobile_operator_version.update()
            .where(mobile_operator_version.c.slug == row.slug)
            .where(mobile_operator_version.c.version == row.version)
            .values(document=document, document_hash=f"{row.slug}{row.version}{server.port}")
        )
