"""
The archive: each closed UTC day of samples in one Parquet file that never changes.

A file is sorted by target, then slot, and a row group holds whole targets, so one target or all of
them are read in a stream. Columns: ``target``, ``phase``, ``reason`` and ``detail`` (text, kept as
dictionaries), ``slot`` (int64, seconds since 1970), ``state`` (int8, a place in ``STATES``),
``status`` (int16), and the times ``dns_us``, ``connect_us``, ``tls_us``, ``first_byte_us``,
``total_us`` and ``late_us`` (int32, microseconds). Slots that are not in it are unknown; planned
maintenance is not in it, because it may be known later. The key ``mobile_plans`` of its metadata is
a JSON document: the ``day``, the ``states``, and the ``policies`` in force on it (``since``,
``fingerprint``, ``interval_s``).
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from hashlib import sha256
from heapq import merge
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, Row, select

from include.mobile_plans.errors import BadInput, MobilePlansError
from include.mobile_plans.instants import format_instant
from include.mobile_plans.monitoring.probes import MEASURED
from include.mobile_plans.monitoring.slots import SlotState, whole_seconds
from include.mobile_plans.policy import ProgramPolicy
from include.mobile_plans.store.tables import probe_target, sample

ARCHIVE_VARIABLE = "MOBILE_PLANS_ARCHIVE"
STATES = (SlotState.GOOD, SlotState.BAD, SlotState.UNKNOWN)
"""What the numbers of the column ``state`` mean."""
TEXTS = ("target", "phase", "reason", "detail")
_TYPES = {
    "slot": pa.int64(),
    "state": pa.int8(),
    "status": pa.int16(),
    **dict.fromkeys(TEXTS, pa.string()),
}
SCHEMA = pa.schema(
    [(name, _TYPES.get(name, pa.int32())) for name in ("target", "slot", "state", *MEASURED)]
)
_NUMBERS = {state.value: number for number, state in enumerate(STATES)}
_ROWS_OF_A_GROUP = 65_536
_BYTES_AT_ONCE = 1 << 20
_DAY_S = 86_400


class Archive:
    """
    Files below one folder of any file system that fsspec knows.

    Args:
        url: A local path or a URL such as ``s3://bucket/folder``.
    """

    def __init__(self, url: str) -> None:
        self._files, self._root = fsspec.core.url_to_fs(url)

    @classmethod
    def from_environment(cls) -> "Archive":
        """
        Return the archive named by ``MOBILE_PLANS_ARCHIVE``.

        Raises:
            BadInput: The variable is not set.
        """
        url = os.environ.get(ARCHIVE_VARIABLE)
        if not url:
            msg = f"{ARCHIVE_VARIABLE} is not set: name a folder, or a URL such as s3://bucket/name"
            raise BadInput(msg)
        return cls(url)

    def put(self, local: Path, file: str) -> None:
        """
        Store a local file, under its name only once it is whole.

        Raises:
            MobilePlansError: The file system refuses it.
        """
        place, unfinished = self._place(file), self._place(f"{file}.part")
        with _explained(file):
            self._files.makedirs(place.rpartition("/")[0], exist_ok=True)
            self._files.put_file(str(local), unfinished)
            self._files.mv(unfinished, place)

    def hash_of(self, file: str) -> str:
        """
        Return the SHA-256 of a file.

        Raises:
            MobilePlansError: It is missing, or cannot be read.
        """
        digest = sha256()
        with _explained(file), self._files.open(self._place(file), "rb") as stream:
            while block := stream.read(_BYTES_AT_ONCE):
                digest.update(block)
        return digest.hexdigest()

    def parquet(self, file: str, dictionaries: Sequence[str] = ()) -> pq.ParquetFile:
        """
        Open a file for reading.

        Args:
            file: Its place.
            dictionaries: Columns of text to be read as dictionaries, without each value's text.

        Raises:
            MobilePlansError: It is missing, or cannot be read.
        """
        with _explained(file):
            stream = self._files.open(self._place(file), "rb")
            return pq.ParquetFile(stream, read_dictionary=list(dictionaries))

    def remove_older(self, folder: str, before: datetime) -> int:
        """
        Remove the files below a folder that were written before an instant; return how many.

        Raises:
            MobilePlansError: The file system refuses it.
        """
        place = self._place(folder)
        self._files.invalidate_cache()
        with _explained(folder):
            found = self._files.find(place, detail=True) if self._files.exists(place) else {}
            old = [path for path, info in found.items() if changed_at(info) < before]
            for path in old:
                self._files.rm_file(path)
        return len(old)

    def _place(self, file: str) -> str:
        return f"{self._root}/{file}"


def changed_at(info: dict[str, Any]) -> datetime:
    """Read when a file was written, as file systems tell it in different ways."""
    told = info.get("mtime", info.get("LastModified", info.get("created", 0)))
    if isinstance(told, str):
        told = datetime.fromisoformat(told)
    if isinstance(told, datetime):
        return told if told.tzinfo else told.replace(tzinfo=UTC)
    return datetime.fromtimestamp(float(told), UTC)


@contextmanager
def _explained(file: str) -> Iterator[None]:
    """Turn a file system's words into ours."""
    try:
        yield
    except FileNotFoundError:
        msg = f"{file} is missing in the archive"
        raise MobilePlansError(msg) from None
    except OSError as error:
        msg = f"the archive cannot be used for {file}: {error}"
        raise MobilePlansError(msg) from error


def bounds_of(day: date) -> tuple[int, int]:
    """Return the first slot of a UTC day, and the first one after it."""
    begin = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    return begin, begin + _DAY_S


def write_day(
    path: Path,
    connection: Connection,
    day: date,
    policies: Iterable[tuple[datetime, ProgramPolicy]],
    earlier: pq.ParquetFile | None = None,
) -> tuple[int, int]:
    """
    Write the samples of a day that are in the store, and those of an earlier file of it.

    Args:
        path: The file.
        connection: A snapshot.
        day: The day.
        policies: Since when which policy was in force.
        earlier: A file of the same day; its samples stay as they are.

    Returns:
        How many samples the file holds, and of how many targets.
    """
    about = {
        "day": day.isoformat(),
        "states": [state.value for state in STATES],
        "policies": [
            {
                "since": format_instant(since),
                "fingerprint": policy.fingerprint,
                "interval_s": whole_seconds(policy.monitoring.probe.interval),
            }
            for since, policy in policies
        ],
    }
    schema = SCHEMA.with_metadata({"mobile_plans": json.dumps(about)})
    parts = merge(_sealed_targets(earlier), stored_targets(connection, day), key=itemgetter(0))
    rows, targets, group = 0, 0, []
    with pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        use_dictionary=list(TEXTS),
        column_encoding={"slot": "DELTA_BINARY_PACKED"},
    ) as writer:
        for _, tables in groupby(parts, key=itemgetter(0)):
            group.append(_once_each([table for _, table in tables]))
            targets += 1
            rows += len(group[-1])
            if sum(map(len, group)) >= _ROWS_OF_A_GROUP:
                writer.write_table(pa.concat_tables(group))
                group = []
        if group:
            writer.write_table(pa.concat_tables(group))
    return rows, targets


def _once_each(tables: list[pa.Table]) -> pa.Table:
    """Put the samples of one target in order; of two of one slot the earlier table's stays."""
    table = pa.concat_tables(tables)
    _, first = np.unique(table["slot"].to_numpy(), return_index=True)
    return table.take(first) if len(tables) > 1 else table


def _sealed_targets(earlier: pq.ParquetFile | None) -> Iterator[tuple[str, pa.Table]]:
    """Read a file target by target."""
    if earlier is None:
        return
    for number in range(earlier.num_row_groups):
        table = earlier.read_row_group(number).cast(SCHEMA)
        names = table["target"].to_numpy()
        edges = [0, *(np.flatnonzero(names[1:] != names[:-1]) + 1), len(names)]
        for begin, end in pairwise(edges):
            yield names[begin], table.slice(begin, end - begin)


def stored_targets(
    connection: Connection, day: date, names: Sequence[str] | None = None
) -> Iterator[tuple[str, pa.Table]]:
    """
    Read a day's samples from the store, target by target in order, as the archive has them.

    Args:
        connection: A snapshot.
        day: The UTC day.
        names: Only these targets.
    """
    first, after = bounds_of(day)
    columns = [probe_target.c.target, *(sample.c[name] for name in SCHEMA.names[1:])]
    query = (
        select(*columns)
        .join_from(sample, probe_target)
        .where(sample.c.slot >= first, sample.c.slot < after)
        .order_by(probe_target.c.target, sample.c.slot)
    )
    if names is not None:
        query = query.where(probe_target.c.target.in_(names))
    found = connection.execute(query, execution_options={"yield_per": 10_000})
    for name, rows in groupby(found, key=itemgetter(0)):
        yield name, _table(rows)


def _table(rows: Iterable[Row[Any]]) -> pa.Table:
    columns = dict(zip(SCHEMA.names, zip(*rows, strict=True), strict=True))
    columns["state"] = tuple(map(_NUMBERS.__getitem__, columns["state"]))
    return pa.table(columns, schema=SCHEMA)
