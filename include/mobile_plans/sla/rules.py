"""What follows from counted slots: shares and their bounds, the budget, verdicts, outages (M3)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import sqrt

from include.mobile_plans.errors import BadInput
from include.mobile_plans.monitoring import OutageRun, whole_seconds
from include.mobile_plans.policy.program import MonitoringPolicy, ProgramPolicy
from include.mobile_plans.sla import words
from include.mobile_plans.sla.model import Availability, Budget, Judged, Latency, Verdict
from include.mobile_plans.sla.rollup import Edges, Rollup

_DEVIATIONS = 1.959964
"""Of a normal distribution, so many standard deviations either way hold 95 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """
    What is promised and how it is judged, in the units of the figures.

    Attributes:
        availability: The share promised.
        latency_limit_ms: The latency promised.
        latency_statistic: Of what it is promised.
        leaves_out_maintenance: Which of the two availabilities is judged.
        minimum_coverage: The least share of known slots to call anything kept.
        monitoring: When a portal is out, and escalated (M2).
    """

    availability: float
    latency_limit_ms: float
    latency_statistic: str
    leaves_out_maintenance: bool
    minimum_coverage: float
    monitoring: MonitoringPolicy

    @classmethod
    def of(cls, policy: ProgramPolicy) -> "Terms":
        """
        Take what policy promises for the portal.

        Raises:
            BadInput: Policy promises no availability, or no latency.
        """
        portal = policy.sla.services.portal
        if portal.availability is None or portal.latency is None:
            msg = "sla.yaml: the portal has no availability or latency, so nothing can be judged"
            raise BadInput(msg)
        return cls(
            availability=portal.availability,
            latency_limit_ms=portal.latency.limit.total_seconds() * 1000,
            latency_statistic=portal.latency.statistic,
            leaves_out_maintenance=policy.sla.judged_availability == "excluding_maintenance",
            minimum_coverage=policy.sla.minimum_coverage,
            monitoring=policy.monitoring,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The slots of a time that decide an availability."""

    good: int
    bad: int
    unknown: int

    @property
    def known(self) -> int:
        """Those that were good or bad."""
        return self.good + self.bad

    @property
    def share(self) -> float | None:
        """Of the known ones, those that were good."""
        return _share(self.good, self.known)

    @property
    def coverage(self) -> float | None:
        """Of all, the known ones."""
        return _share(self.known, self.known + self.unknown)

    @property
    def low(self) -> float | None:
        """Had every unknown one been bad."""
        return _share(self.good, self.known + self.unknown)

    @property
    def high(self) -> float | None:
        """Had every unknown one been good."""
        return _share(self.good + self.unknown, self.known + self.unknown)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def availability_of(
    counted: Counted, seen: Counted, *, good_s: float, bad_s: float
) -> Availability:
    """
    Put an availability together.

    Args:
        counted: The slots, excluded ones left out.
        seen: The slots, excluded ones as they were seen.
        good_s: Seconds of the good ones.
        bad_s: Seconds of the bad ones.
    """
    return Availability(
        share=counted.share,
        by_time=_share(good_s, good_s + bad_s),
        coverage=counted.coverage,
        low=counted.low,
        high=counted.high,
        without_exclusions=seen.share,
    )


def budget_of(promised: float, counted_s: float, used_s: float) -> Budget:
    """Return the bad seconds allowed over a whole period less what is excluded, used and left."""
    allowed_s = round((1 - promised) * counted_s, 6)
    return Budget(allowed_s=allowed_s, used_s=used_s, left_s=round(allowed_s - used_s, 6))


def interval_of(good: int, known: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, after Wilson: honest for few slots and near 100 %."""
    share, z = good / known, _DEVIATIONS
    middle = share + z * z / (2 * known)
    half = z * sqrt(share * (1 - share) / known + z * z / (4 * known * known))
    whole = 1 + z * z / known
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)


def in_words(counted: Counted) -> str:
    """Say a share with what it is of, such as ``3 bad of 2,880 known slots: 99.90 % …``."""
    if not counted.known:
        return f"none of {counted.unknown:,} slots is known"
    low, high = interval_of(counted.good, counted.known)
    return (
        f"{counted.bad:,} bad of {counted.known:,} known slots: "
        f"{words.percent(counted.good / counted.known)} "
        f"(95 % interval {words.percent(low).removesuffix(' %')} to {words.percent(high)})"
    )


def judge_availability(counted: Counted, terms: Terms) -> Judged:
    """Judge the slots of the figure that policy judges; too little known is undecided."""
    promised = terms.availability
    doubt = _doubt(counted, terms)
    if counted.share is None or doubt is None:
        kept = counted.share is not None and counted.share >= promised
        if counted.share is None:
            return Judged(verdict=Verdict.UNDECIDED, reason="no slot is known")
        return Judged(
            verdict=Verdict.MET if kept else Verdict.MISSED,
            reason=f"{words.percent(counted.share, promised)} of the known slots were good, "
            f"{words.percent(promised)} is promised",
        )
    is_young, reason = doubt
    if not is_young and counted.high is not None and counted.high < promised:
        reason = (
            f"even if every unknown slot had been good, it would be "
            f"{words.percent(counted.high, promised)}; {words.percent(promised)} is promised"
        )
        return Judged(verdict=Verdict.MISSED, reason=reason)
    return Judged(verdict=Verdict.UNDECIDED, reason=reason)


def judge_latency(latency: Latency, counted: Counted, terms: Terms) -> Judged:
    """Judge the statistic of the good probes' latency that policy names."""
    value = getattr(latency, f"{terms.latency_statistic}_ms")
    if value is None:
        return Judged(verdict=Verdict.UNDECIDED, reason="no good probe was measured")
    doubt = _doubt(counted, terms)
    if doubt is not None:
        return Judged(verdict=Verdict.UNDECIDED, reason=doubt[1])
    return Judged(
        verdict=Verdict.MET if value <= terms.latency_limit_ms else Verdict.MISSED,
        reason=f"the {terms.latency_statistic} of the good probes is {value:,.1f} ms, "
        f"at most {terms.latency_limit_ms:,.0f} ms is promised",
    )


def _doubt(counted: Counted, terms: Terms) -> tuple[bool, str] | None:
    """Say why too little is known to judge, and whether because the time is young; or None."""
    if not counted.known:
        return False, "no slot is known"
    # One bad slot alone would break the promise: that says nothing about the portal.
    if counted.known * (1 - terms.availability) < 1 - 1e-9:
        reason = (
            f"only {counted.known:,} slots are known: a single bad one would decide over "
            f"{words.percent(terms.availability)}"
        )
        return (True, reason) if terms.availability < 1 else None
    coverage = counted.coverage or 0.0
    if coverage < terms.minimum_coverage:
        return False, (
            f"only {words.percent(coverage, terms.minimum_coverage)} of the slots are known, "
            f"{words.percent(terms.minimum_coverage)} are needed to judge"
        )
    return None


def outage_runs(rollups: Iterable[Rollup], monitoring: MonitoringPolicy) -> Iterator[OutageRun]:
    """
    Return the outages of a target that its days tell of, oldest first, as M2 counts them.

    Args:
        rollups: Of one target, by day.
        monitoring: The numbers of the rules.
    """
    last_good: int | None = None
    open_parts: list[tuple[int, int, int]] = []
    good_before: int | None = None
    for rollup in rollups:
        for edges in _with_first_good(rollup, is_open=bool(open_parts)):
            if not open_parts:
                good_before = last_good if edges.before is None else edges.before
            open_parts += edges.bad
            if edges.after is not None:
                yield _run(open_parts, good_before, edges.after, monitoring)
                open_parts = []
        last_good = rollup.last_good if rollup.last_good is not None else last_good
    if open_parts:
        yield _run(open_parts, good_before, None, monitoring)


def _with_first_good(rollup: Rollup, *, is_open: bool) -> tuple[Edges, ...]:
    """Return a day's edges; where its first good slot ends an outage of before, with that."""
    starts_bad = bool(rollup.edges) and rollup.edges[0].before is None
    if is_open and not starts_bad and rollup.first_good is not None:
        return (Edges(before=None, after=rollup.first_good, bad=()), *rollup.edges)
    return rollup.edges


def _run(
    parts: list[tuple[int, int, int]],
    good_before: int | None,
    good_after: int | None,
    monitoring: MonitoringPolicy,
) -> OutageRun:
    first, (last, count, step) = parts[0][0], parts[-1]
    return OutageRun(
        first_bad=first,
        good_before=good_before,
        last_bad=last + (count - 1) * step,
        bad_slots=sum(part[1] for part in parts),
        escalated=_escalated(parts, monitoring),
        good_after=good_after,
    )


def _escalated(parts: list[tuple[int, int, int]], monitoring: MonitoringPolicy) -> int | None:
    """Return the first bad slot late enough of which enough before was seen, as ``feed`` does."""
    length_s = whole_seconds(monitoring.probe.interval)
    after_s = monitoring.outage.escalate_after.total_seconds()
    first, seen = parts[0][0], 0
    last, count, step = parts[-1]
    if last + (count - 1) * step - first <= after_s:
        return None
    for begin, count, step in parts:
        early = min(count, max(0, int((first + after_s - begin) // step) + 1))
        for place in range(early, count):
            slot = begin + place * step
            coverage = (seen + place + 1) / ((slot - first) // length_s + 1)
            if coverage >= monitoring.outage.minimum_coverage:
                return slot
        seen += count
    return None
