"""All figures of a target over a period, from the rollups of its days (M3, M4)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from include.mobile_plans.monitoring import OutageRun, start_of
from include.mobile_plans.sla import histogram
from include.mobile_plans.sla.model import (
    DayFigures,
    Latency,
    OutageLine,
    SlotCounts,
    TargetFigures,
)
from include.mobile_plans.sla.rollup import PHASES, Rollup
from include.mobile_plans.sla.rules import (
    Counted,
    Terms,
    availability_of,
    budget_of,
    in_words,
    judge_availability,
    judge_latency,
    outage_runs,
)

_SHARES = (0.5, 0.95, 0.99)
_US_OF_MS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class OnRecord:
    """An outage as it was told when it happened: its bad slots, escalation and incident."""

    first_bad: int
    last_bad: int
    escalated: bool
    incident: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """The sums of some rollups of one target, under the same names."""

    good: int
    bad: int
    excluded: int
    unknown: int
    seen_good: int
    seen_bad: int
    good_s: int
    bad_s: int
    excluded_s: int
    ours_s: int
    network_s: int
    overrun_s: int
    measured: int
    sum_us: int
    within: int

    @classmethod
    def of(cls, rollups: Sequence[Rollup]) -> "Sums":
        """Add them up."""
        columns = dict(zip(Rollup._fields, zip(*rollups, strict=True), strict=True))
        return cls(**{name: sum(columns[name]) for name in cls.__dataclass_fields__})

    @property
    def counted(self) -> Counted:
        """What decides the availability without excluded slots."""
        return Counted(good=self.good, bad=self.bad, unknown=self.unknown)

    @property
    def seen(self) -> Counted:
        """What decides the availability with excluded slots as they were seen."""
        everything = self.good + self.bad + self.excluded + self.unknown
        known = self.seen_good + self.seen_bad
        return Counted(good=self.seen_good, bad=self.seen_bad, unknown=everything - known)


def figures(
    rollups: Sequence[Rollup],
    terms: Terms,
    *,
    until: int | None = None,
    earlier: Sequence[Rollup] = (),
    on_record: Sequence[OnRecord] = (),
    latencies_us: npt.NDArray[np.int64] | None = None,
) -> TargetFigures:
    """
    Return the figures of one target.

    Args:
        rollups: Its days, in order, at least one.
        terms: What is promised.
        until: The end of the whole period where it is still to come; the budget is for all of it.
        earlier: Days before the first, as far as an outage of the first reaches back.
        on_record: Its outages as they were told.
        latencies_us: Every latency in order, for percentiles that are exact.
    """
    sums, first, after = Sums.of(rollups), rollups[0].first_slot, rollups[-1].after
    counted_s = sums.good_s + sums.bad_s + sums.ours_s + sums.network_s
    still_s = 0 if until is None else until - after
    judged = sums.counted if terms.leaves_out_maintenance else sums.seen
    latency = _latency(rollups, sums, latencies_us)
    return TargetFigures(
        target=rollups[0].target,
        first_slot=start_of(first),
        after=start_of(after),
        slots=SlotCounts(
            good=sums.good, bad=sums.bad, excluded=sums.excluded, unknown=sums.unknown
        ),
        seconds_by_cause={
            "theirs": float(sums.bad_s),
            "ours": float(sums.ours_s),
            "network": float(sums.network_s),
            "maintenance": float(sums.excluded_s),
            "overrun": float(sums.overrun_s),
        },
        availability=availability_of(sums.counted, sums.seen, good_s=sums.good_s, bad_s=sums.bad_s),
        target_availability=terms.availability,
        budget=budget_of(terms.availability, counted_s + still_s, float(sums.bad_s)),
        latency=latency,
        latency_limit_ms=terms.latency_limit_ms,
        latency_statistic=terms.latency_statistic,
        outages=tuple(
            _line(run, on_record)
            for run in outage_runs((*earlier, *rollups), terms.monitoring)
            if run.last_bad >= first
        ),
        days=tuple(map(_day, rollups)),
        judged_availability=judge_availability(judged, terms),
        judged_latency=judge_latency(latency, sums.counted, terms),
        in_words=in_words(judged),
    )


def _latency(
    rollups: Sequence[Rollup], sums: Sums, latencies_us: npt.NDArray[np.int64] | None
) -> Latency:
    if not sums.measured:
        return Latency(phases_ms=dict.fromkeys(PHASES))
    if latencies_us is None:
        found = histogram.percentiles((one.histogram for one in rollups), _SHARES)
    else:
        found = [int(latencies_us[histogram.rank(one, len(latencies_us))]) for one in _SHARES]
    p50, p95, p99 = (None if one is None else one / _US_OF_MS for one in found)
    totals = zip(*(one.phase_us for one in rollups), strict=True)
    counts = zip(*(one.phase_count for one in rollups), strict=True)
    return Latency(
        mean_ms=sums.sum_us / sums.measured / _US_OF_MS,
        share_within=sums.within / sums.measured,
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        phases_ms={
            phase: _mean_ms(sum(total), sum(count))
            for phase, total, count in zip(PHASES, totals, counts, strict=True)
        },
    )


def _mean_ms(total_us: int, count: int) -> float | None:
    return total_us / count / _US_OF_MS if count else None


def _day(one: Rollup) -> DayFigures:
    known = one.good + one.bad
    return DayFigures(
        day=one.day,
        slots=SlotCounts(good=one.good, bad=one.bad, excluded=one.excluded, unknown=one.unknown),
        availability=one.good / known if known else None,
        mean_ms=_mean_ms(one.sum_us, one.measured),
        share_within=one.within / one.measured if one.measured else None,
        bad_s=float(one.bad_s),
    )


def _line(run: OutageRun, on_record: Iterable[OnRecord]) -> OutageLine:
    told = [
        one for one in on_record if one.first_bad <= run.last_bad and run.first_bad <= one.last_bad
    ]
    return OutageLine(
        first_bad_at=start_of(run.first_bad),
        last_bad_at=start_of(run.last_bad),
        last_good_before=None if run.good_before is None else start_of(run.good_before),
        first_good_after=None if run.good_after is None else start_of(run.good_after),
        escalated=run.escalated is not None or any(one.escalated for one in told),
        incident=next((one.incident for one in told if one.incident), None),
    )
