"""
Probes the portals of one shard, and wakes ``portal_monitoring`` when an outage or finding changed.

The event is only a wake-up: Airflow may strand events that arrive together, so the DAG reads from
the store what there is, and sweeps every minute besides. Nothing here asks Airflow for a connection
or a variable: the first such call stops the triggerer's heartbeat for seconds.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from include.mobile_plans.instants import format_instant
from include.mobile_plans.monitoring import RoundReport, Watch
from include.mobile_plans.policy import program_policy
from include.mobile_plans.policy.program import MonitoringPolicy
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment

log = logging.getLogger(__name__)
AGAIN_AFTER_S = 5.0


class PortalProbeTrigger(BaseEventTrigger):
    """
    Watch one shard for ever; which portals it has is read from the store before every round.

    Args:
        shard: Which part of the mobile operators, from 0.
        shards: How many parts there are.
    """

    def __init__(self, shard: int = 0, shards: int = 1) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's is untyped
        self.shard = shard
        self.shards = shards

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what the triggerer makes this trigger of."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {"shard": self.shard, "shards": self.shards}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Probe, and yield an event for each round with news; whatever goes wrong, begin anew."""
        while True:
            try:
                watch = Watch(
                    store_from_environment(),
                    monitoring_policy,
                    SystemClock(),
                    shard=self.shard,
                    shards=self.shards,
                )
                async with contextlib.aclosing(watch.rounds()) as rounds:
                    async for report in rounds:
                        if report.has_news:
                            yield TriggerEvent(payload(report))  # type: ignore[no-untyped-call]  # as above
            except Exception:
                log.exception("Shard %s of %s stopped, beginning anew", self.shard, self.shards)
            await asyncio.sleep(AGAIN_AFTER_S)


def monitoring_policy() -> MonitoringPolicy:
    """Return the policy of monitoring in force."""
    return program_policy().monitoring


def payload(report: RoundReport) -> dict[str, Any]:
    """Say what woke the DAG; the store has the whole of it."""
    return {
        "slot": format_instant(report.slot),
        "opened": list(report.opened),
        "escalated": list(report.escalated),
        "closed": list(report.closed),
        "findings": list(report.findings),
    }
