"""``make run`` itself: its own home and ports, three users, and nothing left behind."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path

import psutil
import pytest
import requests

from include.mobile_plans.simulation.local_airflow import PROJECT, ROLES, LocalAirflow
from include.mobile_plans.simulation.loopback import Ports, is_free
from include.mobile_plans.simulation.processes import is_alive

pytestmark = pytest.mark.end_to_end


class Run:
    """A started ``make run`` whose output is followed line by line."""

    def __init__(self, home: Path, ports: Ports) -> None:
        numbers = asdict(ports)
        variables = {each.metadata["variable"]: str(numbers[each.name]) for each in fields(Ports)}
        self.ports = ports
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "include.mobile_plans.simulation.run", f"--home={home}"],
            cwd=PROJECT,
            env=os.environ | variables | {"PYTHONPATH": str(PROJECT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait_until_up(self) -> str:
        """Read its output up to the last line of the summary; the test's timeout bounds it."""
        for line in self.process.stdout or ():
            self.lines.append(line)
            if line.startswith("Ctrl-C"):
                return "".join(self.lines)
        pytest.fail("it ended before it was up:\n" + "".join(self.lines))

    def tree(self) -> list[psutil.Process]:
        """Return the supervisor and everything below it."""
        supervisor = psutil.Process(self.process.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    def end(self, number: signal.Signals) -> int:
        """Send a signal, wait for the end, return the exit code."""
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=90)
        self.lines.append(rest)
        return self.process.returncode


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    started = Run(tmp_path / "run", Ports.free())
    yield started
    if started.process.poll() is None:
        started.end(signal.SIGTERM)


def gone(processes: list[psutil.Process]) -> bool:
    return not any(map(is_alive, processes))


def test_one_command_runs_everything_and_term_ends_everything(run: Run, tmp_path: Path) -> None:
    """Up and healthy, each user logs in with the printed password, TERM leaves nothing."""
    summary = run.wait_until_up()
    printed = dict(re.findall(r"^ +(admin|ops|viewer) +(\S+) ", summary, flags=re.MULTILINE))
    assert set(printed) == set(ROLES)
    airflow = LocalAirflow(tmp_path / "run", run.ports, extra={})
    assert airflow.is_healthy()
    for user, password in printed.items():
        answer = requests.post(
            f"{airflow.url}/auth/token",
            json={"username": user, "password": password},
            timeout=30,
        )
        assert answer.status_code == 201, user
    token = answer.json()["access_token"]
    dags = requests.get(
        f"{airflow.url}/api/v2/dags", headers={"Authorization": f"Bearer {token}"}, timeout=30
    ).json()["dags"]
    assert not any(dag["is_paused"] or dag["has_import_errors"] for dag in dags)
    assert requests.get(f"http://localhost:{run.ports.mail}/", timeout=5).ok
    portal = requests.get(
        f"https://localhost:{run.ports.portal}/contoso/",
        verify=str(tmp_path / "run" / "portal" / "ca.pem"),
        timeout=5,
    )
    assert "MO Direct portal" in portal.text

    processes = run.tree()
    assert len(processes) > 6
    assert run.end(signal.SIGTERM) == 0
    assert gone(processes)
    assert all(is_free(port) for port in asdict(run.ports).values())


def test_a_component_that_dies_is_named_and_ends_the_run(run: Run, tmp_path: Path) -> None:
    """Which one, its last lines, exit 1; and a second start keeps the data (design 1)."""
    run.wait_until_up()
    processes = run.tree()
    triggerer = next(each for each in processes if each.cmdline()[-1:] == ["triggerer"])
    triggerer.kill()
    rest, _ = run.process.communicate(timeout=90)
    assert run.process.returncode == 1
    assert "triggerer ended with exit code -9; the last lines of" in rest
    assert gone(processes)

    again = Run(tmp_path / "run", run.ports)
    try:
        summary = again.wait_until_up()
        assert "preparing Airflow's database" not in summary
        assert "importing" not in summary
        assert again.end(signal.SIGINT) == 0
    finally:
        again.process.kill()
