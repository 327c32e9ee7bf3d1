"""``policy check`` as a person runs it."""

from pathlib import Path

import pytest

from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.policy.values import LOOPBACK_VARIABLE
from tests.mobile_plans.commands.running import CommandLine
from tests.mobile_plans.policy.examples import copy_policy
from tests.mobile_plans.policy.test_checking import spoil


def test_the_shipped_policy_is_right(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 0 with the development switch, on the command line or in the environment."""
    monkeypatch.delenv(LOOPBACK_VARIABLE, raising=False)
    found = command_line("policy", "check", str(SHIPPED_POLICY), "--allow-loopback-portals")
    assert (found.code, found.err) == (0, "")
    assert "severity editions 2018 cover every input exactly once" in found.out
    assert command_line("policy", "check", str(SHIPPED_POLICY)).code == 2
    monkeypatch.setenv(LOOPBACK_VARIABLE, "1")
    monkeypatch.setenv("MOBILE_PLANS_POLICY_DIR", str(SHIPPED_POLICY))
    assert command_line("policy", "check").code == 0


def test_ten_mistakes_are_ten_lines_and_exit_2(command_line: CommandLine, tmp_path: Path) -> None:
    """Every error of a directory at once, one clear line each, and no traceback."""
    directory = copy_policy(tmp_path)
    spoil(directory)
    found = command_line("policy", "check", str(directory), "--allow-loopback-portals")
    assert found.code == 2
    assert found.out == ""
    lines = found.err.splitlines()
    assert len(lines) == 10
    assert all(line.startswith(str(directory)) for line in lines)
    assert "Traceback" not in found.err


def test_json_is_one_document(command_line: CommandLine, tmp_path: Path) -> None:
    """The problems under a named key, and the same exit code."""
    found = command_line("policy", "check", str(tmp_path / "nowhere"), "--json")
    assert found.code == 2
    assert found.document["problems"] == [f"{tmp_path / 'nowhere'}: is no directory"]
    found = command_line(
        "policy", "check", str(SHIPPED_POLICY), "--json", "--allow-loopback-portals"
    )
    assert (found.code, found.document["problems"]) == (0, [])
    assert found.document["severity_editions"] == ["2018"]
