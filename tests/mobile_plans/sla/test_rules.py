"""Shares, intervals, verdicts and histograms by themselves (M3)."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.mobile_plans.sla import Terms, histogram, words
from include.mobile_plans.sla.model import Latency
from include.mobile_plans.sla.rollup import PERCENTILE_ERROR
from include.mobile_plans.sla.rules import (
    Counted,
    in_words,
    interval_of,
    judge_availability,
    judge_latency,
)
from tests.mobile_plans.sla import reference


@pytest.mark.parametrize(
    ("counts", "verdict", "reason"),
    [
        ((0, 0, 0), "undecided", "no slot is known"),
        ((0, 0, 9), "undecided", "no slot is known"),
        ((998, 1, 0), "undecided", "only 999 slots are known: a single bad one would decide"),
        ((999, 0, 0), "undecided", "only 999 slots are known"),
        ((1000, 0, 0), "met", "100.00 % of the known slots were good, 99.90 % is promised"),
        ((999, 1, 0), "met", "99.90 % of the known slots were good, 99.90 % is promised"),
        ((1998, 3, 0), "missed", "99.85 % of the known slots were good"),
        ((9000, 0, 1000), "met", "100.00 %"),
        ((8999, 0, 1001), "undecided", "only 89.99 % of the slots are known, 90.00 % are needed"),
        ((8000, 9, 2000), "undecided", "only 80.01 %"),
        ((8000, 90, 2000), "missed", "even if every unknown slot had been good, it would be 99.1"),
    ],
)
def test_a_verdict_says_why(
    terms: Terms, counts: tuple[int, int, int], verdict: str, reason: str
) -> None:
    """Young or thin is undecided, but for what cannot be kept any more (M3)."""
    good, bad, unknown = counts
    found = judge_availability(Counted(good=good, bad=bad, unknown=unknown), terms)
    assert found.verdict == verdict
    assert found.reason.startswith(reason)


def test_all_is_promised(terms: Terms) -> None:
    """With 100 % promised one bad slot is enough, and nothing is ever too young (M3)."""
    everything = replace(terms, availability=1.0)
    assert judge_availability(Counted(good=5, bad=0, unknown=0), everything).verdict == "met"
    assert judge_availability(Counted(good=5, bad=1, unknown=0), everything).verdict == "missed"


@pytest.mark.parametrize(
    ("mean_ms", "known", "verdict"),
    [
        (400.0, 2000, "met"),
        (400.001, 2000, "missed"),
        (None, 2000, "undecided"),
        (9.0, 999, "undecided"),
    ],
)
def test_latency_is_judged_on_the_statistic_of_policy(
    terms: Terms, mean_ms: float | None, known: int, verdict: str
) -> None:
    """400 ms of the mean; another statistic where policy names one (M3)."""
    counted = Counted(good=known, bad=0, unknown=0)
    latency = Latency(mean_ms=mean_ms, p95_ms=500.0, phases_ms={})
    assert judge_latency(latency, counted, terms).verdict == verdict
    by_p95 = judge_latency(latency, counted, replace(terms, latency_statistic="p95"))
    assert by_p95.verdict == ("missed" if known == 2000 else "undecided")


def test_a_share_is_said_with_its_interval() -> None:
    """3 bad of 2,880, with how sure that is (M3)."""
    words = in_words(Counted(good=2877, bad=3, unknown=0))
    assert words == "3 bad of 2,880 known slots: 99.89 % (95 % interval 99.69 to 99.96 %)"
    assert in_words(Counted(good=0, bad=0, unknown=4)) == "none of 4 slots is known"


@given(good=st.integers(0, 5000), bad=st.integers(0, 5000))
def test_the_interval_holds_the_share(good: int, bad: int) -> None:
    """It is never outside 0 to 1, and holds the share (M3)."""
    if good + bad:
        low, high = interval_of(good, good + bad)
        assert 0 <= low <= good / (good + bad) + 1e-12
        assert good / (good + bad) - 1e-12 <= high <= 1


def test_a_share_is_told_from_what_is_promised() -> None:
    """Never 99.90 % where 99.90 % was missed (M3)."""
    assert words.percent(0.99896, 0.999) == "99.89 %"
    assert words.percent(0.999049, 0.999) == "99.904 %"
    assert words.percent(0.99899999, 0.999) == "99.89 %"
    assert words.percent(0.999, 0.999) == "99.90 %"
    assert words.percent(0.5, 0.999) == "50.00 %"


LATENCIES = st.lists(st.integers(0, 700_000_000), min_size=1, max_size=300)


@given(parts=st.lists(LATENCIES, min_size=1, max_size=3))
def test_a_histogram_is_within_the_error_it_states(parts: list[list[int]]) -> None:
    """Histograms add up; a percentile is never below the true one, at most 0.8 % above (M3)."""
    packed = [
        histogram.pack(np.bincount(histogram.buckets(np.array(part)), minlength=histogram.SIZE))
        for part in parts
    ]
    everything = [value for part in parts for value in part]
    shares = (0.5, 0.95, 0.99)
    for share, found in zip(shares, histogram.percentiles(packed, shares), strict=True):
        true = reference.percentile(everything, Fraction(str(share)))
        assert true <= found <= true * (1 + PERCENTILE_ERROR)
        if true < 256:
            assert found == true


@pytest.mark.parametrize("count", [65_534, 65_535, 65_536, 200_000])
def test_a_bucket_may_hold_any_number(count: int) -> None:
    """A day probed every second has more slots than two bytes count (M3)."""
    counts = np.zeros(histogram.SIZE, dtype=np.int64)
    seven, nine = histogram.buckets(np.array([7, 9]))
    counts[seven], counts[nine] = count, count + 1
    packed = histogram.pack(counts)
    assert histogram.percentiles([packed], (0.49, 0.51)) == [7, 9]
    parts = np.frombuffer(packed, dtype=histogram.PACKED)
    assert int(parts["count"].sum()) == 2 * count + 1


@given(count=st.integers(1, 100_000), share=st.sampled_from(["0.5", "0.95", "0.99"]))
def test_the_rank_is_the_nearest(count: int, share: str) -> None:
    """Whatever binary fractions make of 0.95 (M3)."""
    assert histogram.rank(float(share), count) == -(-Fraction(share) * count // 1) - 1
