"""What every test shares: a fixed instant, and a world that ends at this machine."""

import ipaddress
import socket
from datetime import UTC, datetime
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadFileScheduling

from tests.services import NO_ANSWER

# A busy machine makes an example slow, not wrong.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

END_TO_END = "tests/end_to_end/"
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
_connect = socket.socket.connect


@pytest.fixture
def now() -> datetime:
    """A fixed aware instant, a Monday."""
    return NOW


@pytest.fixture(autouse=True)
def only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that would leave the loopback addresses."""

    def connect(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = str(address[0])  # type: ignore[index]
            if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
                msg = f"a test tried to reach {host}: only loopback addresses are allowed"
                raise AssertionError(msg)
        _connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connect)


class OneAirflowAtATime(LoadFileScheduling):
    """
    Deal tests out by module, because those of a module share what they start.

    Two whole Airflows at once are too much for two cores: what starts one is dealt out as one.
    """

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return END_TO_END if file.startswith(END_TO_END) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneAirflowAtATime:
    """Use our way of dealing tests out where several run at a time."""
    return OneAirflowAtATime(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly which service was missing, so that its tests did not run."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = {str(report.longrepr[-1]).removeprefix("Skipped: ") for report in skipped}
    for reason in sorted(reason for reason in reasons if NO_ANSWER in reason):
        terminalreporter.write_line(f"NOT TESTED: {reason}", red=True)
