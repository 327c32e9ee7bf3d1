"""Ranges at event time: an ICCID is judged by the ranges of the moment it was used in."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from include.mobile_plans.iccid import RangeTable
from include.mobile_plans.policy.mobile_operators import IccidRanges
from include.mobile_plans.policy.versions import MobileOperatorVersion
from include.mobile_plans.xdr.cells import Flags, Numbers
from include.mobile_plans.xdr.model import Environment, RangePeriod

_LEAST, _MOST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


class RangesOverTime:
    """
    Ranges made ready for whole columns.

    Args:
        periods: The ranges and when each is valid.
    """

    def __init__(self, periods: Iterable[RangePeriod]) -> None:
        spans = [
            (
                _LEAST if one.begin is None else int(one.begin.timestamp()),
                _MOST if one.end is None else int(one.end.timestamp()),
                one.ranges,
            )
            for one in periods
        ]
        moments = {_LEAST, *(begin for begin, _, _ in spans), *(end for _, end, _ in spans)}
        self._begins = np.array(sorted(moments - {_MOST}), np.int64)
        self._all = []
        self._unchecked = []
        for moment in self._begins:
            valid = [one for begin, end, ranges in spans if begin <= moment < end for one in ranges]
            self._all.append(RangeTable(valid))
            self._unchecked.append(RangeTable(one for one in valid if not one.has_check_digit))

    def hold(self, iccids: pa.Array, at: Numbers) -> Flags:
        """Tell of each number whether it lies in a range that is valid at its time."""
        return self._ask(self._all, iccids, at)

    def need_no_check_digit(self, iccids: pa.Array, at: Numbers) -> Flags:
        """Tell of each number whether it lies in a range registered without check digits."""
        return self._ask(self._unchecked, iccids, at)

    def _ask(self, tables: list[RangeTable], iccids: pa.Array, at: Numbers) -> Flags:
        if not len(at):
            return np.zeros(0, np.bool_)
        first = int(np.searchsorted(self._begins, at.min(), side="right")) - 1
        last = int(np.searchsorted(self._begins, at.max(), side="right")) - 1
        if first == last:
            return tables[first].holds(iccids)
        spans = np.searchsorted(self._begins, at, side="right") - 1
        held = np.zeros(len(at), np.bool_)
        for span in np.unique(spans):
            rows = np.flatnonzero(spans == span)
            held[rows] = tables[span].holds(iccids.take(pa.array(rows)))
        return held


def range_periods(
    versions: Iterable[MobileOperatorVersion], environment: Environment
) -> tuple[RangePeriod, ...]:
    """
    Return the ranges of a mobile operator over time, as its record had them.

    Args:
        versions: Every version of its record, oldest first; the first holds for all time before.
        environment: Whose ranges: production or test.
    """
    ordered = list(versions)
    ends = [version.valid_from for version in ordered[1:]]
    found: list[RangePeriod] = []
    for place, version in enumerate(ordered):
        begin = version.valid_from if place else None
        end = ends[place] if place < len(ends) else None
        for one in _registered(version.mobile_operator.iccid_ranges, environment):
            later = max((m for m in (begin, one.begin) if m is not None), default=None)
            sooner = min((m for m in (end, one.end) if m is not None), default=None)
            found.append(RangePeriod(ranges=one.ranges, begin=later, end=sooner))
    return tuple(found)


def registered_periods(ranges: IccidRanges, environment: Environment) -> tuple[RangePeriod, ...]:
    """Return the ranges of one version of a record over time, as it dates them itself."""
    return tuple(_registered(ranges, environment))


def _registered(ranges: IccidRanges, environment: Environment) -> Iterator[RangePeriod]:
    for entry in ranges.production if environment == "P" else ranges.test:
        yield RangePeriod(ranges=entry.ranges, begin=entry.valid_from, end=entry.valid_to)
