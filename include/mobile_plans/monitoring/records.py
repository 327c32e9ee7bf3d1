"""
What is kept of monitoring: samples, the state of the rules, outages and findings.

A round is recorded in one transaction and can be recorded again without counting twice. A slot that
arrives late, because it waited in memory or was imported, is put in its place, and the rules are
run again over all samples of its target.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from include.mobile_plans.instants import format_instant
from include.mobile_plans.monitoring.probes import ProbeResult
from include.mobile_plans.monitoring.rules import (
    Finding,
    OutageRun,
    TargetState,
    feed,
)
from include.mobile_plans.monitoring.slots import SlotState, slug_of, start_of
from include.mobile_plans.policy.program import MonitoringPolicy
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


def outage_key(target: str, run: OutageRun) -> str:
    """Name an outage for good: its target and its first bad slot."""
    return f"{target}:{format_instant(start_of(run.first_bad))}"


def record_round(connection: Connection, seen: Round, policy: MonitoringPolicy) -> RoundReport:
    """
    Write down a round and what the rules make of it.

    Recording the same round again changes nothing.
    """
    targets = _targets(connection, [one.result.target for one in seen.samples])
    excluded = _excluded_slugs(connection, seen.slot)
    fresh: list[tuple[Row[Any], Sample]] = []
    late: list[tuple[Row[Any], Sample]] = []
    for one in seen.samples:
        row = targets[one.result.target]
        (late if row.slot is not None and seen.slot <= row.slot else fresh).append((row, one))
    changes = _Changes()
    rows, states = [], []
    for row, one in fresh:
        state = SlotState.EXCLUDED if row.slug in excluded else one.state
        step = feed(_state_of(row.state), seen.slot, state, policy)
        changes.note(row.target, step.outage, step.findings)
        rows.append(_sample_row(row.target_id, seen.slot, one))
        states.append(_target_row(row, step.state, one.result.certificate_ends_at))
    _insert_missing(connection, sample, rows)
    _write_states(connection, states)
    changes.write(connection, origin="probe")
    put_in_place(connection, {(row.target, seen.slot): one for row, one in late}, policy)
    return _report(seen, changes, excluded)


def put_in_place(
    connection: Connection, samples: Mapping[tuple[str, int], Sample], policy: MonitoringPolicy
) -> int:
    """
    Add samples of slots that are not the newest, and run the rules again over their targets.

    A slot that already has a sample keeps it.

    Args:
        connection: A write transaction.
        samples: By target and slot.
        policy: The numbers of the rules.

    Returns:
        How many were new.
    """
    targets = _targets(connection, sorted({target for target, _ in samples}))
    added = 0
    for target, row in targets.items():
        mine = {slot: one for (name, slot), one in samples.items() if name == target}
        if not mine:
            continue
        taken = _taken(connection, row.target_id, mine)
        new = [_sample_row(row.target_id, slot, mine[slot]) for slot in mine if slot not in taken]
        if new:
            _insert_missing(connection, sample, new)
            _replay(connection, row, policy)
            added += len(new)
    return added


class _Changes:
    """The newest form of every outage and finding touched."""

    def __init__(self) -> None:
        self.outages: dict[tuple[str, int], OutageRun] = {}
        self.findings: dict[tuple[str, str, int], Finding] = {}

    def note(self, target: str, run: OutageRun | None, findings: Iterable[Finding]) -> None:
        if run is not None:
            self.outages[target, run.first_bad] = run
        self.findings |= {(target, one.kind, one.since): one for one in findings}

    def write(self, connection: Connection, *, origin: str) -> None:
        runs = [_outage_row(target, run, origin) for (target, _), run in self.outages.items()]
        _upsert(connection, outage, runs)
        found = [
            {
                "target": target,
                "kind": one.kind,
                "since": start_of(one.since),
                "slug": slug_of(target),
                "until": None if one.until is None else start_of(one.until),
            }
            for (target, _, _), one in self.findings.items()
        ]
        _upsert(connection, portal_finding, found)


def _report(seen: Round, changes: _Changes, excluded: set[str]) -> RoundReport:
    states = [
        SlotState.EXCLUDED if slug_of(one.result.target) in excluded else one.state
        for one in seen.samples
    ]
    runs = {outage_key(target, run): run for (target, _), run in changes.outages.items()}
    slot = seen.slot
    return RoundReport(
        slot=start_of(slot),
        **{state.value: states.count(state) for state in SlotState},
        is_cut_off=seen.is_cut_off,
        opened=tuple(key for key, run in runs.items() if run.first_bad == slot),
        escalated=tuple(key for key, run in runs.items() if run.escalated == slot),
        closed=tuple(key for key, run in runs.items() if run.good_after == slot),
        findings=tuple(f"{target}:{kind}" for target, kind, _ in changes.findings),
    )


def _targets(connection: Connection, names: Sequence[str]) -> dict[str, Row[Any]]:
    """Return the rows of targets, held until the transaction ends; new ones are made."""
    found = _held(connection, names)
    missing = [name for name in names if name not in found]
    if missing:
        rows = [{"target": name, "slug": slug_of(name), "state": {}} for name in missing]
        _insert_missing(connection, probe_target, rows)
        found |= _held(connection, missing)
    return found


def _held(connection: Connection, names: Sequence[str]) -> dict[str, Row[Any]]:
    found: dict[str, Row[Any]] = {}
    for begin in range(0, len(names), _AT_ONCE):
        query = (
            select(probe_target)
            .where(probe_target.c.target.in_(sorted(names)[begin : begin + _AT_ONCE]))
            .order_by(probe_target.c.target)
            .with_for_update()
        )
        found |= {row.target: row for row in connection.execute(query)}
    return found


def _excluded_slugs(connection: Connection, slot: int) -> set[str]:
    start = start_of(slot)
    query = select(exclusion.c.slug).where(
        exclusion.c.starts_at <= start, exclusion.c.ends_at > start
    )
    return set(connection.scalars(query))


def _taken(connection: Connection, target_id: int, slots: Iterable[int]) -> set[int]:
    wanted = sorted(slots)
    query = select(sample.c.slot).where(
        sample.c.target_id == target_id, sample.c.slot.between(wanted[0], wanted[-1])
    )
    return set(connection.scalars(query))


def _replay(connection: Connection, row: Row[Any], policy: MonitoringPolicy) -> None:
    """Run the rules over every sample of a target again."""
    query = (
        select(sample.c.slot, sample.c.state)
        .where(sample.c.target_id == row.target_id)
        .order_by(sample.c.slot)
    )
    seen = connection.execute(query).all()
    oldest = start_of(seen[0].slot)
    state, changes = _before(connection, row.target, oldest), _Changes()
    windows = connection.execute(
        select(exclusion.c.starts_at, exclusion.c.ends_at).where(exclusion.c.slug == row.slug)
    ).all()
    bounds = [(one.starts_at.timestamp(), one.ends_at.timestamp()) for one in windows]
    for slot, name in seen:
        is_excluded = any(begin <= slot < end for begin, end in bounds)
        step = feed(state, slot, SlotState.EXCLUDED if is_excluded else SlotState(name), policy)
        state = step.state
        changes.note(row.target, step.outage, step.findings)
    probed = set(
        connection.scalars(
            select(outage.c.first_bad).where(
                outage.c.target == row.target, outage.c.origin == "probe"
            )
        )
    )
    for table, column in ((outage, outage.c.first_bad), (portal_finding, portal_finding.c.since)):
        connection.execute(delete(table).where(table.c.target == row.target, column >= oldest))
    changes.write(connection, origin="history")
    connection.execute(
        update(outage)
        .where(outage.c.target == row.target, outage.c.first_bad.in_(probed))
        .values(origin="probe")
    )
    _write_states(connection, [_target_row(row, state, None)])


def _before(connection: Connection, target: str, oldest: datetime) -> TargetState:
    """Return the state before the oldest sample kept: at most an outage that lasted then."""
    row = connection.execute(
        select(outage)
        .where(outage.c.target == target, outage.c.first_bad < oldest)
        .order_by(outage.c.first_bad.desc())
        .limit(1)
    ).first()
    if row is None or (row.good_after is not None and row.good_after < oldest):
        return TargetState()
    return TargetState(
        outage=OutageRun(
            first_bad=int(row.first_bad.timestamp()),
            good_before=_slot(row.good_before),
            last_bad=int(row.last_bad.timestamp()),
            bad_slots=row.bad_slots,
            escalated=_slot(row.escalated_at),
        )
    )


def _slot(instant: datetime | None) -> int | None:
    return None if instant is None else int(instant.timestamp())


def _state_of(document: dict[str, Any]) -> TargetState:
    if not document:
        return TargetState()
    run = document["outage"]
    return TargetState(
        **document
        | {
            "outage": None if run is None else OutageRun(**run),
            "openings": tuple(document["openings"]),
        }
    )


def _target_row(row: Row[Any], state: TargetState, ends_at: datetime | None) -> dict[str, Any]:
    return {
        "b_target_id": row.target_id,
        "slot": state.slot,
        "last_known": state.last_known,
        "state": asdict(state),
        "certificate_ends_at": ends_at or row.certificate_ends_at,
    }


def _write_states(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        by_id = probe_target.c.target_id == bindparam("b_target_id")
        connection.execute(update(probe_target).where(by_id), rows)


def _sample_row(target_id: int, slot: int, one: Sample) -> dict[str, Any]:
    result, timings = one.result, one.result.timings
    return {
        "target_id": target_id,
        "slot": slot,
        "state": one.state.value,
        "status": result.status,
        "phase": result.phase,
        "reason": result.reason,
        "detail": result.detail,
        "dns_us": timings.dns_us,
        "connect_us": timings.connect_us,
        "tls_us": timings.tls_us,
        "first_byte_us": timings.first_byte_us,
        "total_us": timings.total_us,
    }


def _outage_row(target: str, run: OutageRun, origin: str) -> dict[str, Any]:
    return {
        "outage_key": outage_key(target, run),
        "target": target,
        "slug": slug_of(target),
        "good_before": None if run.good_before is None else start_of(run.good_before),
        "first_bad": start_of(run.first_bad),
        "last_bad": start_of(run.last_bad),
        "bad_slots": run.bad_slots,
        "escalated_at": None if run.escalated is None else start_of(run.escalated),
        "good_after": None if run.good_after is None else start_of(run.good_after),
        "origin": origin,
    }


def _insert(connection: Connection, table: Table) -> Any:
    """Return an insert of the database's own kind, which knows what to do about conflicts."""
    make = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    return make(table)


def _insert_missing(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(_insert(connection, table).on_conflict_do_nothing(), rows)


def _upsert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    statement = _insert(connection, table)
    keys = [column.name for column in table.primary_key]
    changed = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if column.name not in keys
    }
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), rows)
