"""Columns of EIDs, IMEIs and IMSIs against the single-number rules."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.mobile_plans.iccid import check_eid, check_imei, check_imsi
from include.mobile_plans.xdr.identities import Identity, identities_hold

SINGLE = {"eid": check_eid, "imei": check_imei, "imsi": check_imsi}
NUMBERS = [
    "89033024010400000100000000009136",
    "89033023422130000000000199272786",
    "35840574202500000140000000000070",
    "490154203237518",
    "001201234567890",
    "3568680000414120",
    "35686800004141",
    "429011234567890",
    "439011234567890",
    "001010123456789",
    "490154203-237518",
    "4901542032375\uff118",
    "",
    "x",
    "49015420323751a",
]


def agree(numbers: list[str], identity: Identity) -> None:
    expected = [SINGLE[identity](number).valid for number in numbers]
    assert identities_hold(pa.array(numbers, pa.string()), identity).tolist() == expected


@pytest.mark.parametrize("identity", ["eid", "imei", "imsi"])
def test_a_column_gives_the_answers_of_single_numbers(identity: Identity) -> None:
    """R11: the vectors of the rooms for numbers, together and alone."""
    agree(NUMBERS, identity)
    for number in NUMBERS:
        agree([number], identity)


@given(
    numbers=st.lists(st.from_regex(r"[0-9 a]{14,16}|[0-9]{32}", fullmatch=True), max_size=20),
    identity=st.sampled_from(["eid", "imei", "imsi"]),
)
def test_any_column_gives_the_answers_of_single_numbers(
    numbers: list[str], identity: Identity
) -> None:
    """R11: whatever lengths are mixed."""
    agree(numbers, identity)


def test_a_missing_number_is_none() -> None:
    """A null lies in no length."""
    assert identities_hold(pa.array([None, "490154203237518"]), "imei").tolist() == [False, True]
