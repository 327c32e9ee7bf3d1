"""The one pass over a file's rows, and what is known at its end."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from include.mobile_plans.policy.xdr import ZoneShift
from include.mobile_plans.xdr.batches import Batch
from include.mobile_plans.xdr.cells import Flags, Numbers
from include.mobile_plans.xdr.column_rules import judge_columns
from include.mobile_plans.xdr.findings import Findings, shown
from include.mobile_plans.xdr.ids import Hashes, IdLog, Seen, hashes_of, repeated_hashes
from include.mobile_plans.xdr.model import SAMPLES, Sample
from include.mobile_plans.xdr.record_rules import judge_records
from include.mobile_plans.xdr.set_rules import (
    Numbering,
    Sessions,
    Totals,
    ZoneWatch,
    key_of,
    twin_hashes,
)
from include.mobile_plans.xdr.sheet import Frame, Sheet, add_reason

Reasons = npt.NDArray[np.uint32]


class RowPass:
    """
    A file's rows, judged batch by batch and then together.

    Args:
        frame: What rows are held against.
        findings: Where what is found is kept.
        folder: For the ids of the records; emptied by the caller.

    Attributes:
        rows: Read so far.
        late: Of them, ended before their period.
        totals: Sums so far.
        numbering: Of the records, where the feed numbers them.
        ids: Of the records.
    """

    def __init__(self, frame: Frame, findings: Findings, folder: Path) -> None:
        self._frame = frame
        self._findings = findings
        self.rows = 0
        self.late = 0
        self.totals = Totals(frame.feed)
        self.numbering = Numbering()
        self.ids = IdLog(folder)
        self._sessions = Sessions()
        self._twins: list[Hashes] = []
        self._zones = (
            None
            if frame.begin is None or frame.end is None
            else ZoneWatch(begin=frame.begin, end=frame.end)
        )
        self._reasons: list[Reasons | None] = []
        self._batches: list[tuple[int, int, tuple[int, ...]]] = []

    def add(self, batch: Batch) -> None:
        """Judge a batch."""
        sheet = Sheet(batch, self._frame, self._findings)
        judge_columns(sheet)
        self.late += judge_records(sheet)
        self.totals.add(sheet)
        keys = key_of(sheet)
        self.ids.append(keys, hashes_of(keys))
        if self._frame.feed.name == "CDR":
            self.numbering.add(sheet)
            self._sessions.add(sheet)
            self._twins.append(twin_hashes(sheet))
        if self._zones is not None:
            self._zones.add(sheet)
        self._reasons.append(sheet.reasons)
        self._batches.append((self.rows, batch.before, batch.malformed))
        self.rows += batch.length

    def finish(self, zone_shift: ZoneShift, seen: Seen | None) -> Reasons | None:
        """
        Judge the rows together.

        Args:
            zone_shift: When a shifted zone is proposed.
            seen: The records of earlier files.

        Returns:
            For each row the bits of the rules it is set aside for, or None for none at all.
        """
        self.ids.close()
        reasons = self._joined_reasons()
        repeated = self.ids.repeated()
        reasons = self._flag(
            reasons, "S01", repeated, "the record was in this file already, further up"
        )
        if seen is not None:
            again = np.setdiff1d(seen.repeats(self.ids), repeated)
            text = "the record was in an earlier file already"
            reasons = self._flag(reasons, "S01", again, text)
            repeated = np.union1d(repeated, again)
        if self._twins:
            hashes = np.concatenate(self._twins)
            self._twins = []
            twins, _ = repeated_hashes(hashes)
            text = "another record has the same card, begin, service and bytes"
            reasons = self._flag(reasons, "S01_twin", np.setdiff1d(twins, repeated), text)
        self._judge_numbers(zone_shift)
        return reasons

    def _judge_numbers(self, zone_shift: ZoneShift) -> None:
        if self.numbering.breaks and self.numbering.row is not None:
            sample = Sample(row=self.numbering.row, value=None)
            self._findings.add(
                "S02",
                "record_seq does not go up by one",
                column="record_seq",
                count=self.numbering.breaks,
                samples=[sample],
            )
        gaps = self._sessions.gaps()
        if gaps:
            text = "sessions lack partial records between their first and last"
            self._findings.add("S03", text, column="partial_seq", count=gaps)
        proposal = None if self._zones is None else self._zones.proposal(zone_shift)
        if proposal is not None:
            offset, share = proposal
            text = (
                f"timezone_error: with the offset {offset} instead of Z, {share:.1%} of the rows "
                "lie in the period"
            )
            column = self._frame.feed.closing_time
            self._findings.add("R09", text, column=column, count=self.rows)

    def _joined_reasons(self) -> Reasons | None:
        if all(part is None for part in self._reasons):
            return None
        ends = [*(begin for begin, _, _ in self._batches[1:]), self.rows]
        parts = [
            np.zeros(end - begin, np.uint32) if part is None else part
            for part, (begin, _, _), end in zip(self._reasons, self._batches, ends, strict=True)
        ]
        self._reasons = []
        return np.concatenate(parts)

    def _flag(
        self, reasons: Reasons | None, rule: str, places: Numbers, message: str
    ) -> Reasons | None:
        if not len(places):
            return reasons
        first = places[:SAMPLES]
        column = self._frame.feed.key[0]
        samples = [
            Sample(row=row, value=shown(text, column))
            for row, text in zip(
                self._numbers(first), self.ids.texts(first).to_pylist(), strict=True
            )
        ]
        self._findings.add(rule, message, column=column, count=len(places), samples=samples)
        if not self._findings.sets_aside(rule):
            return reasons
        flags: Flags = np.zeros(self.rows, np.bool_)
        flags[places] = True
        return add_reason(reasons, flags, rule)

    def _numbers(self, places: Numbers) -> list[int]:
        """Return the numbers of rows by their places among the rows."""
        begins = np.array([begin for begin, _, _ in self._batches])
        found: list[int] = []
        for place in places:
            begin, before, malformed = self._batches[
                int(np.searchsorted(begins, place, "right")) - 1
            ]
            within = int(place) - begin
            for skipped in malformed:
                within += skipped <= within
            found.append(before + within + 1)
        return found
