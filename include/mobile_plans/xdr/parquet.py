"""Parquet as the same batches of rows that CSV gives: text, or typed as the contract says."""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.mobile_plans.policy.xdr import FileLimits
from include.mobile_plans.xdr.batches import (
    CATEGORY,
    Batch,
    Malformed,
    bytes_of,
    compare_header,
    offsets_of,
)
from include.mobile_plans.xdr.contract import Column, Feed
from include.mobile_plans.xdr.gate import RATIO_FROM, Refused

PARQUET_ROWS = 1 << 16


class ParquetRows:
    """
    The rows of a Parquet file; its columns are text, or typed as the contract says.

    Args:
        file: Opened for reading, seekable.
        feed: The contract of its columns.
        limits: What it may cost.

    Raises:
        Refused: It is no whole Parquet file, or costs more than allowed.
    """

    trailer = None

    def __init__(self, file: BinaryIO, feed: Feed, limits: FileLimits) -> None:
        self._feed = feed
        try:
            schema = pq.read_schema(file)
            self._file = pq.ParquetFile(file, read_dictionary=_categories(schema, feed))
        except (pa.ArrowException, OSError) as error:
            msg = f"is no whole Parquet file: {str(error).splitlines()[0]}"
            raise Refused(msg, rule="F04") from None
        metadata = self._file.metadata
        groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
        self.unpacked = sum(group.total_byte_size for group in groups)
        packed = sum(
            group.column(index).total_compressed_size
            for group in groups
            for index in range(group.num_columns)
        )
        if metadata.num_rows > limits.rows or self.unpacked > limits.unpacked_bytes:
            msg = f"holds more than {limits.rows} rows or {limits.unpacked_bytes} bytes"
            raise Refused(msg, rule="F04")
        if self.unpacked > max(RATIO_FROM, packed * limits.unpacked_ratio):
            msg = f"unpacks to more than {limits.unpacked_ratio} times its size"
            raise Refused(msg, rule="F04")
        if metadata.num_columns > limits.columns:
            msg = f"has {metadata.num_columns} columns: {limits.columns} are allowed"
            raise Refused(msg, rule="F06")
        self.header = compare_header(self._file.schema_arrow.names, feed)
        self.header.wrong_types = tuple(
            f"{column.name} is {self._file.schema_arrow.field(column.name).type}"
            for column in feed.columns
            if column.name not in self.header.missing
            and not _is_allowed(column, self._file.schema_arrow.field(column.name).type)
        )
        self.malformed = Malformed()

    def batches(self, columns: tuple[str, ...] | None = None) -> Iterator[Batch]:
        """
        Yield the rows; nothing where columns are missing or have wrong types.

        Args:
            columns: Only these, or all of the contract.

        Raises:
            Refused: A page is damaged, or text is none.
        """
        if self.header.is_unreadable:
            return
        wanted = [name for name in self._feed.names if columns is None or name in columns]
        before = 0
        try:
            for found in self._file.iter_batches(PARQUET_ROWS, columns=wanted, use_threads=False):
                batch = Batch(
                    columns={
                        name: _plain(found.column(name), self._feed.column(name)) for name in wanted
                    },
                    length=found.num_rows,
                    before=before,
                )
                before += batch.length
                yield batch
        except (pa.ArrowException, OSError) as error:
            msg = f"is damaged Parquet: {str(error).splitlines()[0]}"
            raise Refused(msg, rule="F04") from None


def _is_allowed(column: Column, kind: pa.DataType) -> bool:
    if _is_text(kind):
        return True
    match column.type:
        case "integer":
            return bool(pa.types.is_integer(kind) and not pa.types.is_uint64(kind))
        case "number":
            return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))
        case "decimal":
            return bool(pa.types.is_decimal(kind))
        case "timestamp":
            return bool(pa.types.is_timestamp(kind) and kind.tz is not None)
    return bool(pa.types.is_null(kind))


def _categories(schema: pa.Schema, feed: Feed) -> list[str]:
    texts = [one.name for one in schema if pa.types.is_string(one.type)]
    return [one.name for one in feed.columns if one.is_category and one.name in texts]


def _plain(array: pa.Array, column: Column) -> pa.Array:
    """
    Return text as CSV gives it: 32-bit offsets, coded or not by its column, empty as null, clean.

    Raises:
        Refused: It holds NUL or is no UTF-8, which Parquet's reader does not look for.
    """
    kind = array.type
    if not (_is_text(kind) or pa.types.is_null(kind)):
        return array
    coded = pa.types.is_dictionary(kind)
    if not coded or not column.is_category:
        array = (array.dictionary_decode() if coded else array).cast(pa.string())
    if column.is_category:
        array = array.cast(CATEGORY) if coded else array.dictionary_encode()
    text = array.dictionary if column.is_category else array
    _require_clean(text)
    if _has_empty(text):
        filled = array.cast(pa.string())
        filled = pc.if_else(pc.equal(filled, ""), pa.scalar(None, pa.string()), filled)
        array = filled.dictionary_encode() if column.is_category else filled
    return array


def _is_text(kind: pa.DataType) -> bool:
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(value) or pa.types.is_large_string(value))


def _has_empty(text: pa.Array) -> bool:
    lengths = np.diff(offsets_of(text))
    return bool((lengths == 0).sum() > text.null_count)


def _require_clean(text: pa.Array) -> None:
    used = bytes_of(text)
    if not len(used):
        return
    if used.min() == 0:
        msg = "holds NUL bytes"
        raise Refused(msg, rule="F05")
    if used.max() > 127:  # noqa: PLR2004 - the last character of ASCII
        try:
            text.validate(full=True)
        except pa.ArrowInvalid:
            msg = "holds text that is not UTF-8"
            raise Refused(msg, rule="F05") from None
