"""Files of detail records as a mobile operator would deliver them, with faults where asked."""

import gzip
import hashlib
import io
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from include.mobile_plans.errors import BadInput
from include.mobile_plans.policy import MobileOperator
from include.mobile_plans.policy.mobile_operators import XdrFeed
from include.mobile_plans.simulation.xdr_rows import Columns, Rows, cards_in, make_columns
from include.mobile_plans.xdr import (
    FEEDS,
    ControlTotals,
    FeedFileName,
    FeedName,
    Manifest,
    file_name,
    write_manifest,
)

ROWS_AT_ONCE = 500_000
COMPRESSION = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Injected:
    """
    A fault put into a file.

    Attributes:
        file: The file's name.
        check: The rule it breaks, such as ``R03`` or ``F06_extra``.
        rows: The rows that break it, from 1 after the header; empty for the file as a whole.
    """

    file: str
    check: str
    rows: tuple[int, ...] = ()

    @property
    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "file": self.file,
            "check": self.check.partition("_")[0],
            "rule": self.check,
            "rows": list(self.rows),
            "count": len(self.rows) or 1,
        }


@dataclass(slots=True, kw_only=True)
class Draft:
    """
    A file before it is written; faults change it.

    Attributes:
        name: Its parts.
        terms: How the mobile operator's feed differs from the contract.
        columns: Text by column, in the order of the header; typed for Parquet.
        created_at: When it says it was written.
        manifest: What of its manifest is replaced at the end.
        has_manifest: Whether one is written.
        short_lines: Rows, from 1, written with fewer fields.
        prefix: Bytes before the text.
        damage: What is done to the bytes of the file.
    """

    name: FeedFileName
    terms: XdrFeed
    columns: Columns
    created_at: datetime
    manifest: dict[str, Any] = field(default_factory=dict)
    has_manifest: bool = True
    short_lines: tuple[int, ...] = ()
    prefix: bytes = b""
    damage: str | None = None
    empty: bool = False

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return len(next(iter(self.columns.values())))


def feed_terms(mobile_operator: MobileOperator, feed: FeedName) -> XdrFeed:
    """
    Return how a mobile operator delivers a feed.

    Raises:
        BadInput: It does not.
    """
    found = [one for one in mobile_operator.xdr_feeds if one.feed == feed]
    if not found:
        feeds = ", ".join(one.feed for one in mobile_operator.xdr_feeds) or "none"
        msg = f"{mobile_operator.slug} delivers no {feed}: its feeds are {feeds}"
        raise BadInput(msg)
    return found[0]


def draft_file(
    mobile_operator: MobileOperator,
    feed: FeedName,
    start: datetime,
    *,
    sequence: int,
    rows: int,
    seed: int,
    first: int = 0,
) -> Draft:
    """
    Make the rows of one period.

    Args:
        mobile_operator: Whose cards and habits.
        feed: Which feed.
        start: Of the period, aware UTC.
        sequence: Of the file.
        rows: How many.
        seed: The same makes the same rows.
        first: How many records came before.
    """
    terms = feed_terms(mobile_operator, feed)
    random = np.random.default_rng([seed, sequence])
    name = FeedFileName(
        name="",
        feed=feed,
        mobile_operator=mobile_operator.slug,
        environment="P",
        period_start=start,
        cadence=terms.cadence,
        sequence=sequence,
        revision=0,
        format=terms.format,
    )
    name = replace(name, name=file_name(name))
    made = make_columns(
        Rows(
            name=name,
            count=rows,
            first=first,
            cards=cards_in(mobile_operator.iccid_ranges.at("production", start), random),
            countries=mobile_operator.countries,
            random=random,
        )
    )
    columns = {key: as_text(column, terms) for key, column in made.items()}
    created_at = name.period_end + timedelta(minutes=12, seconds=31)
    return Draft(name=name, terms=terms, columns=columns, created_at=created_at)


def as_text(column: pa.Array, terms: XdrFeed) -> pa.Array:
    """Write a column as CSV has it; times without offset where the mobile operator's are so."""
    if not pa.types.is_timestamp(column.type):
        return column.cast(pa.string())
    if terms.time_zone == "UTC":
        local, ending = column.cast(pa.timestamp("s")), "Z"
    else:
        local, ending = pc.local_timestamp(column.cast(pa.timestamp("s", tz=terms.time_zone))), ""
    text = pc.replace_substring(local.cast(pa.string()), " ", "T")
    return pc.binary_join_element_wise(text, ending, "")


def write_draft(folder: Path, draft: Draft) -> Path:
    """Write a file, its manifest last, and return its path; an empty period has no file."""
    path = folder / draft.name.name
    if not draft.empty:
        if draft.name.format == "parquet":
            _write_parquet(path, draft)
        else:
            _write_csv(path, draft)
        if draft.damage == "truncated":
            data = path.read_bytes()
            path.write_bytes(data[: len(data) * 2 // 3])
    if draft.terms.manifest and draft.has_manifest:
        manifest = replace(manifest_of(draft, path), **draft.manifest)
        (folder / draft.name.manifest_name).write_text(write_manifest(manifest))
    return path


def _write_csv(path: Path, draft: Draft) -> None:
    delimiter = draft.terms.delimiter
    options = pacsv.WriteOptions(include_header=False, delimiter=delimiter, quoting_style="none")
    table = pa.table(draft.columns)
    with path.open("wb") as raw, gzip.GzipFile("", "wb", COMPRESSION, raw, mtime=0) as packed:
        packed.write(draft.prefix + delimiter.join(draft.columns).encode() + b"\n")
        for begin in range(0, draft.rows, ROWS_AT_ONCE):
            text = io.BytesIO()
            pacsv.write_csv(table.slice(begin, ROWS_AT_ONCE), text, options)
            packed.write(_shortened(text.getvalue(), draft, begin))
        if not draft.terms.manifest:
            totals = control_totals(draft)
            moved = sum(totals.integers.get(one, 0) for one in ("bytes_up", "bytes_down"))
            fields = ("TRL", str(draft.name.sequence), str(draft.rows), str(moved))
            packed.write(delimiter.join(fields).encode() + b"\n")


def _shortened(text: bytes, draft: Draft, begin: int) -> bytes:
    rows = [row - 1 - begin for row in draft.short_lines if begin < row <= begin + ROWS_AT_ONCE]
    if not rows:
        return text
    lines = text.split(b"\n")
    delimiter = draft.terms.delimiter.encode()
    for row in rows:
        lines[row] = lines[row].rpartition(delimiter)[0]
    return b"\n".join(lines)


def _write_parquet(path: Path, draft: Draft) -> None:
    table = pa.table(typed_columns(draft))
    pq.write_table(table, path, compression="zstd", row_group_size=ROWS_AT_ONCE)


def typed_columns(draft: Draft, *, keep_text: bool = True) -> Columns:
    """
    Return the columns as Parquet has them.

    Args:
        draft: Whose.
        keep_text: Whether a column with a text no typed column can hold stays text, as a mobile
            operator would deliver it; or else that text is left out.
    """
    kinds = {
        "integer": pa.int64(),
        "number": pa.float64(),
        "decimal": pa.decimal128(18, 6),
        "timestamp": pa.timestamp("s", tz="UTC"),
    }
    feed = FEEDS[draft.name.feed]
    columns: Columns = {}
    for name, column in draft.columns.items():
        kind = kinds.get(feed.column(name).type) if name in feed.names else None
        try:
            columns[name] = column if kind is None else column.cast(kind)
        except pa.ArrowInvalid:
            whole = pc.match_substring_regex(column, r"Z$")
            columns[name] = column if keep_text else pc.if_else(whole, column, None).cast(kind)
    return columns


def control_totals(draft: Draft) -> ControlTotals:
    """Sum what manifests state, leaving out what is no number."""
    feed = FEEDS[draft.name.feed]
    integers = {
        name: pc.sum(_numbers(draft.columns[name], pa.int64())).as_py() or 0 for name in feed.totals
    }
    if feed.money is None or feed.currency is None:
        return ControlTotals(integers=integers)
    money = pa.table(
        {
            "amount": _numbers(draft.columns[feed.money], pa.decimal128(18, 6)),
            "currency": draft.columns[feed.currency],
        }
    )
    sums = money.group_by("currency").aggregate([("amount", "sum")])
    amounts = {
        currency: amount
        for currency, amount in zip(
            sums["currency"].to_pylist(), sums["amount_sum"].to_pylist(), strict=True
        )
        if currency is not None and amount is not None
    }
    return ControlTotals(integers=integers, money={feed.money: amounts})


def _numbers(column: pa.Array, kind: pa.DataType) -> pa.Array:
    good = pc.match_substring_regex(column, r"^-?[0-9]+(\.[0-9]{1,6})?$")
    return pc.if_else(good, column, None).cast(kind)


def manifest_of(draft: Draft, path: Path) -> Manifest:
    """State what a file holds, for the manifest beside it."""
    name = draft.name
    data = b"" if draft.empty else path.read_bytes()
    numbered = None if draft.empty or not draft.rows else draft.columns.get("record_seq")
    return Manifest(
        feed=name.feed,
        mobile_operator=name.mobile_operator,
        env=name.environment,
        sequence=name.sequence,
        revision=name.revision,
        period_start=name.period_start,
        period_end=name.period_end,
        cutoff_at=name.period_end + timedelta(minutes=5),
        created_at=draft.created_at,
        file=None if draft.empty else name.name,
        bytes=None if draft.empty else len(data),
        sha256=None if draft.empty else hashlib.sha256(data).hexdigest(),
        records=0 if draft.empty else draft.rows,
        control_totals=ControlTotals() if draft.empty else control_totals(draft),
        first_record_seq=None if numbered is None else _whole(numbered[0]),
        last_record_seq=None if numbered is None else _whole(numbered[-1]),
        lost_records=0,
        close_reason="time",
        empty=draft.empty,
    )


def _whole(value: Any) -> int | None:
    text = value.as_py()
    return int(text) if text is not None and text.isdecimal() else None
