"""What is checked between the cells of one row: R01, R05 to R08 and R10."""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow.compute as pc

from include.mobile_plans.xdr.cells import Flags, Numbers
from include.mobile_plans.xdr.contract import COMPLETE, DATA
from include.mobile_plans.xdr.model import FeedName
from include.mobile_plans.xdr.sheet import Sheet, both


def judge_records(sheet: Sheet) -> int:
    """
    Judge the rows of a batch.

    Returns:
        How many ended before their period.
    """
    _OF_FEED[sheet.frame.feed.name](sheet)
    if sheet.frame.feed.money is not None:
        _judge_money(sheet)
    return _judge_period(sheet)


def _judge_usage(sheet: Sheet) -> None:
    begin, end = sheet.cells("event_start"), sheet.cells("event_end")
    duration = sheet.cells("duration_s")
    known = both(begin.known, end.known)
    elapsed = end.values - begin.values
    backwards = both(elapsed < 0, known)
    sheet.flag("R06", backwards, "event_end", "event_end is before event_start")
    off = np.abs(elapsed - duration.values) > sheet.frame.duration_slack
    off = both(both(off, known), duration.known)
    off = both(off, elapsed >= 0)
    text = "duration_s does not agree with event_start and event_end"
    sheet.flag("R06_duration", off, "duration_s", text)
    moved = (sheet.cells("bytes_up").values | sheet.cells("bytes_down").values) > 0
    other = sheet.each_text("service_type", lambda texts: pc.not_equal(texts, DATA))
    sheet.flag("R05_bytes", moved & other, "service_type", "bytes are counted without DATA")


def _judge_subscription(sheet: Sheet) -> None:
    for later in ("valid_until", "terminated_at"):
        _judge_order(sheet, "activated_at", later)


def _judge_transaction(sheet: Sheet) -> None:
    _judge_order(sheet, "created_at", "completed_at")
    complete = sheet.each_text("mo_direct_status", lambda texts: pc.equal(texts, COMPLETE))
    present = sheet.present("iccid")
    if present is not None:
        sheet.flag("R01", complete & ~present, "iccid", "iccid is empty although Complete")
    named = sheet.present("plan_name")
    named = np.ones(sheet.batch.length, np.bool_) if named is None else named
    text = "plan_name is filled exactly when the transaction is Complete, and here it is not so"
    sheet.flag("R01", complete != named, "plan_name", text)


def _judge_order(sheet: Sheet, earlier: str, later: str) -> None:
    first, second = sheet.cells(earlier), sheet.cells(later)
    backwards = both(second.values < first.values, both(first.known, second.known))
    sheet.flag("R06", backwards, later, f"{later} is before {earlier}")


def _judge_money(sheet: Sheet) -> None:
    feed = sheet.frame.feed
    amount, currency = sheet.present(feed.money or ""), sheet.present(feed.currency or "")
    if amount is None and currency is None:
        return
    everywhere = np.ones(sheet.batch.length, np.bool_)
    alone = (everywhere if amount is None else amount) != (
        everywhere if currency is None else currency
    )
    text = f"{feed.money} and {feed.currency} come together or not at all"
    sheet.flag("R10", alone, feed.currency or "", text)


def _judge_period(sheet: Sheet) -> int:
    frame, column = sheet.frame, sheet.frame.feed.closing_time
    closed = sheet.cells(column)
    future = both(closed.values > frame.latest, closed.known)
    sheet.flag("R07", future, column, f"{column} is after the file was written")
    if frame.begin is None or frame.end is None:
        return 0
    early = both(closed.values < frame.begin, closed.known)
    if early is not None and early.any():
        _judge_late(sheet, closed.values - frame.begin, early)
    after = closed.values > frame.end if frame.feed.is_snapshot else closed.values >= frame.end
    in_time = both(closed.values <= frame.latest, closed.known)
    sheet.flag("R08", both(after, in_time), column, f"{column} is after the period of the file")
    return 0 if early is None else int(np.count_nonzero(early))


def _judge_late(sheet: Sheet, distance: Numbers, early: Flags) -> None:
    frame, column = sheet.frame, sheet.frame.feed.closing_time
    old = early & (distance < -frame.too_late)
    days = frame.too_late // 86_400
    sheet.flag("R08_old", old, column, f"{column} is more than {days} days before the period")
    late = early & (distance < -frame.late) & ~old
    hours = frame.late // 3_600
    sheet.flag("R08", late, column, f"{column} is more than {hours} hours before the period")


_OF_FEED: Mapping[FeedName, Callable[[Sheet], None]] = {
    "CDR": _judge_usage,
    "SDR": _judge_subscription,
    "TDR": _judge_transaction,
}
