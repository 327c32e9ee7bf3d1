"""The command line as a fixture."""

import pytest

from tests.mobile_plans.commands.running import CommandLine


@pytest.fixture
def command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """``python -m include.mobile_plans`` in this process: call it with arguments."""
    return CommandLine(monkeypatch, capsys)
