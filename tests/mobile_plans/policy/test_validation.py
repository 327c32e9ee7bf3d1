"""Every problem in words: where, what is allowed, what was probably meant."""

from typing import Any

import pytest

from include.mobile_plans.errors import BadInput
from include.mobile_plans.policy.documents import parse_document
from include.mobile_plans.policy.mobile_operators import MobileOperator
from include.mobile_plans.policy.validation import validated
from tests.mobile_plans.policy.examples import document, example_data


def refusal(data: Any) -> list[str]:
    with pytest.raises(BadInput) as refused:
        validated(MobileOperator, document(data), context={"allow_loopback": True})
    return list(refused.value.problems)


def test_an_unknown_key_names_the_allowed_ones() -> None:
    """A misspelled key deep inside is answered with the keys of that place."""
    data = example_data()
    data["contacts"]["incident"][0]["fone"] = "+1 206 555 0100"
    assert refusal(data) == [
        (
            "test.yaml: contacts.incident[0].fone: unknown key; "
            "allowed are name, email, phone, languages; did you mean 'phone'?"
        )
    ]


def test_keys_inside_optional_parts_are_known_too() -> None:
    """The allowed keys of a part that may be null are named like any others."""
    data = example_data()
    data["portals"]["production"]["expectation"]["status"] = [200]
    (problem,) = refusal(data)
    assert "portals.production.expectation.status: unknown key; allowed are statuses" in problem


def test_a_misspelled_key_is_one_problem() -> None:
    """A key that is written wrong is not told as missing, too."""
    data = example_data()
    data["legal_nmae"] = data.pop("legal_name")
    (problem,) = refusal(data)
    assert problem.endswith("did you mean 'legal_name'?")


def test_a_missing_key_is_named() -> None:
    """C1: a mobile operator without a support contact is refused."""
    data = example_data()
    del data["customer_support"]
    assert refusal(data) == ["test.yaml: customer_support: is required and missing"]


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("state", "alive", "state: 'alive' is not allowed; allowed are draft, live, suspended,"),
        ("state", "lve", "did you mean 'live'?"),
        ("name", 7, "name: must be text: put a number in quotes, not 7"),
        ("countries", "US", 'countries: must be a list, not "US"'),
        ("countries", [], "countries: needs at least 1 of them, not []"),
        ("brand", "Contoso", "brand: must be a mapping of keys to values"),
        ("monitoring", {"probed": "yes"}, 'monitoring.probed: must be true or false, not "yes"'),
    ],
)
def test_a_wrong_value_says_what_is_allowed(key: str, value: object, words: str) -> None:
    """Types and choices are told in words, with what was written."""
    (problem,) = refusal(example_data() | {key: value})
    assert words in problem


def test_a_long_wrong_value_is_shortened() -> None:
    """A problem stays one line of a terminal."""
    (problem,) = refusal(example_data() | {"name": list(range(500))})
    assert problem.endswith("...")
    assert len(problem) < 150


def test_all_problems_are_told_at_once_with_their_lines() -> None:
    """Nobody has to run it once per mistake."""
    text = "slug: contoso\nnmae: Contoso\ncountries:\n  - Germany\n"
    with pytest.raises(BadInput) as refused:
        validated(MobileOperator, parse_document(text, "c.yaml"), context={})
    problems = refused.value.problems
    assert "c.yaml:4: countries[0]: 'Germany' is not a country" in problems[1] or problems[0]
    assert any(p.startswith("c.yaml:2: nmae: unknown key;") for p in problems)
    assert any(p == "c.yaml:1: legal_name: is required and missing" for p in problems)


def test_a_document_that_is_no_mapping_is_refused() -> None:
    """An empty file or a list is refused like anything else."""
    assert refusal(None) == ["test.yaml: must be a mapping of keys to values, not null"]
    assert refusal([1]) == ["test.yaml: must be a mapping of keys to values, not [1]"]
