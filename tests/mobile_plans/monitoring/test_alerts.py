"""Monitoring that does not work looks for somebody by mail, once for each episode."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from include.mobile_plans.monitoring import look_after_monitoring
from include.mobile_plans.obligations import claim, find_alert, open_alerts, tell_the_next
from include.mobile_plans.policy import (
    ProgramPolicy,
    keep_policy,
    kept_policy,
    load_policy,
    policies_in_force,
)
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store, read_events, verify_events
from include.mobile_plans.store.tables import delivery, notice
from tests.golden import assert_golden, rendered_of
from tests.mobile_plans.monitoring.conftest import LIVE, NOON, Recorder

LookAfter = Callable[..., list[str]]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def look_after(records: Store, policy: ProgramPolicy, clock: VirtualClock) -> LookAfter:
    """Look after monitoring at the clock's time."""

    def look(*problems: str) -> list[str]:
        return look_after_monitoring(
            records,
            clock,
            policy,
            directory=SHIPPED_POLICY,
            problems=problems,
            link="http://localhost:8080/dags/portal_monitoring",
        )

    return look


def mails(store: Store) -> list[bytes]:
    with store.snapshot() as connection:
        return list(connection.scalars(select(notice.c.message).order_by(notice.c.queued_at)))


def test_monitoring_that_sees_is_left_alone(
    records: Store, record: Recorder, look_after: LookAfter, clock: VirtualClock
) -> None:
    record(0, **dict.fromkeys(LIVE, "g"))
    clock.advance(2 * MINUTE)

    assert look_after() == []
    assert mails(records) == []


def test_a_silent_prober_is_told_within_five_minutes(
    records: Store, record: Recorder, look_after: LookAfter, clock: VirtualClock
) -> None:
    """The platform duty has a mail, once for the silence however often it is looked at."""
    record(0, **dict.fromkeys(LIVE, "g"))
    told_at = None
    while not told_at and clock.now() - NOON < 5 * MINUTE:
        clock.advance(MINUTE)
        troubles = look_after()
        told_at = clock.now() if troubles else None

    assert told_at
    blind = "Monitoring is blind on 3 portals since Mon 23 Nov 2026 12:00:00 UTC"
    named = "contoso/portal, fabrikam/portal, northwind/portal"
    assert troubles == [f"{blind}: Nothing was learnt lately of {named}."]
    clock.advance(MINUTE)
    assert look_after() == troubles
    (mail,) = mails(records)
    assert_golden("notices/duty_alert_monitoring_is_blind", rendered_of(mail))
    with records.snapshot() as connection:
        (recipient,) = connection.scalars(select(delivery.c.recipient))
        assert recipient == "peter.okafor@mobileplans.example"
        assert verify_events(connection) == []


def test_a_prober_that_is_cut_off_is_told_with_its_cause(
    records: Store, record: Recorder, look_after: LookAfter, clock: VirtualClock
) -> None:
    """Samples come, and nothing is learnt from them: no control target answers."""
    for number in range(9):
        record(number, **dict.fromkeys(LIVE, "u" if number else "g"))
    clock.advance(4.2 * MINUTE)
    look_after()

    assert "no control target answers" in rendered_of(mails(records)[0]).text


def test_an_alert_ends_with_what_it_told(
    records: Store,
    record: Recorder,
    look_after: LookAfter,
    clock: VirtualClock,
    policy: ProgramPolicy,
) -> None:
    """Nobody is woken for what is over; the next silence is an episode of its own."""
    record(0, **dict.fromkeys(LIVE, "g"))
    clock.advance(4 * MINUTE)
    look_after()
    record(8, **dict.fromkeys(LIVE, "g"))
    clock.advance(MINUTE / 2)
    assert look_after() == []
    clock.advance(10 * MINUTE)
    assert tell_the_next(records, clock, policy) == []

    assert look_after()
    with records.snapshot() as connection:
        assert [alert.key for alert in open_alerts(connection)] == [
            "portal_monitoring:blind:2026-11-23T12:04:00Z"
        ]
    assert len(mails(records)) == 2


def test_a_claimed_alert_is_not_raised_again_while_it_lasts(
    records: Store, record: Recorder, look_after: LookAfter, clock: VirtualClock
) -> None:
    record(0, **dict.fromkeys(LIVE, "g"))
    clock.advance(4 * MINUTE)
    look_after()
    with records.transaction() as connection:
        (alert,) = open_alerts(connection)
        claim(connection, alert.key, by="Peter Okafor", now=clock.now())
    clock.advance(30 * MINUTE)

    assert look_after()
    assert len(mails(records)) == 1
    with records.snapshot() as connection:
        assert find_alert(connection, alert.key).claimed_by == "Peter Okafor"


def test_an_invalid_policy_is_told_and_the_last_valid_one_kept(
    records: Store,
    record: Recorder,
    look_after: LookAfter,
    clock: VirtualClock,
    policy: ProgramPolicy,
) -> None:
    """Policy that becomes invalid: an alert says so, once for each time it becomes so."""
    record(0, **dict.fromkeys(LIVE, "g"))
    look_after()
    problem = "monitoring.yaml:5: probe.interval: 'often' is not a duration"
    said = "The program's policy is invalid, the last valid one stays in force"
    assert look_after(problem) == [f"{said}: {problem}"]
    assert look_after("another problem") == [f"{said}: another problem"]
    assert_golden("notices/duty_alert_policy_is_invalid", rendered_of(mails(records)[0]))
    assert len(mails(records)) == 1

    assert look_after() == []
    assert look_after(problem)
    assert len(mails(records)) == 2
    with records.snapshot() as connection:
        kinds = [event.kind for event in read_events(connection, "policy")]
        kept = kept_policy(connection)
        in_force = policies_in_force(connection, NOON, NOON + MINUTE)
    assert kinds == ["policy.taken_up", "policy.refused"] * 2
    assert kept.fingerprint == policy.fingerprint
    assert kept.monitoring == policy.monitoring
    assert [(since, one.fingerprint) for since, one in in_force] == [(NOON, policy.fingerprint)]


def test_the_policy_that_is_kept_is_the_files_that_were_read(
    records: Store, look_after: LookAfter, tmp_path: Path
) -> None:
    """Files that changed since the policy was read are not kept under its name."""
    for path in SHIPPED_POLICY.rglob("*.yaml"):
        copy = tmp_path / path.relative_to(SHIPPED_POLICY)
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(path.read_text())
    (tmp_path / "sla.yaml").write_text((tmp_path / "sla.yaml").read_text() + "# changed\n")
    with records.transaction() as connection:
        assert keep_policy(connection, load_policy(SHIPPED_POLICY), tmp_path, (), NOON) is None
        assert kept_policy(connection) is None
