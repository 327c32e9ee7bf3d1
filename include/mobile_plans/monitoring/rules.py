"""
When a portal is out, escalated, degraded or unstable (M2).

An outage is a maximal run of bad slots with no good one between. Slots that are unknown or excluded
neither open nor close one, and count against its coverage, so a gap of our own monitor never makes
an outage longer than what was really seen. The rules are fed one slot after another; the state
between two slots is small, is kept in the store, and is all they need after a restart.
"""

from dataclasses import dataclass, replace
from typing import Literal

from include.mobile_plans.monitoring.slots import SlotState, whole_seconds
from include.mobile_plans.policy.program import MonitoringPolicy

FindingKind = Literal["degradation", "unstable"]
_LETTERS = {
    SlotState.GOOD: "g",
    SlotState.BAD: "b",
    SlotState.EXCLUDED: "x",
    SlotState.UNKNOWN: "u",
}
_NOT_BAD = "gxu"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageRun:
    """
    One outage as slots tell it: it began after ``good_before`` and ended by ``good_after``.

    Attributes:
        first_bad: Its first bad slot.
        good_before: The last good slot before it, None if none was ever seen.
        last_bad: Its newest bad slot.
        bad_slots: How many of its slots were seen bad.
        escalated: The slot in which it was escalated, or None (M2).
        good_after: The good slot that ended it, None while it lasts.
    """

    first_bad: int
    good_before: int | None
    last_bad: int
    bad_slots: int = 1
    escalated: int | None = None
    good_after: int | None = None

    def coverage(self, length_s: int) -> float:
        """Return the share of its slots that were really seen, up to its newest bad one."""
        return self.bad_slots / ((self.last_bad - self.first_bad) // length_s + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    A portal that is bad in another way than a complete loss.

    Attributes:
        kind: Degraded (bad in all but name) or unstable (repeated outages).
        since: The slot in which the rule first held.
        until: The slot in which it no longer did, None while it lasts.
    """

    kind: FindingKind
    since: int
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetState:
    """
    What the rules remember of one target between two slots.

    Attributes:
        slot: The newest slot fed, or None before the first.
        last_good: The newest good slot.
        outage: The outage that lasts, or None.
        openings: The first slots of the outages that the unstable rule still counts.
        recent: One letter per slot up to ``slot``, as far back as the degradation rule looks, from
            the oldest bad slot on: of a portal that is well nothing is remembered.
        degraded_since: Since when it is degraded, or None.
        unstable_since: Since when it is unstable, or None.
    """

    slot: int | None = None
    last_good: int | None = None
    outage: OutageRun | None = None
    openings: tuple[int, ...] = ()
    recent: str = ""
    degraded_since: int | None = None
    unstable_since: int | None = None

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to remember but that the newest slot was good."""
        return (
            self.slot == self.last_good
            and self.outage is None
            and not self.openings
            and not self.recent
            and self.degraded_since is None
            and self.unstable_since is None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    What one slot changed.

    Attributes:
        state: The state after it.
        outage: The outage it opened, prolonged or ended, or None.
        findings: The findings it began or ended.
    """

    state: TargetState
    outage: OutageRun | None = None
    findings: tuple[Finding, ...] = ()


def feed(state: TargetState, slot: int, seen: SlotState, policy: MonitoringPolicy) -> Step:
    """
    Take one slot into account; slots left out between two calls are unknown.

    Args:
        state: What is remembered.
        slot: Its start, later than every slot fed before; a repeated or older one changes nothing.
        seen: What is known of it.
        policy: The numbers of the rules.
    """
    if state.slot is not None and slot <= state.slot:
        return Step(state=state)
    if seen is SlotState.GOOD and state.is_quiet:
        return Step(state=TargetState(slot=slot, last_good=slot))
    state = replace(
        state,
        slot=slot,
        recent=_recent(state, slot, seen, policy),
        openings=_openings(state, slot, seen, policy),
    )
    touched = None
    if seen is SlotState.GOOD:
        if state.outage is not None:
            touched = replace(state.outage, good_after=slot)
        state = replace(state, last_good=slot, outage=None)
    elif seen is SlotState.BAD:
        touched = _escalated(_prolonged(state, slot), policy)
        state = replace(state, outage=touched)
    else:
        return Step(state=state)
    state, findings = _findings(state, policy)
    return Step(state=state, outage=touched, findings=findings)


def _prolonged(state: TargetState, slot: int) -> OutageRun:
    """Return the outage that a bad slot begins or belongs to."""
    if state.outage is None:
        return OutageRun(first_bad=slot, good_before=state.last_good, last_bad=slot)
    return replace(state.outage, last_bad=slot, bad_slots=state.outage.bad_slots + 1)


def _escalated(outage: OutageRun, policy: MonitoringPolicy) -> OutageRun:
    """Escalate at the first bad slot more than 30 minutes after the first, half of it seen (M2)."""
    length_s = whole_seconds(policy.probe.interval)
    lasts_s = outage.last_bad - outage.first_bad
    if (
        outage.escalated is None
        and lasts_s > policy.outage.escalate_after.total_seconds()
        and outage.coverage(length_s) >= policy.outage.minimum_coverage
    ):
        return replace(outage, escalated=outage.last_bad)
    return outage


def _openings(
    state: TargetState, slot: int, seen: SlotState, policy: MonitoringPolicy
) -> tuple[int, ...]:
    """Return the first slots of the outages that began within the hour of the unstable rule."""
    reach_s = policy.unstable.within.total_seconds()
    openings = tuple(opening for opening in state.openings if slot - opening < reach_s)
    begins = seen is SlotState.BAD and state.outage is None
    return (*openings, slot)[-policy.unstable.outages :] if begins else openings


def _reach(policy: MonitoringPolicy) -> int:
    """Return how many slots the degradation rule sees: the window, its ends, and one before."""
    return int(policy.degradation.window / policy.probe.interval) + 2


def _recent(state: TargetState, slot: int, seen: SlotState, policy: MonitoringPolicy) -> str:
    if not state.recent and seen is not SlotState.BAD:
        return ""
    missed = 0
    if state.slot is not None:
        missed = (slot - state.slot) // whole_seconds(policy.probe.interval) - 1
    reach = _reach(policy)
    gap = _LETTERS[SlotState.UNKNOWN] * min(missed, reach)
    recent = f"{state.recent}{gap}{_LETTERS[seen]}"[-reach:]
    # Only a degradation that lasts asks what share of the whole window is bad.
    return recent if state.degraded_since is not None else recent.lstrip(_NOT_BAD)


def _findings(
    state: TargetState, policy: MonitoringPolicy
) -> tuple[TargetState, tuple[Finding, ...]]:
    degraded, begun_or_ended = _turned(
        "degradation", state, state.degraded_since, holds=_is_degraded(state, policy)
    )
    unstable, more = _turned(
        "unstable", state, state.unstable_since, holds=_is_unstable(state, policy)
    )
    if not begun_or_ended and not more:
        return state, ()
    state = replace(state, degraded_since=degraded, unstable_since=unstable)
    return state, begun_or_ended + more


def _turned(
    kind: FindingKind, state: TargetState, since: int | None, *, holds: bool
) -> tuple[int | None, tuple[Finding, ...]]:
    """Begin or end a finding when its rule holds from now on, or no longer does."""
    slot = state.slot or 0
    if holds and since is None:
        return slot, (Finding(kind=kind, since=slot),)
    if since is not None and not holds:
        return None, (Finding(kind=kind, since=since, until=slot),)
    return since, ()


def _is_degraded(state: TargetState, policy: MonitoringPolicy) -> bool:
    """
    Tell whether nearly all known slots of the window are bad.

    It begins only when a bad slot lies more than the window back, so that it never comes before the
    escalation of a complete loss, and ends in a good slot only.
    """
    recent, is_degraded = state.recent, state.degraded_since is not None
    window = recent[1 - _reach(policy) :]
    bad, known = window.count("b"), window.count("b") + window.count("g")
    nearly_all = 0 < bad >= policy.degradation.bad_share * known
    if is_degraded:
        return nearly_all or recent[-1] != "g"
    is_escalated = state.outage is not None and state.outage.escalated is not None
    return (
        recent.endswith("b")
        and len(recent) == _reach(policy)
        and known >= policy.outage.minimum_coverage * len(window)
        and nearly_all
        and not is_escalated
    )


def _is_unstable(state: TargetState, policy: MonitoringPolicy) -> bool:
    """Tell whether so many outages began within the hour up to the newest slot."""
    return len(state.openings) >= policy.unstable.outages
