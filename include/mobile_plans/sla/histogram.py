"""
Latencies counted in buckets that grow with them: small, added up by adding, exact within a bound.

A bucket is as wide as 1/128 of the power of two it lies in, so the upper bound that stands for
its values is at most ``ERROR`` above them, and never below: a percentile never flatters. Whole
microseconds below 256 have a bucket each.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

_BITS = 7
"""Of a number's mantissa, as many as a bucket keeps."""
_SHIFT = 52 - _BITS
_BIAS = (1023 << _BITS) - 1
_LONGEST_US = 1 << 30
ERROR = 1 / (1 << _BITS)
"""A percentile is above the true one by at most this share of it."""
PACKED = np.dtype([("bucket", "<u2"), ("count", "<u2")])
"""How a histogram is kept: its buckets that are not empty; a full one as often as it takes."""
_FULL = (1 << 16) - 1

Integers = npt.NDArray[np.int64]


def buckets(values_us: npt.NDArray[np.int32] | Integers) -> Integers:
    """Return the bucket of each latency, given in microseconds from 0."""
    bits = values_us.astype(np.float64).view(np.int64)
    return np.asarray(np.maximum((bits >> _SHIFT) - _BIAS, 0))


SIZE = int(buckets(np.array([_LONGEST_US], dtype=np.int64))[0])
"""How many buckets there are: every latency below 17 minutes has one."""


def bounds(numbers: Integers) -> Integers:
    """Return the greatest latency of each bucket, in whole microseconds."""
    following = ((numbers + 1 + _BIAS) << _SHIFT).view(np.float64)
    return np.asarray(np.where(numbers == 0, 0, np.ceil(following) - 1).astype(np.int64))


def pack(counts: Integers) -> bytes:
    """Write the counts of all buckets as the bytes that are kept."""
    filled = np.flatnonzero(counts)
    packed = np.empty(len(filled), dtype=PACKED)
    packed["bucket"], packed["count"] = filled, counts[filled] % _FULL
    full = np.repeat(filled, counts[filled] // _FULL)
    if len(full):
        more = np.full(len(full), _FULL, dtype=PACKED)
        more["bucket"] = full
        packed = np.concatenate([packed, more])
    return packed.tobytes()


def percentiles(packed: Iterable[bytes], shares: Sequence[float]) -> list[int | None]:
    """
    Return percentiles of all latencies of some histograms, by nearest rank.

    Args:
        packed: The histograms, added up.
        shares: Which, such as 0.95.

    Returns:
        For each the upper bound of its bucket in microseconds; None where nothing was counted.
    """
    parts = np.frombuffer(b"".join(packed), dtype=PACKED)
    if not len(parts):
        return [None] * len(shares)
    counts = np.bincount(parts["bucket"], weights=parts["count"])
    ranks = [rank(share, int(counts.sum())) for share in shares]
    found = np.searchsorted(np.cumsum(counts), np.array(ranks) + 1)
    return [int(bound) for bound in bounds(found.astype(np.int64))]


def rank(share: float, count: int) -> int:
    """Return the place of a percentile among so many in order, from 0: nearest rank."""
    # So that 0.95 of 20 is 19 and not 20, whatever binary fractions make of it.
    return max(0, -int(-round(share * count, 6) // 1) - 1)
