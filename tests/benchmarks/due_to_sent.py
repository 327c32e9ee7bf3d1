"""
Seconds from the moment a mail is due to the moment the mail server has it, through real Airflow.

Mails are queued one by one, at moments spread over the ten seconds between two looks of the
watcher, into a whole running installation (SQLite, LocalExecutor, every DAG unpaused) that has
nothing else to do. Each waits for the watcher or the sweep, a run of `obligation_clock`, two task
processes and the SMTP dialogue. There is no peer: the limit is the promise itself, 60 s.
"""

import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from include.mobile_plans.notices import Notice, Recipient, list_notices, queue_notice
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.simulation.local_world import LocalWorld
from include.mobile_plans.store import Store
from tests.benchmarks.harness import Result

MAILS = 15
APART_S = 11.7
"""Not a multiple of the watcher's ten seconds, so that every phase of its wait is met."""
LIMIT_S = 60.0
ALL_SENT_WITHIN_S = 300.0


def queue_one(store: Store, number: int, now: datetime) -> None:
    """Put one mail into the outbox, due at once."""
    notice = Notice(
        key=f"benchmark-{number}",
        kind="duty_alert",
        party="program",
        slug=None,
        recipients=(
            Recipient(name="Olivia Stone", email="olivia@mobileplans.example", role="duty"),
        ),
        context={
            "headline": "A measured mail",
            "link": "http://localhost/",
            "person": "Olivia Stone",
            "told": 0,
            "raised_at": now,
            "claim_within": now - now,
            "program_name": "Mobile Plans program",
        },
        thread=f"benchmark-{number}",
    )
    with store.transaction() as connection:
        queue_notice(connection, notice, sender="notices@mobileplans.example", now=now)


def waits(store: Store) -> list[float]:
    """Return for each mail that was sent the seconds from due to sent."""
    with store.snapshot() as connection:
        return sorted(
            (delivery.sent_at - notice.queued_at).total_seconds()
            for notice in list_notices(connection)
            for delivery in notice.deliveries
            if delivery.sent_at is not None
        )


def nearest_rank(ordered: list[float], share: float) -> float:
    """Return the value that a share of all does not exceed."""
    return ordered[max(0, -(-len(ordered) * round(share * 100) // 100) - 1)]


def measure(mails: int = MAILS, sleep: Callable[[float], None] = time.sleep) -> list[Result]:
    """Queue the mails one by one, wait until all are sent, and return both percentiles."""
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as folder, LocalWorld(Path(folder)) as world:
        store = Store(world.database_url)
        for number in range(mails):
            queue_one(store, number, clock.now())
            sleep(APART_S)
        waited = 0.0
        while len(found := waits(store)) < mails and waited < ALL_SENT_WITHIN_S:
            sleep(1)
            waited += 1
        assert len(found) == mails, f"{mails - len(found)} mails were not sent"
    return [
        Result(
            name=f"due_to_sent {name}",
            figure=nearest_rank(found, share),
            unit="s",
            peer=None,
            ratio=None,
            limit=LIMIT_S,
        )
        for name, share in (("p50", 0.5), ("p99", 0.99))
    ]
