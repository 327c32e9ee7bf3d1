"""What a launch insists on."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from include.mobile_plans.iccid import parse_ranges
from include.mobile_plans.launch import request_problems
from include.mobile_plans.launch.rules import (
    Ranges,
    range_findings,
    range_problems,
    ranges_at,
    scenarios_for,
    step_problems,
)
from include.mobile_plans.policy import MobileOperator, ProgramPolicy
from include.mobile_plans.questions import Answer
from tests.mobile_plans.launch.conftest import REQUEST

Examples = dict[str, MobileOperator]
PRODUCTION = parse_ranges("8988247000100000000-8988247000100999999")
INSIDE = parse_ranges("8988247000100003300-8988247000100003399")
OUTSIDE = parse_ranges("8988247000200003300-8988247000200003399")


def test_a_sound_request_is_granted(
    examples: Examples, policy: ProgramPolicy, now: datetime
) -> None:
    """The example mobile operators can be launched."""
    assert request_problems(REQUEST, examples["tailspin"], policy, now) == []


@pytest.mark.parametrize(
    ("request_change", "record_change", "words"),
    [
        ({"target_at": -1}, {}, "is past"),
        ({"target_at": 30}, {}, "freeze, 2026-12-21 to 2027-01-03"),
        ({}, {"state": "live"}, "is live: only a draft"),
        ({}, {"state": "withdrawn"}, "is withdrawn"),
    ],
)
def test_a_request_that_cannot_be_granted_says_why(
    examples: Examples,
    policy: ProgramPolicy,
    now: datetime,
    request_change: dict,
    record_change: dict,
    words: str,
) -> None:
    """A past date, a freeze and a wrong state are one plain sentence each."""
    changes = {name: now + timedelta(days=days) for name, days in request_change.items()}
    problems = request_problems(
        replace(REQUEST, **changes), replace(examples["tailspin"], **record_change), policy, now
    )

    assert len(problems) == 1
    assert words in problems[0]


def test_staging_needs_a_staging_endpoint(
    examples: Examples, policy: ProgramPolicy, now: datetime
) -> None:
    """L2: one that has no staging endpoint cannot be migrated from it."""
    request = replace(REQUEST, slug="contoso", range_choice="full")

    (problem,) = request_problems(request, examples["contoso"], policy, now)

    assert "no staging endpoint" in problem


@pytest.mark.parametrize(
    ("choice", "ranges", "words"),
    [
        ("test", Ranges(production=PRODUCTION, test=INSIDE), None),
        ("full", Ranges(production=PRODUCTION, test=OUTSIDE), None),
        ("test", Ranges(production=PRODUCTION, test=OUTSIDE), "does not lie inside"),
        ("test", Ranges(production=PRODUCTION, test=()), "choose the full range"),
        ("full", Ranges(production=(), test=()), "no production ICCID range"),
    ],
)
def test_the_test_range_lies_inside_production(
    choice: str, ranges: Ranges, words: str | None
) -> None:
    """L4: the test range is a subset of the full production range."""
    problems = range_problems(replace(REQUEST, range_choice=choice), "Contoso", ranges)

    assert [words in problem for problem in problems] == ([True] if words else [])


def test_ranges_are_described_with_what_is_worth_a_look() -> None:
    """A range too small for the load test is told, not refused."""
    found = range_findings(REQUEST, Ranges(production=PRODUCTION, test=INSIDE))

    assert found.startswith("test range of 10 ICCIDs; small_for_load_test")


def test_scenarios_follow_from_what_is_offered(examples: Examples, policy: ProgramPolicy) -> None:
    """L8: eSIM, SIM or both decide which scenarios apply."""
    names = {
        slug: [scenario.name for scenario in scenarios_for(mobile_operator, policy)]
        for slug, mobile_operator in examples.items()
    }

    assert names == {
        "contoso": ["esim_first_run"],
        "fabrikam": ["sim_first_run"],
        "northwind": ["esim_first_run", "sim_first_run"],
        "tailspin": ["esim_first_run"],
    }


@pytest.mark.parametrize(
    ("option", "iccid", "words"),
    [
        ("Pass", "8988247000100003319", None),
        ("Pass", "8988247000100003318", "check digit"),
        ("Pass", "8988247000103824828", "no registered range"),
        ("Pass", "988842070001003013F9", "swapped in pairs"),
        ("Pass", None, "give it"),
        ("Fail", None, None),
    ],
)
def test_the_iccid_is_one_that_was_configured(
    policy: ProgramPolicy, now: datetime, option: str, iccid: str | None, words: str | None
) -> None:
    """A pass names the ICCID of the device, in range and with its check digit right."""
    scenario = policy.launch.scenarios[0]
    values = {"iccid": iccid} if iccid else {}
    answer = Answer(option=option, values=values, recorded_by="ops", recorded_at=now)

    problems = step_problems(answer, scenario, "device_connected", INSIDE)

    assert [words in problem for problem in problems] == ([True] if words else [])
    assert step_problems(answer, scenario, "launch_portal", INSIDE) == []


def test_ranges_not_yet_valid_do_not_count(examples: Examples, now: datetime) -> None:
    """Only ranges whose cards exist at the instant are asked for."""
    record = examples["tailspin"]
    later = replace(record.iccid_ranges.test[0], valid_from=now + timedelta(days=1))
    record = replace(record, iccid_ranges=replace(record.iccid_ranges, test=(later,)))

    assert ranges_at(record, now).test == ()
    assert ranges_at(record, now + timedelta(days=1)).test != ()
