"""
Which records came in files of the days before: the ids of each accepted file, kept in the archive.

A file holds the columns ``hash`` (uint64, ascending) and ``id`` (text), so that only hashes are
read to find candidates, and ids only where hashes meet.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.mobile_plans.errors import MobilePlansError
from include.mobile_plans.monitoring import Archive
from include.mobile_plans.xdr.cells import Numbers
from include.mobile_plans.xdr.ids import IdLog
from include.mobile_plans.xdr.records import IDS

_SCHEMA = pa.schema([("hash", pa.uint64()), ("id", pa.string())])


def mark_of(sha256: str | None) -> str:
    """Return what tells one content of a file from another in the archive."""
    return (sha256 or "unread")[:12]


def place_of(slug: str, name: str, sha256: str | None) -> str:
    """Name the file of ids of a checked file."""
    return f"{IDS}/{slug}/{name}.{mark_of(sha256)}.parquet"


def keep_ids(archive: Archive, ids: IdLog, place: str, folder: Path) -> None:
    """
    Keep the ids of a file.

    Args:
        archive: Where.
        ids: Closed.
        place: Its name there.
        folder: Where it is written first.

    Raises:
        MobilePlansError: The archive cannot be written.
    """
    order = np.argsort(ids.hashes, kind="stable")
    texts = ids.texts(np.arange(len(order)))
    local = folder / "ids.parquet"
    table = pa.table({"hash": ids.hashes[order], "id": texts.take(pa.array(order))}, _SCHEMA)
    pq.write_table(table, local, compression="zstd")
    archive.put(local, place)


class KeptIds:
    """
    The records of earlier files as the archive has them; what is gone there is passed over.

    Args:
        archive: Where they are.
        places: Their files.
    """

    def __init__(self, archive: Archive, places: Iterable[str]) -> None:
        self._archive = archive
        self._places = tuple(places)

    def repeats(self, ids: IdLog) -> Numbers:
        """Return the places, ascending, of records an earlier file holds."""
        found = [np.zeros(0, np.int64)]
        for place in self._places:
            try:
                file = self._archive.parquet(place)
            except MobilePlansError:
                continue
            found.append(_repeats(ids, file))
        return np.unique(np.concatenate(found))


def _repeats(ids: IdLog, file: pq.ParquetFile) -> Numbers:
    theirs = file.read(columns=["hash"])["hash"].to_numpy()
    if not len(theirs):
        return np.zeros(0, np.int64)
    at = np.minimum(np.searchsorted(theirs, ids.hashes), len(theirs) - 1)
    candidates: Numbers = np.flatnonzero(theirs[at] == ids.hashes)
    if not len(candidates):
        return candidates
    known = file.read(columns=["id"])["id"]
    same = pc.is_in(ids.texts(candidates), value_set=known.combine_chunks())
    repeated: Numbers = candidates[np.asarray(same)]
    return repeated
