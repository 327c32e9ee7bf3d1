"""Run a command of the command line in this process, as a shell would see it."""

import json
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from include.mobile_plans import cli


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on standard output."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass(frozen=True)
class CommandLine:
    """``python -m include.mobile_plans``, callable."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Outcome:
        """Run a command and return its exit code and what it printed."""
        self.monkeypatch.setattr(sys, "argv", ["mobile_plans", *arguments])
        with pytest.raises(SystemExit) as left:
            cli.main()
        printed = self.capsys.readouterr()
        return Outcome(code=int(left.value.code or 0), out=printed.out, err=printed.err)
