"""One round: what decides between "they are down" and "we are cut off" (M1)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from include.mobile_plans.monitoring import rounds
from include.mobile_plans.monitoring.planning import Plan, PlannedProbe
from include.mobile_plans.monitoring.probes import (
    ProbeRequest,
    ProbeResult,
    ProbeSettings,
    Reason,
)
from include.mobile_plans.monitoring.records import Round
from include.mobile_plans.monitoring.rounds import RunningRound
from include.mobile_plans.policy.program import MonitoringPolicy
from tests.mobile_plans.monitoring.conftest import START
from tests.mobile_plans.monitoring.fake_engine import FakeEngine, answer

PORTALS = ("a/portal", "b/portal", "c/portal")
CONTROLS = ("https://one.example/", "https://two.example/")
Begin = Callable[..., list[Round]]


@pytest.fixture
def plan(monitoring: MonitoringPolicy) -> Plan:
    settings = ProbeSettings.of(monitoring.probe, authorities="/ca.pem", is_development=False)
    return Plan(
        policy=monitoring,
        versions=1,
        probes=tuple(
            PlannedProbe(
                request=ProbeRequest(
                    target=name, uri=f"https://{name}/", expectation=monitoring.expectation
                ),
                offset_s=float(number),
            )
            for number, name in enumerate(PORTALS)
        ),
        controls=tuple(ProbeRequest(target=uri, uri=uri, expectation=None) for uri in CONTROLS),
        settings=settings,
        control_settings=replace(settings, timeout=timedelta(seconds=5)),
    )


@pytest.fixture
def begin(plan: Plan) -> Begin:
    """Begin a round; it is in the list once it has ended."""

    def one(
        engine: FakeEngine, slot: int = START, new: frozenset[str] = frozenset()
    ) -> list[Round]:
        ended: list[Round] = []
        RunningRound(engine, plan, slot, new=new, ended=ended.append).begin(1000.0)
        return ended

    return one


def script(**failing: Reason) -> Callable[[str], ProbeResult]:
    """Portals fail with a reason, controls where they are named."""

    def result(target: str) -> ProbeResult:
        for name, reason in failing.items():
            if target.startswith((f"{name}/", f"https://{name}.")):
                return answer(target, is_good=False, reason=reason)
        return answer(target, is_good=True)

    return result


def states(seen: Round) -> dict[str, str]:
    return {one.result.target: one.state.value for one in seen.samples}


def test_a_failure_is_bad_while_one_control_target_answers(begin: Begin) -> None:
    """M1: one control target that answers, with whatever, proves that we are not cut off."""
    (seen,) = begin(FakeEngine(script(a=Reason.TIMEOUT, one=Reason.NOT_CONNECTED)))

    assert states(seen) == {"a/portal": "bad", "b/portal": "good", "c/portal": "good"}
    assert not seen.is_cut_off


def test_a_failure_is_unknown_while_no_control_target_answers(begin: Begin) -> None:
    """Our own network failure is unknown, never their outage; what answered stays good."""
    down = {"a": Reason.TIMEOUT, "one": Reason.TIMEOUT, "two": Reason.NAME_NOT_FOUND}
    (seen,) = begin(FakeEngine(script(**down)))

    assert states(seen) == {"a/portal": "unknown", "b/portal": "good", "c/portal": "good"}
    assert seen.is_cut_off
    (cut_off,) = [one.result for one in seen.samples if one.state == "unknown"]
    assert cut_off.reason is Reason.CUT_OFF
    assert cut_off.detail == "no control target answered; timeout: as told"


def test_our_own_trouble_is_unknown_whatever_answers(begin: Begin) -> None:
    """A machine without a file left says nothing about a portal."""
    (seen,) = begin(FakeEngine(script(b=Reason.OURS)))

    assert states(seen)["b/portal"] == "unknown"
    assert not seen.is_cut_off


def test_control_targets_are_asked_after_a_failure(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network may go between the start of a round and a failure: what counts is later."""
    now = [1000.0]
    monkeypatch.setattr(rounds.time, "monotonic", lambda: now[0])
    engine = FakeEngine(script(b=Reason.TIMEOUT), at_once=False)
    ended = begin(engine)
    engine.answer(*CONTROLS)
    engine.answer("a/portal")

    now[0] = 1010.0
    engine.script = script(b=Reason.TIMEOUT, one=Reason.TIMEOUT, two=Reason.TIMEOUT)
    engine.answer()
    engine.answer()
    (seen,) = ended
    assert states(seen)["b/portal"] == "unknown"
    assert not seen.is_cut_off
    assert sum(ask.request.target in CONTROLS for ask in engine.asked) == 4


def test_failures_of_one_moment_share_a_look_at_the_control_targets(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand portals that fail at once do not make thousands of requests to others."""
    monkeypatch.setattr(rounds.time, "monotonic", lambda: 1010.0)
    engine = FakeEngine(script(a=Reason.RESET, b=Reason.RESET, c=Reason.RESET), at_once=False)
    ended = begin(engine)
    engine.answer(*PORTALS)
    engine.answer(*CONTROLS)

    assert states(ended[0]) == dict.fromkeys(PORTALS, "bad")
    assert sum(ask.request.target in CONTROLS for ask in engine.asked) == 4


def test_a_round_ends_with_its_last_probe(begin: Begin) -> None:
    """Nobody waits for a portal that answered, and the round waits for the one that did not."""
    engine = FakeEngine(script(), at_once=False)
    ended = begin(engine)
    engine.answer(*CONTROLS, "a/portal", "c/portal")
    assert ended == []

    engine.answer("b/portal")
    assert [one.slot for one in ended] == [START]


def test_starts_are_spread_over_the_slot(begin: Begin) -> None:
    """M1: each portal is asked at its own offset from the start of the slot."""
    engine = FakeEngine(script())
    begin(engine)

    due = {ask.request.target: ask.due for ask in engine.asked if ask.request.target in PORTALS}
    assert due == {"a/portal": 1000.0, "b/portal": 1001.0, "c/portal": 1002.0}


def test_certificates_are_read_in_turn(begin: Begin) -> None:
    """Each portal's in every twentieth slot, a new portal's at once."""
    read = []
    for number in range(40):
        engine = FakeEngine(script())
        begin(engine, START + 30 * number)
        read += [ask.request.target for ask in engine.asked if ask.with_certificate]
    assert {name: read.count(name) for name in PORTALS} == dict.fromkeys(PORTALS, 2)

    engine = FakeEngine(script())
    begin(engine, START + 30 * 7, frozenset({"b/portal"}))
    assert "b/portal" in [ask.request.target for ask in engine.asked if ask.with_certificate]
