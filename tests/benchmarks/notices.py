"""
Five hundred mails through the outbox to a mail server on this machine, one drainer, SQLite.

Ours claims each delivery, hands it over and records the answer, each in a transaction of its own,
so that a crash at any statement loses nothing. The peer is Python's `smtplib`, which sends the same
mails over one connection and keeps no record: what the record costs is the ratio. `notices wall` is
the same work by the clock on the wall, and `notices slow server` with a server that takes 200 ms to
take a mail; the promise is 500 mails in 30 minutes, 3.6 s for each.
"""

import json
import os
import shutil
import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from include.mobile_plans.notices import RetrySchedule, drain
from include.mobile_plans.policy import load_policy
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store, tables
from include.mobile_plans.store.schema import upgrade
from tests.benchmarks.due_to_sent import queue_one
from tests.benchmarks.harness import REPEATS, Result, compare

MAILS = 500
LIMIT = 60.0
WALL_LIMIT_S = 3.6
SLOW_S = 0.2
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SENDER = "notices@mobileplans.example"
RECIPIENT = "olivia@mobileplans.example"


@contextmanager
def mail_server(**settings: float) -> Iterator[int]:
    """Run a mail server as a process of its own, so that its work is not counted as ours."""
    command = [sys.executable, "-m", "tests.smtp_server", json.dumps(settings)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.communicate()  # it stops when its input is closed


def full_outbox(file: Path, mails: int) -> Store:
    """Return a store whose outbox holds so many mails."""
    store = Store(f"sqlite:///{file}")
    upgrade(store)
    for number in range(mails):
        queue_one(store, number, NOW)
    return store


def send_plainly(messages: list[bytes], port: int) -> None:
    """Send the same mails over one connection, keeping no record."""
    with smtplib.SMTP("127.0.0.1", port) as client:
        for message in messages:
            client.sendmail(SENDER, [RECIPIENT], message)


def connect_to(port: int) -> None:
    """Let Airflow's connection name a mail server of this machine."""
    os.environ["AIRFLOW_CONN_SMTP_MOBILE_PLANS"] = json.dumps(
        {
            "conn_type": "smtp",
            "host": "127.0.0.1",
            "port": port,
            "extra": {"disable_ssl": True, "disable_tls": True},
        }
    )


def drain_all(file: Path, mails: int) -> float:
    """Send everything in a store's outbox and return the seconds each mail took."""
    # Airflow reads its settings on first import, and only this benchmark needs it.
    from include.mobile_plans.orchestration.mail import SmtpTransport  # noqa: PLC0415

    schedule = RetrySchedule.of(load_policy(SHIPPED_POLICY, allow_loopback=True).notices)
    store = Store(f"sqlite:///{file}")
    began = time.monotonic()
    report = drain(store, SmtpTransport(), VirtualClock(NOW), schedule=schedule, at_most=mails)
    assert report.outcomes == {"sent": mails}
    return (time.monotonic() - began) / mails


def wall(name: str, seconds: float) -> Result:
    """Return the seconds a mail took as a result without a peer."""
    return Result(
        name=name, figure=seconds, unit="s per mail", peer=None, ratio=None, limit=WALL_LIMIT_S
    )


def measure(mails: int = MAILS) -> list[Result]:
    """Drain as many equal outboxes as there are runs, taking turns with the peer."""
    walls: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        full = Path(folder) / "full.db"
        with full_outbox(full, mails).transaction() as connection:
            messages = list(connection.scalars(select(tables.notice.c.message)))
        copies = [Path(folder) / f"{number}.db" for number in range(REPEATS + 1)]
        for copy in copies:
            shutil.copy(full, copy)
        with mail_server() as port:
            connect_to(port)
            compared = compare(
                "notices",
                lambda: walls.append(drain_all(copies[len(walls)], mails)),
                lambda: send_plainly(messages, port),
                peer="smtplib",
                limit=LIMIT,
            )
        with mail_server(end_after_s=SLOW_S) as port:
            connect_to(port)
            slow = drain_all(copies[-1], mails)
    return [compared, wall("notices wall", min(walls)), wall("notices slow server", slow)]
