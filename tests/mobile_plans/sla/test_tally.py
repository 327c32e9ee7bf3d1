"""Counting a day, held to a slow reference: every slot once, whatever lies over it (M3)."""

from collections import Counter
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.mobile_plans.monitoring import bounds_of
from include.mobile_plans.sla import Terms
from include.mobile_plans.sla.figures import figures
from include.mobile_plans.sla.rollup import (
    ATTRIBUTIONS,
    Attribution,
    Day,
    Piece,
    Rollup,
    Scope,
)
from include.mobile_plans.sla.rules import outage_runs
from include.mobile_plans.sla.tally import PHASES, TIMES, Samples, np, tally, unseen
from tests.mobile_plans.sla import reference
from tests.mobile_plans.sla.conftest import (
    LENGTH_S,
)
from tests.mobile_plans.sla.reference import Slot

SUNDAY = date(2026, 11, 22)
DAY_SLOTS = 2880


ANY_STATE = st.sampled_from([None, "good", "good", "bad", "unknown"])
ANY_SPAN = st.tuples(st.integers(0, 70), st.integers(1, 30))
FIRST = bounds_of(SUNDAY)[0]


@given(
    states=st.lists(ANY_STATE, min_size=80, max_size=80),
    spans=st.lists(ANY_SPAN, max_size=2, unique_by=lambda span: span[0] // 35),
    cut=st.integers(1, 79),
)
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_two_days_are_those_of_the_reference(
    quick_terms: Terms, states: list[str | None], spans: list[tuple[int, int]], cut: int
) -> None:
    """Exclusions, unknown slots and an outage across midnight, counted slot by slot (M2, M3)."""
    spans = sorted((begin, min(begin + length, begin // 35 * 35 + 35)) for begin, length in spans)
    slots = [
        Slot(
            start=FIRST + number * LENGTH_S,
            seen=seen,
            total_us=1000 * number if seen == "good" else None,
            is_excluded=any(begin <= number < end for begin, end in spans),
        )
        for number, seen in enumerate(states)
    ]
    excluded = tuple((FIRST + a * LENGTH_S, FIRST + b * LENGTH_S) for a, b in spans)
    rollups = [day_of(part, excluded) for part in (slots[:cut], slots[cut:])]
    found = figures(rollups, quick_terms)

    counts = reference.counts(slots)
    assert {name: getattr(found.slots, name) for name in counts} == counts
    shares = reference.shares(slots)
    assert found.availability.share == pytest.approx(shares["availability"])
    assert found.availability.without_exclusions == pytest.approx(
        shares["availability_without_exclusions"]
    )
    assert found.availability.low == pytest.approx(shares["availability_low"])
    assert found.availability.high == pytest.approx(shares["availability_high"])
    seconds = found.seconds_by_cause
    unprobed = sum(slot.seen is None and not slot.is_excluded for slot in slots)
    assert seconds["ours"] == unprobed * LENGTH_S
    assert seconds["network"] == (counts["unknown"] - unprobed) * LENGTH_S
    assert seconds["maintenance"] == counts["excluded"] * LENGTH_S
    expected = reference.outages(slots, quick_terms.monitoring)
    assert list(outage_runs(rollups, quick_terms.monitoring)) == expected


PIECE = st.tuples(st.integers(0, 79), st.integers(1, 40))
ATTRIBUTION = st.sampled_from(ATTRIBUTIONS)


@given(
    states=st.lists(ANY_STATE, min_size=80, max_size=80),
    live=PIECE,
    window=PIECE,
    overrun=PIECE,
    decisions=st.lists(st.tuples(PIECE, ATTRIBUTION), max_size=2),
)
@settings(max_examples=300, deadline=None)
def test_each_slot_is_counted_once(
    states: list[str | None],
    live: tuple[int, int],
    window: tuple[int, int],
    overrun: tuple[int, int],
    decisions: list[tuple[tuple[int, int], Attribution]],
) -> None:
    """Live time, a window, an overrun and disputes at once, decided slot by slot (M3)."""
    expected: Counter[str] = Counter()
    latencies = 0
    for number, seen in enumerate(states):
        if not holds(live, number):
            continue
        now = seen or "unprobed"
        for span, attribution in decisions:
            if now == "bad" and holds(span, number):
                now = attribution
        decided = now
        if holds(window, number):
            now = "excluded"
        expected[now] += 1
        expected["seen_good"] += decided == "good"
        expected["seen_bad"] += decided == "bad" or (decided == "excluded" and seen == "bad")
        expected["overrun"] += now == "bad" and holds(overrun, number)
        latencies += now == "good" and seen == "good"
    slots = [
        Slot(start=FIRST + number * LENGTH_S, seen=seen, total_us=5 if seen == "good" else None)
        for number, seen in enumerate(states)
    ]
    scope = Scope(
        spans=(seconds_of(live),),
        excluded=(seconds_of(window),),
        overrun=(seconds_of(overrun),),
        decisions=tuple((*seconds_of(span), attribution) for span, attribution in decisions),
    )
    found = day_of(slots, scope=scope)
    assert (found.good, found.bad) == (expected["good"], expected["bad"])
    assert found.excluded == expected["excluded"]
    assert found.unknown == expected["unknown"] + expected["unprobed"]
    assert (found.network_s, found.ours_s) == (
        expected["unknown"] * LENGTH_S,
        expected["unprobed"] * LENGTH_S,
    )
    assert (found.seen_good, found.seen_bad) == (expected["seen_good"], expected["seen_bad"])
    assert found.overrun_s == expected["overrun"] * LENGTH_S
    assert (found.measured, found.sum_us) == (latencies, latencies * 5)


def holds(span: tuple[int, int], number: int) -> bool:
    return span[0] <= number < span[0] + span[1]


def seconds_of(span: tuple[int, int]) -> tuple[int, int]:
    begin, count = span
    return FIRST + begin * LENGTH_S, FIRST + min(80, begin + count) * LENGTH_S


def day_of(
    slots: list[Slot], excluded: tuple[tuple[int, int], ...] = (), scope: Scope | None = None
) -> Rollup:
    """Count some slots as if they were a day."""
    seen = [slot for slot in slots if slot.seen is not None]
    span = (slots[0].start, slots[-1].start + LENGTH_S)
    day = Day(day=SUNDAY, pieces=(Piece(*span, LENGTH_S),), limit_us=400_000, policy="")
    scope = scope or Scope(spans=(span,), excluded=tuple(excluded))
    if not seen:
        return unseen("contoso/portal", day, scope, "store")
    none = np.zeros(len(seen), dtype=np.int32)
    total = np.array([slot.total_us or 0 for slot in seen], dtype=np.int32)
    samples = Samples(
        names=["contoso/portal"],
        edges=np.array([0, len(seen)]),
        slot=np.array([slot.start for slot in seen]),
        state=np.array([("good", "bad", "unknown").index(slot.seen) for slot in seen], np.int8),
        times={TIMES[0]: (total, None)} | {f"{phase}_us": (none, None) for phase in PHASES},
    )
    (found,) = tally(samples, day, {"contoso/portal": scope}, "store")
    return found


def test_a_day_with_two_lengths_of_slots() -> None:
    """Where policy changed the interval, by count and by time differ (M3)."""
    day = Day(
        day=SUNDAY,
        pieces=(Piece(FIRST, FIRST + 600, 30), Piece(FIRST + 600, FIRST + 1200, 60)),
        limit_us=400_000,
        policy="",
    )
    found = unseen("contoso/portal", day, Scope(spans=(day.span,)), "store")
    assert (found.unknown, found.ours_s) == (30, 1200)
