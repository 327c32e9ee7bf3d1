"""Records that were there before: candidates by hash, decided by the id itself."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from include.mobile_plans.xdr.ids import EarlierFiles, IdLog, hashes_of, repeated_hashes

IDS = st.lists(st.text("ab1", max_size=12) | st.text(max_size=20), max_size=40)


def log_of(folder: Path, *batches: list[str | None], same_hash: bool = False) -> IdLog:
    """Write ids into a log, if wanted with hashes that all collide."""
    log = IdLog(folder)
    for batch in batches:
        ids = pa.array(batch, pa.string())
        log.append(ids, np.zeros(len(ids), np.uint64) if same_hash else hashes_of(ids))
    log.close()
    return log


def repeated_in(*batches: list[str]) -> list[int]:
    ids = [one for batch in batches for one in batch]
    return [place for place, one in enumerate(ids) if one in ids[:place]]


@given(IDS, IDS)
def test_repeated_ids_are_found_and_the_first_is_kept(first: list[str], second: list[str]) -> None:
    """S01: every later place of an id, over batches of any lengths of ids."""
    with TemporaryDirectory() as folder:
        log = log_of(Path(folder), first, second)
        assert log.repeated().tolist() == repeated_in(first, second)


@given(IDS, IDS)
def test_ids_of_an_earlier_file_are_found(first: list[str], second: list[str]) -> None:
    """S01: every place whose id another file has."""
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        earlier, log = log_of(Path(one), first), log_of(Path(other), second)
        expected = [place for place, text in enumerate(second) if text in first]
        assert EarlierFiles([earlier]).repeats(log).tolist() == expected
        assert log.repeats_of(earlier).tolist() == expected


def test_equal_hashes_alone_are_no_repetition(tmp_path: Path) -> None:
    """A hash is only a candidate: records with other ids are not set aside."""
    log = log_of(tmp_path, ["a", "b", "c"], ["a"], same_hash=True)
    assert log.repeated().tolist() == [3]


def test_a_missing_id_is_no_repetition(tmp_path: Path) -> None:
    """Rows without an id are not each other's copies."""
    assert log_of(tmp_path, [None, "", None, ""]).repeated().tolist() == [3]


@given(st.lists(st.integers(0, 5), max_size=30))
def test_repeated_hashes_name_the_first_place(values: list[int]) -> None:
    """Each later place with the first place of the same hash."""
    places, firsts = repeated_hashes(np.array(values, np.uint64))
    pairs = {(int(a), int(b)) for a, b in zip(places, firsts, strict=True)}
    assert pairs == {(p, values.index(v)) for p, v in enumerate(values) if values.index(v) != p}


def test_hashes_differ_for_different_ids() -> None:
    """Lengths and every byte count: a hundred thousand neighbours do not meet."""
    ids = [f"r{number}" for number in range(100_000)]
    assert max(Counter(hashes_of(pa.array(ids)).tolist()).values()) == 1
    assert len(set(hashes_of(pa.array(["a", "a\0", "a\0\0", ""])).tolist())) == 4
