"""A promise of one minute through real Airflow; a sender killed in the middle of a mail (E6)."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import psutil
import pytest

from include.mobile_plans.notices import list_notices
from include.mobile_plans.obligations import Wanted, find_obligation, history, open_obligation
from include.mobile_plans.policy import load_policy
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.simulation.local_world import LocalWorld
from include.mobile_plans.store import Store, read_events, verify_events
from tests.smtp_server import SmtpServer

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(600)]

KEY = "contoso-outage:notice"
SLOW_S = 12.0


@pytest.fixture(scope="module")
def policy_edits() -> Mapping[str, Mapping[str, str]]:
    """Half an hour becomes a minute, and a sender that is silent for 20 seconds has crashed."""
    return {
        "promises.yaml": {
            r"outage_notice_within: {value: PT30M": "outage_notice_within: {value: PT1M",
            r"after: PT15M": "after: PT10S",
            r"after: PT30M": "after: PT20S",
        },
        "notices.yaml": {r"(in_doubt:\n  first: )PT5M": r"\1PT20S"},
    }


@pytest.fixture(scope="module")
def server() -> Iterator[SmtpServer]:
    """A mail server that takes its time over the first mail."""
    with SmtpServer() as running:
        running.at("end", "250 2.0.0 kept", delay_s=SLOW_S)
        yield running


@pytest.fixture(scope="module")
def environment(server: SmtpServer) -> Mapping[str, str]:
    """Mails go to that server."""
    connection = {
        "conn_type": "smtp",
        "host": "127.0.0.1",
        "port": server.port,
        "extra": {"disable_ssl": True, "disable_tls": True, "timeout": 30, "retry_limit": 1},
    }
    return {"AIRFLOW_CONN_SMTP_MOBILE_PLANS": json.dumps(connection)}


def wait_until(what: str, check: Callable[[], object], seconds: float) -> object:
    until = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < until, f"not within {seconds} s: {what}"
        time.sleep(0.3)
    return found


def sender_to(port: int) -> psutil.Process | None:
    """Find the process that holds a connection to a port of this machine."""
    for connection in psutil.net_connections("tcp"):
        if connection.raddr and connection.raddr.port == port and connection.pid:
            return psutil.Process(connection.pid)
    return None


def test_a_promise_is_reminded_breached_and_escalated(
    world: LocalWorld, server: SmtpServer
) -> None:
    """
    Every step happens once and in order, and every mail arrives.

    The task that sends the first mail is killed while the server takes its time: the mail is sent
    again with the same Message-ID, and the record says why.
    """
    store, clock = Store(world.database_url), SystemClock()
    policy = load_policy(world.policy, allow_loopback=True)
    with store.transaction() as connection:
        now = clock.now()
        opened = open_obligation(
            connection,
            Wanted(
                kind="outage_notice",
                key=KEY,
                subject="incident:INC-0001",
                slug="contoso",
                debtor="mobile_operator",
                since=now,
            ),
            policy,
            by="Olivia Stone",
            now=now,
        )
    assert (opened.due_at - now).total_seconds() == 60

    sender = wait_until("a mail is being sent", lambda: sender_to(server.port), 120)
    assert isinstance(sender, psutil.Process)
    time.sleep(1)
    sender.kill()

    def escalated_twice() -> bool:
        with store.snapshot() as connection:
            return find_obligation(connection, KEY).escalations == 2

    wait_until("both escalations", escalated_twice, 180)

    def all_sent() -> bool:
        with store.snapshot() as connection:
            notices = list_notices(connection)
        return all(d.state == "sent" for notice in notices for d in notice.deliveries)

    wait_until("every mail is sent", all_sent, 180)
    with store.snapshot() as connection:
        notices = list_notices(connection)
        kinds = [event.kind for event in history(connection, KEY)]
        interrupted = {
            notice.message_id
            for notice in notices
            if "delivery.interrupted"
            in [event.kind for event in read_events(connection, f"notice:{notice.key}")]
        }
        assert verify_events(connection) == []
    assert kinds == [
        "obligation.opened",
        "obligation.warned",
        "obligation.breached",
        "obligation.escalated",
        "obligation.escalated",
    ]
    arrived = Counter(arrival.mail["Message-ID"] for arrival in server.arrivals)
    assert set(arrived) == {notice.message_id for notice in notices}
    assert len(notices) == 5
    assert len(interrupted) == 1
    assert {message_id for message_id, times in arrived.items() if times > 1} <= interrupted
    assert max(arrived.values()) <= 2
