"""The ranges that were configured, held against those that were asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.mobile_plans.errors import BadInput
from include.mobile_plans.iccid import IccidRange, parse_ranges, total_size
from include.mobile_plans.launch import configuration_problems, configured_ranges
from include.mobile_plans.launch.configuration import require_inside, without

ASKED = parse_ranges("8944501606231030000-8944501606231049999", length=19, has_check_digit=True)


@pytest.mark.parametrize(
    "notation",
    [
        "8944501606231030000-8944501606231049999",
        "894450160623103000-894450160623104999",
        "894450160623103000-894450160623103999; 894450160623104000-894450160623104999",
        "8944501606231030000-8944501606231039999\n8944501606231040000-8944501606231049999\n",
    ],
)
def test_the_same_ranges_in_any_notation(notation: str) -> None:
    """L3: with or without check digits, in one piece or several, the same cards are the same."""
    assert configuration_problems(configured_ranges(notation, ASKED), ASKED) == []


@pytest.mark.parametrize(
    ("notation", "words"),
    [
        (
            "894450160623103000-894450160623103999",
            ["1000 ICCIDs are asked for but not configured: 894450160623104000-894450160623104999"],
        ),
        (
            "894450160623103000-894450160623105000",
            ["1 ICCIDs are configured but not asked for: 894450160623105000-894450160623105000"],
        ),
        (
            "894450160623103001-894450160623105000",
            ["1 ICCIDs are asked for but", "1 ICCIDs are configured but"],
        ),
    ],
)
def test_a_difference_is_named(notation: str, words: list[str]) -> None:
    """L3: what is missing and what is too much is said with its numbers."""
    problems = configuration_problems(configured_ranges(notation, ASKED), ASKED)

    assert len(problems) == len(words)
    for problem, word in zip(problems, words, strict=True):
        assert problem.startswith(word)


def test_ranges_of_several_forms_are_read_as_they_are() -> None:
    """Where what was asked for has several forms, each range tells its own."""
    mixed = (*ASKED, *parse_ranges("89882806660004900000-89882806660004919999"))

    found = configured_ranges(
        "; ".join(map(str, mixed[:1])) + "; " + "89882806660004900000-89882806660004919999", mixed
    )

    assert configuration_problems(found, mixed) == []


def test_what_is_no_range_is_refused() -> None:
    """Words are not ranges."""
    with pytest.raises(BadInput, match="not an ICCID"):
        configured_ranges("all of them", ASKED)


@pytest.mark.parametrize("name", ["../secrets.txt", "/etc/passwd.txt", "a\\b.txt", "", ".."])
def test_a_file_is_named_without_folders(name: str) -> None:
    """A form names a file inside the inbox, never a path outside."""
    with pytest.raises(BadInput, match="inbox"):
        require_inside(name)


def _range(first: int, size: int) -> IccidRange:
    return IccidRange(
        start=f"8944501606{first:08d}",
        end=f"8944501606{first + size - 1:08d}",
        length=19,
        has_check_digit=True,
    )


RANGES = st.lists(st.builds(_range, st.integers(0, 60), st.integers(1, 20)), max_size=5)


@given(RANGES, RANGES)
def test_taking_away_is_what_sets_do(ranges: list[IccidRange], others: list[IccidRange]) -> None:
    """What is left of ranges is exactly the numbers in them and in no other."""

    def numbers(found: object) -> set[int]:
        return {n for one in found for n in range(int(one.start), int(one.end) + 1)}

    left = without(ranges, others)

    assert numbers(left) == numbers(ranges) - numbers(others)
    assert total_size(left) == len(numbers(left))
