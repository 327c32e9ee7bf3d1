"""
T03: whether the rows of a period are as many as usual at its weekday and hour.

The median and the median absolute deviation of the last comparable periods, because one odd week
must not move them. The scale is never below one part in a hundred of the median, nor below what
chance alone makes of so many rows.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median
from typing import Literal

from include.mobile_plans.policy.xdr import VolumeBaseline
from include.mobile_plans.xdr.model import Cadence

_NORMAL = 0.6745
"""Makes a median absolute deviation comparable with a standard deviation."""
_LEAST_SHARE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodRows:
    """The rows of an accepted period; of a stated empty one, 0."""

    start: datetime
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeVerdict:
    """
    What a period's rows are beside the usual.

    Attributes:
        state: ``learning`` with too few comparable periods, ``holiday`` where it is not judged.
        rows: Its rows.
        usual: Their median, or None while learning.
        robust_z: The distance from it in scales, or None while learning.
        comparable: How many periods it is held against.
        needed: With fewer it is learning.
    """

    state: Literal["usual", "odd", "learning", "holiday"]
    rows: int
    usual: float | None
    robust_z: float | None
    comparable: int
    needed: int

    @property
    def fault(self) -> tuple[str, str] | None:
        """The rule it breaks and how: odd, or still learning; None where as usual or not judged."""
        if self.state == "odd":
            return "T03", (
                f"has {self.rows} rows, where {self.usual:.0f} are usual at this weekday and "
                f"hour (robust z {self.robust_z:+.1f})"
            )
        if self.state == "learning":
            return "T03_learning", (
                f"learning: {self.comparable} comparable periods of {self.needed} that are needed"
            )
        return None


def comparable_periods(
    start: datetime,
    cadence: Cadence,
    history: Iterable[PeriodRows],
    is_holiday: Callable[[date], bool],
    policy: VolumeBaseline,
) -> list[PeriodRows]:
    """
    Return the last periods before one, of its weekday and, where hourly, its hour, in UTC.

    Args:
        start: Of the period.
        cadence: Its length.
        history: Accepted periods, in any order.
        is_holiday: Whether a day is a holiday of the mobile operator; those are left out.
        policy: How many.
    """
    alike = [
        one
        for one in history
        if one.start < start
        and one.start.weekday() == start.weekday()
        and (cadence == "P1D" or one.start.hour == start.hour)
        and not is_holiday(one.start.date())
    ]
    return sorted(alike, key=lambda one: one.start)[-policy.periods :]


def judge_volume(
    period: PeriodRows,
    cadence: Cadence,
    history: Iterable[PeriodRows],
    is_holiday: Callable[[date], bool],
    policy: VolumeBaseline,
) -> VolumeVerdict:
    """
    Hold a period's rows against the usual ones.

    Args:
        period: The one judged.
        cadence: Its length.
        history: Accepted periods, in any order.
        is_holiday: Whether a day is a holiday of the mobile operator.
        policy: The thresholds; a period is odd only beyond both of them.
    """
    alike = comparable_periods(period.start, cadence, history, is_holiday, policy)
    if len(alike) < policy.minimum_periods:
        return VolumeVerdict(
            state="learning",
            rows=period.rows,
            usual=None,
            robust_z=None,
            comparable=len(alike),
            needed=policy.minimum_periods,
        )
    rows = [one.rows for one in alike]
    usual = median(rows)
    deviation = median(abs(one - usual) for one in rows)
    scale = max(deviation, _LEAST_SHARE * usual, math.sqrt(usual), 1.0)
    robust_z = _NORMAL * (period.rows - usual) / scale
    is_odd = abs(robust_z) > policy.robust_z and (
        abs(period.rows - usual) > policy.deviation * usual
    )
    state: Literal["usual", "odd", "holiday"] = "odd" if is_odd else "usual"
    if is_holiday(period.start.date()):
        state = "holiday"
    return VolumeVerdict(
        state=state,
        rows=period.rows,
        usual=usual,
        robust_z=robust_z,
        comparable=len(alike),
        needed=policy.minimum_periods,
    )
