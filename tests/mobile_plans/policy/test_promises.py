"""Kinds of promises in policy: periods that live elsewhere, and who is told."""

from pathlib import Path

import pytest

from include.mobile_plans.errors import BadInput
from include.mobile_plans.policy import load_policy, party_of
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from tests.mobile_plans.policy.examples import copy_policy


def test_every_clock_is_a_kind_of_promise() -> None:
    """E6: all clocks of the requirements are obligations."""
    assert set(load_policy(SHIPPED_POLICY).promises.kinds) == {
        "iccid_configuration",
        "staging_migration",
        "initial_response_high",
        "initial_response_low",
        "update_high",
        "update_low",
        "outage_notice",
        "incident_details",
        "maintenance_notice",
        "completion_notice",
    }


def test_response_times_bind_both_parties() -> None:
    """E6: each response, update and notice can be owed by either of the two."""
    kinds = load_policy(SHIPPED_POLICY).promises.kinds
    for name in ("initial_response_high", "update_low", "outage_notice", "completion_notice"):
        assert set(kinds[name].owed_by) == {"program", "mobile_operator"}


def test_a_missed_promise_always_reaches_the_program() -> None:
    """E6: whoever owes it, somebody of the program hears of the breach and of what follows."""
    for kind in load_policy(SHIPPED_POLICY).promises.kinds.values():
        for roles in kind.owed_by.values():
            told = {roles.acts, roles.breach_told_to}
            assert {party_of(role) for role in told} == {"program", "mobile_operator"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "within_from: launch.iccid_configuration_within",
            "within_from: launch.iccid_configuration",
            "'launch.iccid_configuration' is no period of policy; allowed are launch.iccid_config",
        ),
        (
            "within_from: launch.iccid_configuration_within",
            "within_from: launch.iccid_configuration_within\n    within: P7D",
            "kinds.iccid_configuration.within_from: names a second period",
        ),
        (
            "acts: program.launch_manager",
            "acts: program.launch_manger",
            "did you mean 'program.launch_manager'?",
        ),
        (
            "acts: program.launch_manager",
            "acts: mobile_operator.launch_manager",
            "owed_by.program.acts: mobile_operator.launch_manager must be a role of the program",
        ),
        (
            "breach_told_to: mobile_operator.launch_manager",
            "breach_told_to: program.platform",
            "program.platform must be a role of the other party than the program",
        ),
        (
            "{to: program.mobile_plans_team, after: PT30M}",
            "{to: program.mobile_plans_team, after: PT5M}",
            "escalations[1].after: 0:05:00 is earlier than the escalation before it",
        ),
        (
            "{to: program.mobile_plans_team, after: PT30M}",
            "{to: program.mobile_plans_team, after: 30}",
            "30 is not a duration",
        ),
    ],
)
def test_a_kind_that_contradicts_itself_is_refused(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    """Each mistake is one line with file and key path."""
    directory = copy_policy(tmp_path)
    path = directory / "promises.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))

    with pytest.raises(BadInput) as refused:
        load_policy(directory)
    assert len(refused.value.problems) == 1
    assert words in refused.value.problems[0]
    assert refused.value.problems[0].startswith(str(path))
