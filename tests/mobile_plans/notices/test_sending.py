"""Draining the outbox: nothing lost, nothing doubled."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest

from include.mobile_plans.notices import (
    AnswerLost,
    Notice,
    Refused,
    TryAgainLater,
    drain,
    list_notices,
)
from include.mobile_plans.notices.outbox import DeliveryRow
from include.mobile_plans.notices.rules import RetrySchedule
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store, read_events
from tests.mobile_plans.notices.conftest import THERESA, TOBIAS, ScriptedTransport

Queue = Callable[[Notice], bool]


@pytest.fixture
def clock(now: datetime) -> VirtualClock:
    return VirtualClock(now)


def deliveries(store: Store) -> list[DeliveryRow]:
    with store.snapshot() as connection:
        return [delivery for notice in list_notices(connection) for delivery in notice.deliveries]


def story(store: Store, notice: Notice) -> list[str]:
    with store.snapshot() as connection:
        return [e.kind for e in read_events(connection, f"notice:{notice.key}:{notice.party}")]


def test_a_due_delivery_is_sent_once(
    store: Store, queue: Queue, iccid_notice: Notice, clock: VirtualClock
) -> None:
    """The server's answer and the time are kept; draining again sends nothing."""
    queue(iccid_notice)
    transport = ScriptedTransport()

    drain(store, transport, clock)
    drain(store, transport, clock)

    assert [recipient for recipient, _ in transport.accepted] == [THERESA.email]
    (sent,) = deliveries(store)
    assert (sent.state, sent.answer, sent.sent_at) == ("sent", "250 ok", clock.now())
    assert story(store, iccid_notice) == ["notice.queued", "delivery.sent"]
    assert transport.closed == 2


@pytest.mark.parametrize("trouble", [TryAgainLater("451 greylisted"), AnswerLost("line broke")])
def test_what_was_not_taken_is_tried_again(
    store: Store, queue: Queue, iccid_notice: Notice, clock: VirtualClock, trouble: Exception
) -> None:
    """Greylisting and broken lines wait longer each time and never give up."""
    queue(iccid_notice)
    transport = ScriptedTransport(script={THERESA.email: [trouble] * 20})
    waits = []
    for _ in range(20):
        drain(store, transport, clock)
        (waiting,) = deliveries(store)
        assert waiting.state == "queued"
        waits.append((waiting.due_at - clock.now()).total_seconds())
        assert drain(store, transport, clock).outcomes == Counter()
        clock.advance_to(waiting.due_at)

    drain(store, transport, clock)

    assert waits[:5] == [30, 60, 120, 240, 300]
    assert max(waits) == 300
    assert [recipient for recipient, _ in transport.accepted] == [THERESA.email]


def test_a_refused_recipient_falls_to_the_next_contact(
    store: Store, queue: Queue, iccid_notice: Notice, clock: VirtualClock
) -> None:
    """A refusal is kept, the role's next contact gets the same mail at once, others theirs."""
    other = replace(THERESA, email="desk@tailspin.example", role="operations", name="Desk")
    queue(replace(iccid_notice, recipients=(THERESA, other)))
    transport = ScriptedTransport(script={THERESA.email: [Refused("550 no such user")]})

    drain(store, transport, clock)

    states = {delivery.recipient: delivery.state for delivery in deliveries(store)}
    assert states == {THERESA.email: "refused", TOBIAS.email: "sent", other.email: "sent"}
    assert len({message for _, message in transport.accepted}) == 1


def test_nobody_left_is_recorded(
    store: Store, queue: Queue, iccid_notice: Notice, clock: VirtualClock
) -> None:
    """When every contact of a role is refused, the record says so."""
    queue(iccid_notice)
    script = {r.email: [Refused("550 no")] for r in (THERESA, TOBIAS)}

    report = drain(store, ScriptedTransport(script=script), clock)

    assert report.outcomes == Counter(refused=2)
    assert story(store, iccid_notice)[-1] == "delivery.nobody_left"


def test_a_crash_while_sending_is_recorded_and_sent_again(
    store: Store, queue: Queue, iccid_notice: Notice, clock: VirtualClock
) -> None:
    """A claim nobody reported on is taken over after a while, with the same Message-ID."""
    queue(iccid_notice)
    crash = KeyboardInterrupt("killed")
    with pytest.raises(KeyboardInterrupt):
        drain(store, ScriptedTransport(script={THERESA.email: [crash]}), clock)
    transport = ScriptedTransport()
    assert drain(store, transport, clock).outcomes == Counter()

    clock.advance(RetrySchedule().answer_timeout)
    drain(store, transport, clock)

    assert len(transport.accepted) == 1
    assert story(store, iccid_notice) == [
        "notice.queued",
        "delivery.interrupted",
        "delivery.sent",
    ]


def test_two_drainers_never_send_the_same(
    store: Store, queue: Queue, iccid_notice: Notice, clock: VirtualClock
) -> None:
    """Several drainers at once share the work."""
    for number in range(20):
        queue(replace(iccid_notice, key=f"notice-{number}", thread=f"thread-{number}"))
    transports = [ScriptedTransport() for _ in range(3)]
    barrier = Barrier(3)

    def run(transport: ScriptedTransport) -> None:
        barrier.wait()
        drain(store, transport, clock)

    threads = [Thread(target=run, args=(transport,)) for transport in transports]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    messages = Counter(message for t in transports for _, message in t.accepted)
    assert len(messages) == 20
    assert set(messages.values()) == {1}


def test_one_call_sends_at_most_so_many(
    store: Store, queue: Queue, iccid_notice: Notice, clock: VirtualClock
) -> None:
    """A drain ends, and the next one goes on with the oldest."""
    for number in range(3):
        queue(replace(iccid_notice, key=f"notice-{number}", thread=f"thread-{number}"))

    assert drain(store, ScriptedTransport(), clock, at_most=2).outcomes == Counter(sent=2)
    assert drain(store, ScriptedTransport(), clock, at_most=2).outcomes == Counter(sent=1)


def test_waits_are_bounded(now: datetime) -> None:
    """Even after very many attempts the next one is minutes away."""
    schedule = RetrySchedule(first=timedelta(seconds=10), longest=timedelta(minutes=2))

    assert schedule.next_attempt(now, 1) == now + timedelta(seconds=10)
    assert schedule.next_attempt(now, 100_000) == now + timedelta(minutes=2)
