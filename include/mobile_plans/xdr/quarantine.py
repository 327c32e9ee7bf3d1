"""
Rows set aside, kept as they came, with their reasons.

A Parquet file: ``row`` (int64, from 1 after the header), ``reasons`` (text, rules with blanks
between), ``line`` (text, only of lines that are no rows), then the columns of the contract as text.
"""

from collections.abc import Iterator

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from include.mobile_plans.xdr.batches import Batch
from include.mobile_plans.xdr.contract import Feed
from include.mobile_plans.xdr.parquet import ParquetRows
from include.mobile_plans.xdr.reading import CsvRows
from include.mobile_plans.xdr.row_pass import Reasons
from include.mobile_plans.xdr.sheet import REASON_BITS

LONGEST_LINE = 1 << 16


def quarantine_schema(feed: Feed) -> pa.Schema:
    """Return the columns of a feed's quarantine file."""
    texts = [(name, pa.string()) for name in ("reasons", "line", *feed.names)]
    return pa.schema([("row", pa.int64()), *texts])


def write_quarantine(
    target: str, reader: CsvRows | ParquetRows, feed: Feed, reasons: Reasons | None
) -> None:
    """
    Write the rows set aside.

    Args:
        target: A local path or any address fsspec knows.
        reader: The file, read again from its beginning.
        feed: Its contract.
        reasons: Of each row, or None where only lines that are no rows are kept.

    Raises:
        Refused: The file cannot be read to its end; what could be read is kept.
    """
    schema = quarantine_schema(feed)
    with fsspec.open(target, "wb") as file, pq.ParquetWriter(file, schema) as writer:
        for part in _parts(reader, reasons, schema):
            writer.write_batch(part)


def _parts(
    reader: CsvRows | ParquetRows, reasons: Reasons | None, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    lines: list[tuple[int, str]] = []
    if isinstance(reader, CsvRows):
        reader.on_malformed = lambda row, text: lines.append((row, text[:LONGEST_LINE]))
    place = 0
    for batch in reader.batches():
        bits = None if reasons is None else reasons[place : place + batch.length]
        place += batch.length
        if bits is not None and bits.any():
            yield _rows(batch, bits, schema)
        if lines:
            yield _lines(lines, schema)
            lines.clear()
    if lines:
        yield _lines(lines, schema)


def _rows(batch: Batch, bits: Reasons, schema: pa.Schema) -> pa.RecordBatch:
    places = np.flatnonzero(bits)
    words = {bit: rules_of(bit) for bit in np.unique(bits[places])}
    chosen = pa.array(places)
    columns = {
        name: column.take(chosen).cast(pa.string()) for name, column in batch.columns.items()
    }
    columns["row"] = pa.array(batch.numbers()[places])
    columns["reasons"] = pa.array([words[bit] for bit in bits[places]])
    columns["line"] = pa.nulls(len(places), pa.string())
    return pa.record_batch([columns[name] for name in schema.names], schema=schema)


def _lines(lines: list[tuple[int, str]], schema: pa.Schema) -> pa.RecordBatch:
    rows = [
        {"row": row, "reasons": "R00", "line": text} | dict.fromkeys(schema.names[3:])
        for row, text in lines
    ]
    return pa.RecordBatch.from_pylist(rows, schema=schema)


def rules_of(bits: np.uint32) -> str:
    """Name the rules a row is set aside for."""
    return " ".join(rule for rule, bit in REASON_BITS.items() if bits & bit)
