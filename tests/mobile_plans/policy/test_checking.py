"""A whole directory of policy, every error at once."""

from pathlib import Path

import pytest

from include.mobile_plans.policy.checking import check_policy
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from tests.mobile_plans.policy.examples import copy_policy


def test_the_shipped_policy_is_right() -> None:
    """Every file of it, with the development switch that its example portals need."""
    checked = check_policy(SHIPPED_POLICY, allow_loopback=True)
    assert checked.problems == ()
    assert checked.severity_editions == ("2018",)
    assert checked.mobile_operators == ("contoso", "fabrikam", "northwind", "tailspin")
    assert checked.files == len([*SHIPPED_POLICY.rglob("*.yaml")])


def test_the_shipped_portals_need_the_development_switch() -> None:
    """Without it each loopback portal is one problem, and nothing else is."""
    problems = check_policy(SHIPPED_POLICY, allow_loopback=False).problems
    assert len(problems) == 5
    assert all("names this machine" in problem for problem in problems)


TEN_MISTAKES = [
    ("monitoring.yaml", "value: PT30S", "value: 30", "probe.interval: 30 is not a duration"),
    ("sla.yaml", "availability: 0.999", "availability: 99.9", "must be at most 1.0, not 99.9"),
    (
        "promises.yaml",
        "{value: PT5M, source: ours}",
        "PT5M",
        "claim_within: 'PT5M' names no source",
    ),
    ("launch.yaml", "readiness_gates:", "readyness_gates:", "did you mean 'readiness_gates'?"),
    ("contacts.yaml", '"+1 425-538-9336"', '"425-538-9336"', "is not a telephone number"),
    ("calendars.yaml", "region: WA", "region: XX", "region 'XX' of US is unknown"),
    ("severity/2018.yaml", "more_than: PT30M", "more_than: PT31M", "is not covered"),
    (
        "mobile_operators/contoso.yaml",
        "customer_support:",
        "customer_suport:",
        "did you mean 'customer_support'?",
    ),
    (
        "mobile_operators/northwind.yaml",
        "https://localhost:8843/northwind/",
        "http://portal.northwind.example:8080/",
        "is not https and carries a port",
    ),
    (
        "mobile_operators/fabrikam.yaml",
        "894236000024748200-894236000024748299",
        "898828066600060000000-89882806660006999999",
        "iccid_ranges.production[0].notation",
    ),
]


def spoil(directory: Path) -> None:
    for file, old, new, _ in TEN_MISTAKES:
        path = directory / file
        text = path.read_text()
        assert old in text, file
        path.write_text(text.replace(old, new, 1))


def test_ten_mistakes_are_ten_findings(tmp_path: Path) -> None:
    """Each mistake is named with its file; one file's mistake hides no other's."""
    directory = copy_policy(tmp_path)
    spoil(directory)
    problems = check_policy(directory, allow_loopback=True).problems
    for file, _, _, words in TEN_MISTAKES:
        path = str(directory / file)
        assert any(p.startswith(path) and words in p for p in problems), (file, problems)
    assert len(problems) == len(TEN_MISTAKES)


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        ("contoso", "copy", "slug: 'contoso' is the slug of "),
        ("contoso", "rival", "overlaps 898824700010000000-898824700010099999 of contoso"),
    ],
)
def test_files_that_contradict_each_other_are_found(
    tmp_path: Path, source: str, target: str, words: str
) -> None:
    """Duplicate slugs and overlapping ICCID ranges between mobile operators."""
    directory = copy_policy(tmp_path) / "mobile_operators"
    text = (directory / f"{source}.yaml").read_text()
    if target == "rival":
        text = text.replace("slug: contoso", "slug: rival")
    (directory / f"{target}.yaml").write_text(text)
    (problem,) = check_policy(tmp_path, allow_loopback=True).problems
    assert words in problem


def test_a_scenario_of_the_programs_name_is_found(tmp_path: Path) -> None:
    """L8: across files too."""
    directory = copy_policy(tmp_path)
    path = directory / "mobile_operators" / "northwind.yaml"
    path.write_text(path.read_text().replace("name: top_up", "name: sim_first_run"))
    (problem,) = check_policy(directory, allow_loopback=True).problems
    assert "scenarios[0].name: 'sim_first_run' is a scenario of the program already" in problem
