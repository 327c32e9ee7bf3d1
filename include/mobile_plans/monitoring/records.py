"""
What is kept of monitoring: samples, the state of the rules, outages and findings.

A round is recorded in one transaction and can be recorded again without counting twice. A slot that
comes after a newer one of its target was judged, from another prober that was away, is kept as a
sample only: what was told and escalated stays as it was told.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Text, bindparam, select, type_coerce, update

from include.mobile_plans.instants import format_instant
from include.mobile_plans.monitoring.probes import MEASURED, ProbeResult
from include.mobile_plans.monitoring.rules import Finding, OutageRun, TargetState, feed
from include.mobile_plans.monitoring.slots import SlotState, slug_of, start_of
from include.mobile_plans.policy.program import MonitoringPolicy
from include.mobile_plans.store import insert_missing, upsert
from include.mobile_plans.store.tables import (
    exclusion,
    outage,
    portal_finding,
    probe_target,
    sample,
)

_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one prober saw of one target in one slot: good, bad or unknown."""

    state: SlotState
    result: ProbeResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """
    Everything seen in one slot.

    Attributes:
        slot: Its start.
        samples: One per target.
        is_cut_off: Whether no control target answered.
    """

    slot: int
    samples: tuple[Sample, ...]
    is_cut_off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundReport:
    """
    What recording a round changed; the store has the whole of it.

    Attributes:
        slot: The start of the slot.
        good: How many targets were good, and so on for the other states.
        is_cut_off: Whether no control target answered.
        opened: Keys of outages that began.
        escalated: Keys of outages escalated in this slot (M2).
        closed: Keys of outages that ended.
        findings: ``<target>:<kind>`` of findings that began or ended.
    """

    slot: datetime
    good: int
    bad: int
    excluded: int
    unknown: int
    is_cut_off: bool
    opened: tuple[str, ...]
    escalated: tuple[str, ...]
    closed: tuple[str, ...]
    findings: tuple[str, ...]

    @property
    def has_news(self) -> bool:
        """Whether an outage or a finding began, was escalated or ended."""
        return bool(self.opened or self.escalated or self.closed or self.findings)


def outage_key(target: str, run: OutageRun) -> str:
    """Name an outage for good: its target and its first bad slot."""
    return f"{target}:{format_instant(start_of(run.first_bad))}"


def record_round(connection: Connection, seen: Round, policy: MonitoringPolicy) -> RoundReport:
    """
    Write down a round and what the rules make of it, with the maintenance known now.

    Recording the same round again changes nothing.
    """
    targets = hold_targets(connection, [one.result.target for one in seen.samples])
    excluded = _excluded_slugs(connection, seen.slot)
    outages: dict[str, OutageRun] = {}
    findings: list[tuple[str, Finding]] = []
    states, counts = [], dict.fromkeys(SlotState, 0)
    for one in seen.samples:
        row = targets[one.result.target]
        state = SlotState.EXCLUDED if row.slug in excluded else one.state
        counts[state] += 1
        if row.slot is not None and seen.slot <= row.slot:
            continue
        step = feed(_state_of(row), seen.slot, state, policy)
        if step.outage is not None:
            outages[row.target] = step.outage
        findings += [(row.target, finding) for finding in step.findings]
        states.append((row, one, step.state))
    rows = [
        sample_row(targets[one.result.target].target_id, seen.slot, one) for one in seen.samples
    ]
    insert_missing(connection, sample, rows)
    _write_states(connection, seen.slot, states)
    write_outages(connection, outages.items(), origin="probe")
    upsert(connection, portal_finding, [_finding_row(*found) for found in findings])
    runs = {outage_key(target, run): run for target, run in outages.items()}
    return RoundReport(
        slot=start_of(seen.slot),
        **{state.value: number for state, number in counts.items()},
        is_cut_off=seen.is_cut_off,
        opened=tuple(key for key, run in runs.items() if run.first_bad == seen.slot),
        escalated=tuple(key for key, run in runs.items() if run.escalated == seen.slot),
        closed=tuple(key for key, run in runs.items() if run.good_after == seen.slot),
        findings=tuple(f"{target}:{finding.kind}" for target, finding in findings),
    )


def hold_targets(connection: Connection, names: Sequence[str]) -> dict[str, Row[Any]]:
    """Return the rows of targets, held until the transaction ends; new ones are made."""
    found = _held(connection, names)
    missing = [name for name in names if name not in found]
    if missing:
        rows = [{"target": name, "slug": slug_of(name), "state": {}} for name in missing]
        insert_missing(connection, probe_target, rows)
        found |= _held(connection, missing)
    return found


def _held(connection: Connection, names: Sequence[str]) -> dict[str, Row[Any]]:
    found: dict[str, Row[Any]] = {}
    for some in _chunks(sorted(names)):
        query = (
            select(*_HELD)
            .where(probe_target.c.target.in_(some))
            .order_by(probe_target.c.target)
            .with_for_update()
        )
        found |= {row.target: row for row in connection.execute(query)}
    return found


_HELD = (
    *(probe_target.c[name] for name in ("target_id", "target", "slug", "slot", "last_known")),
    # As text: nearly all say that there is nothing to remember, and need not be read.
    type_coerce(probe_target.c.state, Text).label("state"),
)
_NOTHING = "{}"


def _chunks(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (items[begin : begin + _AT_ONCE] for begin in range(0, len(items), _AT_ONCE))


def _excluded_slugs(connection: Connection, slot: int) -> set[str]:
    start = start_of(slot)
    query = select(exclusion.c.slug).where(
        exclusion.c.starts_at <= start, exclusion.c.ends_at > start
    )
    return set(connection.scalars(query))


def _state_of(row: Row[Any]) -> TargetState:
    """Read what the rules remember; of a portal that was good in its newest slot, only that."""
    if row.state == _NOTHING:
        return TargetState(slot=row.slot, last_good=row.slot)
    document = json.loads(row.state)
    run = document["outage"]
    return TargetState(
        **document
        | {
            "slot": row.slot,
            "outage": None if run is None else OutageRun(**run),
            "openings": tuple(document["openings"]),
        }
    )


def _document_of(state: TargetState) -> dict[str, Any]:
    """Write what ``_state_of`` reads; nothing in the usual case, which costs nothing then."""
    if state.is_quiet:
        return {}
    document = asdict(state)
    del document["slot"]
    return document


def _write_states(
    connection: Connection, slot: int, states: Iterable[tuple[Row[Any], Sample, TargetState]]
) -> None:
    """Write the state of each target: all usual ones at once, each other one by itself."""
    usual, others, certificates = [], [], []
    for row, one, state in states:
        document = _document_of(state)
        is_known = one.state is not SlotState.UNKNOWN
        if is_known and not document and row.state == _NOTHING:
            usual.append(row.target_id)
        else:
            known = {"last_known": slot if is_known else row.last_known}
            others.append({"b_id": row.target_id, "slot": slot, "state": document} | known)
        ends_at = one.result.certificate_ends_at
        if ends_at is not None:
            certificates.append({"b_id": row.target_id, "certificate_ends_at": ends_at})
    for some in _chunks(usual):
        connection.execute(
            update(probe_target)
            .where(probe_target.c.target_id.in_(some))
            .values(slot=slot, last_known=slot)
        )
    by_id = update(probe_target).where(probe_target.c.target_id == bindparam("b_id"))
    for rows in (others, certificates):
        if rows:
            connection.execute(by_id, rows)


def sample_row(target_id: int, slot: int, one: Sample) -> dict[str, Any]:
    """Return the row of a sample."""
    measured = {name: getattr(one.result, name) for name in MEASURED}
    return {"slot": slot, "target_id": target_id, "state": one.state.value} | measured


def write_outages(
    connection: Connection, runs: Iterable[tuple[str, OutageRun]], *, origin: str
) -> None:
    """Write the newest form of outages, each with its target."""
    upsert(connection, outage, [_outage_row(target, run, origin) for target, run in runs])


def _outage_row(target: str, run: OutageRun, origin: str) -> dict[str, Any]:
    slots = {
        "good_before": run.good_before,
        "first_bad": run.first_bad,
        "last_bad": run.last_bad,
        "escalated_at": run.escalated,
        "good_after": run.good_after,
    }
    return {
        "outage_key": outage_key(target, run),
        "target": target,
        "slug": slug_of(target),
        "bad_slots": run.bad_slots,
        "origin": origin,
        **{name: None if slot is None else start_of(slot) for name, slot in slots.items()},
    }


def _finding_row(target: str, finding: Finding) -> dict[str, Any]:
    return {
        "target": target,
        "kind": finding.kind,
        "since": start_of(finding.since),
        "slug": slug_of(target),
        "until": None if finding.until is None else start_of(finding.until),
    }
