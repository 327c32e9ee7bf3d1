"""Numbers and ranges on the command line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.mobile_plans.commands.iccid import registered_ranges
from include.mobile_plans.errors import NotFound
from include.mobile_plans.iccid import parse_ranges
from include.mobile_plans.policy import record_version
from include.mobile_plans.simulation.clock import SystemClock, VirtualClock
from include.mobile_plans.store import Store
from include.mobile_plans.store.schema import upgrade
from tests.mobile_plans.commands.running import CommandLine
from tests.mobile_plans.policy.examples import example

GOOD = "8988247000100003319"
OF_FABRIKAM = "8942306000025756947"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
A = "894230600002575694-894230600002775693"
B = "894230600002575600-894230600002775699"
C = "894236000024748200-894236000024748299"


@pytest.fixture
def contoso(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VirtualClock:
    """A store that has held Contoso since long ago, and the clock of then."""
    url = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", url)
    store = Store(url)
    upgrade(store)
    with store.transaction() as connection:
        record_version(
            connection,
            example("contoso"),
            author="Ada",
            approver=None,
            reason="a test",
            now=LONG_AGO,
        )
    return VirtualClock(LONG_AGO)


def test_check_as_json(command_line: CommandLine) -> None:
    """Each number is judged as what it is; one that is wrong leaves with 1."""
    numbers = [
        GOOD,
        "894230600002575694",
        "89033024010400000100000000009136",
        "001102000224082",
        "8988247000100003318",
        "988842070001003013F9",
    ]
    outcome = command_line("iccid", "check", *numbers, "--json")
    assert outcome.code == 1
    assert outcome.document == {
        "results": [
            {"input": number, "valid": reason is None, "kind": kind, "reason": reason}
            for number, kind, reason in zip(
                numbers,
                ["iccid", "iccid", "eid", "imei", "iccid", "iccid"],
                [None, None, None, None, "check_digit", "nibble_swapped"],
                strict=True,
            )
        ]
    }


def test_check_for_people(command_line: CommandLine) -> None:
    """A reason is told in words too; all right leaves with 0."""
    assert command_line("iccid", "check", GOOD).code == 0
    outcome = command_line("iccid", "check", GOOD, "8900")
    assert outcome.code == 1
    assert [line.split("  ")[-1].strip() for line in outcome.out.splitlines()] == [
        "reason",
        "-",
        "length: it has the wrong number of digits",
    ]


def test_no_check_digit(command_line: CommandLine) -> None:
    """Numbers of issuers that use all digits are right with any last digit."""
    assert command_line("iccid", "check", "89860703101112094320").code == 1
    assert command_line("iccid", "check", "89860703101112094320", "--no-check-digit").code == 0


@pytest.mark.usefixtures("contoso")
def test_check_against_a_mobile_operators_ranges(command_line: CommandLine) -> None:
    """L3: with a mobile operator named, its registered ranges decide."""
    numbers = [GOOD, OF_FABRIKAM, "898824700010000331"]
    outcome = command_line("iccid", "check", *numbers, "--mobile-operator", "contoso", "--json")
    assert outcome.code == 1
    assert [result["reason"] for result in outcome.document["results"]] == [
        None,
        "outside_ranges",
        "length_for_issuer",
    ]


def test_registered_ranges_are_those_in_force(contoso: VirtualClock) -> None:
    """L3: the production ranges of the record that is in force now."""
    expected = parse_ranges("8988247000100000000-8988247000100999999")
    assert registered_ranges("contoso", contoso) == expected
    with pytest.raises(NotFound, match="contoso"):
        registered_ranges("contoso", VirtualClock(LONG_AGO - timedelta(hours=2)))


@pytest.mark.usefixtures("contoso")
def test_an_unknown_mobile_operator(command_line: CommandLine) -> None:
    """A slug nobody has leaves with 2 and says so."""
    with pytest.raises(NotFound):
        registered_ranges("nobody", SystemClock())
    outcome = command_line("iccid", "check", GOOD, "--mobile-operator", "nobody")
    assert (outcome.code, outcome.out) == (2, "")
    assert "nobody" in outcome.err


def test_contradicting_options(command_line: CommandLine) -> None:
    """Registered ranges say whether there is a check digit, so nobody else may."""
    outcome = command_line(
        "iccid", "check", GOOD, "--mobile-operator", "contoso", "--no-check-digit"
    )
    assert outcome.code == 2
    assert "contradicts --mobile-operator" in outcome.err


def test_ranges_as_json(command_line: CommandLine) -> None:
    """L4: a test range of 100 lies in production, and is small for the load test."""
    outcome = command_line("iccid", "ranges", "--production", f"{B}; {C}", "--test", C, "--json")
    assert outcome.code == 0
    document = outcome.document
    warnings = document.pop("warnings")
    assert document == {
        "is_subset": True,
        "is_true_subset": True,
        "test_size": 100,
        "production_size": 200_200,
    }
    assert [warning.partition(":")[0] for warning in warnings] == ["small_for_load_test"]


@pytest.mark.parametrize(
    ("production", "test", "code", "is_true_subset"),
    [(B, A, 0, True), (B, B, 0, False), (A, B, 1, False), (B, C, 1, False)],
)
def test_ranges_that_are_no_subset_are_found_wanting(
    command_line: CommandLine, production: str, test: str, code: int, *, is_true_subset: bool
) -> None:
    """L4: what lies outside production leaves with 1; the full range is allowed."""
    outcome = command_line("iccid", "ranges", "--production", production, "--test", test, "--json")
    assert (outcome.code, outcome.document["is_true_subset"]) == (code, is_true_subset)


def test_ranges_for_people(command_line: CommandLine) -> None:
    """L4: warnings are read after the answers."""
    outcome = command_line("iccid", "ranges", "--production", B, "--test", B)
    assert "is_true_subset   False" in outcome.out
    assert outcome.out.splitlines()[-1].startswith("warning: test_equals_production")


def test_unreadable_ranges(command_line: CommandLine) -> None:
    """What is no range leaves with 2 and one line each."""
    outcome = command_line("iccid", "ranges", "--production", "8900; 1-2-3", "--test", C)
    assert (outcome.code, outcome.out) == (2, "")
    assert len(outcome.err.splitlines()) == 2
