"""When the outbox next has something to send."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from include.mobile_plans.store.tables import delivery


def next_delivery_due(connection: Connection) -> datetime | None:
    """Return when the next queued delivery is due, past or future, or None when none waits."""
    due: datetime | None = connection.scalar(
        select(func.min(delivery.c.due_at)).where(delivery.c.state == "queued")
    )
    return due
