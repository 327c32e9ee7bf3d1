"""
Watching: round after round on the aligned grid, each recorded and then reported.

Portals are asked on the grid whatever becomes of the records. Rounds are recorded in the order of
their slots; while the store is away they wait in memory, and portals are asked as last planned.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from include.mobile_plans.errors import MobilePlansError
from include.mobile_plans.monitoring.engine import ProbeEngine
from include.mobile_plans.monitoring.planning import Plan, Planner, Policies
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
_MOST_WAITING = 240
"""Rounds kept while the store is away: two hours; beyond it the oldest slots stay unknown."""
_TROUBLE = (MobilePlansError, SQLAlchemyError)


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
        sleep: Waits so many seconds.

    Raises:
        BadInput: ``shard`` is none of the ``shards``.
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
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._planner = Planner(store, policies, shard=shard, shards=shards)
        self._clock = clock
        self._until = until
        self._sleep = sleep
        self._known: frozenset[str] = frozenset()
        self._begun: asyncio.Queue[_Begun | None] = asyncio.Queue()

    async def rounds(self) -> AsyncGenerator[RoundReport]:
        """
        Probe on the grid, and yield a report after each commit.

        Raises:
            BadInput: The policy or the environment is wrong from the start.
            StoreUnavailable: The store cannot be read at the start.
        """
        plan = await asyncio.to_thread(self._planner.plan, self._clock.now())
        begun: _Begun | None = None
        with self._engine() as engine:
            asking = asyncio.create_task(self._ask_on_the_grid(engine, plan))
            asking.add_done_callback(lambda _: self._begun.put_nowait(None))
            try:
                while (begun := await self._begun.get()) is not None:
                    report = await self._recorded(begun)
                    if report is not None:
                        yield report
                asking.result()
            finally:
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
                await self._record_what_has_ended(begun)

    async def once(self) -> RoundReport:
        """
        Ask every portal at once, in the slot that runs now, and record it.

        Raises:
            BadInput: The policy or the environment is wrong.
            StoreUnavailable: The store cannot be read or written.
        """
        now = self._clock.now()
        plan = await asyncio.to_thread(self._planner.plan, now)
        with self._engine() as engine:
            slot = slot_at(now, plan.policy.probe.interval)
            begun = self._begin(engine, plan, slot, time.monotonic(), spread=False)
            seen = await self._end_of(begun)
        return await asyncio.to_thread(self._record, seen, begun.policy)

    def _engine(self) -> ProbeEngine:
        """Make an engine whose death is noticed: nobody would ever hear of its rounds."""
        loop = asyncio.get_running_loop()
        self._death: asyncio.Future[None] = loop.create_future()

        def died(error: Exception) -> None:
            loop.call_soon_threadsafe(self._death.set_exception, error)

        return ProbeEngine(died)

    async def _end_of(self, begun: "_Begun") -> Round:
        """Return what a round saw once it has ended, or raise what ended the engine."""
        either: set[asyncio.Future[Any]] = {begun.ended, self._death}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not begun.ended.done():
            self._death.result()
        return begun.ended.result()

    async def _ask_on_the_grid(self, engine: ProbeEngine, plan: Plan) -> None:
        slot = -1
        planning: asyncio.Task[Plan] | None = None
        while True:
            interval = plan.policy.probe.interval
            slot = max(slot_at(self._clock.now(), interval), slot) + whole_seconds(interval)
            if self._until is not None and start_of(slot) >= self._until:
                return
            lead = min(_LEAD_S, interval.total_seconds() / 5)
            await self._sleep(max(self._left_s(slot) - lead, 0))
            planning = planning or asyncio.create_task(
                asyncio.to_thread(self._planner.plan, start_of(slot))
            )
            await asyncio.wait({planning}, timeout=lead * 0.8)
            if planning.done():
                plan, planning = _planned(planning, plan), None
            if plan.policy.probe.interval == interval:
                at = time.monotonic() + self._left_s(slot)
                self._begun.put_nowait(self._begin(engine, plan, slot, at))

    def _left_s(self, slot: int) -> float:
        return (start_of(slot) - self._clock.now()).total_seconds()

    def _begin(
        self, engine: ProbeEngine, plan: Plan, slot: int, at: float, *, spread: bool = True
    ) -> "_Begun":
        loop = asyncio.get_running_loop()
        begun = _Begun(plan.policy, loop.create_future())

        def ended(seen: Round) -> None:
            loop.call_soon_threadsafe(begun.ended.set_result, seen)

        targets = frozenset(probe.request.target for probe in plan.probes)
        new = targets - self._known
        self._known = targets
        RunningRound(engine, plan, slot, new=new, ended=ended).begin(at, spread=spread)
        return begun

    async def _recorded(self, begun: "_Begun") -> RoundReport | None:
        """Record a round once it has ended, however long that takes; None where it is given up."""
        seen = await self._end_of(begun)
        while True:
            try:
                return await asyncio.to_thread(self._record, seen, begun.policy)
            except _TROUBLE as error:
                waiting = self._begun.qsize()
                if waiting >= _MOST_WAITING:
                    log.error("The store is away too long: %s is lost", start_of(seen.slot))  # noqa: TRY400 - the store's own words follow
                    return None
                log.warning("%s and %s later rounds wait: %s", start_of(seen.slot), waiting, error)
                await self._sleep(_RETRY_S)

    async def _record_what_has_ended(self, begun: "_Begun | None") -> None:
        """Record, before the watch ends, this round and later ones that have ended."""
        while begun is not None or not self._begun.empty():
            if begun is not None and begun.ended.done():
                with contextlib.suppress(*_TROUBLE):
                    await asyncio.to_thread(self._record, begun.ended.result(), begun.policy)
            begun = None if self._begun.empty() else self._begun.get_nowait()

    def _record(self, seen: Round, policy: MonitoringPolicy) -> RoundReport:
        with self._store.transaction() as connection:
            return record_round(connection, seen, policy)


class _Begun(NamedTuple):
    """A round under way: by which policy it is judged, and its end."""

    policy: MonitoringPolicy
    ended: asyncio.Future[Round]


def _planned(planning: asyncio.Task[Plan], last: Plan) -> Plan:
    try:
        return planning.result()
    except _TROUBLE as error:
        log.warning("No plan can be made, the last one stays: %s", error)
        return last
