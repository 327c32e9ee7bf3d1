"""What is due is done once, in order, on both databases."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import delete

from include.mobile_plans.notices import list_notices
from include.mobile_plans.obligations import (
    Obligation,
    SweepReport,
    find_obligation,
    history,
    next_due,
    sweep,
    verify_obligations,
)
from include.mobile_plans.policy import ProgramPolicy
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store, tables, verify_events
from tests.mobile_plans.obligations.conftest import NOON

Give = Callable[..., Obligation]
Sweep = Callable[[], SweepReport]
JUST_AFTER = timedelta(microseconds=1)
STEPS = [
    (timedelta(minutes=48), ("warn", 0)),
    (timedelta(hours=1) + JUST_AFTER, ("breach", 0)),
    (timedelta(hours=1, minutes=15) + JUST_AFTER, ("escalate", 1)),
    (timedelta(hours=1, minutes=30) + JUST_AFTER, ("escalate", 2)),
]
"""Of the initial response to a High incident that a mobile operator owes."""


def steps(report: SweepReport) -> list[tuple[str, int]]:
    assert report.problems == ()
    return [(done.name, done.rank) for done in report.performed]


def mails(store: Store) -> list[tuple[str, tuple[str, ...]]]:
    """Every mail about promises as its kind and its recipients, oldest first."""
    with store.snapshot() as connection:
        return [
            (notice.kind, tuple(delivery.recipient for delivery in notice.deliveries))
            for notice in list_notices(connection, key_prefix="promise:")
        ]


def test_a_promise_is_reminded_breached_and_escalated(
    records: Store, promise: Give, sweep_now: Sweep, clock: VirtualClock
) -> None:
    """E3, E6: the debtor is reminded at 80 %, both hear of the breach, then further roles do."""
    key = promise().key
    assert steps(sweep_now()) == []

    for elapsed, step in STEPS:
        with records.snapshot() as connection:
            assert next_due(connection) == NOON + elapsed
        clock.advance_to(NOON + elapsed - JUST_AFTER)
        assert steps(sweep_now()) == []
        clock.advance(JUST_AFTER)
        assert steps(sweep_now()) == [step]
        assert steps(sweep_now()) == []

    with records.snapshot() as connection:
        assert find_obligation(connection, key).state == "breached"
        assert next_due(connection) is None
        assert verify_events(connection) == []
        assert verify_obligations(connection) == []
    assert mails(records) == [
        ("promise_at_risk", ("leitstelle@tailspin.example",)),
        ("promise_breached", ("leitstelle@tailspin.example",)),
        ("promise_breached", ("olivia.stone@mobileplans.example",)),
        ("promise_escalated", ("leitstelle@tailspin.example",)),
        ("promise_escalated", ("maya.patel@mobileplans.example",)),
    ]


def test_after_three_days_each_reminder_goes_out_once_marked_late(
    records: Store, promise: Give, sweep_now: Sweep, clock: VirtualClock
) -> None:
    """E6: everything stood still for three days; each is told once, in order, with how late."""
    promise()
    promise(key="week", kind="staging_migration", subject="launch:launch-tailspin-1")
    clock.advance(timedelta(days=3))

    report = sweep_now()

    assert steps(report) == [step for _, step in STEPS]
    assert [done.late_by for done in report.performed] == [
        timedelta(days=3) - elapsed for elapsed, _ in STEPS
    ]
    assert steps(sweep_now()) == []
    with records.snapshot() as connection:
        notices = list_notices(connection, key_prefix="promise:")
    assert len(notices) == 5
    assert notices[0].subject.endswith("(sent 2 days 23 hours 12 minutes late)")
    assert all(" late)" in notice.subject for notice in notices)


def test_promises_take_turns_by_what_was_due_first(
    promise: Give, sweep_now: Sweep, clock: VirtualClock
) -> None:
    """E6: after a stop, what should have happened first happens first, whoever it is about."""
    promise(key="first")
    clock.advance(timedelta(minutes=5))
    promise(key="second")
    clock.advance(timedelta(days=1))

    done = [(one.key, one.name, one.rank) for one in sweep_now().performed]

    assert done == [(key, name, rank) for _, (name, rank) in STEPS for key in ("first", "second")]


def test_two_sweeps_at_once_never_act_twice(
    records: Store, promise: Give, policy: ProgramPolicy, clock: VirtualClock
) -> None:
    """E6: four sweeps at the same moment do together what one would have done."""
    keys = [f"INC-{number}:initial_response" for number in range(6)]
    for key in keys:
        promise(key=key)
    clock.advance(timedelta(days=1))
    barrier, reports = Barrier(4), []

    def work() -> None:
        barrier.wait()
        reports.append(sweep(records, clock, policy))

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    done = [(one.key, one.name, one.rank) for report in reports for one in report.performed]
    expected = [(key, name, rank) for key in keys for _, (name, rank) in STEPS]
    assert sorted(done) == sorted(expected)
    assert len(mails(records)) == 5 * len(keys)
    with records.snapshot() as connection:
        assert verify_events(connection) == []
        assert verify_obligations(connection) == []
        for key in keys:
            kinds = [event.kind.partition(".")[2] for event in history(connection, key)]
            assert kinds == ["opened", "warned", "breached", "escalated", "escalated"]


def test_a_crash_between_event_and_mail_leaves_neither(
    records: Store,
    promise: Give,
    sweep_now: Sweep,
    clock: VirtualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """E6: the step and its mails are one transaction, so the next sweep does all of it."""
    key = promise().key
    clock.advance(timedelta(minutes=50))
    module = __import__(sweep.__module__, fromlist=["tell"])

    def crash(*_: object) -> None:
        msg = "the machine stopped"
        raise RuntimeError(msg)

    with monkeypatch.context() as broken:
        broken.setattr(module, "tell", crash)
        with pytest.raises(RuntimeError):
            sweep_now()

    with records.snapshot() as connection:
        assert [event.kind for event in history(connection, key)] == ["obligation.opened"]
    assert steps(sweep_now()) == [("warn", 0)]
    assert len(mails(records)) == 1


def test_a_promise_that_cannot_be_told_holds_up_no_other(
    records: Store, promise: Give, sweep_now: Sweep, clock: VirtualClock
) -> None:
    """E6: its problem is reported by each sweep until somebody puts it right."""
    broken = promise(key="INC-1:initial_response")
    promise(key="INC-2:initial_response")
    with records.transaction() as connection:
        connection.execute(
            delete(tables.event).where(tables.event.c.stream == f"obligation:{broken.key}")
        )
    clock.advance(timedelta(minutes=50))

    for told in (1, 0):
        report = sweep_now()
        assert len(report.performed) == told
        assert [problem.partition(":")[0] for problem in report.problems] == ["promise INC-1"]


def test_a_row_that_was_changed_is_reported(
    records: Store, promise: Give, sweep_now: Sweep
) -> None:
    """The events are the record: a row that asks for more is not followed."""
    promise()
    with records.transaction() as connection:
        connection.execute(tables.obligation.update().values(next_at=NOON))

    (problem,) = sweep_now().problems
    assert problem.endswith("its row does not follow from its events: `promises verify` says how")


def test_one_sweep_has_an_end(
    records: Store, promise: Give, policy: ProgramPolicy, clock: VirtualClock
) -> None:
    """What is left over is done by the next one."""
    promise()
    clock.advance(timedelta(days=1))

    assert steps(sweep(records, clock, policy, at_most=3)) == [step for _, step in STEPS[:3]]
    assert steps(sweep(records, clock, policy, at_most=3)) == [STEPS[3][1]]
