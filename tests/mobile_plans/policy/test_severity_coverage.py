"""A severity edition covers every input exactly once, or the input is named."""

from copy import deepcopy
from typing import Any

import pytest

from include.mobile_plans.errors import BadInput
from include.mobile_plans.policy.documents import read_document
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.policy.severity import SeverityEdition
from include.mobile_plans.policy.severity_coverage import MOST_LINES, edition_problems
from include.mobile_plans.policy.sources import without_sources
from include.mobile_plans.policy.validation import validated
from tests.mobile_plans.policy.examples import document

SHIPPED: dict[str, Any] = without_sources(read_document(SHIPPED_POLICY / "severity" / "2018.yaml"))[
    0
].data
RULES = [rule["name"] for rule in SHIPPED["rules"]]


def problems_of(data: dict[str, Any]) -> list[str]:
    return edition_problems(validated(SeverityEdition, document(data)))


def table_of_shares(*rules: tuple[str, dict[str, float]]) -> dict[str, Any]:
    """An edition that decides by the share of failures, as a later source does."""
    return SHIPPED | {
        "facts": {"failed": {"question": "Which share fails?", "kind": "share"}},
        "rules": [
            {"name": f"r{i}", "severity": severity, "reason": "x", "when": {"failed": bounds}}
            for i, (severity, bounds) in enumerate(rules)
        ],
    }


def test_the_shipped_edition_covers_everything_once() -> None:
    """E2: every statement of facts has exactly one severity."""
    assert problems_of(SHIPPED) == []


@pytest.mark.parametrize("name", RULES)
def test_a_removed_rule_is_found(name: str) -> None:
    """Whichever row is taken out, an input is named that nothing covers."""
    data = deepcopy(SHIPPED)
    data["rules"] = [rule for rule in data["rules"] if rule["name"] != name]
    problems = problems_of(data)
    assert problems
    assert all("is not covered; exactly one rule must fit" in p for p in problems[:MOST_LINES])


@pytest.mark.parametrize("name", RULES)
def test_a_doubled_rule_is_found(name: str) -> None:
    """Whichever row is there twice, an input is named that both cover."""
    data = deepcopy(SHIPPED)
    twin = next(rule for rule in data["rules"] if rule["name"] == name) | {"name": "twin"}
    data["rules"].append(twin)
    problems = problems_of(data)
    assert f"is covered by 2 rules ({name}, twin); exactly one rule must fit" in problems[0]


def test_an_uncovered_input_is_told_once_in_words() -> None:
    """Each fact that matters is named, with its values and bounds in words."""
    data = deepcopy(SHIPPED)
    data["rules"][0]["when"]["lasted"] = {"more_than": "PT45M"}
    assert problems_of(data) == [
        (
            "rules: the input core_scenario completely_lost, "
            "lasted between 0:30:00 and 0:45:00 or exactly 0:45:00 is not covered; "
            "exactly one rule must fit"
        )
    ]


def test_a_table_that_covers_nothing_says_so() -> None:
    """Bounds that contradict each other leave every input out."""
    data = table_of_shares(("high", {"more_than": 0.5, "less_than": 0.5}))
    assert problems_of(data) == ["rules: every input is not covered; exactly one rule must fit"]


def test_the_gaps_of_a_later_edition_are_found() -> None:
    """100 %, 75 %, and from 25 to 75 % leave gaps and one share with two rules."""
    problems = problems_of(
        table_of_shares(
            ("high", {"at_least": 1.0}),
            ("high", {"at_least": 0.75, "at_most": 0.75}),
            ("low", {"at_least": 0.25, "at_most": 0.75}),
        )
    )
    assert [p.removeprefix("rules: the input failed ").split(";")[0] for p in problems] == [
        "exactly 0.0 or between 0.0 and 0.25 or between 0.75 and 1.0 is not covered",
        "exactly 0.75 is covered by 2 rules (r1, r2)",
    ]


def test_a_table_of_shares_without_gaps_is_sound() -> None:
    """The ends of every bound belong to exactly one rule."""
    assert not problems_of(
        table_of_shares(("high", {"at_least": 0.5}), ("low", {"less_than": 0.5}))
    )


def test_many_gaps_are_counted_not_listed() -> None:
    """Nobody reads a thousand lines: the first ones are shown, the rest is a number."""
    data = deepcopy(SHIPPED)
    answers = [str(number) for number in range(50)]
    data["facts"] = {name: {"question": "?", "answers": answers} for name in ("a", "b")}
    data["rules"] = [
        {"name": f"r{n}", "severity": "low", "reason": "x", "when": {"a": [n], "b": [n]}}
        for n in answers
    ]
    problems = problems_of(data)
    assert len(problems) == MOST_LINES + 1
    assert problems[-1] == "rules: 30 more inputs are not covered exactly once"


def test_a_table_too_large_to_try_is_refused() -> None:
    """A product of facts nobody can have meant is refused, not tried for hours."""
    data = deepcopy(SHIPPED)
    answers = [str(n) for n in range(60)]
    data["facts"] |= {f"f{n}": {"question": "?", "answers": answers} for n in range(3)}
    (problem,) = problems_of(data)
    assert "inputs to cover, allowed are at most" in problem


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ({"core_scenaro": ["not_lost"]}, "unknown fact; allowed are core_scenario, lasted,"),
        ({"core_scenario": ["lost"]}, "'lost' is not allowed; allowed are not_lost,"),
        ({"core_scenario": {"more_than": "PT1M"}}, "bounds belong to a duration or share"),
        ({"lasted": ["long"]}, "the fact is a duration: write bounds such as"),
        ({"lasted": {"more_than": 0.5}}, "the fact is a duration: its bounds must be too"),
    ],
)
def test_a_condition_that_cannot_fit_is_named(when: dict[str, Any], words: str) -> None:
    """A misspelled fact or answer is a mistake of its own, not a gap."""
    data = deepcopy(SHIPPED)
    data["rules"][0]["when"] = when
    (problem,) = problems_of(data)
    assert problem.startswith("rules[0].when.")
    assert words in problem


def test_facts_and_rules_are_named_once_and_answered() -> None:
    """A choice needs answers, anything else has none, and rules have names of their own."""
    data = deepcopy(SHIPPED)
    data["facts"]["lasted"]["answers"] = ["long"]
    data["facts"]["degradation_rule"]["answers"] = []
    data["rules"][1]["name"] = data["rules"][0]["name"]
    problems = problems_of(data)
    assert "facts.lasted: answers belong to a choice, and a choice needs them" in problems
    assert "facts.degradation_rule: answers belong to a choice, and a choice needs them" in problems
    assert any("rules[1].name: 'complete_loss' is used twice" in problem for problem in problems)


@pytest.mark.parametrize("condition", ["yes", [], [1], {}, {"over": "PT1M"}])
def test_a_condition_of_another_form_is_refused(condition: object) -> None:
    """Answers are a list of text, bounds have four names."""
    data = deepcopy(SHIPPED)
    data["rules"][0]["when"]["lasted"] = condition
    with pytest.raises(BadInput, match="is no condition: write a list of answers in quotes"):
        problems_of(data)


@pytest.mark.parametrize("bound", ["half an hour", True, None, [1]])
def test_a_bound_is_a_duration_or_a_share(bound: object) -> None:
    """Anything else is no bound."""
    data = deepcopy(SHIPPED)
    data["rules"][0]["when"]["lasted"] = {"more_than": bound}
    with pytest.raises(BadInput, match="is no bound: write a duration as PT30M"):
        problems_of(data)
