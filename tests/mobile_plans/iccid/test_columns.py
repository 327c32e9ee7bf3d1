"""Columns of ICCIDs: the same answers as one by one, whatever the column looks like."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import include.mobile_plans.iccid as room
from include.mobile_plans.errors import BadInput
from include.mobile_plans.iccid import (
    IccidRange,
    RangeTable,
    check_digits_hold,
    check_iccid,
    columns,
    membership,
    parse_ranges,
)
from tests.mobile_plans.iccid.test_numbers import REFUSED, VALID, WRONG_CHECK_DIGIT
from tests.mobile_plans.iccid.test_ranges import ranges

A = parse_ranges("894230600002575694-894230600002775693")
EVERY_FORM = (
    *A,
    *parse_ranges("8988247000100003300..99"),
    *parse_ranges("89450421180216254000..999"),
    *parse_ranges("898600000000000000-898699999999999999", length=18),
    *parse_ranges("89000000000000000000-89999999999999999999", has_check_digit=False),
)
MESSY = [
    None,
    "",
    " 8942306000025756947",
    "8942306000025756947F",
    "\N{NO-BREAK SPACE}8942306000027756937",
    "894230600002575694",
    "8942306000025756939",
    "8942306000027756945",
    "9942306000025756947",
    "898612345678901234",
    "89" + "9" * 18,
    "99" * 10,
    *VALID,
    *WRONG_CHECK_DIGIT,
    *(number for number, _ in REFUSED),
]


def one_by_one(iccids: list[str | None], ranges: tuple[IccidRange, ...]) -> list[bool]:
    return [text is not None and any(each.contains(text) for each in ranges) for text in iccids]


AS_COLUMN: dict[str, Callable[[list[str | None]], Any]] = {
    "list": list,
    "string": lambda texts: pa.array(texts, pa.string()),
    "large string": lambda texts: pa.array(texts, pa.large_string()),
    "string view": lambda texts: pa.array(texts, pa.string_view()),
    "dictionary": lambda texts: pa.array(texts, pa.string()).dictionary_encode(),
    "slice": lambda texts: pa.array(["8942306000025756947", *texts, "x"]).slice(1, len(texts)),
    "chunks": lambda texts: pa.chunked_array([texts[:7], [], texts[7:]], pa.string()),
    "pandas": lambda texts: pd.Series(texts, dtype="str"),
    "objects": lambda texts: pd.Series(texts, dtype=object),
}


@pytest.mark.parametrize("form", AS_COLUMN)
def test_membership_of_messy_columns(form: str) -> None:
    """L3: every kind of column gives the answers of the single numbers, missing ones included."""
    column = AS_COLUMN[form](MESSY)
    assert membership(column, EVERY_FORM).tolist() == one_by_one(MESSY, EVERY_FORM)


@pytest.mark.parametrize("form", AS_COLUMN)
def test_check_digits_of_messy_columns(form: str) -> None:
    """L3: check digits are judged as for single numbers."""
    expected = [
        text is not None and check_iccid(text, has_check_digit=True).valid for text in MESSY
    ]
    assert check_digits_hold(AS_COLUMN[form](MESSY)).tolist() == expected
    assert True in expected
    assert False in expected


@given(
    ranges(),
    st.lists(
        st.from_regex(r"8988247[0-9]{11,13}", fullmatch=True)
        | st.builds("8988247{:0{}d}".format, st.integers(0, 800), st.sampled_from([11, 12, 13]))
        | st.from_regex(r"89[0-9 F]{16,19}", fullmatch=True)
        | st.none(),
        max_size=30,
    ),
)
def test_membership_agrees_with_single_numbers(
    several: list[IccidRange], iccids: list[str | None]
) -> None:
    """L3: whatever the ranges and numbers, the column gives the single answers."""
    assert membership(iccids, several).tolist() == one_by_one(iccids, tuple(several))


def test_blocks_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    """L3: answers do not depend on where a block of rows ends."""
    whole = membership(MESSY, EVERY_FORM).tolist()
    for rows in (1, 2, 3, 7):
        monkeypatch.setattr(columns, "BLOCK_ROWS", rows)
        assert membership(MESSY, EVERY_FORM).tolist() == whole


def test_what_lies_under_a_missing_number_is_not_read() -> None:
    """L3: Arrow may keep bytes of a missing number; they are nobody's."""
    number = b"8942306000025756947"
    offsets = pa.py_buffer(np.array([0, 19, 38], dtype=np.int32))
    column = pa.Array.from_buffers(
        pa.string(), 2, [pa.py_buffer(b"\x01"), offsets, pa.py_buffer(number * 2)]
    )
    assert column.to_pylist() == [number.decode(), None]
    assert membership(column, A).tolist() == [True, False]
    assert check_digits_hold(column).tolist() == [True, False]


def test_one_table_serves_many_batches() -> None:
    """L3: a table is built once and asked for each batch."""
    table = RangeTable(A)
    assert table.holds(["8942306000025756947"]).tolist() == [True]
    assert table.holds(["8942306000025756939"]).tolist() == [False]


@pytest.mark.parametrize(
    "column",
    [[], [None, None], pa.array([], pa.string())],
    ids=["nothing", "nulls", "an empty column"],
)
def test_columns_without_a_number(column: Any) -> None:
    """L3: nothing lies in no range."""
    assert membership(column, A).tolist() == [False] * len(column)


def test_no_ranges_hold_nothing() -> None:
    """L3: without ranges nothing is inside."""
    assert not membership(VALID, ()).any()


@pytest.mark.parametrize(
    "column",
    [[8988247000100003319], np.array([8.98e18]), pd.Series([8988247000100003319])],
    ids=repr,
)
def test_columns_of_numbers_are_refused(column: Any) -> None:
    """An ICCID read as a number has lost digits, or might have."""
    for judge in (check_digits_hold, lambda given: membership(given, A), RangeTable(A).holds):
        with pytest.raises(BadInput, match="must be read as text, or digits are lost"):
            judge(column)


def test_importing_the_room_is_cheap() -> None:
    """DAG files import this room, so numpy and pyarrow wait for the first column."""
    code = (
        "import sys, include.mobile_plans.iccid as room; room.parse_ranges('8988247000100003300'); "
        "early = {'numpy', 'pyarrow'} & set(sys.modules); room.membership; "
        "sys.exit(bool(early) or 'numpy' not in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_unknown_names_of_the_room() -> None:
    """The room has the names it says, and no others."""
    assert all(hasattr(room, name) for name in room.__all__)
    assert not hasattr(room, "guess_check_digit")
