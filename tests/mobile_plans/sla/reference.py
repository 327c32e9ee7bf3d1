"""SLA figures the slow and obvious way: one slot after another, in plain Python."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from include.mobile_plans.monitoring import SlotState
from include.mobile_plans.monitoring.rules import TargetState, feed
from include.mobile_plans.policy.program import MonitoringPolicy


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One slot: its start, what was seen (None: nobody probed), whether it is in a window."""

    start: int
    seen: str | None
    total_us: int | None = None
    is_excluded: bool = False

    @property
    def state(self) -> SlotState:
        if self.is_excluded:
            return SlotState.EXCLUDED
        return SlotState(self.seen or "unknown")


def counts(slots: Sequence[Slot]) -> dict[str, int]:
    found = Counter(slot.state.value for slot in slots)
    return {state.value: found[state.value] for state in SlotState}


def shares(slots: Sequence[Slot]) -> dict[str, Fraction | None]:
    """All shares of an availability, as fractions."""
    n = counts(slots)
    known, everything = n["good"] + n["bad"], n["good"] + n["bad"] + n["unknown"]
    seen = Counter(slot.seen for slot in slots)
    return {
        "availability": _share(n["good"], known),
        "coverage": _share(known, everything),
        "availability_low": _share(n["good"], everything),
        "availability_high": _share(n["good"] + n["unknown"], everything),
        "availability_without_exclusions": _share(seen["good"], seen["good"] + seen["bad"]),
    }


def _share(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


def percentile(values: Sequence[int], share: Fraction) -> int:
    """Nearest rank: the smallest value that at least this share of all does not exceed."""
    return sorted(values)[max(1, ceil(share * len(values))) - 1]


def latencies(slots: Sequence[Slot]) -> list[int]:
    return [
        slot.total_us
        for slot in slots
        if slot.state is SlotState.GOOD and slot.seen == "good" and slot.total_us is not None
    ]


def outages(slots: Sequence[Slot], policy: MonitoringPolicy) -> list[Mapping[str, int | None]]:
    """Every outage, by the rules of monitoring fed one slot after another."""
    state, runs = TargetState(), {}
    for slot in slots:
        step = feed(state, slot.start, slot.state, policy)
        state = step.state
        if step.outage is not None:
            runs[step.outage.first_bad] = step.outage
    return list(runs.values())
