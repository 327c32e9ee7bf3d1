"""One batch while it is judged: its typed columns, and which rows are set aside, for what."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.mobile_plans.xdr.batches import Batch
from include.mobile_plans.xdr.cells import Cells, Flags, integers, moments, money, numbers
from include.mobile_plans.xdr.contract import Feed
from include.mobile_plans.xdr.findings import Findings
from include.mobile_plans.xdr.ranges import RangesOverTime

ROW_RULES = (
    *("R01", "R02", "R03", "R03_foreign", "R04", "R05", "R05_bytes", "R06", "R06_duration", "R07"),
    *("R08", "R08_old", "R10", "R11", "F11", "S01", "S01_twin"),
)
REASON_BITS = {rule: np.uint32(1 << place) for place, rule in enumerate(ROW_RULES)}
"""The bit that stands for a rule among the reasons a row is set aside for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """
    What the rows of a file are held against; times in seconds since 1970.

    Attributes:
        feed: The contract of their columns.
        zone: In which times without an offset are meant, or None where they are wrong.
        begin: Of the period, or None where the name does not say it.
        end: Of the period.
        latest: The latest time a row may have.
        duration_slack: Seconds.
        late: Seconds before the period from which a row is late.
        too_late: And set aside.
        ranges: In which its ICCIDs must be at event time, or None.
        test: Those of test files, or None.
        others: Those of other mobile operators.
    """

    feed: Feed
    zone: str | None
    begin: int | None
    end: int | None
    latest: int
    duration_slack: int
    late: int
    too_late: int
    ranges: RangesOverTime | None
    test: RangesOverTime | None
    others: RangesOverTime | None


@dataclass(slots=True)
class Sheet:
    """
    A batch, its values, its reasons.

    Attributes:
        batch: The rows.
        frame: What they are held against.
        findings: Where what is found is kept.
        reasons: For each row the bits of the rules it is set aside for; None for none at all.
    """

    batch: Batch
    frame: Frame
    findings: Findings
    reasons: npt.NDArray[np.uint32] | None = None
    _cells: dict[str, Cells] = field(default_factory=dict)

    def cells(self, column: str) -> Cells:
        """Return a typed column, read once."""
        if column not in self._cells:
            self._cells[column] = self._read(column)
        return self._cells[column]

    def _read(self, column: str) -> Cells:
        array = self.batch.columns[column]
        kind = self.frame.feed.column(column).type
        if kind == "timestamp":
            return moments(array, self.frame.zone)
        readers: dict[str, Callable[..., Cells]] = {
            "integer": integers,
            "number": numbers,
            "decimal": money,
        }
        return readers[kind](array)

    def present(self, column: str) -> Flags | None:
        """Return where a column is not empty, or None for everywhere."""
        array = self.batch.columns[column]
        if not array.null_count:
            return None
        return np.asarray(array.is_valid().to_numpy(zero_copy_only=False))

    def each_text(self, column: str, judge: Callable[[pa.Array], pa.Array]) -> Flags:
        """
        Tell of each row whether its text of a coded column passes; an empty one does not.

        Args:
            column: Of few texts.
            judge: Is given each text once, as an Arrow column, and returns Arrow booleans.
        """
        array = self.batch.columns[column]
        passed = np.asarray(judge(array.dictionary).to_numpy(zero_copy_only=False), np.bool_)
        if not len(passed) or not passed.any():
            return np.zeros(len(array), np.bool_)
        codes = array.indices
        if not codes.null_count:
            return np.asarray(passed[codes.to_numpy()])
        known = np.asarray(codes.is_valid().to_numpy(zero_copy_only=False))
        return np.asarray(passed[codes.fill_null(0).to_numpy()] & known)

    def flag(self, rule: str, flags: Flags | None, column: str, message: str) -> None:
        """Keep the rows that break a rule, and set them aside where it says so."""
        aside = self.findings.rows(rule, self.batch, flags, column, message)
        if aside is not None:
            self.reasons = add_reason(self.reasons, aside, rule)


def add_reason(
    reasons: npt.NDArray[np.uint32] | None, flags: Flags, rule: str
) -> npt.NDArray[np.uint32]:
    """Add a rule's bit to the reasons of the rows flagged."""
    if reasons is None:
        reasons = np.zeros(len(flags), np.uint32)
    reasons[flags] |= REASON_BITS[rule]
    return reasons


def both(first: Flags | None, second: Flags | None) -> Flags | None:
    """Return where both hold; None stands for everywhere."""
    if first is None or second is None:
        return second if first is None else first
    return first & second
