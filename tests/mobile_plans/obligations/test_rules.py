"""What a promise asks for next: pure, so that it can be played a thousand times."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.mobile_plans.errors import BadInput
from include.mobile_plans.obligations import Answer, Obligation, Step, next_step, upcoming_step
from include.mobile_plans.obligations.promises import give_promise
from include.mobile_plans.obligations.rules import JUST_AFTER
from include.mobile_plans.obligations.state import (
    BREACHED,
    ESCALATED,
    MET,
    PAUSED,
    SETTLED,
    WARNED,
    replay,
)
from include.mobile_plans.policy import load_policy
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.store import Event
from tests.mobile_plans.obligations.conftest import NOON, RESPONSE
from tests.mobile_plans.obligations.streams import Stream

POLICY = load_policy(SHIPPED_POLICY)
PROMISE = give_promise(RESPONSE, POLICY, POLICY.calendars.program)
STEP_EVENTS = {"warn": WARNED, "breach": BREACHED, "escalate": ESCALATED, "settle": SETTLED}
EventOf = Callable[..., Event]


def perform(stream: Stream, step: Step, now: datetime) -> None:
    stream.append(STEP_EVENTS[step.name], now, data={"rank": step.rank} if step.rank else {})


def all_steps(stream: Stream, now: datetime) -> list[Step]:
    done = []
    while step := next_step(replay(stream.events), now):
        perform(stream, step, now)
        done.append(step)
    return done


def test_the_steps_of_a_promise_that_nobody_meets() -> None:
    """E6: warned at 80 %, breached just after it was due, escalated as policy says."""
    stream = Stream(PROMISE)
    due_at = PROMISE.due_at

    assert all_steps(stream, NOON + timedelta(days=9)) == [
        Step(name="warn", at=NOON + timedelta(minutes=48)),
        Step(name="breach", at=due_at + JUST_AFTER),
        Step(name="escalate", at=due_at + JUST_AFTER + timedelta(minutes=15), rank=1),
        Step(name="escalate", at=due_at + JUST_AFTER + timedelta(minutes=30), rank=2),
    ]
    assert upcoming_step(replay(stream.events)) is None


def test_at_the_instant_it_is_due_a_promise_is_kept() -> None:
    """E3: within one hour includes the whole hour."""
    stream = Stream(PROMISE)
    stream.append(WARNED, NOON + timedelta(minutes=48))
    obligation = replay(stream.events)

    assert next_step(obligation, PROMISE.due_at) is None
    assert obligation.is_in_time(PROMISE.due_at)
    assert next_step(obligation, PROMISE.due_at + JUST_AFTER) is not None
    assert not obligation.is_in_time(PROMISE.due_at + JUST_AFTER)


def test_nothing_is_due_while_a_promise_is_paused() -> None:
    """A promise that waits for us runs no clock."""
    stream = Stream(PROMISE)
    stream.append(PAUSED, NOON, received_at=NOON, data={"waiting_for": "the program"})

    assert upcoming_step(replay(stream.events)) is None


def test_a_deadline_that_had_passed_is_not_warned_of() -> None:
    """P1: a notice that is too late from the start is a breach, without a reminder before it."""
    late = replace(PROMISE, within=None, due_at=NOON - timedelta(days=1))

    names = [step.name for step in all_steps(Stream(late), NOON)]

    assert names == ["breach", "escalate", "escalate"]


moments = st.lists(
    st.tuples(
        st.sampled_from(["look", "meet", "nothing"]),
        st.timedeltas(timedelta(0), timedelta(minutes=40)),
        st.timedeltas(timedelta(0), timedelta(minutes=90)),
    ),
    max_size=12,
)


@given(moments)
def test_no_step_is_ever_done_twice_or_out_of_order(
    story: list[tuple[str, timedelta, timedelta]],
) -> None:
    """E6: however the sweeps and answers fall, each step is done once, in order, none too early."""
    stream, now, done = Stream(PROMISE), NOON, []
    for action, passed, ago in story:
        now += passed
        if action == "look":
            done += all_steps(stream, now)
        elif action == "meet" and not replay(stream.events).is_closed:
            received_at = max(NOON, now - ago)
            stream.append(MET, now, received_at=received_at, data={"evidence": "a mail"})

    obligation = replay(stream.events)
    assert len(set(done)) == len(done)
    assert all(step.at <= now for step in done)
    assert [step.at for step in done] == sorted(step.at for step in done)
    names = [step.name for step in done]
    assert names.count("warn") <= 1
    assert names.count("breach") <= 1
    assert ("escalate" in names) <= ("breach" in names)
    left = upcoming_step(obligation)
    assert left is None or left not in done
    if obligation.is_closed:
        assert left is None or left.name == "settle"


@given(moments, st.timedeltas(timedelta(0), timedelta(days=3)))
def test_sweeping_often_or_once_does_the_same(
    story: list[tuple[str, timedelta, timedelta]], stop: timedelta
) -> None:
    """E6: after any stop, one sweep does what many would have done, in the same order."""
    often, once = Stream(PROMISE), Stream(PROMISE)
    now, done_often = NOON, []
    for _, passed, _ in story:
        now += passed
        done_often += all_steps(often, now)
    now += stop
    done_often += all_steps(often, now)

    assert done_often == all_steps(once, now)


@pytest.mark.parametrize("received", [NOON, PROMISE.due_at])
def test_an_answer_in_time_is_in_time_whenever_it_is_recorded(received: datetime) -> None:
    """E6: the clock uses when it was received."""
    stream = Stream(PROMISE)
    all_steps(stream, NOON + timedelta(days=1))
    stream.append(MET, NOON + timedelta(days=1), received_at=received, data={"evidence": "a mail"})

    obligation: Obligation = replay(stream.events)
    assert obligation.state == "met"
    assert isinstance(obligation.answer, Answer)
    assert obligation.answer.recorded_at == NOON + timedelta(days=1)


def test_a_stream_that_is_none_of_an_obligation_is_refused() -> None:
    """A changed stream is said to be one, never guessed at."""
    stream = Stream(PROMISE)
    with pytest.raises(BadInput, match="at least one event"):
        replay([])
    stream.append("obligation.forgotten", NOON)
    with pytest.raises(BadInput, match=r"'obligation\.forgotten', which no obligation has"):
        replay(stream.events)
    with pytest.raises(BadInput, match=r"begins with 'obligation\.forgotten'"):
        replay(stream.events[1:])
