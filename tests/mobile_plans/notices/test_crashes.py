"""A drainer killed at every statement of claiming, sending and recording."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from include.mobile_plans.notices import Notice, list_notices, queue_notice
from include.mobile_plans.store import Store, read_events, verify_events
from tests.mobile_plans.notices.conftest import SCHEDULE, SENDER
from tests.smtp_server import SmtpServer

FIRST_LINE = {"sqlite": 2, "postgresql": 1}
EVERY = 2
"""Even lines are killed on one database and odd ones on the other: together each line once."""


@dataclass
class Drainers:
    """Processes that drain, one after the other."""

    process: subprocess.Popen[str]

    def drain(self, now: datetime, kill_at: int | None = None) -> bool:
        """Drain once; return whether the process came to its end, or was killed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        order = {"now": now.isoformat(), "kill_at": kill_at}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        survived: bool = json.loads(self.process.stdout.readline())
        return survived


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as running:
        yield running


@pytest.fixture
def drainers(store: Store, server: SmtpServer, tmp_path: object) -> Iterator[Drainers]:
    """Drainers of the store that hand over to the server."""
    extra = {"disable_ssl": True, "disable_tls": True, "timeout": 10, "retry_limit": 0}
    connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": server.port}
    environment = os.environ | {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW_CONN_SMTP_MOBILE_PLANS": json.dumps(connection | {"extra": json.dumps(extra)}),
    }
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.mobile_plans.notices.crashing_drainer",
            store.url.render_as_string(hide_password=False),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    ) as process:
        yield Drainers(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0


def test_killed_at_any_statement_nothing_is_lost_and_nothing_doubled_in_silence(
    store: Store, server: SmtpServer, drainers: Drainers, iccid_notice: Notice, now: datetime
) -> None:
    """At each line in turn: the mail arrives, and twice only where the crash is on record."""
    found: Counter[tuple[int, bool]] = Counter()
    lines, at, survived = FIRST_LINE[store.url.get_backend_name()] - EVERY, now, False
    queue(store, replace(iccid_notice, key="whole", thread="whole"), at)
    drainers.drain(at)
    while not survived:
        lines, at = lines + EVERY, at + timedelta(hours=1)
        notice = replace(iccid_notice, key=f"killed-{lines}", thread=f"killed-{lines}")
        queue(store, notice, at)
        survived = drainers.drain(at, kill_at=lines)
        server.wait_until_quiet()
        copies, is_recorded = outcome(store, server, drainers, notice, at)
        found[copies, is_recorded] += 1
        assert (copies, is_recorded) in {(1, False), (1, True), (2, True)}, f"killed at {lines}"
    print(f"{lines} lines, a kill at each {EVERY}nd: {dict(found)}")  # noqa: T201
    assert set(found) == {(1, False), (1, True), (2, True)}
    with store.snapshot() as connection:
        assert verify_events(connection) == []


def queue(store: Store, notice: Notice, at: datetime) -> None:
    with store.transaction() as connection:
        queue_notice(connection, notice, sender=SENDER, now=at)


def outcome(
    store: Store, server: SmtpServer, drainers: Drainers, notice: Notice, at: datetime
) -> tuple[int, bool]:
    """Let fresh drainers finish; return the copies that arrived, and whether a crash is told."""
    key = f"{notice.key}:{notice.party}"
    for _ in range(50):  # a killed client's locks go when PostgreSQL sees that it is gone
        drainers.drain(at + SCHEDULE.answer_timeout)
        with store.snapshot() as connection:
            (row,) = list_notices(connection, key_prefix=key)
            story = [event.kind for event in read_events(connection, row.stream)]
        if row.deliveries[0].state == "sent":
            break
    assert row.deliveries[0].state == "sent"
    arrived = [a for a in server.arrivals if a.message_id == row.message_id]
    assert len({arrival.content for arrival in arrived}) == 1
    assert story.count("delivery.sent") == 1
    return len(arrived), "delivery.interrupted" in story
