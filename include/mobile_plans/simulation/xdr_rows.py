"""Made-up but plausible rows of the three feeds, a column at a time: ten million are quick."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os.path import commonprefix

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.mobile_plans.iccid import IccidRange, with_check_digit
from include.mobile_plans.xdr import FeedFileName, FeedName

CARDS = 5_000
"""At most so many cards are used; more would not make the rows more plausible."""
PARTIAL_EVERY = 20
"""One session in so many rows comes as two partial records."""

Numbers = npt.NDArray[np.int64]
Columns = dict[str, pa.Array]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """
    What rows are made of.

    Attributes:
        name: Of the file they are for.
        count: How many.
        first: How many records came before them.
        cards: ICCIDs in use.
        countries: Where.
        random: Decides the rest.
    """

    name: FeedFileName
    count: int
    first: int
    cards: Sequence[str]
    countries: Sequence[str]
    random: np.random.Generator


def cards_in(ranges: Sequence[IccidRange], random: np.random.Generator) -> list[str]:
    """Draw cards from ranges, as full numbers."""
    found: dict[str, None] = {}
    for one in ranges:
        prefix = commonprefix([one.start, one.end])  # noqa: RUF071 - of texts, not paths
        width = len(one.start) - len(prefix)
        low, high = (int(end[len(prefix) :] or 0) for end in (one.start, one.end))
        size = min(CARDS // len(ranges) + 1, high - low + 1)
        for number in np.unique(random.integers(low, high, size, endpoint=True)):
            body = prefix + (f"{number:0{width}}" if width else "")
            found[with_check_digit(body) if one.has_check_digit else body] = None
    return list(found)[:CARDS]


def make_columns(rows: Rows) -> Columns:
    """Return the columns of a file in the order of the contract; times as seconds in UTC."""
    return dict(_MAKERS[rows.name.feed](rows))


def _choose(rows: Rows, values: Sequence[str | None], shares: Sequence[float]) -> pa.Array:
    chosen = rows.random.choice(len(values), rows.count, p=shares)
    return pa.array(values, pa.string()).take(pa.array(chosen))


def _evenly(rows: Rows, values: Sequence[str | None]) -> pa.Array:
    return _choose(rows, values, np.full(len(values), 1 / len(values)).tolist())


def _ids(prefix: str, numbers: Numbers) -> pa.Array:
    padded = pc.utf8_slice_codeunits(pa.array(numbers + 10**9).cast(pa.string()), 1)
    return pc.binary_join_element_wise(pa.scalar(prefix), padded, "-")


def _moments(seconds: Numbers) -> pa.Array:
    return pa.array(seconds).cast(pa.timestamp("s", tz="UTC"))


def _amounts(millionths: Numbers, present: npt.NDArray[np.bool_]) -> pa.Array:
    halves = np.zeros((len(millionths), 2), np.int64)
    halves[:, 0] = millionths
    kind = pa.decimal128(18, 6)
    amounts = pa.Array.from_buffers(kind, len(millionths), [None, pa.py_buffer(halves.tobytes())])
    return pc.if_else(pa.array(present), amounts, pa.scalar(None, kind))


def _some(rows: Rows, array: pa.Array, share: float) -> pa.Array:
    """Leave a share of the values out."""
    return pc.if_else(pa.array(rows.random.random(rows.count) >= share), array, None)


def _closing(rows: Rows) -> Numbers:
    begin, end = (int(m.timestamp()) for m in (rows.name.period_start, rows.name.period_end))
    closed = rows.random.integers(begin, end, rows.count)
    late = rows.random.random(rows.count) < 0.005  # noqa: PLR2004 - a few records come late
    return np.where(late, closed - rows.random.integers(3_600, 20_000, rows.count), closed)


def _cdr(rows: Rows) -> Columns:
    random, count = rows.random, rows.count
    places = np.arange(count)
    kinds = random.choice(3, count, p=[0.85, 0.1, 0.05])
    # A card comes again only after all others, so that no two uses are alike.
    card = random.permutation(len(rows.cards))[places % len(rows.cards)]
    end = np.sort(_closing(rows))
    duration = np.minimum(random.exponential(400, count).astype(np.int64), 80_000)
    moved = np.where(kinds == 0, random.lognormal(12, 2, count), 0).astype(np.int64)
    paid = random.random(count) < 0.8  # noqa: PLR2004 - most records cost something
    is_second = (places % PARTIAL_EVERY == 1) & (places > 0)
    is_first = (places % PARTIAL_EVERY == 0) & (places + 1 < count)
    stem = f"{rows.name.mobile_operator}-{rows.name.environment}"
    currency = pc.if_else(pa.array(random.random(count) < 0.5), "USD", "EUR")  # noqa: PLR2004
    part = np.where(is_second, 2, 1)
    return {
        "record_id": _ids(stem, rows.first + places),
        "record_seq": pa.array(rows.first + places + 1),
        "iccid": pa.array(rows.cards).take(pa.array(card)),
        "imsi": _some(
            rows,
            pa.array([f"310260{n:09}" for n in range(len(rows.cards))]).take(pa.array(card)),
            0.1,
        ),
        "service_type": pa.array(["DATA", "VOICE", "SMS"]).take(pa.array(kinds)),
        "event_start": _moments(end - duration),
        "event_end": _moments(end),
        "duration_s": pa.array(duration),
        "bytes_up": pa.array(moved // 7),
        "bytes_down": pa.array(moved),
        "serving_mccmnc": _evenly(rows, ["310260", "310410", "23415", "26201", "42001"]),
        "country": _evenly(rows, rows.countries),
        "rat": _choose(rows, ["LTE", "NR", "UMTS", None], [0.6, 0.3, 0.05, 0.05]),
        "apn": _choose(rows, ["mobile.example", "plans.example", None], [0.7, 0.2, 0.1]),
        "charging_id": _ids("s", rows.first + places - is_second),
        "partial_seq": pc.if_else(pa.array(is_first | is_second), pa.array(part), None),
        "plan_id": _evenly(rows, ["day-1", "week-5", "month-10", "month-50"]),
        "charge_amount": _amounts(random.integers(0, 5_000_000, count), paid),
        "currency": pc.if_else(pa.array(paid), currency, None),
        "close_cause": _choose(rows, ["normal", "time_limit", None], [0.8, 0.1, 0.1]),
    }


def _sdr(rows: Rows) -> Columns:
    count, random = rows.count, rows.random
    places = np.arange(count)
    snapshot = int(rows.name.period_end.timestamp())
    begun = snapshot - random.integers(86_400, 86_400 * 300, count)
    ended = random.random(count) < 0.05  # noqa: PLR2004 - few have ended
    status = _choose(rows, ["ACTIVE", "SUSPENDED", "PENDING"], [0.9, 0.07, 0.03])
    allowance = random.integers(1, 50, count) * 1024
    return {
        "iccid": pa.array(rows.cards).take(pa.array(places % len(rows.cards))),
        "eid": _some(rows, pa.array(["89033024010400000100000000009136"] * count), 0.3),
        "subscription_id": _ids("sub", places),
        "status": pc.if_else(pa.array(ended), "TERMINATED", status),
        "plan_id": _evenly(rows, ["day-1", "week-5", "month-10"]),
        "plan_name": _evenly(rows, ["One day", "Five gigabytes", "Ten gigabytes"]),
        "balance_type": _evenly(rows, ["MODIRECT", "MODIRECTPAYG", "NONE", "NOTSUPPORTED"]),
        "activated_at": _moments(begun),
        "valid_until": _some(rows, _moments(begun + 86_400 * 30), 0.1),
        "terminated_at": pc.if_else(
            pa.array(ended), _moments(begun + 3_600), pa.scalar(None, pa.timestamp("s", tz="UTC"))
        ),
        "data_allowance_mb": pa.array(allowance.astype(np.float64)),
        "data_remaining_mb": pa.array(np.round(allowance * random.random(count), 1)),
        "country": _evenly(rows, rows.countries),
        "last_transaction_id": _some(rows, _ids("tx", places), 0.2),
        "snapshot_at": _moments(np.full(count, snapshot)),
    }


def _tdr(rows: Rows) -> Columns:
    count, random = rows.count, rows.random
    places = np.arange(count)
    end = np.sort(_closing(rows))
    complete = random.random(count) < 0.85  # noqa: PLR2004 - most end well
    failed = _evenly(rows, ["ServiceError", "PurchaseFailed", "BillingError", "LogOnFailed"])
    card = pa.array(rows.cards).take(pa.array(random.integers(0, len(rows.cards), count)))
    amounts = _amounts(random.integers(1, 50, count) * 990_000, complete)
    chosen = _evenly(rows, ["Ten gigabytes", "One day"])
    return {
        "transaction_id": _ids(f"tx-{rows.name.mobile_operator}", rows.first + places),
        "mo_order_id": _some(rows, _ids("order", rows.first + places), 0.1),
        "iccid": pc.if_else(pa.array(complete | (places % 2 == 0)), card, None),
        "eid": _some(rows, pa.array(["89033023422130000000000199272786"] * count), 0.3),
        "imei": _some(rows, pa.array(["490154203237518"] * count), 0.5),
        "created_at": _moments(end - random.integers(20, 600, count)),
        "completed_at": _moments(end),
        "transaction_type": _choose(rows, ["NEW", "TOPUP", "RENEW"], [0.6, 0.3, 0.1]),
        "mo_direct_status": pc.if_else(pa.array(complete), "Complete", failed),
        "user_account": _evenly(rows, ["New", "Existing", "Bailed", "None"]),
        "purchase_instrument": _evenly(rows, ["New", "Existing", "Bailed", "None"]),
        "line": _evenly(rows, ["New", "Existing"]),
        "plan_id": _evenly(rows, ["day-1", "month-10"]),
        "plan_name": pc.if_else(pa.array(complete), chosen, None),
        "amount": amounts,
        "currency": pc.if_else(pa.array(complete), "USD", None),
        "market": _evenly(rows, rows.countries),
        "activation_result": _some(rows, pa.array(["ok"] * count), 0.2),
    }


_MAKERS: Mapping[FeedName, Callable[[Rows], Columns]] = {"CDR": _cdr, "SDR": _sdr, "TDR": _tdr}
