"""
Watching: round after round on the aligned grid, each recorded and then reported.

Three things run beside each other, so that none waits for another: portals are planned and asked on
the grid, ended rounds are recorded in order, and reports are handed out. While the store is away,
portals are asked as last planned, and rounds wait in memory.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from include.mobile_plans.errors import MobilePlansError
from include.mobile_plans.monitoring.engine import ProbeEngine
from include.mobile_plans.monitoring.planning import Plan, plan_at
from include.mobile_plans.monitoring.records import Round, RoundReport, record_round
from include.mobile_plans.monitoring.rounds import RunningRound
from include.mobile_plans.monitoring.slots import slot_at, start_of, whole_seconds
from include.mobile_plans.policy.program import MonitoringPolicy
from include.mobile_plans.simulation.clock import Clock
from include.mobile_plans.store import Store

log = logging.getLogger(__name__)
_LEAD_S = 2.0
"""How long before a slot it is planned, at most a fifth of the slot."""
_RETRY_S = 2.0
_MOST_SPOOLED = 240
"""Rounds kept while the store is away: two hours; beyond it the oldest slots stay unknown."""
Policies = Callable[[], MonitoringPolicy]


class Watch:
    """
    The watcher of one shard.

    Args:
        store: Where records are read and samples written.
        policies: Returns the policy of monitoring in force; asked before every round.
        clock: The current time.
        shard: Which part of the mobile operators, from 0.
        shards: How many parts there are.
        until: No slot that starts at or after it is probed; None for no end.
    """

    def __init__(
        self,
        store: Store,
        policies: Policies,
        clock: Clock,
        *,
        shard: int = 0,
        shards: int = 1,
        until: datetime | None = None,
    ) -> None:
        self._store = store
        self._policies = policies
        self._clock = clock
        self._shard = shard
        self._shards = shards
        self._until = until
        self._seen_certificates: set[str] = set()
        self._plan: Plan | None = None
        self._under_way = 0
        self._is_over = False
        self._ended: asyncio.Queue[Round] = asyncio.Queue()
        self._reports: asyncio.Queue[RoundReport | None] = asyncio.Queue()

    async def rounds(self) -> AsyncGenerator[RoundReport]:
        """
        Probe on the grid, and yield a report after each commit.

        Raises:
            BadInput: The shard, the policy or the environment is wrong from the start.
            StoreUnavailable: The store cannot be read at the start.
        """
        self._plan = await asyncio.to_thread(self._load, self._clock.now())
        with ProbeEngine() as engine:
            tasks = [
                asyncio.create_task(self._ask_on_the_grid(engine)),
                asyncio.create_task(self._record_in_order()),
            ]
            try:
                while True:
                    report = await self._next_report(tasks)
                    if report is None:
                        return
                    yield report
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def once(self) -> RoundReport:
        """
        Ask every portal at once, in the slot that runs now, and record it.

        Raises:
            BadInput: The shard, the policy or the environment is wrong.
            StoreUnavailable: The store cannot be read or written.
        """
        now = self._clock.now()
        plan = self._plan = await asyncio.to_thread(self._load, now)
        slot = slot_at(now, plan.policy.probe.interval)
        with ProbeEngine() as engine:
            self._begin(engine, plan, slot, time.monotonic(), spread=False)
            seen = await self._ended.get()
        return await asyncio.to_thread(self._record, seen)

    async def _next_report(self, tasks: list[asyncio.Task[None]]) -> RoundReport | None:
        """Return the next report, None at the end, or raise what ended a task."""
        waiting = asyncio.create_task(self._reports.get())
        running = [task for task in tasks if not task.done()]
        await asyncio.wait({waiting, *running}, return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            return waiting.result()
        waiting.cancel()
        for task in tasks:
            if task.done():
                task.result()
        return await self._next_report([task for task in tasks if not task.done()])

    async def _ask_on_the_grid(self, engine: ProbeEngine) -> None:
        slot = -1
        loading: asyncio.Task[Plan] | None = None
        while True:
            plan = self._current_plan()
            slot = self._next_slot(plan, slot)
            if self._until is not None and start_of(slot) >= self._until:
                break
            lead = min(_LEAD_S, plan.policy.probe.interval.total_seconds() / 5)
            await asyncio.sleep(max(self._left_s(slot) - lead, 0))
            loading = loading or asyncio.create_task(asyncio.to_thread(self._load, start_of(slot)))
            await asyncio.wait({loading}, timeout=lead)
            if loading.done():
                self._adopt(loading)
                loading = None
            begin = time.monotonic() + self._left_s(slot)
            self._begin(engine, self._current_plan(), slot, begin)
        if loading is not None:
            await asyncio.wait({loading})
        self._is_over = True
        if not self._under_way:
            self._reports.put_nowait(None)

    def _current_plan(self) -> Plan:
        if self._plan is None:
            msg = "the watcher has no plan yet"
            raise MobilePlansError(msg)
        return self._plan

    def _next_slot(self, plan: Plan, before: int) -> int:
        """Return the next slot that has not begun and comes after the one before."""
        length_s = whole_seconds(plan.policy.probe.interval)
        return max(slot_at(self._clock.now(), plan.policy.probe.interval), before) + length_s

    def _left_s(self, slot: int) -> float:
        return (start_of(slot) - self._clock.now()).total_seconds()

    def _load(self, at: datetime) -> Plan:
        return plan_at(self._store, self._policies(), at, shard=self._shard, shards=self._shards)

    def _adopt(self, loading: asyncio.Task[Plan]) -> None:
        try:
            self._plan = loading.result()
        except (MobilePlansError, SQLAlchemyError) as error:
            log.warning("The plan cannot be read, the last one stays: %s", error)

    def _begin(
        self, engine: ProbeEngine, plan: Plan, slot: int, at: float, *, spread: bool = True
    ) -> None:
        loop = asyncio.get_running_loop()

        def ended(seen: Round) -> None:
            loop.call_soon_threadsafe(self._ended.put_nowait, seen)

        targets = {probe.request.target for probe in plan.probes}
        RunningRound(
            engine,
            plan,
            slot,
            reads_certificates=not targets <= self._seen_certificates,
            ended=ended,
        ).begin(at, spread=spread)
        self._seen_certificates = targets
        self._under_way += 1

    async def _record_in_order(self) -> None:
        spool: deque[Round] = deque()
        while True:
            spool.append(await self._ended.get())
            while spool:
                while not self._ended.empty():
                    spool.append(self._ended.get_nowait())
                while len(spool) > _MOST_SPOOLED:
                    lost = spool.popleft()
                    self._under_way -= 1
                    log.error("The store is away too long: %s is lost", start_of(lost.slot))
                try:
                    report = await asyncio.to_thread(self._record, spool[0])
                except (MobilePlansError, SQLAlchemyError) as error:
                    log.warning("%s rounds wait to be recorded: %s", len(spool), error)
                    await asyncio.sleep(_RETRY_S)
                    continue
                spool.popleft()
                self._under_way -= 1
                self._reports.put_nowait(report)
            if self._is_over and not self._under_way:
                self._reports.put_nowait(None)

    def _record(self, seen: Round) -> RoundReport:
        policy = self._current_plan().policy
        with self._store.transaction() as connection:
            return record_round(connection, seen, policy)


async def watch(
    store: Store,
    policies: Policies,
    clock: Clock,
    *,
    shard: int = 0,
    shards: int = 1,
    until: datetime | None = None,
) -> AsyncIterator[RoundReport]:
    """
    Probe the portals of one shard on the grid, and yield a report after each commit.

    Args:
        store: Where records are read and samples written.
        policies: Returns the policy of monitoring in force; asked before every round.
        clock: The current time.
        shard: Which part of the mobile operators, from 0.
        shards: How many parts there are.
        until: No slot that starts at or after it is probed; None for no end.

    Raises:
        BadInput: The shard, the policy or the environment is wrong from the start.
        StoreUnavailable: The store cannot be read at the start.
    """
    watcher = Watch(store, policies, clock, shard=shard, shards=shards, until=until)
    async with contextlib.aclosing(watcher.rounds()) as rounds:
        async for report in rounds:
            yield report
