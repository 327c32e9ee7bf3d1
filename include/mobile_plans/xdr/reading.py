"""
CSV behind its gate as batches of rows.

Every column is read as text, because a typed reader gives up the whole file at one wrong value, and
a number loses digits of an ICCID. Lines that are no rows are counted, never filled up.
"""

import csv
import io
from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.csv as pacsv

from include.mobile_plans.policy.xdr import FileLimits
from include.mobile_plans.xdr.batches import (
    CATEGORY,
    Batch,
    Header,
    Malformed,
    Trailer,
    compare_header,
)
from include.mobile_plans.xdr.contract import TRAILER, Column, Feed
from include.mobile_plans.xdr.gate import Gate, Refused
from include.mobile_plans.xdr.model import SAMPLES


class CsvRows:
    """
    The rows of a CSV file behind its gate.

    Args:
        gate: Hands on its blocks.
        feed: The contract of its columns.
        delimiter: Between fields.
        limits: What it may cost.

    Attributes:
        header: Compared with the contract; filled once ``batches`` has begun.
        malformed: Filled while it is read.
        trailer: Filled at the end, where there is one.
        on_malformed: Called with the number and text of each line that is no row.
    """

    def __init__(self, gate: Gate, feed: Feed, delimiter: str, limits: FileLimits) -> None:
        self._gate = gate
        self._feed = feed
        self._delimiter = delimiter
        self._limits = limits
        self.header = Header()
        self.malformed = Malformed()
        self.trailer: Trailer | None = None
        self.on_malformed: Callable[[int, str], None] | None = None

    @property
    def unpacked(self) -> int:
        """Bytes after decompression, so far."""
        return self._gate.unpacked

    def batches(self, columns: tuple[str, ...] | None = None) -> Iterator[Batch]:
        """
        Yield the rows; nothing where columns are missing.

        Args:
            columns: Only these, or all of the contract.

        Raises:
            Refused: The gate stops the file, or it holds more than allowed.
        """
        blocks = self._gate.blocks()
        first, _, rest = next(blocks, b"").partition(b"\n")
        names = self._names(first)
        self.header = compare_header(names, self._feed)
        if self.header.is_unreadable:
            return
        wanted = [name for name in self._feed.names if columns is None or name in columns]
        before = 0
        for block in self._one_behind(rest, blocks):
            batch = self._parse(block, names, wanted, before)
            before += batch.length + len(batch.malformed)
            if before > self._limits.rows:
                msg = f"holds more than {self._limits.rows} rows"
                raise Refused(msg, rule="F04")
            if batch.length:
                yield batch

    def _names(self, line: bytes) -> list[str]:
        text = io.StringIO(line.decode().rstrip("\r"), newline="")
        names = next(csv.reader(text, delimiter=self._delimiter), [])
        if len(names) > self._limits.columns:
            msg = f"has {len(names)} columns: {self._limits.columns} are allowed"
            raise Refused(msg, rule="F06")
        return names

    def _one_behind(self, first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield every block, the last without the trailer, which only the last line can be."""
        held = first
        for block in blocks:
            if held:
                yield held
            held = block
        begin = held.rstrip(b"\r\n").rfind(b"\n") + 1
        if held[begin:].startswith(f"{TRAILER}{self._delimiter}".encode()):
            fields = held[begin:].decode().strip().split(self._delimiter)
            self.trailer = Trailer(fields=tuple(fields[1:]))
            held = held[:begin]
        if held:
            yield held

    def _parse(self, block: bytes, names: list[str], wanted: list[str], before: int) -> Batch:
        malformed: list[int] = []

        def skip(row: pacsv.InvalidRow) -> str:
            malformed.append(row.number - 1)
            self._keep(before + row.number, row.actual_columns)
            if self.on_malformed is not None:
                self.on_malformed(before + row.number, row.text)
            return "error" if self.malformed.count > self._limits.malformed_rows else "skip"

        try:
            table = pacsv.read_csv(
                pa.BufferReader(block),
                read_options=pacsv.ReadOptions(
                    use_threads=False, column_names=names, block_size=len(block) + 1
                ),
                parse_options=pacsv.ParseOptions(
                    delimiter=self._delimiter, invalid_row_handler=skip
                ),
                convert_options=pacsv.ConvertOptions(
                    column_types={one: _text_type(self._feed.column(one)) for one in wanted},
                    include_columns=wanted,
                    null_values=[""],
                    strings_can_be_null=True,
                    check_utf8=False,  # the gate has looked at every byte
                ),
            )
        except pa.ArrowInvalid:
            if self.malformed.count <= self._limits.malformed_rows:
                raise
            msg = (
                f"has more than {self._limits.malformed_rows} rows with a wrong number of fields; "
                "reading stopped there"
            )
            raise Refused(msg, rule="F06") from None
        _require_lines_are_rows(block, table.num_rows + len(malformed))
        columns = {name: _one_array(table.column(name)) for name in wanted}
        return Batch(
            columns=columns, length=table.num_rows, before=before, malformed=tuple(malformed)
        )

    def _keep(self, number: int, fields: int) -> None:
        self.malformed.count += 1
        if len(self.malformed.first) < SAMPLES:
            self.malformed.first.append((number, fields))


def _text_type(column: Column) -> pa.DataType:
    return CATEGORY if column.is_category else pa.string()


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return column.combine_chunks() if column.num_chunks else pa.array([], column.type)


def _require_lines_are_rows(block: bytes, rows: int) -> None:
    """
    Refuse line breaks inside quotes: where a row ends must not depend on where a block does.

    Raises:
        Refused: There is one, or a quote is never closed.
    """
    if b'"' not in block or b"\n\n" in block or b"\n\r\n" in block:
        return
    lines = block.count(b"\n") + (not block.endswith(b"\n"))
    if lines != rows:
        msg = "has a line break inside quotes, or a quote that is never closed"
        raise Refused(msg, rule="F05")
