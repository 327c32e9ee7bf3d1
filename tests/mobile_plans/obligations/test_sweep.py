"""What is due is done once, in order, on both databases."""

from collections.abc import Callable
from datetime import timedelta

from include.mobile_plans.notices import list_notices
from include.mobile_plans.obligations import (
    Obligation,
    SweepReport,
    find_obligation,
    next_due,
)
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store, verify_events

Give = Callable[..., Obligation]
Sweep = Callable[[], SweepReport]


def steps(report: SweepReport) -> list[tuple[str, str, int]]:
    return [(done.key, done.name, done.rank) for done in report.performed]


def mails(store: Store) -> list[tuple[str, tuple[str, ...]]]:
    """Every notice as its subject and its recipients, oldest first."""
    with store.snapshot() as connection:
        return [
            (notice.subject, tuple(d.recipient for d in notice.deliveries))
            for notice in list_notices(connection, key_prefix="promise:")
        ]


def test_a_promise_is_reminded_breached_and_escalated(
    records: Store, promise: Give, sweep_now: Sweep, clock: VirtualClock
) -> None:
    """E3, E6: the debtor is reminded at 80 %, both hear of the breach, then further roles do."""
    key = promise().key
    assert steps(sweep_now()) == []

    for elapsed, name, rank in (
        (timedelta(minutes=48), "warn", 0),
        (timedelta(hours=1, microseconds=1), "breach", 0),
        (timedelta(hours=1, minutes=15, microseconds=1), "escalate", 1),
        (timedelta(hours=1, minutes=30, microseconds=1), "escalate", 2),
    ):
        at = promise().promise.since + elapsed
        with records.snapshot() as connection:
            assert next_due(connection) == at
        clock.advance_to(at - timedelta(microseconds=1))
        assert steps(sweep_now()) == []
        clock.advance_to(at)
        assert steps(sweep_now()) == [(key, name, rank)]
        assert steps(sweep_now()) == []

    with records.snapshot() as connection:
        assert find_obligation(connection, key).state == "breached"
        assert next_due(connection) is None
        assert verify_events(connection) == []
    told = [recipients for _, recipients in mails(records)]
    assert len(told) == 5
