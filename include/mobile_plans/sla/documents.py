"""Statements as documents: the JSON others read, and the rows of a table."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter

from include.mobile_plans.sla.model import Statement, TargetFigures

_STATEMENT = TypeAdapter(Statement)


def figures_document(one: TargetFigures) -> dict[str, Any]:
    """Return the figures of a target as others read them; what is not known is None."""
    latency = asdict(one.latency)
    return {
        "target": one.target,
        "first_slot": one.first_slot,
        "after": one.after,
        "slots": asdict(one.slots),
        "coverage": one.availability.coverage,
        "availability": one.availability.share,
        "availability_by_time": one.availability.by_time,
        "availability_low": one.availability.low,
        "availability_high": one.availability.high,
        "availability_without_exclusions": one.availability.without_exclusions,
        "target_availability": one.target_availability,
        "in_words": one.in_words,
        "seconds_by_cause": dict(one.seconds_by_cause),
        "budget": asdict(one.budget),
        "latency": {
            **{name: latency[name] for name in ("mean_ms", "share_within")},
            **{name: latency[name] for name in ("p50_ms", "p95_ms", "p99_ms")},
            "phases_ms": dict(one.latency.phases_ms),
            "limit_ms": one.latency_limit_ms,
            "statistic": one.latency_statistic,
        },
        "outages": [asdict(line) for line in one.outages],
        "verdict": {
            "availability": one.judged_availability.verdict,
            "latency": one.judged_latency.verdict,
        },
        "reasons": {
            "availability": one.judged_availability.reason,
            "latency": one.judged_latency.reason,
        },
        "days": [asdict(day) for day in one.days],
    }


def statement_document(statement: Statement) -> dict[str, Any]:
    """Return a statement as others read it: the figures of its targets, and all it says beside."""
    document = asdict(statement)
    return document | {"targets": [figures_document(one) for one in statement.targets]}


def kept_document(statement: Statement) -> dict[str, Any]:
    """Write a statement as the JSON document the store keeps."""
    document: dict[str, Any] = _STATEMENT.dump_python(statement, mode="json")
    return document


def statement_from(document: dict[str, Any]) -> Statement:
    """Read a statement back from the document the store keeps."""
    return _STATEMENT.validate_python(document)


CSV_HEADER = (
    *("target", "day", "good", "bad", "excluded", "unknown", "availability"),
    *("mean_ms", "share_within", "bad_s"),
)


def csv_rows(targets: Iterable[TargetFigures]) -> list[tuple[object, ...]]:
    """Return one row for each target and UTC day, in the order of ``CSV_HEADER``."""
    return [
        (
            *(one.target, day.day, day.slots.good, day.slots.bad, day.slots.excluded),
            *(day.slots.unknown, day.availability, day.mean_ms, day.share_within, day.bad_s),
        )
        for one in targets
        for day in one.days
    ]
