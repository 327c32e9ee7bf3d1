"""``make run`` itself: its own home and ports, three users, and nothing left behind."""

import os
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields
from pathlib import Path

import psutil
import pytest
import requests

from include.mobile_plans.simulation.local_airflow import PROJECT, ROLES, LocalAirflow
from include.mobile_plans.simulation.loopback import ADDRESS, Ports, is_free
from include.mobile_plans.simulation.processes import is_alive

pytestmark = pytest.mark.end_to_end
OF_OUTER_MAKE = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES"}
"""What `make test` leaves in the environment for a make inside it, which a person does not have."""


class Run:
    """A started ``make run`` whose output is followed line by line."""

    def __init__(self, home: Path, ports: Ports) -> None:
        numbers = asdict(ports)
        variables = [f"{each.metadata['variable']}={numbers[each.name]}" for each in fields(Ports)]
        self.ports = ports
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            ["make", "run", f"RUN_HOME={home}", *variables],
            cwd=PROJECT,
            env={name: value for name, value in os.environ.items() if name not in OF_OUTER_MAKE},
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
        """Return make and everything below it."""
        make = psutil.Process(self.process.pid)
        return [make, *make.children(recursive=True)]

    def wait_until_ended(self) -> str:
        """Return what it said since it was up; its output ends with its last process."""
        rest, _ = self.process.communicate(timeout=90)
        return rest

    def end(self) -> None:
        """Stop it as a service manager would: TERM to make, and to nobody else."""
        if self.process.poll() is None:
            self.process.terminate()
            self.wait_until_ended()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[Ports], Run]]:
    """Start runs that share one home; whatever still runs is stopped afterwards."""
    started: list[Run] = []

    def start_one(ports: Ports) -> Run:
        started.append(Run(tmp_path / "run", ports))
        return started[-1]

    yield start_one
    for each in started:
        each.end()


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [each for each in processes if is_alive(each)]


def test_one_command_runs_everything_and_leaves_nothing_behind(
    start: Callable[[Ports], Run], tmp_path: Path
) -> None:
    """Up, logged in, a component dies and is named; up again with its data, TERM ends it all."""
    ports = Ports.free()
    run = start(ports)
    passwords = printed_passwords(run.wait_until_up())
    everything_answers(LocalAirflow(tmp_path / "run", ports, extra={}), passwords, ports)
    processes = run.tree()
    assert len(processes) > 6
    next(each for each in processes if each.cmdline()[-1:] == ["triggerer"]).kill()
    assert "triggerer ended with exit code -9; the last lines of" in run.wait_until_ended()
    assert run.process.returncode != 0
    assert alive(processes) == []

    again = start(ports)
    summary = again.wait_until_up()
    assert "preparing Airflow's database" not in summary
    assert "importing" not in summary
    assert printed_passwords(summary) == passwords
    processes = again.tree()
    again.end()
    assert alive(processes) == []
    assert [port for port in asdict(ports).values() if not is_free(port)] == []


def printed_passwords(summary: str) -> dict[str, str]:
    return dict(re.findall(r"^ +(admin|ops|viewer) +(\S+) ", summary, flags=re.MULTILINE))


def everything_answers(airflow: LocalAirflow, passwords: dict[str, str], ports: Ports) -> None:
    assert airflow.is_healthy()
    assert set(passwords) == set(ROLES)
    for user, password in passwords.items():
        answer = requests.post(
            f"{airflow.url}/auth/token",
            json={"username": user, "password": password},
            timeout=30,
        )
        assert answer.status_code == 201, user
    assert requests.get(f"http://localhost:{ports.mail}/", timeout=5).ok
    portal = requests.get(
        f"https://localhost:{ports.portal}/contoso/",
        verify=str(airflow.home / "portal" / "ca.pem"),
        timeout=5,
    )
    assert "MO Direct portal" in portal.text


def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path) -> None:
    """The line says which port, and the command to type instead."""
    ports = Ports.free()
    with socket.create_server((ADDRESS, ports.mail)):
        run = Run(tmp_path / "run", ports)
        said = run.wait_until_ended()
    assert f"port {ports.mail} (mail page) is taken: make run MAIL_PORT=" in said
    assert "Traceback" not in said
    assert run.process.returncode != 0
    assert not (tmp_path / "run").exists()
