"""The human tasks, the tasks and the watcher of maintenance, without Airflow's processes."""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk._shared.module_loading import import_string
from airflow.sdk.exceptions import AirflowSkipException

from include.mobile_plans.errors import BadInput, DoesNotApply, MobilePlansError
from include.mobile_plans.maintenance import CARRIED, Maintenance, take_in, update
from include.mobile_plans.orchestration import maintenance as room
from include.mobile_plans.orchestration.maintenance_outlook import desk_at
from include.mobile_plans.orchestration.maintenance_questions import (
    AnnouncementConfirmation,
    CompletionConfirmation,
    ReadByHand,
)
from include.mobile_plans.policy import mobile_operator_in_force
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.questions import Answer, Run
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store, tables
from include.mobile_plans.store.schema import upgrade
from tests.mobile_plans.maintenance.conftest import NOON, OURS, THEIRS, import_examples
from tests.mobile_plans.maintenance.notices import ics

OWN = Run(run_id="MNT-0001")
LATE = {"window": "2026-11-27 22:00 to 2026-11-28 02:00 UTC"}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> VirtualClock:
    """The clock the tasks ask."""
    clock = VirtualClock(NOON)
    monkeypatch.setattr(room, "clock", clock)
    return clock


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: VirtualClock) -> Store:
    """A store with the example mobile operators, and an inbox."""
    url = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", url)
    monkeypatch.setenv("MOBILE_PLANS_POLICY_DIR", str(SHIPPED_POLICY))
    monkeypatch.setenv("MOBILE_PLANS_INBOX", str(tmp_path / "inbox"))
    (tmp_path / "inbox").mkdir()
    store = Store(url)
    upgrade(store)
    import_examples(store, NOON - timedelta(days=2))
    return store


@pytest.fixture
def record(store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Do a task in a run of Airflow."""

    def do(task: Callable[..., Any], form: dict[str, Any], run_id: str = "manual__1") -> Any:
        run = SimpleNamespace(run_id=run_id, triggering_user_name="ops")
        monkeypatch.setattr(room, "get_current_context", lambda: {"dag_run": run})
        return task(form)

    return do


def found(store: Store, maintenance_id: str = "MNT-0001") -> Maintenance:
    with store.snapshot() as connection:
        return desk_at(connection, NOON).find(maintenance_id)


def answer(option: str, at: datetime = NOON, **values: str) -> Answer:
    return Answer(option=option, values=values, recorded_by="ops", recorded_at=at)


def test_a_form_in_time_is_announced_and_handed_over(store: Store, record: Callable) -> None:
    """P1: the form's run records and announces; the run of the number carries it."""
    assert record(room.record_plan, OURS) == ["MNT-0001"]
    told = found(store)
    assert (told.state, told.carried) == ("announced", False)
    assert record(room.record_plan, OURS) == ["MNT-0001"]

    assert record(room.record_plan, {}, "MNT-0001") == []
    assert found(store).carried
    with pytest.raises(DoesNotApply, match="it is announced"):
        AnnouncementConfirmation().ask(OWN, NOON)


def test_a_form_that_cannot_be_understood_writes_nothing(store: Store, record: Callable) -> None:
    """The task fails with one sentence per problem."""
    with pytest.raises(BadInput, match="not two times and a zone"):
        record(room.record_plan, OURS | {"window": ""})
    with store.snapshot() as connection:
        assert desk_at(connection, NOON).all() == []


def test_the_run_of_the_form_asks_nothing(store: Store, record: Callable) -> None:
    """Its tasks are skipped and say which run carries it."""
    record(room.record_plan, OURS | LATE)
    for asker in (ReadByHand(), AnnouncementConfirmation(), CompletionConfirmation()):
        with pytest.raises(DoesNotApply, match="run MNT-0001 carries it"):
            asker.ask(Run(run_id="manual__1"), NOON)
    with pytest.raises(AirflowSkipException, match="run MNT-0001 carries it"):
        room.await_end().poke({"dag_run": SimpleNamespace(run_id="manual__1")})


def test_a_late_one_is_shown_and_confirmed_by_name(store: Store, record: Callable) -> None:
    """P1: every deadline, what is late by how much, and the earliest to send by, then a reason."""
    record(room.record_plan, OURS | LATE | {"recipients": "northwind"})
    assert found(store).state == "proposed"

    question = AnnouncementConfirmation().ask(OWN, NOON)
    assert question.subject.startswith("MNT-0001: confirm maintenance of Mobile Plans services")
    assert "Send by **Thu 19 Nov 2026 22:00 UTC**" in question.body
    assert "- northwind: 2026-11-19T22:00:00Z, late by 3 days, 14:00:00" in question.body
    assert "2026-11-26: Thanksgiving Day (US-WA)" in question.body
    assert "Mei Tanaka" in question.fields["signed_by"].suggestions
    with pytest.raises(BadInput, match="cannot sign for Mobile Plans program"):
        AnnouncementConfirmation().record(OWN, answer("Confirm", signed_by="ops", evidence="x"))
    signed = {"signed_by": "Mei Tanaka", "evidence": "the certificate expires"}
    assert AnnouncementConfirmation().record(OWN, answer("Confirm", **signed)) is True

    told = found(store)
    assert (told.state, told.confirmed_by, told.reason) == (
        "announced",
        "Mei Tanaka",
        "the certificate expires",
    )


def test_it_may_be_withdrawn_instead(store: Store, record: Callable) -> None:
    """Nobody is told of it."""
    record(room.record_plan, OURS | LATE)
    assert AnnouncementConfirmation().record(OWN, answer("Withdraw", evidence="no need")) is True

    assert found(store).state == "cancelled"
    with pytest.raises(DoesNotApply, match="it is cancelled"):
        AnnouncementConfirmation().ask(OWN, NOON)


def test_a_notice_that_was_typed_in_needs_its_mail(store: Store, record: Callable) -> None:
    """P2: signed by a contact, with its mail as evidence and the time it was received."""
    record(room.record_plan, THEIRS)
    question = AnnouncementConfirmation().ask(OWN, NOON)
    assert "Contoso change desk" in question.fields["signed_by"].suggestions
    said = {
        "signed_by": "Contoso change desk",
        "evidence": "<1@contoso.example>",
        "received_at": "2026-11-20T09:00:00Z",
    }
    AnnouncementConfirmation().record(OWN, answer("Confirm", **said))

    verdict = found(store).verdicts["program"]
    assert verdict.told_at == datetime(2026, 11, 20, 9, tzinfo=UTC)


def test_it_waits_for_the_end_and_asks(store: Store, record: Callable, clock: VirtualClock) -> None:
    """P3: at the window's end the program is asked, with the hour of policy as deadline."""
    record(room.record_plan, OURS)
    sensor = room.await_end()
    context = {"dag_run": SimpleNamespace(run_id="MNT-0001")}
    assert sensor.poke(context) is False
    clock.advance_to(datetime(2026, 12, 13, 2, tzinfo=UTC))
    assert sensor.poke(context) is True
    room.tell_what_is_due()

    question = CompletionConfirmation().ask(OWN, clock.now())
    assert question.headline.startswith("By 2026-12-13 03:00 UTC: MNT-0001: is it complete?")
    said = {"signed_by": "Mei Tanaka", "evidence": "disk is slow"}
    longer = said | {"window": "2026-12-12 22:00 to 2026-12-13 03:00 UTC"}
    assert CompletionConfirmation().record(OWN, answer("Extended", clock.now(), **longer)) is False
    assert CompletionConfirmation().record(OWN, answer("Completed", clock.now(), **said)) is True
    assert found(store).state == "completed"
    with pytest.raises(DoesNotApply, match="it is completed"):
        CompletionConfirmation().ask(OWN, clock.now())


def test_a_mobile_operator_is_asked_by_mail_only(store: Store, record: Callable) -> None:
    """P3: its own word is recorded; no human task stands in for it."""
    test_a_notice_that_was_typed_in_needs_its_mail(store, record)
    with pytest.raises(DoesNotApply, match="the mobile operator tells it by mail"):
        CompletionConfirmation().ask(OWN, NOON)


def test_changes_by_form(store: Store, record: Callable, clock: VirtualClock) -> None:
    """A run records its change once, and asks for confirmation where it has to."""
    record(room.record_plan, OURS)
    form = {
        "maintenance": "MNT-0001",
        "change": "Rescheduled",
        "window": "2026-11-28 22:00 to 23:00 UTC",
        "signed_by": "Mei Tanaka",
        "evidence": "vendor",
        "received_at": "",
    }
    assert record(room.record_update, form, "manual__2") == "announced"
    length = found(store).length
    assert record(room.record_update, form, "manual__2") == "announced"
    assert found(store).length == length

    asker, run = AnnouncementConfirmation(in_run_of_its_own=False), Run(run_id="manual__2")
    assert "late by" in asker.ask(run, NOON).body
    clock.advance(timedelta(minutes=1))
    said = {"signed_by": "Mei Tanaka", "evidence": "vendor cannot later"}
    asker.record(run, answer("Confirm", clock.now(), **said))
    told = found(store)
    assert told.plan is not None
    assert told.plan.window.starts_at == datetime(2026, 11, 28, 22, tzinfo=UTC)


def test_a_notice_nobody_could_read_is_read_by_hand(store: Store) -> None:
    """P2: shown with what is wrong; what the person types counts from when it was received."""
    with store.transaction() as connection:
        take_in(
            desk_at(connection, NOON), "a.ics", b"Friday 22h, portal", NOON - timedelta(hours=1)
        )
    question = ReadByHand().ask(OWN, NOON)
    assert "no calendar file" in question.body
    assert "    Friday 22h, portal" in question.body
    typed = {name: value for name, value in THEIRS.items() if value}
    with pytest.raises(BadInput, match="not two times"):
        ReadByHand().record(OWN, answer("Record it", **typed | {"window": "Friday"}))
    assert ReadByHand().record(OWN, answer("Record it", **typed)) is True

    told = found(store)
    assert told.verdicts["program"].told_at == NOON - timedelta(hours=1)
    with pytest.raises(DoesNotApply, match="could be read"):
        ReadByHand().ask(OWN, NOON)


def test_what_is_no_notice_is_closed_with_its_reason(store: Store) -> None:
    """It is kept, and nobody is told of it."""
    with store.transaction() as connection:
        take_in(desk_at(connection, NOON), "a.ics", b"hello", NOON)
    assert ReadByHand().record(OWN, answer("No notice", summary="an invitation to lunch")) is True

    closed = found(store)
    assert (closed.state, closed.reason) == ("cancelled", "no notice: an invitation to lunch")


def drop(name: str, content: bytes, age_s: float = 60) -> Path:
    file = Path(os.environ["MOBILE_PLANS_INBOX"]) / name
    file.write_bytes(content)
    at = NOON.timestamp() - age_s
    os.utime(file, (at, at))
    return file


def test_files_are_taken_once_and_removed(store: Store) -> None:
    """P2: the store has them; what cannot be taken stays, and is named after all others."""
    file, long = drop("a.ics", ics()), drop("b.ics", b"x" * 1_000_001)
    with pytest.raises(MobilePlansError, match=r"b\.ics stays in the inbox: .*at most 1000000"):
        room.take_in_files()

    assert not file.exists()
    assert long.exists()
    told = found(store)
    assert told.verdicts["program"].told_at == NOON - timedelta(seconds=60)
    assert room.runs_to_start() == ["MNT-0001"]
    with store.transaction() as connection:
        desk = desk_at(connection, NOON)
        desk.record(told, CARRIED, desk.clock, {"carried": True})
    assert room.runs_to_start() == []
    long.unlink()
    assert room.take_in_files() == []


def test_what_cannot_be_told_is_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The task fails with the maintenance and why."""
    monkeypatch.setattr(room.maintenance, "sweep", lambda *_: ([], ["MNT-0001: x"]))
    with pytest.raises(MobilePlansError, match="MNT-0001: x"):
        room.tell_what_is_due()


def test_the_watcher_wakes_for_files_and_for_what_is_due(
    store: Store, record: Callable, clock: VirtualClock
) -> None:
    """It sees a file in the inbox, what no run carries, and the next thing to tell."""
    trigger = room.MaintenanceWorkTrigger(look_every_s=0.01, rest_after_event_s=0.01)
    trigger.clock = clock
    path, arguments = trigger.serialize()
    assert import_string(path)(**arguments).serialize() == (path, arguments)
    assert trigger.instants(NOON) == []

    async def first() -> Any:
        async for event in trigger.run():
            return event.payload
        raise AssertionError

    file = drop("a.ics", ics())
    assert asyncio.run(asyncio.wait_for(first(), 5)) == {"due_since": "2026-11-23T12:00:00Z"}
    file.unlink()
    record(room.record_plan, OURS)
    assert trigger.instants(NOON) == [NOON]


def test_launch_days_and_failing_portals_are_minded(store: Store, record: Callable) -> None:
    """What launches and monitoring know reaches the plan and its completion."""
    from include.mobile_plans.launch import start_launch  # noqa: PLC0415 - this test only
    from tests.mobile_plans.launch.conftest import REQUEST  # noqa: PLC0415

    policy = desk_at(None, NOON).policy
    with store.transaction() as connection:
        version = mobile_operator_in_force(connection, "tailspin", NOON)
        start_launch(connection, REQUEST, version, policy, run_id="r", now=NOON)
    window = {"window": "2026-12-14 22:00 to 23:00 UTC", "service": "portal"}
    record(room.record_plan, OURS | window | {"recipients": "tailspin"})
    assert "launch day: Tailspin" in AnnouncementConfirmation().ask(OWN, NOON).body

    said = {"signed_by": "Mei Tanaka", "evidence": "agreed"}
    AnnouncementConfirmation().record(OWN, answer("Confirm", **said))
    at = datetime(2026, 12, 14, 23, tzinfo=UTC)
    with store.transaction() as connection:
        slot = int(at.timestamp()) - 30
        row = {"target": "tailspin/portal", "slug": "tailspin", "slot": slot, "state": {}}
        target = connection.execute(tables.probe_target.insert().values(row))
        sample = {"target_id": target.inserted_primary_key[0], "slot": slot, "state": "bad"}
        connection.execute(tables.sample.insert().values(sample))
        held = update(desk_at(connection, at), "MNT-0001", "Completed", said)
    assert held.report is not None
