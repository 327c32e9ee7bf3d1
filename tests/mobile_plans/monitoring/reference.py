"""The rules of M2 written down slowly and obviously: everything is looked up again each time."""

from collections.abc import Mapping

from include.mobile_plans.monitoring.rules import Finding, OutageRun
from include.mobile_plans.monitoring.slots import SlotState
from include.mobile_plans.policy.program import MonitoringPolicy

Seen = Mapping[int, SlotState]
GOOD, BAD = SlotState.GOOD, SlotState.BAD


def outages(seen: Seen, policy: MonitoringPolicy) -> list[OutageRun]:
    """Return every maximal run of bad slots with no good one between."""
    bad = sorted(slot for slot in seen if seen[slot] is BAD)
    good = sorted(slot for slot in seen if seen[slot] is GOOD)
    runs: list[list[int]] = []
    for slot in bad:
        same = runs and not any(runs[-1][-1] < one < slot for one in good)
        if same:
            runs[-1].append(slot)
        else:
            runs.append([slot])
    return [
        OutageRun(
            first_bad=run[0],
            good_before=max((one for one in good if one < run[0]), default=None),
            last_bad=run[-1],
            bad_slots=len(run),
            escalated=escalated(run, policy),
            good_after=min((one for one in good if one > run[-1]), default=None),
        )
        for run in runs
    ]


def escalated(run: list[int], policy: MonitoringPolicy) -> int | None:
    length_s = int(policy.probe.interval.total_seconds())
    for seen_bad, slot in enumerate(run, start=1):
        slots = (slot - run[0]) // length_s + 1
        late = slot - run[0] > policy.outage.escalate_after.total_seconds()
        if late and seen_bad >= policy.outage.minimum_coverage * slots:
            return slot
    return None


def findings(seen: Seen, policy: MonitoringPolicy) -> list[Finding]:
    """Return the stretches of known slots in which a portal was degraded, or unstable."""
    known = sorted(slot for slot in seen if seen[slot] in (GOOD, BAD))
    degraded, unstable = None, None
    found = []
    for slot in known:
        if degraded is None and begins_degradation(seen, slot, policy):
            degraded = slot
        elif degraded is not None and seen[slot] is GOOD and not nearly_all(seen, slot, policy):
            found.append(Finding(kind="degradation", since=degraded, until=slot))
            degraded = None
        many = is_unstable(seen, slot, policy)
        if unstable is None and many:
            unstable = slot
        elif unstable is not None and not many:
            found.append(Finding(kind="unstable", since=unstable, until=slot))
            unstable = None
    if degraded is not None:
        found.append(Finding(kind="degradation", since=degraded))
    if unstable is not None:
        found.append(Finding(kind="unstable", since=unstable))
    return found


def window(seen: Seen, slot: int, policy: MonitoringPolicy) -> list[SlotState]:
    length_s = int(policy.probe.interval.total_seconds())
    first = slot - int(policy.degradation.window.total_seconds())
    return [seen.get(one, SlotState.UNKNOWN) for one in range(first, slot + 1, length_s)]


def nearly_all(seen: Seen, slot: int, policy: MonitoringPolicy) -> bool:
    states = window(seen, slot, policy)
    known = [state for state in states if state in (GOOD, BAD)]
    return BAD in known and known.count(BAD) >= policy.degradation.bad_share * len(known)


def begins_degradation(seen: Seen, slot: int, policy: MonitoringPolicy) -> bool:
    states = window(seen, slot, policy)
    length_s = int(policy.probe.interval.total_seconds())
    before = slot - int(policy.degradation.window.total_seconds()) - length_s
    known = [state for state in states if state in (GOOD, BAD)]
    until_now = {one: state for one, state in seen.items() if one <= slot}
    current = outages(until_now, policy)
    is_escalated = bool(current and current[-1].escalated and not current[-1].good_after)
    return (
        seen[slot] is BAD
        and seen.get(before) is BAD
        and len(known) >= policy.outage.minimum_coverage * len(states)
        and nearly_all(seen, slot, policy)
        and not is_escalated
    )


def is_unstable(seen: Seen, slot: int, policy: MonitoringPolicy) -> bool:
    until_now = {one: state for one, state in seen.items() if one <= slot}
    begun = [
        one.first_bad
        for one in outages(until_now, policy)
        if slot - one.first_bad < policy.unstable.within.total_seconds()
    ]
    return len(begun) >= policy.unstable.outages
