"""Draining the outbox: nothing lost, nothing doubled."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from threading import Barrier, Thread
from typing import Any

import pytest

from include.mobile_plans.notices import (
    AnswerLost,
    DeliveryRow,
    NobodyThere,
    Notice,
    Refused,
    TryAgainLater,
    drain,
    list_notices,
)
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store, read_events
from tests.mobile_plans.notices.conftest import SCHEDULE, THERESA, TOBIAS, ScriptedTransport

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

    drain(store, transport, clock, schedule=SCHEDULE)
    drain(store, transport, clock, schedule=SCHEDULE)

    assert [recipient for recipient, _ in transport.accepted] == [THERESA.email]
    (sent,) = deliveries(store)
    assert (sent.state, sent.answer, sent.sent_at) == ("sent", "250 ok", clock.now())
    assert story(store, iccid_notice) == ["notice.queued", "delivery.sent"]
    assert transport.closed == 2


def waits_of(
    store: Store, clock: VirtualClock, trouble: Exception, times: int
) -> tuple[list[float], ScriptedTransport]:
    """Let a delivery fail so many times, then drain once more; seconds waited each time."""
    transport = ScriptedTransport(script={THERESA.email: [trouble] * times})
    waits = []
    for _ in range(times):
        drain(store, transport, clock, schedule=SCHEDULE)
        (waiting,) = deliveries(store)
        assert (waiting.state, waiting.answer) == ("queued", str(trouble))
        waits.append((waiting.due_at - clock.now()).total_seconds())
        assert drain(store, transport, clock, schedule=SCHEDULE).outcomes == Counter()
        clock.advance_to(waiting.due_at)
    drain(store, transport, clock, schedule=SCHEDULE)
    return waits, transport


@pytest.mark.parametrize("trouble", [TryAgainLater("451 greylisted"), NobodyThere("refused")])
def test_what_was_not_taken_is_tried_again(
    store: Store, queue: Queue, iccid_notice: Notice, clock: VirtualClock, trouble: Exception
) -> None:
    """Greylisting and absent servers wait longer each time, minutes at most, and never give up."""
    queue(iccid_notice)

    waits, transport = waits_of(store, clock, trouble, 20)

    assert waits[:5] == [30, 60, 120, 240, 300]
    assert max(waits) == 300
    assert [recipient for recipient, _ in transport.accepted] == [THERESA.email]


@pytest.mark.parametrize("trouble", [AnswerLost("line broke"), ZeroDivisionError("unforeseen")])
def test_what_may_have_arrived_is_not_sent_again_soon(
    store: Store, queue: Queue, iccid_notice: Notice, clock: VirtualClock, trouble: Exception
) -> None:
    """Each copy may be one too many: the waits grow to hours, and still nothing is given up."""
    queue(iccid_notice)
    if isinstance(trouble, ZeroDivisionError):
        transport = ScriptedTransport(script={THERESA.email: [trouble]})
        assert drain(store, transport, clock, schedule=SCHEDULE).outcomes == {"answer_lost": 1}
        (waiting,) = deliveries(store)
        assert waiting.answer == "ZeroDivisionError: unforeseen"
        return

    waits, transport = waits_of(store, clock, trouble, 10)

    minutes = [wait / 60 for wait in waits]
    assert minutes == [5, 10, 20, 40, 80, 160, 320, 360, 360, 360]
    assert [recipient for recipient, _ in transport.accepted] == [THERESA.email]


def test_a_refused_recipient_falls_to_the_next_contact(
    store: Store, queue: Queue, iccid_notice: Notice, clock: VirtualClock
) -> None:
    """A refusal is kept, the role's next contact gets the same mail at once, others theirs."""
    other = replace(THERESA, email="desk@tailspin.example", role="operations", name="Desk")
    queue(replace(iccid_notice, recipients=(THERESA, other)))
    transport = ScriptedTransport(script={THERESA.email: [Refused("550 no such user")]})

    drain(store, transport, clock, schedule=SCHEDULE)

    states = {delivery.recipient: delivery.state for delivery in deliveries(store)}
    assert states == {THERESA.email: "refused", TOBIAS.email: "sent", other.email: "sent"}
    assert len({message for _, message in transport.accepted}) == 1


def test_nobody_left_is_recorded(
    store: Store, queue: Queue, iccid_notice: Notice, clock: VirtualClock
) -> None:
    """When every contact of a role is refused, the record says so."""
    queue(iccid_notice)
    script = {r.email: [Refused("550 no")] for r in (THERESA, TOBIAS)}

    report = drain(store, ScriptedTransport(script=script), clock, schedule=SCHEDULE)

    assert report.outcomes == Counter(refused=2)
    assert story(store, iccid_notice)[-1] == "delivery.nobody_left"


def test_a_crash_while_sending_is_recorded_and_sent_again(
    store: Store, queue: Queue, iccid_notice: Notice, clock: VirtualClock
) -> None:
    """A claim nobody reported on is taken over after a while, with the same Message-ID."""
    queue(iccid_notice)
    crash = KeyboardInterrupt("killed")
    with pytest.raises(KeyboardInterrupt):
        drain(store, ScriptedTransport(script={THERESA.email: [crash]}), clock, schedule=SCHEDULE)
    transport = ScriptedTransport()
    assert drain(store, transport, clock, schedule=SCHEDULE).outcomes == Counter()

    clock.advance(SCHEDULE.answer_timeout)
    drain(store, transport, clock, schedule=SCHEDULE)

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
        drain(store, transport, clock, schedule=SCHEDULE)

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

    assert drain(
        store, ScriptedTransport(), clock, schedule=SCHEDULE, at_most=2
    ).outcomes == Counter(sent=2)
    assert drain(
        store, ScriptedTransport(), clock, schedule=SCHEDULE, at_most=2
    ).outcomes == Counter(sent=1)


def test_one_delivery_finds_out_for_all_that_nobody_is_there(
    store: Store, queue: Queue, iccid_notice: Notice, clock: VirtualClock
) -> None:
    """With the server away each drain asks once, everything waits, and all of it goes out after."""
    for number in range(5):
        queue(replace(iccid_notice, key=f"notice-{number}", thread=f"thread-{number}"))
    away = ScriptedTransport(script={THERESA.email: [NobodyThere("connection refused")] * 3})

    assert drain(store, away, clock, schedule=SCHEDULE).outcomes == Counter(nobody_there=1)

    waiting = deliveries(store)
    assert {delivery.answer for delivery in waiting} == {"connection refused"}
    assert {delivery.due_at for delivery in waiting} == {clock.now() + timedelta(seconds=30)}
    assert sum(delivery.attempts for delivery in waiting) == 1
    clock.advance(timedelta(seconds=30))
    assert drain(store, ScriptedTransport(), clock, schedule=SCHEDULE).outcomes == Counter(sent=5)


def test_one_mail_that_cannot_be_handed_over_keeps_back_no_other(
    store: Store, queue: Queue, iccid_notice: Notice, clock: VirtualClock
) -> None:
    """A mail the transport stumbles over waits by itself; those behind it leave."""
    queue(iccid_notice)
    queue(replace(iccid_notice, key="second", recipients=(TOBIAS,)))
    transport = ScriptedTransport(script={THERESA.email: [ZeroDivisionError("unforeseen")] * 9})

    report = drain(store, transport, clock, schedule=SCHEDULE)

    assert report.outcomes == Counter(answer_lost=1, sent=1)


class SlowTransport(ScriptedTransport):
    """Takes so long over its first mail that another drainer takes over in the meantime."""

    def __init__(self, clock: VirtualClock, meanwhile: Callable[[], object], **script: Any) -> None:
        super().__init__(**script)
        self.clock, self.meanwhile = clock, meanwhile

    def send(self, message: bytes, **envelope: Any) -> str:
        self.clock.advance(SCHEDULE.answer_timeout)
        self.meanwhile()
        return super().send(message, **envelope)


def test_a_sender_that_comes_back_late_ends_the_matter(
    store: Store, queue: Queue, iccid_notice: Notice, clock: VirtualClock
) -> None:
    """What was sent after all stays sent, though another took over and has not been heard since."""
    queue(iccid_notice)
    crash = KeyboardInterrupt("killed")

    def take_over() -> None:
        with pytest.raises(KeyboardInterrupt):
            drain(
                store,
                ScriptedTransport(script={THERESA.email: [crash]}),
                clock,
                schedule=SCHEDULE,
            )

    drain(store, SlowTransport(clock, take_over), clock, schedule=SCHEDULE)

    (delivery,) = deliveries(store)
    assert (delivery.state, delivery.attempts) == ("sent", 2)
    assert story(store, iccid_notice)[-2:] == ["delivery.interrupted", "delivery.sent"]
    clock.advance(timedelta(days=1))
    assert drain(store, ScriptedTransport(), clock, schedule=SCHEDULE).outcomes == Counter()


@pytest.mark.parametrize("late", [TryAgainLater("451 later"), Refused("550 no")])
def test_a_sender_that_comes_back_late_changes_nothing_else(
    store: Store,
    queue: Queue,
    iccid_notice: Notice,
    clock: VirtualClock,
    late: Exception,
) -> None:
    """Whoever took over has the last word; what the late one heard is only kept."""
    queue(iccid_notice)
    other = ScriptedTransport()

    slow = SlowTransport(
        clock,
        lambda: drain(store, other, clock, schedule=SCHEDULE),
        script={THERESA.email: [late]},
    )
    drain(store, slow, clock, schedule=SCHEDULE)

    assert [(d.recipient, d.state, d.answer) for d in deliveries(store)] == [
        (THERESA.email, "sent", "250 ok")
    ]
    with store.snapshot() as connection:
        last = read_events(connection, f"notice:{iccid_notice.key}:mobile_operator")[-1]
    assert (last.data["late"], last.data["answer"]) == (True, str(late))
    assert len(other.accepted) == 1


def test_crash_after_crash_waits_longer(
    store: Store, queue: Queue, iccid_notice: Notice, clock: VirtualClock
) -> None:
    """A mail whose sending crashes every time does not arrive every five minutes."""
    queue(iccid_notice)
    crash = KeyboardInterrupt("killed")
    begun = []
    for _ in range(200):
        transport = ScriptedTransport(script={THERESA.email: [crash]})
        try:
            drain(store, transport, clock, schedule=SCHEDULE)
        except KeyboardInterrupt:
            begun.append(clock.now())
        clock.advance(timedelta(minutes=1))
    gaps = [(b - a).total_seconds() / 60 for a, b in pairwise(begun)]
    assert gaps == [5, 10, 20, 40, 80]


def test_a_person_with_two_roles_gets_one_mail_and_both_roles_are_told(
    store: Store, queue: Queue, iccid_notice: Notice, clock: VirtualClock
) -> None:
    """A refused address is replaced in each role it holds."""
    both = replace(THERESA, role="operations", email=THERESA.email.upper())
    other = replace(TOBIAS, role="operations", email="noc@tailspin.example")
    queue(replace(iccid_notice, recipients=(THERESA, both), fallbacks=(TOBIAS, other)))
    transport = ScriptedTransport(script={THERESA.email: [Refused("550 no")]})

    drain(store, transport, clock, schedule=SCHEDULE)

    assert {d.recipient: d.state for d in deliveries(store)} == {
        THERESA.email: "refused",
        TOBIAS.email: "sent",
        other.email: "sent",
    }


def test_waits_are_bounded(now: datetime) -> None:
    """Even after very many attempts the next one is minutes away."""
    assert SCHEDULE.after_failure(now, 1) == now + timedelta(seconds=30)
    assert SCHEDULE.after_failure(now, 100_000) == now + timedelta(minutes=5)
    assert SCHEDULE.after_doubt(now, 100_000) == now + timedelta(hours=6)
    assert SCHEDULE.patience < SCHEDULE.answer_timeout
