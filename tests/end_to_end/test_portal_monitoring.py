"""
Portal monitoring through real Airflow: outages, killed triggerers, two at once, a spoilt policy.

Slots of two seconds instead of thirty, and 40 seconds instead of 30 minutes.
"""

import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from include.mobile_plans.instants import format_instant
from include.mobile_plans.monitoring import Outage, outages
from include.mobile_plans.policy import change_state
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.simulation.local_airflow import PROJECT
from include.mobile_plans.simulation.local_world import LocalWorld
from include.mobile_plans.simulation.loopback import Ports
from include.mobile_plans.simulation.people import Person
from include.mobile_plans.simulation.portal import Answer
from include.mobile_plans.simulation.processes import ManagedProcess, stop_all
from include.mobile_plans.store import Store, read_events, verify_events
from include.mobile_plans.store.tables import probe_target, sample

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(900)]

DAG_ID = "portal_monitoring"
SLOT_S = 2


@pytest.fixture(scope="module")
def policy_edits() -> Mapping[str, Mapping[str, str]]:
    """The same rules, fifteen times as fast, and two watchers."""
    return {
        "monitoring.yaml": {
            r"interval: {value: PT30S": "interval: {value: PT2S",
            r"timeout: {value: PT10S": "timeout: {value: PT1S",
            r"shards: {value: 1": "shards: {value: 2",
            r"escalate_after: {value: PT30M": "escalate_after: {value: PT40S",
            r"oldest_sample: PT3M": "oldest_sample: PT20S",
        },
    }


@pytest.fixture(scope="module")
def environment() -> Mapping[str, str]:
    """A triggerer that is silent for ten seconds counts as dead."""
    return {
        "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "2",
        "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
    }


@pytest.fixture(scope="module")
def store(world: LocalWorld) -> Store:
    return Store(world.database_url)


@pytest.fixture(scope="module")
def admin(world: LocalWorld) -> Person:
    return Person(world.airflow.url, "admin", world.airflow.passwords["admin"])


@pytest.fixture(scope="module")
def triggerers(world: LocalWorld) -> Iterator[list[ManagedProcess]]:
    """The world's own triggerer and a second one beside it."""
    first = next(one for one in world.airflow.components if one.name == "triggerer")
    port = str(Ports.free().trigger_log)
    second = ManagedProcess(
        "triggerer-2",
        first.command,
        environment=world.airflow.environment | {"AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": port},
        folder=PROJECT,
        logs=world.airflow.logs,
    )
    second.start()
    yield [first, second]
    stop_all([second])


def wait_until(what: str, check: Callable[[], object], seconds: float) -> object:
    until = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < until, f"not within {seconds} s: {what}"
        time.sleep(0.5)
    return found


def kill(process: ManagedProcess) -> None:
    """End a process and everything it started, without a word."""
    for member in process.members():
        member.send_signal(signal.SIGKILL)
    process.wait(10)


def go_live(store: Store, slug: str) -> datetime:
    now = SystemClock().now()
    with store.transaction() as connection:
        change_state(
            connection, slug, "live", author="Ada", approver="Ben", reason="launched", now=now
        )
    return now


def slots(store: Store, slug: str, state: str | None = None) -> list[int]:
    query = (
        select(sample.c.slot)
        .join_from(sample, probe_target)
        .where(probe_target.c.slug == slug)
        .order_by(sample.c.slot)
    )
    if state is not None:
        query = query.where(sample.c.state == state)
    with store.snapshot() as connection:
        return list(connection.scalars(query))


def only_outage(store: Store) -> Outage | None:
    with store.snapshot() as connection:
        found = outages(connection)
    assert len(found) <= 1, found
    return found[0] if found else None


def runs(admin: Person) -> list[dict]:
    path = f"/api/v2/dags/{DAG_ID}/dagRuns?limit=100&order_by=-run_after"
    return admin._call("GET", path)["dag_runs"]


def log_of(admin: Person, task_id: str, words: str) -> str | None:
    """Find the newest run whose task's log holds some words, and return that log."""
    for run in runs(admin)[:6]:
        if admin.tasks(DAG_ID, run["dag_run_id"]).get(task_id) in ("success", "failed"):
            log = admin.task_log(DAG_ID, run["dag_run_id"], task_id)
            if words in log:
                return log
    return None


def mailed(world: LocalWorld, subject: str) -> bool:
    return any(subject in mail.subject for mail in world.mails.all())


@contextmanager
def invalid_policy(world: LocalWorld) -> Iterator[None]:
    """A person saves a file with a mistake, and takes it back later."""
    file = world.policy / "monitoring.yaml"
    valid = file.read_text()
    file.write_text(re.sub(r"interval: {value: PT2S", "interval: {value: often", valid))
    yield
    file.write_text(valid)


def test_one_outage_through_killed_and_doubled_probers(
    world: LocalWorld, store: Store, admin: Person, triggerers: list[ManagedProcess]
) -> None:
    """
    M2, L10: one record for one outage, whatever happens to the probers meanwhile.

    A record that turns live is probed within a minute. The triggerer that probes is killed in the
    middle of the outage while the policy is invalid; another takes over; a third prober runs
    beside it. Nothing is counted twice, and nothing is opened falsely.
    """
    live_at = go_live(store, "contoso")
    go_live(store, "fabrikam")
    wait_until("contoso is probed", lambda: slots(store, "contoso", "good"), 60)
    assert slots(store, "contoso")[0] - live_at.timestamp() < 60
    wait_until("fabrikam is probed", lambda: len(slots(store, "fabrikam")) > 3, 60)

    world.portals.set("contoso", Answer(status=503))
    wait_until("the outage is opened", lambda: only_outage(store), 30)
    with invalid_policy(world):
        wait_until("it lasts", lambda: only_outage(store).bad_slots >= 4, 30)
        wait_until(
            "the second triggerer is up",
            lambda: "Starting the triggerer" in triggerers[1].tail(200),
            60,
        )
        killed_at = int(time.time())
        kill(triggerers[0])
        beside = world.airflow.process(
            "third-prober", ["include.mobile_plans", "probes", "run", "--for", "PT30S"]
        )
        wait_until("another takes over", lambda: slots(store, "contoso")[-1] > killed_at + 4, 60)
        triggerers[0].start()
        beside.start()
        wait_until("the outage is escalated", lambda: only_outage(store).escalated_at, 120)
        wait_until(
            "the run says that the policy is invalid",
            lambda: log_of(admin, "look_after_the_prober", "policy is invalid"),
            120,
        )
    beside.wait(60)
    went_live = go_live(store, "northwind")
    wait_until("northwind is probed", lambda: slots(store, "northwind", "good"), 60)
    assert slots(store, "northwind")[0] - went_live.timestamp() < 60
    world.portals.restore("contoso")
    wait_until("the outage is closed", lambda: only_outage(store).good_after, 30)

    found = only_outage(store)
    assert found.slug == "contoso"
    bad = [slot for slot in slots(store, "contoso", "bad") if slot >= found.first_bad.timestamp()]
    assert found.bad_slots == len(bad)
    assert (found.escalated_at - found.first_bad).total_seconds() > 40
    assert found.good_before < found.first_bad < found.last_bad < found.good_after
    gaps = [after - before for before, after in pairwise(bad)]
    assert max(gaps) > SLOT_S, "the killed triggerer was not missed, so nothing was proven"
    with store.snapshot() as connection:
        number = connection.scalar(select(func.count()).select_from(sample))
        kinds = [event.kind for event in read_events(connection, "policy")]
        assert verify_events(connection) == []
    assert number == sum(
        len(set(slots(store, slug))) for slug in ("contoso", "fabrikam", "northwind")
    )
    assert kinds[:2] == ["policy.taken_up", "policy.refused"]

    said = wait_until(
        "a run tells the whole outage",
        lambda: log_of(admin, "tell_of_the_portals", "good again at"),
        120,
    )
    assert f"contoso/portal was out since {found.first_bad:%Y-%m-%d %H:%M:%S} UTC" in said
    assert f"escalated at {found.escalated_at:%Y-%m-%d %H:%M:%S} UTC" in said
    assert "EARLY WARNING" not in said
    assert mailed(world, "The program's policy is invalid")
    kinds = {run["run_type"] for run in runs(admin)}
    assert kinds == {"scheduled", "asset_triggered"}


def test_a_silent_prober_is_mailed_and_shown(
    world: LocalWorld, store: Store, admin: Person, triggerers: list[ManagedProcess]
) -> None:
    """Trap 5: with every triggerer dead, mail and run say so, and no portal is called down."""
    before = only_outage(store)
    for process in triggerers:
        kill(process)
    died_at = SystemClock().now()

    wait_until("a mail says so", lambda: mailed(world, "Monitoring is blind on"), 300)
    log = wait_until(
        "a run says so",
        lambda: log_of(admin, "look_after_the_prober", "Monitoring is blind on"),
        60,
    )

    assert (SystemClock().now() - died_at).total_seconds() < 300
    assert "contoso/portal" in log
    assert only_outage(store) == before
    assert format_instant(before.first_bad) in before.key
