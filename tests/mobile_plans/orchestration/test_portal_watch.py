"""What the tasks of ``portal_monitoring`` and the night's sealing say and do."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from include.mobile_plans.errors import BadInput, MobilePlansError
from include.mobile_plans.monitoring import sealed_days
from include.mobile_plans.monitoring.probes import ProbeResult, Reason
from include.mobile_plans.monitoring.records import Round, Sample, record_round
from include.mobile_plans.monitoring.slots import SlotState
from include.mobile_plans.orchestration import portal_watch, tidying
from include.mobile_plans.policy import change_state, policy_source, program_policy
from include.mobile_plans.policy.current import _source
from include.mobile_plans.policy.files import import_files, mobile_operator_paths, read_files
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store
from include.mobile_plans.store.tables import notice
from tests.mobile_plans.policy.examples import copy_policy

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> VirtualClock:
    virtual = VirtualClock(NOON)
    monkeypatch.setattr(portal_watch, "clock", virtual)
    monkeypatch.setattr(tidying, "clock", virtual)
    return virtual


@pytest.fixture
def policy_folder(tmp_path: Path) -> Path:
    return copy_policy(tmp_path / "policy")


@pytest.fixture
def installation(
    store: Store,
    clock: VirtualClock,
    policy_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Store:
    """One live portal, a policy that a test may spoil, an archive."""
    for name, value in {
        "MOBILE_PLANS_ALLOW_LOOPBACK_PORTALS": "1",
        "MOBILE_PLANS_DATABASE_URL": store.url.render_as_string(hide_password=False),
        "MOBILE_PLANS_POLICY_DIR": str(policy_folder),
        "MOBILE_PLANS_ARCHIVE": str(tmp_path / "archive"),
    }.items():
        monkeypatch.setenv(name, value)
    files = read_files(
        mobile_operator_paths([SHIPPED_POLICY / "mobile_operators"]), allow_loopback=True
    )
    given = {"author": "Ada", "approver": "Ben", "reason": "live", "now": NOON - 60 * 24 * MINUTE}
    with store.transaction() as connection:
        import_files(connection, files.read, **given)
        change_state(connection, "contoso", "live", **given)
    return store


def record(store: Store, at: datetime, *, is_good: bool) -> None:
    result = ProbeResult(
        target="contoso/portal", reason=None if is_good else Reason.RESET, total_us=9, late_us=0
    )
    state = SlotState.GOOD if is_good else SlotState.BAD
    slot = int(at.timestamp())
    with store.transaction() as connection:
        seen = Round(slot=slot, samples=(Sample(state=state, result=result),))
        record_round(connection, seen, program_policy().monitoring)


def mails(store: Store) -> list[str]:
    with store.snapshot() as connection:
        return list(connection.scalars(select(notice.c.subject).order_by(notice.c.queued_at)))


def new_process() -> None:
    """Forget what this process knows of policy, as a task that starts anew does."""
    _source.cache_clear()


def test_a_portal_that_is_down_is_a_result(installation: Store, clock: VirtualClock) -> None:
    """The run says so in words and is no failure."""
    record(installation, NOON - MINUTE, is_good=True)
    record(installation, NOON - MINUTE / 2, is_good=False)

    assert portal_watch.look_after_the_prober() == ["monitoring sees every portal it should"]
    lines = portal_watch.tell_of_the_portals()
    assert lines[0] == "1 portal watched; the newest slot is 2026-11-23 11:59:30 UTC"
    assert lines[1].startswith("contoso/portal is out since 2026-11-23 11:59:30 UTC")


def test_a_silent_prober_fails_the_run_and_mails(installation: Store, clock: VirtualClock) -> None:
    """Trap 5: a silent watcher looks healthy in the UI; the sweep says that it is not."""
    record(installation, NOON, is_good=True)
    clock.advance(MINUTE)
    portal_watch.look_after_the_prober()
    clock.advance(2.5 * MINUTE)

    with pytest.raises(MobilePlansError, match="Monitoring is blind on 1 portal since") as told:
        portal_watch.look_after_the_prober()
    assert "contoso/portal" in str(told.value)
    assert mails(installation) == [
        "Needs somebody now: Monitoring is blind on 1 portal since Mon 23 Nov 2026 12:00:00 UTC"
    ]


def test_an_invalid_policy_fails_the_run_and_stays_out_of_force(
    installation: Store, clock: VirtualClock, policy_folder: Path
) -> None:
    """
    The last valid policy stays in force, in processes that start meanwhile too; an alert says so.

    Parsing the DAG goes on as well: Airflow schedules nothing of a file it cannot import.
    """
    record(installation, NOON, is_good=True)
    new_process()
    portal_watch.look_after_the_prober()
    fingerprint = program_policy().fingerprint
    file = policy_folder / "monitoring.yaml"
    valid = file.read_text()
    file.write_text(valid.replace("value: PT30S", "value: often"))
    new_process()

    with pytest.raises(MobilePlansError, match="policy is invalid") as told:
        portal_watch.look_after_the_prober()
    assert "monitoring.yaml" in str(told.value)
    assert program_policy().fingerprint == fingerprint
    assert portal_watch.tell_of_the_portals()
    assert portal_watch.schedule()
    assert mails(installation) == [
        "Needs somebody now: The program's policy is invalid, the last valid one stays in force"
    ]

    file.write_text(valid)
    new_process()
    assert portal_watch.look_after_the_prober()
    assert policy_source().problems == ()


def test_an_invalid_policy_from_the_start_is_refused(
    installation: Store, policy_folder: Path
) -> None:
    """Where no valid policy was ever in force, nothing is invented."""
    (policy_folder / "sla.yaml").unlink()
    new_process()
    with pytest.raises(BadInput, match=r"sla\.yaml: is missing"):
        program_policy()


def test_each_shard_has_an_asset_of_its_own(
    installation: Store, policy_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trap 1 of the reference: two watchers of one asset strand each other's events."""
    file = policy_folder / "monitoring.yaml"
    file.write_text(file.read_text().replace("shards: {value: 1", "shards: {value: 3"))
    new_process()

    assets = portal_watch.schedule().asset_condition.objects

    assert [asset.name for asset in assets] == [f"mobile_plans.portals.{n}" for n in range(3)]
    watched = [[watcher.trigger.serialize()[1] for watcher in asset.watchers] for asset in assets]
    assert watched == [[{"shard": n, "shards": 3}] for n in range(3)]


def test_the_night_seals_and_removes(
    installation: Store, clock: VirtualClock, tmp_path: Path
) -> None:
    """Each closed day is sealed once; after the days of policy its samples go."""
    record(installation, NOON - 36 * 60 * MINUTE, is_good=True)

    (line,) = tidying.seal_closed_days()
    assert line.startswith("2026-11-22: samples 1, portals 1, samples/2026/11/2026-11-22.")
    assert tidying.seal_closed_days() == []
    clock.advance(timedelta(days=7))
    assert tidying.remove_what_is_old()["days_of_samples"] == ["2026-11-22"]


def test_samples_that_cannot_go_fail_the_night(
    installation: Store, clock: VirtualClock, tmp_path: Path
) -> None:
    """Housekeeping says which day stays, and why; everything else is done."""
    record(installation, NOON - 36 * 60 * MINUTE, is_good=True)
    tidying.seal_closed_days()
    with installation.snapshot() as connection:
        (sealed,) = sealed_days(connection).values()
    (tmp_path / "archive" / sealed.file).unlink()
    clock.advance(timedelta(days=7))

    with pytest.raises(MobilePlansError, match=r"samples that should go are kept: .*is missing"):
        tidying.remove_what_is_old()
