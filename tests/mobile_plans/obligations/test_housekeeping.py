"""What is long over is deleted, on record; what is open never is."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from include.mobile_plans.obligations import Obligation, SweepReport, meet, verify_obligations
from include.mobile_plans.obligations import housekeeping as room
from include.mobile_plans.obligations.housekeeping import HousekeepingReport, housekeep
from include.mobile_plans.policy import ProgramPolicy
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store, read_events, tables, verify_events
from tests.mobile_plans.obligations.conftest import NOON, RESPONSE

Give = Callable[..., Obligation]
Sweep = Callable[[], SweepReport]
Keep = Callable[[], HousekeepingReport]
KEPT = timedelta(days=400)
HOUR = timedelta(hours=1)


@pytest.fixture
def housekeep_now(records: Store, policy: ProgramPolicy, clock: VirtualClock) -> Keep:
    """Delete what is old at the clock's time."""
    return lambda: housekeep(records, clock, policy)


def answer(store: Store, clock: VirtualClock, key: str = RESPONSE.key) -> None:
    with store.transaction() as connection:
        meet(
            connection,
            key,
            by="Theresa",
            evidence="a mail",
            received_at=clock.now(),
            now=clock.now(),
        )


def send_all(store: Store, state: str = "sent") -> None:
    with store.transaction() as connection:
        connection.execute(update(tables.delivery).values(state=state))


def left(store: Store) -> dict[str, Any]:
    """Name what is in the store, once every chain and every row proved whole."""
    with store.snapshot() as connection:
        assert verify_events(connection) == []
        assert verify_obligations(connection) == []
        return {
            "promises": list(connection.scalars(select(tables.obligation.c.obligation_key))),
            "notices": list(connection.scalars(select(tables.notice.c.kind))),
            "streams": [
                stream
                for stream in connection.scalars(select(tables.event_stream.c.stream))
                if stream.startswith(("obligation:", "notice:"))
            ],
        }


def test_a_closed_promise_goes_when_it_is_old(
    records: Store, promise: Give, sweep_now: Sweep, housekeep_now: Keep, clock: VirtualClock
) -> None:
    """With its events and its sent mails; stream, length and head hash stay on record."""
    promise()
    clock.advance(2 * HOUR)
    sweep_now()
    answer(records, clock)
    sweep_now()
    send_all(records)
    with records.snapshot() as connection:
        heads = {
            row.stream: {"stream": row.stream, "length": row.length, "head_hash": row.head_hash}
            for row in connection.execute(select(tables.event_stream))
        }
    before = left(records)

    clock.advance(KEPT)
    assert housekeep_now() == HousekeepingReport(promises=0, notices=0, kept=())
    assert left(records) == before
    clock.advance(timedelta(microseconds=1))
    assert housekeep_now() == HousekeepingReport(promises=1, notices=7, kept=())

    assert left(records) == {"promises": [], "notices": [], "streams": []}
    with records.snapshot() as connection:
        removed = [
            gone
            for event in read_events(connection, "housekeeping")
            for gone in event.data["removed"]
        ]
    assert len(removed) == 8
    assert all(gone == heads[gone["stream"]] for gone in removed)
    assert housekeep_now() == HousekeepingReport(promises=0, notices=0, kept=())


def test_nothing_open_is_ever_deleted(
    records: Store, promise: Give, sweep_now: Sweep, housekeep_now: Keep, clock: VirtualClock
) -> None:
    """A breached promise stays however old it is, and so do mails that were not sent."""
    promise()
    clock.advance(2 * HOUR)
    sweep_now()
    send_all(records, "queued")
    clock.advance(2 * KEPT)

    assert housekeep_now() == HousekeepingReport(promises=0, notices=0, kept=())
    send_all(records, "refused")
    assert housekeep_now() == HousekeepingReport(promises=0, notices=0, kept=())
    assert left(records)["promises"] == [RESPONSE.key]


def test_a_mail_that_one_recipient_still_waits_for_stays(
    records: Store, promise: Give, sweep_now: Sweep, housekeep_now: Keep, clock: VirtualClock
) -> None:
    """Sent to one is not sent to all."""
    promise(slug="contoso")
    clock.advance(timedelta(days=1))
    sweep_now()
    answer(records, clock)
    sweep_now()
    send_all(records)
    settled = select(tables.notice.c.notice_key).where(tables.notice.c.kind == "promise_settled")
    with records.transaction() as connection:
        connection.execute(
            update(tables.delivery)
            .where(tables.delivery.c.recipient == "carla.jimenez@contoso.example")
            .where(tables.delivery.c.notice_key.in_(settled))
            .values(state="sending")
        )
    clock.advance(2 * KEPT)

    assert housekeep_now().notices == 0
    send_all(records)
    assert housekeep_now().notices > 0


def test_people_who_were_told_of_a_breach_hear_its_end_first(
    records: Store, promise: Give, sweep_now: Sweep, housekeep_now: Keep, clock: VirtualClock
) -> None:
    """A closed promise with something left to tell is not over."""
    promise()
    clock.advance(2 * HOUR)
    sweep_now()
    answer(records, clock)
    clock.advance(2 * KEPT)

    assert housekeep_now().promises == 0
    sweep_now()
    assert housekeep_now().promises == 1


def test_a_thread_goes_whole(
    records: Store, promise: Give, sweep_now: Sweep, housekeep_now: Keep, clock: VirtualClock
) -> None:
    """Mails of one subject name each other: while one is young, all stay."""
    promise(key="INC-0042:a")
    clock.advance(HOUR)
    sweep_now()
    clock.advance(KEPT)
    promise(key="INC-0042:b")
    promise(key="INC-0043:a", subject="incident:INC-0043")
    clock.advance(HOUR)
    sweep_now()
    send_all(records)

    before = len(left(records)["notices"])
    assert housekeep_now().notices == 0
    clock.advance(2 * KEPT)
    assert housekeep_now().notices == before
    assert left(records)["notices"] == []


def test_a_broken_chain_stays_as_evidence(
    records: Store, promise: Give, housekeep_now: Keep, clock: VirtualClock
) -> None:
    """Whoever changed the record cannot wait until it is deleted; the others go."""
    for key in ("first", "second", "third"):
        promise(key=key)
        answer(records, clock, key)
    with records.transaction() as connection:
        connection.execute(
            update(tables.event)
            .where(tables.event.c.stream == "obligation:second", tables.event.c.position == 2)
            .values(actor="Mallory")
        )
    clock.advance(2 * KEPT)

    report = housekeep_now()

    assert report.promises == 2
    assert report.kept == ("obligation:second: its content does not fit its hash",)


def test_many_go_in_batches(
    records: Store,
    promise: Give,
    housekeep_now: Keep,
    clock: VirtualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One event on record per batch, so that no transaction grows without bound."""
    monkeypatch.setattr(room, "_AT_ONCE", 2)
    for number in range(5):
        promise(key=f"INC-{number}")
        answer(records, clock, f"INC-{number}")
    clock.advance(2 * KEPT)

    assert housekeep_now().promises == 5
    with records.snapshot() as connection:
        sizes = [len(e.data["removed"]) for e in read_events(connection, "housekeeping")]
    assert sizes == [2, 2, 1]


def test_policy_says_how_long(policy: ProgramPolicy) -> None:
    """More than a year, so that a whole year can be looked back on."""
    assert policy.promises.kept_for == KEPT
    assert NOON.tzinfo is not None
