"""What people state, the facts that follow, and the severity they lead to (E1, E2)."""

from datetime import timedelta

import pytest

from include.mobile_plans.errors import BadInput
from include.mobile_plans.incidents.statements import facts_of, missing_in, stated_in
from include.mobile_plans.policy import load_policy
from include.mobile_plans.policy.loading import SHIPPED_POLICY

HIGH = ("completely_lost", "high")
LONG, SHORT = timedelta(minutes=31), timedelta(minutes=30)
LOST = {"portal": "not reachable"}
FINE = {"portal": "reachable", "purchased_data": "usable"}
CALLS = {"abnormal_calls": "core scenario at risk: 2400 in 10 minutes, usually 300"}


@pytest.mark.parametrize(
    ("stated", "lasted", "core_scenario", "severity"),
    [
        (LOST, LONG, "completely_lost", "high"),
        (LOST, SHORT, "completely_lost", "low"),
        ({"portal": "not reachable: Wi-Fi"}, LONG, "partly_lost", "low"),
        (
            {"portal": "not reachable: walled garden, Wi-Fi, Ethernet"},
            LONG,
            "completely_lost",
            "high",
        ),
        ({"portal": "partly reachable"}, LONG, "partly_lost", "low"),
        ({"purchased_data": "not usable"}, LONG, "completely_lost", "high"),
        ({"purchased_data": "not usable", "portal": "not reachable: Wi-Fi"}, LONG, *HIGH),
        (FINE | {"purchased_data": "partly usable"}, LONG, "partly_lost", "low"),
        (FINE, LONG, "not_lost", "low"),
        (FINE | CALLS, LONG, "not_lost", "high"),
        (CALLS, SHORT, "not_lost", "high"),
        (FINE | {"abnormal_calls": "harmless: 9, usually 3"}, LONG, "not_lost", "low"),
        (LOST | CALLS, SHORT, "completely_lost", "high"),
    ],
)
def test_the_severity_follows_from_what_is_stated(
    stated: dict[str, str], lasted: timedelta, core_scenario: str, severity: str
) -> None:
    """E2: a core scenario completely lost for more than 30 minutes is High; so are calls (E5)."""
    facts = facts_of(stated_in(stated), lasted=lasted)
    edition = load_policy(SHIPPED_POLICY).severity_editions["2018"]

    assert facts["core_scenario"] == core_scenario
    assert edition.decide(facts).severity == severity


def test_the_degradation_rule_is_a_fact_of_its_own() -> None:
    """Decision: bad in all but name is High."""
    facts = facts_of({"portal": "partly reachable"}, lasted=SHORT, degraded=True)
    assert load_policy(SHIPPED_POLICY).severity_editions["2018"].decide(facts).rule == "degraded"


def test_nothing_stated_decides_nothing() -> None:
    """E2: without a word about a core scenario there is no severity."""
    assert "core_scenario" not in facts_of({"reference": "T-1"}, lasted=LONG)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"portal": "down"}, "cannot be 'down': allowed are reachable, partly reachable, not"),
        ({"purchased_data": "no"}, "cannot be 'no': allowed are usable, partly usable, not usable"),
        ({"abnormal_calls": "yes"}, "cannot be 'yes': allowed are no, harmless, core scenario"),
        (
            {"portal": "not reachable: Wi-Fi, LTE"},
            "cannot name the way 'LTE': allowed are walled garden, Wi-Fi, Ethernet",
        ),
        ({"abnormal_calls": "harmless"}, "needs the counts, after a colon"),
        ({"aware_at": "2026-11-23T10:00"}, "has no time zone"),
        ({"aware_at": "ten"}, "is not an ISO 8601 time"),
    ],
)
def test_an_answer_that_is_not_allowed_is_named(values: dict[str, str], words: str) -> None:
    """Each refused field with what is allowed."""
    with pytest.raises(BadInput, match=words):
        stated_in(values)


def test_every_mistake_is_told_at_once() -> None:
    """One line each."""
    with pytest.raises(BadInput) as caught:
        stated_in({"portal": "down", "purchased_data": "no"})
    assert len(caught.value.problems) == 2


def test_empty_fields_and_fields_of_others_are_passed_over() -> None:
    """A form delivers all of its fields, and more than these."""
    assert stated_in({"portal": " reachable ", "reference": " ", "reason": "x"}) == {
        "portal": "reachable"
    }


def test_what_stands_after_a_colon_is_kept_apart() -> None:
    """E1, E5: the ways that are hit, and the counts behind a high number of calls."""
    stated = {"portal": "not reachable : Wi-Fi,Ethernet", "abnormal_calls": "harmless: 9: of 3"}
    assert stated_in(stated) == {
        "portal": "not reachable",
        "ways": "Wi-Fi,Ethernet",
        "abnormal_calls": "harmless",
        "calls": "9: of 3",
    }


def test_what_is_missing_is_said_in_words() -> None:
    """E5: what the template asks for and nobody has said."""
    assert missing_in({}) == [
        "Can the app reach the portal?",
        "Can users consume purchased data?",
        "Their reference",
    ]
    assert missing_in(FINE | {"reference": "T-1"}) == []
