"""
The feed contract as a document to be sent, and its schemas for machines.

``docs/xdr-feed-contract.md`` and ``docs/xdr/*.json`` are written from the code that checks files.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from include.mobile_plans.policy.xdr import FindingSeverity, XdrPolicy
from include.mobile_plans.xdr.catalogue import CHECKS, NOT_BUILT
from include.mobile_plans.xdr.contract import (
    CLOSE_ERRORS,
    CLOSE_REASONS,
    FEEDS,
    FILE_NAME,
    VERSION,
    Column,
    Feed,
)
from include.mobile_plans.xdr.manifest import manifest_schema

ROOT = Path(__file__).resolve().parents[3]
PAGE = Path("docs/xdr-feed-contract.md")
SCHEMAS = Path("docs/xdr")
TEMPLATE = Path(__file__).with_name("contract.md.jinja")

_TYPES = {
    "text": "string",
    "iccid": "string",
    "integer": "integer",
    "number": "number",
    "decimal": "number",
    "timestamp": "datetime",
}
_WORDS: Mapping[FindingSeverity, str] = {
    "R": "the file is refused",
    "Q": "the rows are set aside",
    "W": "warning",
    "I": "note",
}


def pages(policy: XdrPolicy) -> dict[Path, str]:
    """Return every generated file by its path from the root, the contract first."""
    written = {PAGE: _page(policy)}
    for feed in FEEDS.values():
        path = SCHEMAS / f"{feed.name.lower()}.schema.json"
        written[path] = json.dumps(table_schema(feed), indent=2) + "\n"
    written[SCHEMAS / "manifest.schema.json"] = json.dumps(manifest_schema(), indent=2) + "\n"
    return written


def write_pages(policy: XdrPolicy, root: Path = ROOT) -> None:
    """Write all of them."""
    for path, text in pages(policy).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def stale_pages(policy: XdrPolicy, root: Path = ROOT) -> list[Path]:
    """Name those that do not say what the code says."""
    return [
        path
        for path, text in pages(policy).items()
        if not (root / path).exists() or (root / path).read_text() != text
    ]


def table_schema(feed: Feed) -> dict[str, Any]:
    """Describe a feed's columns as a Frictionless table schema."""
    return {
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        "name": feed.name.lower(),
        "title": feed.title,
        "version": VERSION,
        "fields": [_field(column) for column in feed.columns],
        "fieldsMatch": ["superset"],
        "missingValues": [""],
        "primaryKey": list(feed.key),
    }


def _field(column: Column) -> dict[str, Any]:
    pattern = r"89[0-9]{16,18}" if column.type == "iccid" else column.pattern
    is_text = _TYPES[column.type] == "string"
    constraints = {
        "required": not column.nullable,
        "enum": list(column.values) or None,
        "pattern": pattern,
        "maxLength": column.longest if is_text and not column.values else None,
        "minimum": column.least,
        "maximum": column.most,
    }
    return {
        "name": column.name,
        "type": _TYPES[column.type],
        **({"format": "%Y-%m-%dT%H:%M:%S%z"} if column.type == "timestamp" else {}),
        "description": column.meaning,
        "constraints": {key: value for key, value in constraints.items() if value is not None},
    }


def _page(policy: XdrPolicy) -> str:
    environment = Environment(  # noqa: S701 - Markdown of our own, no HTML
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    lateness = (("hourly", policy.lateness.hourly), ("daily", policy.lateness.daily))
    return template.render(
        version=VERSION,
        pattern=FILE_NAME.pattern,
        feeds=FEEDS.values(),
        limit=_limit,
        words=_duration,
        policy=policy,
        lateness=lateness,
        checks=_checks(policy),
        not_built=NOT_BUILT.items(),
        close_reasons=", ".join(CLOSE_REASONS),
        close_errors=", ".join(CLOSE_ERRORS),
    )


def _checks(policy: XdrPolicy) -> Iterator[tuple[str, str, str]]:
    for rule, text in CHECKS.items():
        yield rule.partition("_")[0], _WORDS[policy.severities[rule]], text


def _limit(column: Column) -> str:
    """Say in words what a column may hold."""
    if column.values:
        return " ".join(f"`{value}`" for value in column.values)
    parts = []
    if column.pattern:
        parts.append(f"`{column.pattern}`")
    elif column.type == "text":
        parts.append(f"at most {column.longest} characters")
    if column.least is not None:
        parts.append(f"at least {column.least}")
    if column.most is not None:
        parts.append(f"at most {column.most}")
    return ", ".join(parts)


def _duration(duration: timedelta) -> str:
    """Say an elapsed time in its largest whole unit."""
    seconds = int(duration.total_seconds())
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds % size == 0 and seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"
