"""Promises in the store, on both databases: opened once, changed by named people."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest

from include.mobile_plans.errors import BadInput, Conflict, NotFound
from include.mobile_plans.obligations import (
    Obligation,
    SweepReport,
    cancel,
    find_obligation,
    history,
    list_obligations,
    meet,
    next_due,
    open_obligation,
    pause,
    renew,
    resume,
    verify_obligations,
)
from include.mobile_plans.policy import ProgramPolicy
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store, verify_events
from tests.mobile_plans.obligations.conftest import NOON, RESPONSE

Give = Callable[..., Obligation]
Change = Callable[..., Obligation]
Sweep = Callable[[], SweepReport]
HOUR = timedelta(hours=1)


@pytest.fixture
def change(records: Store, clock: VirtualClock) -> Change:
    """Change the promise of ``RESPONSE`` at the clock's time, as Theresa."""

    def apply(
        function: Callable[..., Obligation], key: str = RESPONSE.key, **arguments: object
    ) -> Obligation:
        with records.transaction() as connection:
            return function(connection, key, **{"by": "Theresa", "now": clock.now()} | arguments)

    return apply


def kinds(store: Store, key: str = RESPONSE.key) -> list[str]:
    with store.snapshot() as connection:
        assert verify_events(connection) == []
        assert verify_obligations(connection) == []
        return [event.kind.removeprefix("obligation.") for event in history(connection, key)]


def test_a_promise_is_opened_once(records: Store, promise: Give, clock: VirtualClock) -> None:
    """A restarted task finds the promise it gave, with the time it first gave."""
    first = promise()
    clock.advance(HOUR)

    assert promise() == first
    assert kinds(records) == ["opened"]


def test_a_key_names_one_thing(promise: Give) -> None:
    """The same key for something else is refused, not quietly merged."""
    promise()

    with pytest.raises(Conflict, match="is already one about incident:INC-0042"):
        promise(subject="incident:INC-0043")


def test_a_race_opens_one(records: Store, policy: ProgramPolicy) -> None:
    """Four tasks at the same moment give one promise, and all of them get it."""
    barrier, found = Barrier(4), []

    def give() -> None:
        barrier.wait()
        with records.transaction() as connection:
            opened = open_obligation(connection, RESPONSE, policy, by="ops", now=NOON)
        found.append(opened.key)

    threads = [Thread(target=give) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [RESPONSE.key] * 4
    assert kinds(records) == ["opened"]


def test_two_answers_at_once_are_one_and_a_refusal(records: Store, promise: Give) -> None:
    """Whoever comes second waits, reads what the first wrote, and is told so."""
    promise()
    refusals: list[Conflict] = []

    def second() -> None:
        try:
            with records.transaction() as connection:
                meet(
                    connection, RESPONSE.key, by="Tobias", evidence="b", received_at=NOON, now=NOON
                )
        except Conflict as refusal:
            refusals.append(refusal)

    thread = Thread(target=second)
    with records.transaction() as connection:
        meet(connection, RESPONSE.key, by="Theresa", evidence="a", received_at=NOON, now=NOON)
        thread.start()
        thread.join(timeout=1)
        assert thread.is_alive()
    thread.join()

    assert ["was met already by Theresa" in str(refusal) for refusal in refusals] == [True]
    assert kinds(records) == ["opened", "met"]


def test_business_days_are_those_of_the_party_that_owes(promise: Give, clock: VirtualClock) -> None:
    """E4: the calendar of the mobile operator, or of the program, by who owes it."""
    clock.advance_to(datetime.fromisoformat("2026-11-25T20:00Z"))
    low = {"kind": "initial_response_low", "slug": "northwind"}

    theirs = promise(key="theirs", **low)
    ours = promise(key="ours", debtor="program", **low)

    assert theirs.due_at == datetime.fromisoformat("2026-11-26T20:00Z")
    assert ours.due_at == datetime.fromisoformat("2026-11-30T20:00Z")


def test_an_unknown_mobile_operator_owes_nothing(promise: Give) -> None:
    """Its calendar is needed, so it has to be on record."""
    with pytest.raises(NotFound, match="'initech' is unknown"):
        promise(slug="initech")


def test_it_is_met_with_evidence(
    records: Store, promise: Give, change: Change, clock: VirtualClock
) -> None:
    """E3: by whom, with which evidence, received and recorded when."""
    promise()
    clock.advance(HOUR)

    answer = {"evidence": "<1@tailspin.example>", "received_at": NOON + HOUR / 2}
    met = change(meet, recorded_by="ops", **answer)

    assert met.state == "met"
    assert met.answer is not None
    assert (met.answer.by, met.answer.evidence) == ("Theresa", "<1@tailspin.example>")
    assert (met.answer.received_at, met.closed_at) == (NOON + HOUR / 2, NOON + HOUR)
    assert change(meet, **answer) == met
    assert kinds(records) == ["opened", "met"]
    with records.snapshot() as connection:
        assert next_due(connection) is None
        assert history(connection, met.key)[-1].data["recorded_by"] == "ops"


def test_a_late_answer_leaves_it_met_late(
    records: Store, promise: Give, change: Change, sweep_now: Sweep, clock: VirtualClock
) -> None:
    """E6: a missed one stays recorded as missed, however it ends."""
    promise()
    clock.advance(2 * HOUR)
    sweep_now()

    met = change(meet, evidence="a call", received_at=NOON + HOUR + timedelta(microseconds=1))

    assert met.state == "met_late"
    assert met.breached_at is not None
    assert "corrected" not in kinds(records)


def test_an_answer_in_time_recorded_late_corrects_the_breach(
    records: Store, promise: Give, change: Change, sweep_now: Sweep, clock: VirtualClock
) -> None:
    """E6: received in time counts as in time; the breach stays visible in the history."""
    promise()
    clock.advance(2 * HOUR)
    sweep_now()

    met = change(meet, evidence="a mail found later", received_at=NOON + HOUR)

    assert met.state == "met"
    assert (met.breached_at, met.corrected_at) == (None, clock.now())
    expected = ["opened", "warned", "breached", "escalated", "escalated", "met", "corrected"]
    assert kinds(records) == expected
    assert [done.name for done in sweep_now().performed] == ["settle"]
    assert sweep_now().performed == ()


def test_an_earlier_answer_corrects_one_that_was_late(
    records: Store, promise: Give, change: Change, clock: VirtualClock
) -> None:
    """E6: a mail found in a spam folder corrects what was recorded as late, visibly."""
    promise()
    clock.advance(3 * HOUR)
    assert change(meet, evidence="a call", received_at=NOON + 2 * HOUR).state == "met_late"

    with pytest.raises(Conflict, match="was met already by Theresa"):
        change(meet, evidence="another call", received_at=NOON + 3 * HOUR)
    met = change(meet, evidence="a mail in the spam folder", received_at=NOON + HOUR / 2)

    assert met.state == "met"
    assert kinds(records) == ["opened", "met", "met", "corrected"]
    with pytest.raises(Conflict, match="only an answer received in time corrects"):
        change(meet, evidence="yet another", received_at=NOON + HOUR / 4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"received_at": NOON + 2 * HOUR}, "lies in the future: it is 2026-11-23T13:00:00Z"),
        ({"received_at": NOON - HOUR}, "lies before promise INC-0042:initial_response began"),
        ({"received_at": NOON.replace(tzinfo=None)}, "has no time zone"),
        ({"evidence": " "}, "evidence is empty"),
        ({"by": ""}, "by is empty"),
    ],
)
def test_an_answer_that_cannot_be_is_refused(
    records: Store,
    promise: Give,
    change: Change,
    clock: VirtualClock,
    arguments: dict[str, object],
    words: str,
) -> None:
    """L9, E6: a named person, evidence, and a time at which it can have been received."""
    promise()
    clock.advance(HOUR)

    with pytest.raises(BadInput, match=words):
        change(meet, **{"evidence": "a mail", "received_at": NOON} | arguments)
    assert kinds(records) == ["opened"]


def test_what_is_not_there_is_said(change: Change) -> None:
    """An unknown key names the command that lists them."""
    with pytest.raises(NotFound, match="there is no promise 'nothing': `promises list` shows"):
        change(meet, "nothing", evidence="a mail", received_at=NOON)


def test_a_pause_moves_what_is_left(
    records: Store, promise: Give, change: Change, sweep_now: Sweep, clock: VirtualClock
) -> None:
    """While it waits for us the clock of the mobile operator stands still, both times kept."""
    promise()
    clock.advance(HOUR / 2)
    paused_at = clock.now()
    paused = change(pause, waiting_for="our log files", received_at=paused_at)
    clock.advance(timedelta(days=2))

    assert paused.state == "paused"
    assert paused.pause is not None
    assert sweep_now().performed == ()
    resumed = change(resume, received_at=clock.now() - HOUR)

    assert resumed.due_at == NOON + timedelta(days=2)
    assert resumed.warn_at == resumed.due_at - HOUR / 5
    assert resumed.pauses[0].paused_at == paused_at
    assert resumed.pauses[0].resumed_at == clock.now() - HOUR
    assert resumed.state == "open"
    assert change(resume, received_at=clock.now() - HOUR) == resumed
    assert kinds(records) == ["opened", "paused", "resumed"]


def test_a_pause_over_a_weekend_uses_no_business_time(
    records: Store, promise: Give, change: Change, clock: VirtualClock
) -> None:
    """E4: a business day paused on Friday evening goes on with what was left of it."""
    clock.advance_to(datetime.fromisoformat("2026-11-27T18:00Z"))
    promise(kind="initial_response_low", slug="northwind")
    clock.advance(2 * HOUR)
    change(pause, waiting_for="our answer", received_at=clock.now())
    clock.advance_to(datetime.fromisoformat("2026-11-30T09:00Z"))

    resumed = change(resume, received_at=clock.now())

    assert resumed.due_at == datetime.fromisoformat("2026-12-01T07:00Z")
    with records.snapshot() as connection:
        event = history(connection, resumed.key)[-1]
    assert event.data["calendar_version"].startswith("holidays ")


def test_a_pause_recorded_late_takes_the_breach_back(
    records: Store, promise: Give, change: Change, sweep_now: Sweep, clock: VirtualClock
) -> None:
    """E6: it was paused before it was due, so it was not missed; after the pause it can be."""
    promise()
    clock.advance(2 * HOUR)
    sweep_now()

    assert change(pause, waiting_for="us", received_at=NOON + HOUR / 2).state == "paused"
    assert [done.name for done in sweep_now().performed] == ["settle"]
    resumed = change(resume, received_at=clock.now())
    assert resumed.due_at == clock.now() + HOUR / 2
    assert resumed.state == "at_risk"
    clock.advance(2 * HOUR)

    assert [(done.name, done.rank) for done in sweep_now().performed] == [
        ("breach", 0),
        ("escalate", 1),
        ("escalate", 2),
    ]
    assert kinds(records)[-3:] == ["breached", "escalated", "escalated"]


def test_an_answer_during_a_pause_is_in_time(
    promise: Give, change: Change, clock: VirtualClock
) -> None:
    """Whoever answers while we owe them something is not late."""
    promise()
    change(pause, waiting_for="us", received_at=NOON)
    clock.advance(9 * HOUR)

    assert change(meet, evidence="a mail", received_at=clock.now()).state == "met"


@pytest.mark.parametrize(
    ("prepare", "arguments", "error", "words"),
    [
        ("pause", {}, Conflict, "is paused: only a running one is paused"),
        ("cancel", {}, Conflict, "is cancelled: only a running one is paused"),
        ("nothing", {"received_at": NOON + HOUR}, Conflict, "it is paused before that"),
        ("resume", {"received_at": NOON + HOUR / 4}, BadInput, "pauses do not overlap"),
        ("nothing", {"waiting_for": ""}, BadInput, "waiting_for is empty"),
    ],
)
def test_what_cannot_be_paused(
    promise: Give,
    change: Change,
    clock: VirtualClock,
    prepare: str,
    arguments: dict[str, object],
    error: type[BadInput],
    words: str,
) -> None:
    """Only a running promise is paused, before it is due, by somebody, for something."""
    promise()
    clock.advance(2 * HOUR)
    if prepare in ("pause", "resume"):
        change(pause, waiting_for="us", received_at=NOON)
    if prepare == "resume":
        change(resume, received_at=NOON + HOUR / 2)
    if prepare == "cancel":
        change(cancel, reason="a mistake")

    with pytest.raises(error, match=words):
        change(pause, **{"waiting_for": "us", "received_at": NOON + HOUR / 2} | arguments)


def test_a_due_time_that_was_given_does_not_move(promise: Give, change: Change) -> None:
    """P1: the event does not wait, so its notice does not either."""
    promise(kind="maintenance_notice", due=NOON + timedelta(days=9))

    with pytest.raises(BadInput, match="was given with its due time: that does not move"):
        change(pause, waiting_for="us", received_at=NOON)


def test_only_a_paused_promise_is_resumed(
    promise: Give, change: Change, clock: VirtualClock
) -> None:
    """And not before it was paused."""
    promise()
    clock.advance(HOUR)
    with pytest.raises(Conflict, match="is open: only a paused one is resumed"):
        change(resume, received_at=NOON)
    change(pause, waiting_for="us", received_at=NOON + HOUR / 2)
    with pytest.raises(BadInput, match=r"lies before promise .* was paused"):
        change(resume, received_at=NOON + HOUR / 4)


def test_a_cancelled_promise_asks_for_nothing(
    records: Store, promise: Give, change: Change, sweep_now: Sweep, clock: VirtualClock
) -> None:
    """Released by a named person with a reason; it cannot be met any more."""
    promise()
    with pytest.raises(BadInput, match="reason is empty"):
        change(cancel, reason="")
    cancelled = change(cancel, reason="the incident was no incident")
    clock.advance(timedelta(days=1))

    assert cancelled.state == "cancelled"
    assert change(cancel, reason="again") == cancelled
    assert sweep_now().performed == ()
    with pytest.raises(Conflict, match="was cancelled: nothing is owed any more"):
        change(meet, evidence="a mail", received_at=NOON)
    assert kinds(records) == ["opened", "cancelled"]


def test_a_met_promise_is_not_cancelled(promise: Give, change: Change) -> None:
    """What was kept stays kept."""
    promise()
    change(meet, evidence="a mail", received_at=NOON)

    with pytest.raises(Conflict, match="was met: it is no longer cancelled"):
        change(cancel, reason="why not")


def test_the_next_update_is_due_one_period_after_the_last(
    records: Store, promise: Give, change: Change, clock: VirtualClock
) -> None:
    """E3: every business day from the last update, over the weekend, and none is skipped."""
    clock.advance_to(datetime.fromisoformat("2026-11-26T10:00Z"))
    first = promise(kind="update_high", key="INC-0042:update", number=1, slug="northwind")
    assert (first.key, first.due_at) == ("INC-0042:update:1", clock.now() + timedelta(days=1))
    clock.advance(timedelta(days=1, hours=6))

    answer = {"evidence": "update 1", "received_at": clock.now() - HOUR}
    second = change(renew, first.key, **answer)

    assert second.key == "INC-0042:update:2"
    assert second.promise.since == datetime.fromisoformat("2026-11-27T15:00Z")
    assert second.due_at == datetime.fromisoformat("2026-11-30T15:00Z")
    assert change(renew, first.key, **answer) == second
    assert kinds(records, second.key) == ["opened"]
    with records.snapshot() as connection:
        assert find_obligation(connection, first.key).state == "met_late"


def test_a_missed_update_is_still_owed(
    records: Store, promise: Give, change: Change, sweep_now: Sweep, clock: VirtualClock
) -> None:
    """E4: after weeks of silence the update that was due is the one that is overdue."""
    first = promise(kind="update_low", key="INC-0007:update", number=1)
    clock.advance(timedelta(days=22))
    sweep_now()

    with records.snapshot() as connection:
        assert [one.key for one in list_obligations(connection)] == [first.key]
    second = change(renew, first.key, evidence="update 1", received_at=clock.now())
    assert second.due_at == clock.now() + timedelta(days=7)


def test_only_a_series_is_renewed(promise: Give, change: Change) -> None:
    """An initial response is given once."""
    promise()

    with pytest.raises(BadInput, match=r"is none of a series: meet it instead"):
        change(renew, evidence="a mail", received_at=NOON)


def test_promises_are_listed_soonest_due_first(
    records: Store, promise: Give, change: Change, clock: VirtualClock
) -> None:
    """By mobile operator, subject, state, and what is owed by an instant."""
    promise(key="week", kind="staging_migration", subject="launch:launch-tailspin-1")
    promise(key="hour")
    promise(key="other", slug="contoso", kind="outage_notice", debtor="program")
    promise(key="done")
    change(meet, "done", evidence="a mail", received_at=NOON)

    def keys(**chosen: object) -> list[str]:
        with records.snapshot() as connection:
            return [one.key for one in list_obligations(connection, **chosen)]

    assert keys() == ["other", "done", "hour", "week"]
    assert keys(slug="tailspin") == ["done", "hour", "week"]
    assert keys(subject="launch:launch-tailspin-1") == ["week"]
    assert keys(states=("met", "cancelled")) == ["done"]
    assert keys(due_by=NOON + HOUR) == ["other", "hour"]
