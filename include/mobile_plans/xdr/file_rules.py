"""
What is checked of a file as a whole: its name, its manifest, its place in the sequence (F rules).

Pure: what is known of earlier files comes in ``Expectations``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Self

from include.mobile_plans.instants import format_instant
from include.mobile_plans.xdr.baseline import PeriodRows, VolumeVerdict, judge_volume
from include.mobile_plans.xdr.contract import CLOSE_ERRORS, CLOSE_REASONS
from include.mobile_plans.xdr.model import (
    LAST_SEQUENCE,
    LENGTHS,
    AcceptedFile,
    ControlTotals,
    Expectations,
    FeedFileName,
    Manifest,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A rule a file breaks, and how."""

    rule: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """
    What was read of a file.

    Attributes:
        rows: Records.
        malformed: Lines that are no rows.
        bytes: As delivered.
        unpacked_bytes: After decompression.
        sha256: As delivered.
        totals: Sums, or None where a cell could not be read.
        first_seq: The number of the first record, or None where there are none.
        last_seq: Of the last.
    """

    rows: int
    malformed: int
    bytes: int
    unpacked_bytes: int
    sha256: str | None
    totals: ControlTotals | None
    first_seq: int | None
    last_seq: int | None

    @classmethod
    def nothing(cls) -> Self:
        """Return the content of no file."""
        return cls(
            rows=0,
            malformed=0,
            bytes=0,
            unpacked_bytes=0,
            sha256=None,
            totals=ControlTotals(),
            first_seq=None,
            last_seq=None,
        )


def name_faults(file: str, name: FeedFileName | None, expected: Expectations) -> Iterator[Fault]:
    """F01 and F10: a right name, of a known mobile operator and feed, for a period it delivers."""
    if name is None:
        yield Fault(rule="F01", message=f"{file} does not have the form of the contract")
        return
    if expected.mobile_operator not in (None, name.mobile_operator):
        text = f"names {name.mobile_operator}, not {expected.mobile_operator}"
        yield Fault(rule="F01", message=text)
    if expected.feed not in (None, name.feed):
        yield Fault(rule="F01", message=f"names {name.feed}, not {expected.feed}")
    terms = expected.terms(name.feed)
    if expected.feeds and terms is None:
        yield Fault(rule="F01", message=f"{name.feed} is no feed of {name.mobile_operator}")
    if terms is not None and terms.format != name.format:
        yield Fault(rule="F01", message=f"is {name.format}, not {terms.format} as registered")
    if terms is not None and terms.cadence != name.cadence:
        text = f"has a period of {name.cadence}, not {terms.cadence} as registered"
        yield Fault(rule="F10", message=text)
    start = name.period_start
    if start.minute or (name.cadence == "P1D" and start.hour):
        text = f"has a period that begins at {format_instant(start)}, not on the hour or day in UTC"
        yield Fault(rule="F10", message=text)


def manifest_faults(
    name: FeedFileName, manifest: Manifest, expected: Expectations
) -> Iterator[Fault]:
    """F02, F09, F10 and F13 to F15: the manifest agrees with the name, and with itself."""
    for rule, what, stated, named in (
        ("F02", "feed", manifest.feed, name.feed),
        ("F02", "mobile_operator", manifest.mobile_operator, name.mobile_operator),
        ("F02", "env", manifest.env, name.environment),
        ("F09", "sequence", manifest.sequence, name.sequence),
        ("F09", "revision", manifest.revision, name.revision),
        ("F10", "period_start", manifest.period_start, name.period_start),
        ("F10", "period_end", manifest.period_end, name.period_end),
    ):
        if stated != named:
            text = f"has the manifest say {what} {stated} and its name {named}"
            yield Fault(rule=rule, message=text)
    if not manifest.empty and manifest.file != name.name:
        yield Fault(rule="F02", message=f"has a manifest of another file, {manifest.file}")
    yield from _statement_faults(manifest, expected)


def _statement_faults(manifest: Manifest, expected: Expectations) -> Iterator[Fault]:
    if manifest.lost_records:
        text = f"says that {manifest.lost_records} records are lost"
        yield Fault(rule="F13", message=text)
    if manifest.close_reason in CLOSE_ERRORS:
        yield Fault(rule="F14", message=f"was closed because of {manifest.close_reason}")
    elif manifest.close_reason not in CLOSE_REASONS:
        allowed = ", ".join((*CLOSE_REASONS, *CLOSE_ERRORS))
        text = f"has a close_reason {manifest.close_reason!r}: allowed are {allowed}"
        yield Fault(rule="F14", message=text)
    if manifest.created_at < manifest.cutoff_at:
        yield Fault(rule="F15", message="was created before its records were cut off")
    if manifest.created_at > expected.now + expected.policy.rows.future_slack:
        yield Fault(rule="F15", message="was created in the future")


def content_faults(manifest: Manifest, content: Content, *, is_whole: bool) -> Iterator[Fault]:
    """
    F03, F07, F08 and S02: the file is the one the manifest describes.

    Args:
        manifest: What it should be.
        content: What it is.
        is_whole: Whether it was read to its end; what it holds cannot be judged otherwise.
    """
    if manifest.bytes != content.bytes:
        text = f"has {content.bytes} bytes, the manifest says {manifest.bytes}"
        yield Fault(rule="F03", message=text)
    elif manifest.sha256 != content.sha256:
        yield Fault(rule="F03", message="has another SHA-256 than the manifest says")
    if not is_whole:
        return
    records = content.rows + content.malformed
    if manifest.records != records:
        text = f"holds {records} records, the manifest says {manifest.records}"
        yield Fault(rule="F07", message=text)
    if content.totals is not None and not content.malformed:
        yield from _total_faults(manifest.control_totals, content.totals)
    if content.malformed:
        return
    for what, stated, found in (
        ("first_record_seq", manifest.first_record_seq, content.first_seq),
        ("last_record_seq", manifest.last_record_seq, content.last_seq),
    ):
        if stated is not None and found is not None and stated != found:
            text = f"has {what} {found}, the manifest says {stated}"
            yield Fault(rule="S02", message=text)


def _total_faults(stated: ControlTotals, found: ControlTotals) -> Iterator[Fault]:
    for column, total in found.integers.items():
        if stated.integers.get(column) != total:
            text = f"sums {column} to {total}, the manifest says {stated.integers.get(column)}"
            yield Fault(rule="F08", message=text)
    for column, by_currency in found.money.items():
        told = stated.money.get(column, {})
        for currency in sorted({*by_currency, *told}):
            if by_currency.get(currency, 0) != told.get(currency, 0):
                text = (
                    f"sums {column} in {currency} to {by_currency.get(currency, 0)}, "
                    f"the manifest says {told.get(currency, 0)}"
                )
                yield Fault(rule="F08", message=text)


def trailer_faults(
    fields: tuple[str, ...] | None, name: FeedFileName | None, content: Content
) -> Iterator[Fault]:
    """F07 to F09 without a manifest: the last line says sequence, records and sum of bytes."""
    if fields is None:
        yield Fault(rule="F07", message="has neither a manifest nor a last line TRL")
        return
    if len(fields) != 3 or not all(one.isdecimal() for one in fields):  # noqa: PLR2004 - its fields
        text = "has a last line TRL without sequence, records and sum of bytes"
        yield Fault(rule="F07", message=text)
        return
    sequence, records, moved = (int(one) for one in fields)
    if name is not None and sequence != name.sequence:
        text = f"has sequence {sequence} in its last line and {name.sequence} in its name"
        yield Fault(rule="F09", message=text)
    found = content.rows + content.malformed
    if records != found:
        text = f"holds {found} records, its last line says {records}"
        yield Fault(rule="F07", message=text)
    if content.totals is None or content.malformed or not content.totals.integers:
        return
    total = sum(content.totals.integers.get(one, 0) for one in ("bytes_up", "bytes_down"))
    if total != moved:
        text = f"sums its bytes to {total}, its last line says {moved}"
        yield Fault(rule="F08", message=text)


def history_faults(
    name: FeedFileName, sha256: str | None, expected: Expectations
) -> Iterator[Fault]:
    """F09 and F10: the file's place among those accepted before it."""
    same = [one for one in expected.accepted if one.name.sequence == name.sequence]
    period = [one for one in expected.accepted if _overlap(one.name, name)]
    newest = max(same, key=lambda one: one.name.revision, default=None)
    if newest is not None and newest.name.period_start != name.period_start:
        text = f"has the sequence of {newest.name.name}, which is of another period"
        yield Fault(rule="F09", message=text)
    elif newest is not None:
        yield from _resend_faults(name, sha256, newest)
    for one in period:
        if one.name.sequence != name.sequence:
            yield Fault(rule="F10", message=f"overlaps the period of {one.name.name}")
    if newest is None and not period:
        yield from _gap_faults(name, expected)


def _resend_faults(name: FeedFileName, sha256: str | None, newest: AcceptedFile) -> Iterator[Fault]:
    if name.revision > newest.name.revision:
        return
    if sha256 is not None and sha256 == newest.sha256:
        yield Fault(rule="F09_copy", message=f"is a copy of {newest.name.name}: ignored")
    elif name.revision == newest.name.revision:
        text = (
            f"differs from {newest.name.name}, which has its sequence: a resend is a new revision"
        )
        yield Fault(rule="F09", message=text)
    else:
        yield Fault(rule="F09", message=f"was replaced by {newest.name.name} already")


def _gap_faults(name: FeedFileName, expected: Expectations) -> Iterator[Fault]:
    delivered = [*(one.name for one in expected.accepted), *expected.refused]
    earlier = [one for one in delivered if one.period_start < name.period_start]
    if not earlier:
        return
    before = max(earlier, key=lambda one: one.period_start)
    steps = (name.sequence - before.sequence) % LAST_SEQUENCE
    if steps != 1:
        periods = (name.period_start - before.period_start) // LENGTHS[name.cadence]
        text = f"follows {before.name} with {steps} steps of the sequence and {periods} periods"
        yield Fault(rule="F09_gap", message=text)


def _overlap(one: FeedFileName, other: FeedFileName) -> bool:
    return one.period_start < other.period_end and other.period_start < one.period_end


def volume_faults(
    name: FeedFileName | None, manifest: Manifest | None, content: Content, expected: Expectations
) -> Iterator[Fault]:
    """
    F12, F16 and T03: rows beside what is usual at that weekday and hour, their width beside it.

    Rows are only judged where a history is kept, those of test files never.
    """
    verdict = _volume(name, content, expected)
    usual = verdict.usual if verdict else None
    if not content.rows and not content.malformed:
        if manifest is None or not manifest.empty:
            text = "holds no row and does not say that its period is empty"
            yield Fault(rule="F12", message=text)
        elif usual is not None and usual >= expected.policy.drift.busy_rows:
            text = f"says that its period is empty, where {usual:.0f} rows are usual"
            yield Fault(rule="F12", message=text)
    else:
        yield from _width_faults(content, expected)
    if verdict is not None and verdict.fault is not None:
        rule, text = verdict.fault
        yield Fault(rule=rule, message=text)


def _volume(
    name: FeedFileName | None, content: Content, expected: Expectations
) -> VolumeVerdict | None:
    if expected.is_holiday is None or name is None or name.environment == "T":
        return None
    counted = {one.name.period_start: one.rows for one in expected.accepted}
    return judge_volume(
        PeriodRows(start=name.period_start, rows=content.rows),
        name.cadence,
        [PeriodRows(start=start, rows=rows) for start, rows in counted.items()],
        expected.is_holiday,
        expected.policy.volume,
    )


def _width_faults(content: Content, expected: Expectations) -> Iterator[Fault]:
    widths = [
        one.unpacked_bytes / one.rows
        for one in expected.accepted
        if one.rows and one.unpacked_bytes
    ]
    if len(widths) < expected.policy.volume.minimum_periods or not content.rows:
        return
    width, before = content.unpacked_bytes / content.rows, median(widths)
    if abs(width / before - 1) > expected.policy.drift.row_width:
        text = f"has {width:.0f} bytes a row, where {before:.0f} are usual"
        yield Fault(rule="F16", message=text)
