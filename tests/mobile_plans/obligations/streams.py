"""A stream of events in memory, for rules that need no store."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from include.mobile_plans.obligations import Promise
from include.mobile_plans.obligations.promises import document_of
from include.mobile_plans.obligations.state import OPENED, stream_of
from include.mobile_plans.store import Event


class Stream:
    """The events of one promise, as the store would give them back."""

    def __init__(self, promise: Promise) -> None:
        self.name = stream_of(promise.key)
        self.events: list[Event] = []
        self.append(OPENED, promise.since, data=document_of(promise))

    def append(
        self,
        kind: str,
        recorded_at: datetime,
        *,
        received_at: datetime | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Add an event."""
        self.events.append(
            Event(
                stream=self.name,
                position=len(self.events) + 1,
                kind=kind,
                recorded_at=recorded_at,
                received_at=received_at,
                actor="somebody",
                data=dict(data or {}),
                previous_hash="",
                hash="",
            )
        )
