"""
Wakes ``obligation_clock`` when a promise or a mail is due.

The event is only a wake-up: Airflow may strand events that arrive together, so the DAG reads from
the store what is due, and sweeps every minute besides. Nothing here asks Airflow for a connection
or a variable: the first such call stops the triggerer's heartbeat for seconds.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from include.mobile_plans.errors import MobilePlansError
from include.mobile_plans.instants import format_instant
from include.mobile_plans.notices.due import next_delivery_due
from include.mobile_plans.obligations import next_alert_due, next_due
from include.mobile_plans.simulation.clock import Clock, SystemClock
from include.mobile_plans.store import Store, store_from_environment

log = logging.getLogger(__name__)
LOOK_EVERY_S = 10.0
REST_AFTER_EVENT_S = 20.0
"""How long a wake-up is given to be acted on before the next; the DAG runs once at a time."""


class DueWorkTrigger(BaseEventTrigger):
    """
    Look into the store every few seconds, and yield one event when something is due.

    Args:
        look_every_s: Seconds between two looks.
        rest_after_event_s: Seconds of rest after an event.
    """

    def __init__(
        self,
        look_every_s: float = LOOK_EVERY_S,
        rest_after_event_s: float = REST_AFTER_EVENT_S,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's is untyped
        self.look_every_s = look_every_s
        self.rest_after_event_s = rest_after_event_s
        self.clock: Clock = SystemClock()

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what the triggerer makes this trigger of."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {
            "look_every_s": self.look_every_s,
            "rest_after_event_s": self.rest_after_event_s,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look, and wake the DAG when something is due; a store that is away is tried again."""
        away = False
        while True:
            due = None
            try:
                due = await asyncio.to_thread(self._due)
                away = False
            except MobilePlansError as error:
                if not away:
                    log.warning("The store does not answer, trying again: %s", error)
                away = True
            if due is None:
                await asyncio.sleep(self.look_every_s)
                continue
            yield TriggerEvent({"due_since": due})  # type: ignore[no-untyped-call]  # as above
            await asyncio.sleep(self.rest_after_event_s)

    def _due(self) -> str | None:
        """Return since when the longest overdue work is due, or None when none is."""
        now = self.clock.now()
        overdue = [instant for instant in self.instants(now) if instant <= now]
        return format_instant(min(overdue)) if overdue else None

    def instants(self, now: datetime) -> list[datetime]:
        """Return when the next work of each sort is due; what else is watched says its own."""
        del now
        return due_instants(store_from_environment())


def due_instants(store: Store) -> list[datetime]:
    """Return when the next promise, alert and mail are due, as far as there are any."""
    with store.snapshot() as connection:
        found = (
            next_due(connection),
            next_alert_due(connection),
            next_delivery_due(connection),
        )
    return [instant for instant in found if instant is not None]
