"""Urgent tasks look for somebody until one person claims them."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from include.mobile_plans.errors import BadInput, NotFound
from include.mobile_plans.notices import list_notices
from include.mobile_plans.obligations import (
    claim,
    end_alert,
    find_alert,
    next_alert_due,
    open_alerts,
    raise_alert,
    tell_the_next,
)
from include.mobile_plans.policy import ProgramPolicy
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store, read_events, tables
from tests.golden import assert_golden, rendered_of

KEY = "incident_escalation:INC-0042:call_contact_1"


def raise_one(store: Store, policy: ProgramPolicy, clock: VirtualClock, key: str = KEY) -> bool:
    with store.transaction() as connection:
        return raise_alert(
            connection,
            key,
            role="operations_centre",
            headline="By 2026-11-23 13:00 UTC: Call Tobias Keller, +493023125101: Tailspin is down",
            link="http://localhost:8080/dags/incident_escalation/runs/INC-0042",
            policy=policy,
            now=clock.now(),
        )


def told(store: Store) -> list[str]:
    with store.snapshot() as connection:
        return [d.recipient for notice in list_notices(connection) for d in notice.deliveries]


def test_the_first_person_is_told_at_once(
    records: Store, policy: ProgramPolicy, clock: VirtualClock
) -> None:
    """A parked urgent task mails the first person of its role; asked again it says nothing new."""
    assert raise_one(records, policy, clock) is True
    assert raise_one(records, policy, clock) is False

    assert told(records) == ["olivia.stone@mobileplans.example"]
    with records.snapshot() as connection:
        assert next_alert_due(connection) == clock.now() + timedelta(minutes=5)


def test_after_five_minutes_the_next_and_then_the_first_again(
    records: Store, policy: ProgramPolicy, clock: VirtualClock
) -> None:
    """Nobody is told early, everybody in turn, for as long as nobody claims it."""
    raise_one(records, policy, clock)
    clock.advance(timedelta(minutes=4, seconds=59))
    assert tell_the_next(records, clock, policy) == []
    for _ in range(3):
        clock.advance(timedelta(minutes=5))
        assert tell_the_next(records, clock, policy) == [KEY]

    assert told(records) == [
        "olivia.stone@mobileplans.example",
        "omar.reyes@mobileplans.example",
        "olivia.stone@mobileplans.example",
        "omar.reyes@mobileplans.example",
    ]


def test_a_claim_is_recorded_and_ends_the_search(
    records: Store, policy: ProgramPolicy, clock: VirtualClock
) -> None:
    """Whoever takes it is named; nobody else is told, and nobody else can take it."""
    raise_one(records, policy, clock)
    with records.transaction() as connection:
        assert claim(connection, KEY, by="Omar Reyes", now=clock.now()).claimed_by == "Omar Reyes"
        claim(connection, KEY, by="Omar Reyes", now=clock.now())
        with pytest.raises(BadInput, match="claimed by Omar Reyes already"):
            claim(connection, KEY, by="Olivia Stone", now=clock.now())
        with pytest.raises(BadInput, match="named person"):
            claim(connection, KEY, by=" ", now=clock.now())
        with pytest.raises(NotFound):
            claim(connection, "nothing", by="Omar Reyes", now=clock.now())

    clock.advance(timedelta(days=1))
    assert tell_the_next(records, clock, policy) == []
    with records.snapshot() as connection:
        assert open_alerts(connection) == []
        kinds = [event.kind for event in read_events(connection, f"duty:{KEY}")]
    assert kinds == ["duty.raised", "duty.told", "duty.claimed"]


def test_an_answer_ends_the_search(
    records: Store, policy: ProgramPolicy, clock: VirtualClock
) -> None:
    """A task that was answered looks for nobody; ending it twice changes nothing."""
    raise_one(records, policy, clock)
    with records.transaction() as connection:
        end_alert(connection, KEY, by="ops", now=clock.now())
        end_alert(connection, KEY, by="ops", now=clock.now())
        end_alert(connection, "nothing", by="ops", now=clock.now())

    with records.snapshot() as connection:
        assert find_alert(connection, KEY).ended_at == clock.now()
        assert len(read_events(connection, f"duty:{KEY}")) == 3
        with pytest.raises(BadInput, match="answered already"):
            claim(connection, KEY, by="Omar Reyes", now=clock.now())


def test_after_a_stop_of_days_one_person_is_told_once(
    records: Store, policy: ProgramPolicy, clock: VirtualClock
) -> None:
    """Three days of silence are one mail, not eight hundred."""
    raise_one(records, policy, clock)
    clock.advance(timedelta(days=3))

    assert tell_the_next(records, clock, policy) == [KEY]
    assert tell_the_next(records, clock, policy) == []


def test_two_clocks_never_tell_the_same_twice(
    records: Store, policy: ProgramPolicy, clock: VirtualClock
) -> None:
    """Several sweeps at once tell each task's next person once."""
    for number in range(10):
        raise_one(records, policy, clock, key=f"task {number}")
    clock.advance(timedelta(minutes=5))
    barrier, all_told = Barrier(3), []

    def run() -> None:
        barrier.wait()
        all_told.extend(tell_the_next(records, clock, policy))

    threads = [Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(all_told) == sorted(f"task {number}" for number in range(10))


def test_an_unknown_role_is_named(
    records: Store, policy: ProgramPolicy, clock: VirtualClock
) -> None:
    """A role that nobody holds is refused with those that exist, and nothing is raised."""
    with records.transaction() as connection:
        with pytest.raises(BadInput, match="operations_centre"):
            raise_alert(
                connection,
                KEY,
                role="janitor",
                headline="x",
                link="y",
                policy=policy,
                now=clock.now(),
            )
        assert open_alerts(connection) == []


def test_the_mail_reads_well(records: Store, policy: ProgramPolicy, clock: VirtualClock) -> None:
    """The second person learns that somebody was told before."""
    raise_one(records, policy, clock)
    clock.advance(timedelta(minutes=5))
    tell_the_next(records, clock, policy)

    with records.snapshot() as connection:
        last = connection.scalars(
            select(tables.notice.c.message).order_by(tables.notice.c.queued_at.desc())
        ).first()
    assert_golden("notices/duty_alert", rendered_of(last))
