"""What is checked of each cell by its column's contract: R01 to R06, R10 and R11."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.mobile_plans.iccid import check_digits_hold, forms_hold
from include.mobile_plans.xdr.batches import offsets_of
from include.mobile_plans.xdr.cells import MICRO, Flags
from include.mobile_plans.xdr.contract import Column
from include.mobile_plans.xdr.identities import identities_hold
from include.mobile_plans.xdr.sheet import Sheet, both

_SHORTEST_ICCID = 18


def judge_columns(sheet: Sheet) -> None:
    """Judge every column of a batch by itself, ICCIDs last: they need the event's time."""
    for column in sheet.frame.feed.columns:
        present = sheet.present(column.name)
        if not column.nullable and present is not None:
            sheet.flag("R01", ~present, column.name, f"{column.name} is empty")
        if column.type == "text":
            _judge_text(sheet, column, present)
        elif column.type != "iccid":
            _judge_value(sheet, column)
    _judge_iccids(sheet)


def _judge_value(sheet: Sheet, column: Column) -> None:
    name, cells = column.name, sheet.cells(column.name)
    if column.type == "timestamp":
        text = f"{name} is no time such as 2026-11-22T13:00:00Z, with its offset"
        sheet.flag("R06", cells.wrong, name, text)
        return
    if cells.too_fine is not None and cells.wrong is not None:
        text = f"{name} has more than six decimals"
        sheet.flag("R10", cells.too_fine, name, text)
        sheet.flag("R05", cells.wrong & ~cells.too_fine, name, f"{name} is no number")
    else:
        sheet.flag("R05", cells.wrong, name, f"{name} is no number")
    unit = MICRO if column.type == "decimal" else 1
    if column.least is not None:
        low = cells.values < column.least * unit
        text = f"{name} is less than {column.least}"
        sheet.flag("R05", both(low, cells.known), name, text)
    if column.most is not None:
        high = cells.values > column.most * unit
        text = f"{name} is more than {column.most}"
        sheet.flag("R05", both(high, cells.known), name, text)


def _judge_text(sheet: Sheet, column: Column, present: Flags | None) -> None:
    name, array = column.name, sheet.batch.columns[column.name]
    if column.identity is not None:
        _judge_identity(sheet, column, present)
        return
    if not column.is_category:
        long = np.diff(offsets_of(array)) > column.longest
        sheet.flag("R05", long, name, f"{name} is longer than {column.longest} characters")
        return

    def flag(rule: str, judge: Callable[[pa.Array], pa.Array], words: str) -> None:
        sheet.flag(rule, sheet.each_text(name, judge), name, f"{name} {words}")

    def is_long(texts: pa.Array) -> pa.Array:
        return pc.greater(pc.utf8_length(texts), column.longest)

    flag("R05", is_long, f"is longer than {column.longest} characters")
    if column.values:
        allowed = pa.array(column.values)
        words = f"is none of {', '.join(column.values)}"
        flag("R04", lambda texts: pc.invert(pc.is_in(texts, value_set=allowed)), words)
    if column.pattern is not None:
        whole = f"^(?:{column.pattern})$"
        words = f"does not have the form {column.pattern}"
        flag("R04", lambda texts: pc.invert(pc.match_substring_regex(texts, whole)), words)


def _judge_identity(sheet: Sheet, column: Column, present: Flags | None) -> None:
    """A wrong EID, IMEI or IMSI warns."""
    name, identity = column.name, column.identity
    if identity is None:
        return
    wrong = ~identities_hold(sheet.batch.columns[name], identity)
    sheet.flag("R11", both(wrong, present), name, f"{name} is no {name.upper()}")


def _judge_iccids(sheet: Sheet) -> None:
    frame, array = sheet.frame, sheet.batch.columns["iccid"]
    present = sheet.present("iccid")
    event = sheet.cells(frame.feed.event_time)
    doubted = ~check_digits_hold(array)
    wrong = _wrong_forms(sheet, both(doubted, present))
    sheet.flag("R02", wrong, "iccid", "iccid is no ICCID, or its check digit is wrong")
    if frame.ranges is None:
        return
    outside = ~frame.ranges.hold(array, event.values)
    for known in (present, event.known, None if wrong is None else ~wrong):
        if known is not None:
            outside &= known
    text = "iccid was in no range of the mobile operator at that time"
    sheet.flag("R03", outside, "iccid", text)
    if frame.others is not None and outside.any():
        foreign = outside & frame.others.hold(array, event.values)
        text = "iccid is a card of another mobile operator: do not pass the file on"
        sheet.flag("R03_foreign", foreign, "iccid", text)
    if frame.test is not None:
        # A file of test cards holds nothing else.
        live = ~outside & ~frame.test.hold(array, event.values)
        for known in (present, event.known, None if wrong is None else ~wrong):
            if known is not None:
                live &= known
        sheet.flag("F11", live, "iccid", "iccid is a live card in a file of test cards")


def _wrong_forms(sheet: Sheet, doubted: Flags | None) -> Flags | None:
    """Of the numbers whose check digit does not hold, return those that must have one."""
    if doubted is None or not doubted.any():
        return None
    places = np.flatnonzero(doubted)
    numbers = sheet.batch.columns["iccid"].take(pa.array(places))
    is_form = forms_hold(numbers)
    lengths = pc.utf8_length(numbers).to_numpy(zero_copy_only=False)
    ranges = sheet.frame.ranges
    excused = lengths == _SHORTEST_ICCID
    if ranges is not None:
        at = sheet.cells(sheet.frame.feed.event_time).values[places]
        unchecked = ranges.need_no_check_digit(numbers, at)
        excused = unchecked | (excused & ~ranges.hold(numbers, at))
    wrong = np.zeros(len(doubted), np.bool_)
    wrong[places] = ~(is_form & excused)
    return wrong
