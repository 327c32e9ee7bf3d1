"""The rules of M2: each beside a story, all of them against a slow reference."""

from collections.abc import Mapping
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.mobile_plans.monitoring.rules import (
    Finding,
    OutageRun,
    TargetState,
    feed,
)
from include.mobile_plans.monitoring.slots import SlotState
from include.mobile_plans.policy.program import MonitoringPolicy
from tests.mobile_plans.monitoring import reference

START = 1_764_000_000
"""A slot in 2025."""
LENGTH_S = 30
LETTERS = {"g": SlotState.GOOD, "b": SlotState.BAD, "x": SlotState.EXCLUDED, "u": SlotState.UNKNOWN}


def story(letters: str) -> dict[int, SlotState]:
    """Read one letter per slot; a dot is a slot nobody wrote down."""
    return {
        START + number * LENGTH_S: LETTERS[letter]
        for number, letter in enumerate(letters)
        if letter != "."
    }


def fold(
    seen: Mapping[int, SlotState], policy: MonitoringPolicy
) -> tuple[list[OutageRun], list[Finding], TargetState]:
    """Feed slot after slot, keeping only the newest form of each outage and finding."""
    state = TargetState()
    outages: dict[int, OutageRun] = {}
    findings: dict[tuple[str, int], Finding] = {}
    for slot in sorted(seen):
        step = feed(state, slot, seen[slot], policy)
        state = step.state
        if step.outage:
            outages[step.outage.first_bad] = step.outage
        findings |= {(one.kind, one.since): one for one in step.findings}
    return list(outages.values()), list(findings.values()), state


def by_kind(findings: list[Finding]) -> list[tuple[str, int, int | None]]:
    return sorted((one.kind, one.since, one.until) for one in findings)


moods = st.lists(
    st.tuples(st.sampled_from("gbbbbxu"), st.integers(min_value=1, max_value=9)), max_size=25
)


@st.composite
def histories(draw: st.DrawFn) -> dict[int, SlotState]:
    """Slots in stretches of one state, with gaps and lone slots of another between."""
    letters = "".join(letter * length for letter, length in draw(moods))
    kept = draw(st.lists(st.integers(1, 12), min_size=len(letters), max_size=len(letters)))
    steps = [gap if gap > 9 else 1 for gap in kept]
    numbers = accumulate(steps)
    return {
        START + number * LENGTH_S: LETTERS[letter]
        for number, letter in zip(numbers, letters, strict=True)
    }


@given(seen=histories())
def test_slot_by_slot_equals_the_slow_reference(
    quick: MonitoringPolicy, seen: dict[int, SlotState]
) -> None:
    """M2: outages, escalations and findings are the same, whatever happened and was missed."""
    outages, findings, _ = fold(seen, quick)

    assert outages == reference.outages(seen, quick)
    assert by_kind(findings) == by_kind(reference.findings(seen, quick))


@given(seen=histories())
def test_a_missing_slot_is_an_unknown_one(
    quick: MonitoringPolicy, seen: dict[int, SlotState]
) -> None:
    """A monitor that was down and one that was cut off come to the same findings."""
    written_down = {slot: state for slot, state in seen.items() if state is not SlotState.UNKNOWN}

    assert fold(seen, quick)[:2] == fold(written_down, quick)[:2]


@given(seen=histories())
def test_a_slot_fed_again_changes_nothing(
    quick: MonitoringPolicy, seen: dict[int, SlotState]
) -> None:
    """Two probers of one target count each slot once."""
    state = fold(seen, quick)[2]
    for slot in seen:
        step = feed(state, slot, SlotState.BAD, quick)
        assert (step.state, step.outage, step.findings) == (state, None, ())


@pytest.mark.parametrize(
    ("bad_slots", "escalated_s"), [(60, None), (61, None), (62, 1830), (90, 1830)]
)
def test_a_complete_loss_is_escalated_after_more_than_thirty_minutes(
    monitoring: MonitoringPolicy, bad_slots: int, escalated_s: int | None
) -> None:
    """M2: at 30 min 30 s of slot time with full coverage, never at 30 min."""
    (outage,), findings, _ = fold(story("g" + "b" * bad_slots), monitoring)

    due = None if escalated_s is None else START + LENGTH_S + escalated_s
    assert outage.escalated == due
    assert findings == []


@pytest.mark.parametrize(
    "letters",
    [
        "g" + "b" * 10 + "." * 200 + "b",
        "." * 500 + "b",
        "b" + "u" * 100 + "b",
        "g" + "b" * 10 + "x" * 120 + "b" * 20,
    ],
)
def test_a_gap_is_never_an_escalation(monitoring: MonitoringPolicy, letters: str) -> None:
    """M2: what was not seen is not held against the portal: half of the slots must be probed."""
    outages, findings, _ = fold(story(letters), monitoring)

    assert [one.escalated for one in outages] == [None]
    assert findings == []


def test_the_edges_are_bounded_by_what_was_seen(monitoring: MonitoringPolicy) -> None:
    """An outage lies between the last good slot before and the first good one after."""
    (outage,), _, state = fold(story("gubbu.g"), monitoring)

    assert outage.good_before == START
    assert outage.first_bad == START + 2 * LENGTH_S
    assert outage.last_bad == START + 3 * LENGTH_S
    assert outage.good_after == START + 6 * LENGTH_S
    assert state.outage is None


def test_one_healthy_node_does_not_hide_an_outage(monitoring: MonitoringPolicy) -> None:
    """The degradation rule: at least 90 % of the known slots of 30 minutes bad."""
    mostly_bad = ("b" * 11 + "g") * 7
    _, findings, _ = fold(story("g" * 5 + mostly_bad + "g" * 61), monitoring)
    _, healthier, _ = fold(story("g" * 5 + ("b" * 6 + "g") * 12), monitoring)

    (degradation,) = [one for one in findings if one.kind == "degradation"]
    assert degradation.since >= START + 5 * LENGTH_S + 1830
    assert degradation.until is not None
    assert not [one for one in healthier if one.kind == "degradation"]


def test_repeated_short_outages_are_unstable(monitoring: MonitoringPolicy) -> None:
    """Three outages within an hour are a finding, which ends when an hour has fewer."""
    _, findings, _ = fold(story(("b" + "g" * 9) * 3 + "g" * 120), monitoring)
    _, calm, _ = fold(story(("b" + "g" * 69) * 3), monitoring)

    assert [one.kind for one in findings] == ["unstable"]
    assert findings[0].since == START + 20 * LENGTH_S
    assert findings[0].until == START + 120 * LENGTH_S
    assert calm == []


def test_of_a_portal_that_is_well_nothing_is_remembered(monitoring: MonitoringPolicy) -> None:
    """Once the hour of the unstable rule is over, the state says only that it was good."""
    _, _, state = fold(story("gbbbg" + "g" * 120), monitoring)

    assert state.is_quiet
    assert state == TargetState(slot=state.slot, last_good=state.slot)
