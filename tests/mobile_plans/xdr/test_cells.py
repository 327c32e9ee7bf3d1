"""Text read as values: one verdict never depends on the rows beside it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.mobile_plans.xdr.cells import Cells, integers, moments, money, numbers
from include.mobile_plans.xdr.set_rules import exact_sum

MOMENTS = {
    "2026-11-22T13:00:00Z": True,
    "2026-11-22 13:00:00Z": True,
    "2026-11-22T13:00:00+05:45": True,
    "2024-02-29T00:00:00Z": True,
    "2000-02-29T00:00:00Z": True,
    "2100-02-29T00:00:00Z": False,
    "2026-02-30T00:00:00Z": False,
    "2026-13-01T00:00:00Z": False,
    "2026-11-22T24:00:00Z": False,
    "2026-11-22T13:00:00": False,
    "2026-11-22T13:00Z": False,
    "2026-11-22": False,
    "20261122T130000Z": False,
    "2026-11-22T13:00:00.5Z": False,
    "yesterday": False,
}
INTEGERS = {"0": True, "-5": True, "1" * 18: True, "0x10": False, "1e3": False, "1.0": False}
INTEGERS |= {" 1": False, "": False, "1_000": False, "9" * 19: False}
AMOUNTS = {"1": True, "1.123456": True, "-0.5": True, "1.1234567": False, "1e3": False}
AMOUNTS |= {"1,5": False, "0x10": False, "1" * 13: False, ".5": True, "2.0000000": True}


def is_right(cells: Cells, row: int) -> bool:
    wrong = cells.wrong is not None and bool(cells.wrong[row])
    known = cells.known is None or bool(cells.known[row])
    assert wrong != known
    return known


@pytest.mark.parametrize(
    ("read", "cases"),
    [(moments, MOMENTS), (integers, INTEGERS), (money, AMOUNTS)],
    ids=["moments", "integers", "money"],
)
def test_a_verdict_does_not_depend_on_neighbours(read: Any, cases: dict[str, bool]) -> None:
    """Alone, where the quick way may be taken, and among others: the same (R05, R06)."""
    together = read(pa.array(list(cases)))
    for row, (text, right) in enumerate(cases.items()):
        assert is_right(together, row) == right, text
        assert is_right(read(pa.array([text])), 0) == right, text


@given(st.text("+-.019", max_size=22))
@pytest.mark.parametrize("read", [integers, numbers, money])
def test_the_quick_way_accepts_what_the_pattern_does(read: Any, text: str) -> None:
    """Any text of signs, points and digits has one verdict and one value."""
    alone, among = read(pa.array([text])), read(pa.array([text, "x"]))
    assert is_right(alone, 0) == is_right(among, 0)
    assert alone.values[0] == among.values[0]


@given(
    st.lists(st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1)), min_size=1),  # noqa: DTZ001
    st.booleans(),
)
def test_times_are_those_python_reads(times: list[datetime], among_others: bool) -> None:  # noqa: FBT001
    """Seconds since 1970, by the quick way and by the pattern."""
    whole = [time.replace(microsecond=0, tzinfo=UTC) for time in times]
    texts = [time.strftime("%Y-%m-%dT%H:%M:%SZ") for time in whole]
    cells = moments(pa.array([*texts, "x"] if among_others else texts))
    assert cells.values[: len(whole)].tolist() == [int(time.timestamp()) for time in whole]


def test_naive_times_are_meant_in_a_zone_where_it_is_registered() -> None:
    """Summer and winter have their own offset; a time with an offset keeps it."""
    texts = ["2026-07-01T12:00:00", "2026-12-01T12:00:00", "2026-12-01T12:00:00Z", None]
    cells = moments(pa.array(texts), "Europe/London")
    expected = [datetime(2026, 7, 1, 11, tzinfo=UTC), *[datetime(2026, 12, 1, 12, tzinfo=UTC)] * 2]
    assert cells.values[:3].tolist() == [int(time.timestamp()) for time in expected]
    assert cells.wrong is not None
    assert not cells.wrong.any()


@given(st.lists(st.decimals(-(10**11), 10**11, places=6), min_size=1))
def test_money_is_exact(amounts: list[Decimal]) -> None:
    """Millionths, without a float between."""
    cells = money(pa.array([f"{amount:f}" for amount in amounts]))
    assert cells.values.tolist() == [int(amount * 10**6) for amount in amounts]


@given(st.lists(st.integers(-(2**62), 2**62), max_size=50))
def test_sums_do_not_overflow(values: list[int]) -> None:
    """F08: a sum is exact however large its parts."""
    assert exact_sum(np.array(values, np.int64)) == sum(values)


def test_typed_columns_are_read_as_text_is() -> None:
    """Parquet's own types give the same values; a float of money with more decimals is wrong."""
    assert integers(pa.array([1, None], pa.int16())).values.tolist() == [1, 0]
    assert numbers(pa.array([1.5, None])).values.tolist() == [1.5, 0.0]
    fine = money(pa.array([Decimal("1.1234567"), Decimal(2)], pa.decimal128(18, 7)))
    assert fine.too_fine is not None
    assert fine.too_fine.tolist() == [True, False]
    at = datetime(2026, 11, 22, 13, tzinfo=UTC)
    local = pa.array([at + timedelta(milliseconds=4)], pa.timestamp("ms", tz="Asia/Riyadh"))
    assert moments(local).values.tolist() == [int(at.timestamp())]


@given(st.text(max_size=8))
def test_any_text_is_a_number_or_wrong(text: str) -> None:
    """No text stops a reader, and none is both."""
    right = is_right(integers(pa.array([text])), 0)
    if right:
        assert int(text) == integers(pa.array([text])).values[0]
    if is_right(money(pa.array([text])), 0):
        with_point = Decimal(text)
        assert with_point == with_point.quantize(Decimal("0.000001"))
    else:
        with pytest.raises((InvalidOperation, AssertionError)):
            assert abs(Decimal(text)).as_tuple() == ()
