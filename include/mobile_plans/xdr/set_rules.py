"""What only a file's rows together tell: sums, S01 to S03 and shifted zones (R09)."""

from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.mobile_plans.policy.xdr import ZoneShift, offset_of
from include.mobile_plans.xdr.cells import Cells, Numbers
from include.mobile_plans.xdr.contract import Feed
from include.mobile_plans.xdr.ids import Hashes, hashes_of, mix
from include.mobile_plans.xdr.model import ControlTotals
from include.mobile_plans.xdr.sheet import Sheet

QUARTER = 900
_REACH = 4 * 16
"""Quarters of an hour looked at before and after the period: no zone is further off."""
_SAFE = 1 << 40


@dataclass(slots=True)
class Totals:
    """
    Sums over a file's rows, exact.

    Attributes:
        integers: By column.
        millionths: Money by currency.
        unread: Whether a cell of a summed column could not be read, so that no sum is right.
    """

    feed: Feed
    integers: dict[str, int] = field(default_factory=dict)
    millionths: dict[str, int] = field(default_factory=dict)
    unread: bool = False

    def add(self, sheet: Sheet) -> None:
        """Add the rows of a batch."""
        for name in self.feed.totals:
            cells = sheet.cells(name)
            self.unread |= cells.wrong is not None and bool(cells.wrong.any())
            self.integers[name] = self.integers.get(name, 0) + exact_sum(cells.values)
        if self.feed.money is None or self.feed.currency is None:
            return
        cells = sheet.cells(self.feed.money)
        self.unread |= cells.wrong is not None and bool(cells.wrong.any())
        self._add_money(cells, sheet.batch.columns[self.feed.currency])

    def _add_money(self, cells: Cells, currencies: pa.Array) -> None:
        """Add amounts by currency; what is no currency has no sum, as there is no end to them."""
        is_code = pc.match_substring_regex(currencies.dictionary, "^[A-Z]{3}$")
        known = np.append(is_code.to_numpy(zero_copy_only=False), [False])
        codes = currencies.indices.fill_null(len(known) - 1).to_numpy()
        paid = np.ones(len(codes), np.bool_) if cells.known is None else cells.known
        self.unread |= bool((paid & (codes < len(known) - 1) & ~known[codes]).any())
        for code in np.flatnonzero(known):
            chosen = paid & (codes == code)
            if chosen.any():
                currency = currencies.dictionary[int(code)].as_py()
                total = self.millionths.get(currency, 0) + exact_sum(cells.values[chosen])
                self.millionths[currency] = total

    def totals(self) -> ControlTotals:
        """Return them as manifests state them."""
        amounts = {
            currency: Decimal(total).scaleb(-6) for currency, total in self.millionths.items()
        }
        money = {} if self.feed.money is None else {self.feed.money: amounts}
        return ControlTotals(integers=dict(self.integers), money=money)


def exact_sum(values: Numbers) -> int:
    """Add whole numbers without overflow: halves apart where they are large."""
    if not len(values):
        return 0
    if values.min() > -_SAFE and values.max() < _SAFE:
        return int(values.sum())
    low = int((values & 0xFFFFFFFF).sum())
    return (int((values >> 32).sum()) << 32) + low


@dataclass(slots=True)
class Numbering:
    """
    S02: the numbers of records go up by one from row to row.

    Held against the row's own number, so that a malformed line, which has a number too, leaves no
    gap.

    Attributes:
        breaks: How often they do not.
        row: Where first.
        first: The first number.
        last: The last.
    """

    breaks: int = 0
    row: int | None = None
    first: int | None = None
    last: int | None = None
    _ahead: int | None = None

    def add(self, sheet: Sheet) -> None:
        """Go on with a batch."""
        cells, rows = sheet.cells("record_seq"), sheet.batch.numbers()
        values = cells.values
        if cells.known is not None or cells.wrong is not None:
            known = np.ones(len(values), np.bool_) if cells.known is None else cells.known
            values, rows = values[known], rows[known]
        if not len(values):
            return
        ahead = values - rows
        jumps = np.flatnonzero(ahead[1:] != ahead[:-1])
        if self._ahead is not None and ahead[0] != self._ahead:
            self._break(int(rows[0]), 1)
        if len(jumps):
            self._break(int(rows[jumps[0] + 1]), len(jumps))
        self.first = int(values[0]) if self.first is None else self.first
        self.last, self._ahead = int(values[-1]), int(ahead[-1])

    def _break(self, row: int, count: int) -> None:
        self.breaks += count
        self.row = row if self.row is None else self.row


@dataclass(slots=True)
class Sessions:
    """S03: the partial records of a session are numbered without gaps, whatever their order."""

    _sessions: list[Hashes] = field(default_factory=list)
    _numbers: list[Numbers] = field(default_factory=list)

    def add(self, sheet: Sheet) -> None:
        """Keep the partial records of a batch."""
        array = sheet.batch.columns["charging_id"]
        if array.null_count == len(array):
            return
        parts = sheet.cells("partial_seq")
        known = np.asarray(array.is_valid().to_numpy(zero_copy_only=False))
        if parts.known is not None:
            known &= parts.known
        rows = np.flatnonzero(known)
        if len(rows):
            self._sessions.append(hashes_of(array.take(pa.array(rows))))
            self._numbers.append(parts.values[rows])

    def gaps(self) -> int:
        """Return how many sessions lack a partial record between their first and last."""
        if not self._sessions:
            return 0
        sessions, numbers = np.concatenate(self._sessions), np.concatenate(self._numbers)
        self._sessions, self._numbers = [], []
        order = np.lexsort((numbers, sessions))
        sessions, numbers = sessions[order], numbers[order]
        is_gap = (sessions[1:] == sessions[:-1]) & (numbers[1:] - numbers[:-1] > 1)
        return len(np.unique(sessions[1:][is_gap]))


def twin_hashes(sheet: Sheet) -> Hashes:
    """Hash what makes two usage records the same use: card, begin, service and bytes."""
    hashes = hashes_of(sheet.batch.columns["iccid"])
    services = sheet.batch.columns["service_type"]
    kinds = hashes_of(services.dictionary)
    if len(kinds):
        hashes = mix(hashes, kinds[services.indices.fill_null(0).to_numpy()])
    hashes = mix(hashes, sheet.cells("event_start").values)
    hashes = mix(hashes, sheet.cells("bytes_up").values)
    return mix(hashes, sheet.cells("bytes_down").values)


@dataclass(slots=True)
class ZoneWatch:
    """
    R09: rows outside their period that one shift brings back.

    Args:
        begin: Of the period, in seconds since 1970.
        end: Of the period.
    """

    begin: int
    end: int
    _bins: npt.NDArray[np.int64] | None = None

    def add(self, sheet: Sheet) -> None:
        """Count the rows of a batch by quarter of an hour."""
        closed = sheet.cells(sheet.frame.feed.closing_time)
        values = closed.values if closed.known is None else closed.values[closed.known]
        if sheet.frame.feed.is_snapshot:
            values = values - (values == self.end)
        width = (self.end - self.begin) // QUARTER
        places = np.clip((values - self.begin) // QUARTER + _REACH, -1, width + 2 * _REACH) + 1
        counted = np.bincount(places, minlength=width + 2 * _REACH + 2)
        self._bins = counted if self._bins is None else self._bins + counted

    def proposal(self, policy: ZoneShift) -> tuple[str, float] | None:
        """Return the offset that explains most rows, and which share, or None."""
        if self._bins is None or not self._bins.sum():
            return None
        rows, width = int(self._bins.sum()), (self.end - self.begin) // QUARTER
        shares = {0: self._within(0, width) / rows}
        if 1 - shares[0] <= policy.outside_share:
            return None
        best = max(
            policy.offsets, key=lambda text: self._within(quarters_of(text), width), default=None
        )
        if best is None:
            return None
        share = self._within(quarters_of(best), width) / rows
        return (best, share) if share > policy.explained_share else None

    def _within(self, shift: int, width: int) -> int:
        if self._bins is None:
            return 0
        begin = 1 + _REACH + shift
        return int(self._bins[begin : begin + width].sum())


def quarters_of(offset: str) -> int:
    """Return an offset such as ``+05:45`` in quarters of an hour."""
    return int(offset_of(offset).total_seconds()) // QUARTER


def key_of(sheet: Sheet) -> pa.Array:
    """Return each row's key as one text; missing where a part of it is."""
    first, *rest = (sheet.batch.columns[name] for name in sheet.frame.feed.key)
    return first if not rest else pc.binary_join_element_wise(first, *rest, "\x1f")
