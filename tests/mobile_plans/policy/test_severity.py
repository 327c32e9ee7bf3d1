"""The severity of stated facts by the shipped edition."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.mobile_plans.errors import BadInput
from include.mobile_plans.policy import BusinessDays, load_policy
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.policy.severity import Bounds, FactValue

EDITION = load_policy(SHIPPED_POLICY).severity_editions["2018"]
HALF_HOUR = timedelta(minutes=30)
FACTS: dict[str, FactValue] = {
    "core_scenario": "not_lost",
    "lasted": timedelta(hours=2),
    "degradation_rule": "no",
    "abnormal_calls": "no",
}


@pytest.mark.parametrize(
    ("stated", "severity", "rule"),
    [
        ({}, "low", "everything_else"),
        ({"core_scenario": "partly_lost"}, "low", "everything_else"),
        ({"core_scenario": "completely_lost"}, "high", "complete_loss"),
        ({"core_scenario": "completely_lost", "lasted": HALF_HOUR}, "low", "lost_for_a_short_time"),
        (
            {"core_scenario": "completely_lost", "lasted": HALF_HOUR + timedelta(microseconds=1)},
            "high",
            "complete_loss",
        ),
        ({"degradation_rule": "yes"}, "high", "degraded"),
        ({"abnormal_calls": "harmless"}, "low", "everything_else"),
        ({"abnormal_calls": "core_scenario_at_risk"}, "high", "abnormal_calls"),
        ({"core_scenario": "partly_lost", "degradation_rule": "yes"}, "high", "degraded"),
    ],
)
def test_the_edition_of_2018(stated: dict[str, FactValue], severity: str, rule: str) -> None:
    """E3, E4, E5: High is a complete loss of more than 30 minutes, degradation, calls at risk."""
    decision = EDITION.decide(FACTS | stated)
    assert (decision.severity, decision.rule, decision.edition) == (severity, rule, "2018")
    assert decision.reason


@given(
    st.fixed_dictionaries(
        {
            "core_scenario": st.sampled_from(["not_lost", "partly_lost", "completely_lost"]),
            "lasted": st.timedeltas(timedelta(0), timedelta(days=30)),
            "degradation_rule": st.sampled_from(["no", "yes"]),
            "abnormal_calls": st.sampled_from(["no", "harmless", "core_scenario_at_risk"]),
        }
    )
)
def test_the_table_agrees_with_the_rule_in_words(facts: dict[str, FactValue]) -> None:
    """E2: for any statement exactly one row fits, and it says what the requirement says."""
    is_high = (
        (facts["core_scenario"] == "completely_lost" and facts["lasted"] > HALF_HOUR)  # type: ignore[operator]
        or facts["degradation_rule"] == "yes"
        or facts["abnormal_calls"] == "core_scenario_at_risk"
    )
    assert EDITION.decide(facts).severity == ("high" if is_high else "low")


def test_what_each_severity_asks() -> None:
    """E3, E4: phone within 1 hour, daily updates; mail within 1 business day, weekly updates."""
    high, low = EDITION.level("high"), EDITION.level("low")
    assert (high.channel, high.first_response) == ("phone_and_mail", timedelta(hours=1))
    assert (low.channel, low.first_response) == ("mail", BusinessDays(business_days=1))
    assert (high.update_every, low.update_every) == (
        BusinessDays(business_days=1),
        timedelta(days=7),
    )
    assert (high.escalated_by, low.escalated_by) == ("operations_centre", "mobile_plans_team")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"core_scenario": "not_lost"}, "fact 'lasted': is not stated"),
        (FACTS | {"abnormal_call": "no"}, "is unknown to severity edition 2018; allowed are"),
        (FACTS | {"abnormal_call": "no"}, "did you mean 'abnormal_calls'?"),
        (FACTS | {"core_scenario": "gone"}, "'gone' is not allowed; allowed are not_lost,"),
        (FACTS | {"lasted": 30.0}, "30.0 is not a duration from zero on"),
        (FACTS | {"lasted": timedelta(-1)}, "is not a duration from zero on"),
    ],
)
def test_a_statement_that_is_incomplete_is_refused(facts: dict[str, FactValue], words: str) -> None:
    """E2: no severity without every fact, each answered with what is allowed."""
    with pytest.raises(BadInput) as refused:
        EDITION.decide(facts)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("bounds", "inside", "outside"),
    [
        ({"more_than": 0.25, "at_most": 0.75}, (0.26, 0.75), (0.25, 0.76)),
        ({"at_least": 0.25, "less_than": 0.75}, (0.25, 0.74), (0.24, 0.75)),
    ],
)
def test_bounds_say_whether_their_end_belongs(
    bounds: dict[str, float], inside: tuple[float, ...], outside: tuple[float, ...]
) -> None:
    """More than is not at least."""
    found = Bounds(**bounds)
    assert all(found.hold(value) for value in inside)
    assert not any(found.hold(value) for value in outside)
