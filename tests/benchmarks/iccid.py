"""
Ten million ICCIDs as text against ten thousand ranges, half of them inside.

Ours reads the digits from Arrow's buffers and searches the sorted starts of the ranges; building
the table of ranges is measured too. The peer is pandas: the check digit is cut off and the body
read as a 64-bit integer by Arrow, then `IntervalIndex.get_indexer` finds its range; building the
index is measured too. Both start from the same Arrow column and must give the same answers.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from include.mobile_plans.iccid import IccidRange, RangeTable
from tests.benchmarks.harness import Result, compare

NUMBERS = 10_000_000
RANGES = 10_000
LIMIT = 0.5
"""Of pandas' processor time; a third is usual, the rest is headroom for a noisy machine."""

ISSUERS = (8901260, 8931089, 8942306, 8944501, 8988247)
ACCOUNTS = 10**11
"""Numbers an issuer of seven digits has within the 18 digits of a body."""

Bodies = npt.NDArray[np.int64]


def bounds(count: int, random: np.random.Generator) -> tuple[Bodies, Bodies]:
    """Draw disjoint ranges, as many for each issuer, each at most half as long as its share."""
    share = ACCOUNTS * len(ISSUERS) // count
    positions = np.arange(count // len(ISSUERS)) * share
    starts = np.concatenate([issuer * ACCOUNTS + positions for issuer in ISSUERS])
    return starts, starts + random.integers(0, share // 2, len(starts))


def numbers(count: int, starts: Bodies, ends: Bodies, random: np.random.Generator) -> pa.Array:
    """Draw numbers of 19 digits as text, half of them in a range, in no order."""
    chosen = random.integers(0, len(starts), count)
    inside = starts[chosen] + random.integers(0, ends[chosen] - starts[chosen] + 1)
    anywhere = random.choice(ISSUERS, count) * ACCOUNTS + random.integers(0, ACCOUNTS, count)
    bodies = np.where(random.random(count) < 1 / 2, inside, anywhere)
    return pa.array(bodies * 10 + random.integers(0, 10, count)).cast(pa.string())


def by_room(column: pa.Array, ranges: list[IccidRange]) -> npt.NDArray[np.bool_]:
    """Answer with our own table of ranges."""
    return RangeTable(ranges).holds(column)


def by_pandas(column: pa.Array, starts: Bodies, ends: Bodies) -> npt.NDArray[np.bool_]:
    """Answer with an index of intervals."""
    text = pd.Series(column, dtype=pd.ArrowDtype(pa.string()), copy=False)
    bodies = text.str.slice(0, 18).astype("int64[pyarrow]").to_numpy(dtype="int64")
    found = pd.IntervalIndex.from_arrays(starts, ends, closed="both").get_indexer(bodies)
    return np.asarray(found >= 0)


def measure(count: int = NUMBERS, range_count: int = RANGES) -> list[Result]:
    """Compare both, after they have given the same answers."""
    random = np.random.default_rng(20_261_123)
    starts, ends = bounds(range_count, random)
    column = numbers(count, starts, ends, random)
    ranges = [
        IccidRange(start=str(start), end=str(end), length=19, has_check_digit=True)
        for start, end in zip(starts, ends, strict=True)
    ]
    np.testing.assert_array_equal(by_room(column, ranges), by_pandas(column, starts, ends))
    return [
        compare(
            "iccid",
            lambda: by_room(column, ranges),
            lambda: by_pandas(column, starts, ends),
            peer="pandas IntervalIndex",
            limit=LIMIT,
        )
    ]
