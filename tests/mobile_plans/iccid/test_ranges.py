"""Ranges: notations, membership, sets of them, warnings."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.mobile_plans.errors import BadInput
from include.mobile_plans.iccid import (
    IccidRange,
    check_iccid,
    is_subset,
    is_true_subset,
    merge,
    overlap,
    parse_ranges,
    range_warnings,
    total_size,
    with_check_digit,
)

A = "894230600002575694-894230600002775693"
B = "894230600002575600-894230600002775699"
C = "894236000024748200-894236000024748299"
COSA = "8988247000100003300-8988247000100003399"


def one(notation: str) -> IccidRange:
    (found,) = parse_ranges(notation)
    return found


def small(start: int, end: int, *, length: int = 19, has_check_digit: bool = True) -> IccidRange:
    """A range close to the first number of an issuer."""
    digits = length - has_check_digit
    return IccidRange(
        start=f"8988247{start:0{digits - 7}d}",
        end=f"8988247{end:0{digits - 7}d}",
        length=length,
        has_check_digit=has_check_digit,
    )


@st.composite
def ranges(draw: st.DrawFn) -> list[IccidRange]:
    bounds = draw(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)), max_size=6))
    forms = st.sampled_from([(18, False), (19, True), (19, False), (20, True), (20, False)])
    found = []
    for start, more in bounds:
        length, has_check_digit = draw(forms)
        found.append(small(start, start + more, length=length, has_check_digit=has_check_digit))
    return found


def numbers_of(several: list[IccidRange]) -> set[tuple[int, bool, int]]:
    """Every body with its form: what the set operations are about."""
    return {
        (*each.form, number)
        for each in several
        for number in range(int(each.start), int(each.end) + 1)
    }


def test_several_ranges_without_check_digits() -> None:
    """L3: the documents' 18-digit notation names bodies of 19-digit numbers."""
    found = parse_ranges(f"{A}; {C};")
    assert [each.size for each in found] == [200_000, 100]
    assert {each.form for each in found} == {(19, True)}
    assert [str(each) for each in found] == [A, C]


def test_one_range_with_check_digits() -> None:
    """L3: endpoints of 19 digits carry their check digit and mean the same range."""
    assert parse_ranges("8942306000025756947-8942306000027756937") == parse_ranges(A)


def test_endpoints_00_and_99() -> None:
    """L3: from 00 to 99 with a check digit are ten cards, not a hundred."""
    assert one(COSA).size == 10
    assert one(COSA).start == "898824700010000330"
    assert one("8988247000100003300..99") == one(COSA)
    assert one("89882470001000033000-89882470001000033099").length == 20


def test_a_wrong_check_digit_in_an_endpoint_moves_nothing() -> None:
    """L3: ranges are compared on bodies."""
    assert one("8942306000025756940-8942306000027756930") == one(A)


@pytest.mark.parametrize(
    "notation",
    [
        f" {A} ;",
        "8942 3060 0002 5756 94 - 8942 3060 0002 7756 93",
        "894230600002575694\N{EN DASH}894230600002775693",
        "894230600002575694..2775693",
        "894230600002575694FF-894230600002775693FF",
        "8942306000025756947F-8942306000027756937F",
    ],
)
def test_notations_of_one_range(notation: str) -> None:
    """L3: blanks, dashes of word processors, repeated digits and card padding are understood."""
    assert parse_ranges(notation) == (one(A),)


@pytest.mark.parametrize("between", [";", "; ", "\n", ",", ";\n"])
def test_notations_of_several_ranges(between: str) -> None:
    """L3: several ranges are separated by semicolons, commas or lines."""
    assert parse_ranges(between.join([A, C])) == (one(A), one(C))


def test_a_single_number_is_a_range_of_one() -> None:
    """L3: one card may be a range."""
    assert one("8988247000100003319").size == 1


@pytest.mark.parametrize(
    ("notation", "options", "form", "body"),
    [
        ("8988247000100003300", {}, (19, True), 18),
        ("89882470001000033000", {}, (20, True), 19),
        ("898824700010000330", {"length": 18}, (18, False), 18),
        ("898824700010000330", {"has_check_digit": False}, (18, False), 18),
        ("898824700010000330", {"has_check_digit": True}, (19, True), 18),
        ("898824700010000330", {"length": 18, "has_check_digit": True}, (18, True), 17),
        ("8988247000100003300", {"has_check_digit": False}, (19, False), 19),
        ("8988247000100003300", {"length": 20}, (20, True), 19),
        ("89882470001000033000", {"length": 20, "has_check_digit": False}, (20, False), 20),
    ],
)
def test_what_is_registered_otherwise(
    notation: str, options: dict[str, int], form: tuple[int, bool], body: int
) -> None:
    """L3: length and check digit are registered where the endpoints do not tell."""
    (found,) = parse_ranges(notation, **options)
    assert (found.form, len(found.start)) == (form, body)


@pytest.mark.parametrize(
    ("notation", "options", "problem"),
    [
        ("", {}, "name no range: write start-end"),
        (" ; ", {}, "name no range"),
        ("8988247000100003399-8988247000100003300", {}, "is reversed"),
        (
            "8988247000100003300-89882470001000033990",
            {},
            "the endpoints have 19 and 20 digits, they must have equally many",
        ),
        ("8988247000100003300-", {}, r"is not an ICCID \(not_digits\)"),
        ("-8988247000100003300", {}, r"is not an ICCID \(not_digits\)"),
        ("1-2-3", {}, "is not start-end: separate several ranges with ;"),
        ("8.98825E+18", {}, r"\(scientific_notation\): a spreadsheet has turned it"),
        ("988842070001003013F9", {}, r"\(nibble_swapped\)"),
        ("898600B5190012345678", {}, r"\(hex_digits\)"),
        ("7988247000100003300", {}, r"\(mii\)"),
        ("8900", {}, r"\(length\)"),
        (A, {"length": 20}, "endpoints of 18 digits do not fit numbers of 20"),
        (A, {"length": 21}, "endpoints of 18 digits do not fit numbers of 21"),
        ("89882470001000033000", {"length": 21}, "length of 21 is not allowed"),
        (A, {"length": 19, "has_check_digit": False}, "do not fit numbers of 19"),
    ],
)
def test_what_is_no_range(notation: str, options: dict[str, int], problem: str) -> None:
    """L3: what cannot be read is refused with the thing and what is allowed."""
    with pytest.raises(BadInput, match=problem):
        parse_ranges(notation, **options)


def test_every_unreadable_range_is_named() -> None:
    """L3: a list of ranges is repaired in one go."""
    with pytest.raises(BadInput) as refused:
        parse_ranges(f"8900-8901; {A}; 1-2-3")
    assert len(refused.value.problems) == 2


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"length": 17}, "a length of 17 is not allowed, 18 to 20"),
        ({"start": "12"}, "'12' is not 18 digits that start with 89"),
        ({"end": "898824700010000339X"}, "is not 18 digits that start with 89"),
        ({"end": "898824700010000000"}, "is reversed"),
    ],
)
def test_a_range_refuses_what_it_is_not(changes: dict[str, object], problem: str) -> None:
    """L3: no range exists that breaks its own rules."""
    fields = {
        "start": "898824700010000330",
        "end": "898824700010000339",
        "length": 19,
        "has_check_digit": True,
    }
    with pytest.raises(BadInput, match=problem):
        IccidRange(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("iccid", "inside"),
    [
        ("8942306000025756947", True),
        ("8942306000025756939", False),
        ("8942306000027756937", True),
        ("8942306000027756945", False),
        (" 8942306000025756947F", True),
        ("894230600002575694", False),
        ("89423060000257569470", False),
        ("894230600002575694X", False),
        ("", False),
    ],
)
def test_membership(iccid: str, inside: bool) -> None:  # noqa: FBT001 - a case
    """L3: the first and last card are inside, their neighbours and other lengths are not."""
    assert one(A).contains(iccid) is inside


@pytest.mark.parametrize(
    ("iccid", "reason"),
    [
        ("8942306000025756947", None),
        ("8942306000025756940", "check_digit"),
        ("8942306000025756939", "outside_ranges"),
        ("8988247000100003319", "outside_ranges"),
        ("894230600002575694", "length_for_issuer"),
        ("8942306", "length"),
    ],
)
def test_one_number_against_registered_ranges(iccid: str, reason: str | None) -> None:
    """L3: registered ranges decide about length, check digit and membership."""
    found = check_iccid(iccid, ranges=parse_ranges(f"{A}; {C}"))
    assert (found.valid, found.reason) == (reason is None, reason)


def test_a_range_without_check_digit_asks_for_none() -> None:
    """L3: some issuers use all digits, so the last one proves nothing."""
    ranges_of_20 = parse_ranges("89860703101112094300..99", has_check_digit=False)
    assert check_iccid("89860703101112094320", ranges=ranges_of_20).valid
    assert check_iccid("89860703101112094320").reason == "check_digit"


def test_no_registered_range_holds_nothing() -> None:
    """L3: an empty registration is not the same as none asked for."""
    assert check_iccid("8988247000100003319", ranges=()).reason == "outside_ranges"


def test_subsets_of_the_documents() -> None:
    """L4: A lies in B, not the other way; C only where it is joined to it."""
    a, b, c = one(A), one(B), one(C)
    assert is_subset([a], [b])
    assert is_true_subset([a], [b])
    assert not is_subset([b], [a])
    assert not is_subset([c], [b])
    assert is_subset([c], [b, c])
    assert b.size == 200_100
    assert c.size == 100


def test_the_full_range_is_no_true_subset() -> None:
    """L4: the full range may be tested on, but it is not a test range."""
    assert is_subset([one(A)], [one(A)])
    assert not is_true_subset([one(A)], [one(A)])
    halves = [small(0, 4), small(5, 9)]
    assert not is_true_subset(halves, [small(0, 9)])


def test_a_subset_may_reach_over_adjacent_ranges() -> None:
    """L4: production ranges that touch are one."""
    assert is_true_subset([small(3, 6)], [small(0, 4), small(5, 9)])
    assert not is_subset([small(3, 6)], [small(0, 4), small(6, 9)])


def test_another_form_is_no_subset() -> None:
    """L4: ranges of another length, or without check digit, hold other numbers."""
    assert not is_subset([small(0, 4, length=20)], [small(0, 9)])
    assert not is_subset([small(0, 4, has_check_digit=False)], [small(0, 9)])


@given(ranges(), ranges())
def test_subsets_agree_with_sets(test: list[IccidRange], production: list[IccidRange]) -> None:
    """L4: the answers are those of the sets of numbers."""
    inner, whole = numbers_of(test), numbers_of(production)
    assert is_subset(test, production) == (inner <= whole)
    assert is_true_subset(test, production) == (inner < whole)


@given(ranges())
def test_merging_keeps_every_number_and_no_more(several: list[IccidRange]) -> None:
    """Merged ranges hold the same numbers, each once, with a gap between any two of a form."""
    merged = merge(several)
    assert numbers_of(list(merged)) == numbers_of(several)
    assert total_size(several) == sum(each.size for each in merged) == len(numbers_of(several))
    assert merge(merged) == merged
    for before, after in pairwise(merged):
        assert before.form != after.form or int(before.end) + 1 < int(after.start)


@given(ranges(), ranges())
def test_overlaps_agree_with_sets(first: list[IccidRange], second: list[IccidRange]) -> None:
    """L3: pairs are named exactly where two owners could mean the same full number."""

    def span(each: IccidRange) -> tuple[int, int]:
        factor = 10 if each.has_check_digit else 1
        return int(each.start) * factor, int(each.end) * factor + factor - 1

    expected = [
        (mine, theirs)
        for mine in first
        for theirs in second
        if mine.length == theirs.length
        and span(mine)[0] <= span(theirs)[1]
        and span(theirs)[0] <= span(mine)[1]
    ]
    found = overlap(first, second)
    assert sorted(map(str, found)) == sorted(map(str, expected))


def test_overlap_names_whose_range_is_whose() -> None:
    """L3: the pair is in the order the owners were given."""
    mine, theirs = small(5, 9), small(0, 6)
    assert overlap([mine], [theirs]) == ((mine, theirs),)
    assert overlap([theirs], [mine]) == ((theirs, mine),)
    assert overlap([mine], [small(10, 12)]) == ()


@pytest.mark.parametrize(("start", "meets"), [(109, True), (110, False), (99, False), (100, True)])
def test_overlap_where_two_owners_disagree_about_the_check_digit(
    start: int, *, meets: bool
) -> None:
    """L3: body 10 with any check digit is 100 to 109 of those who use all digits."""
    checked, plain = small(10, 10), small(start, start, has_check_digit=False)
    assert bool(overlap([checked], [plain])) is meets


def test_warnings_of_good_ranges() -> None:
    """L4: nothing is said about a test range worth its name."""
    assert range_warnings(parse_ranges(B), parse_ranges(A)) == ()
    assert range_warnings(parse_ranges(B)) == ()


@pytest.mark.parametrize(
    ("production", "test", "warning"),
    [
        (B, B, "test_equals_production"),
        (B, "894230600002575600-894230600002575698", "small_for_load_test: 99 ICCIDs"),
        (COSA, "", "small_for_load_test: 10 ICCIDs"),
        (f"{A}; {B}", "", "overlap_within: production ranges"),
        (B, f"{A}; {A}", "overlap_within: test ranges"),
        ("894230600002575600-894230700002575600", A, "iin_differs"),
    ],
)
def test_warnings(production: str, test: str, warning: str) -> None:
    """L4: what is allowed but worth a look is named, and nothing else."""
    (found,) = range_warnings(parse_ranges(production), parse_ranges(test) if test else ())
    assert found.startswith(warning)


def test_a_range_just_large_enough_for_the_load_test() -> None:
    """L4: the load test needs 1000 different ICCIDs."""
    assert range_warnings([small(0, 999)]) == ()
    assert range_warnings([small(0, 998)])[0].startswith("small_for_load_test: 999 ICCIDs")


@given(ranges(), st.integers(0, 75))
def test_the_numbers_of_a_range_are_those_with_their_check_digit(
    several: list[IccidRange], number: int
) -> None:
    """L3: a full number is inside exactly when its body is."""
    full = with_check_digit(f"8988247{number:011d}")
    inside = any(each.contains(full) for each in several if each.form == (19, True))
    assert inside == ((19, True, int(full[:-1])) in numbers_of(several))
