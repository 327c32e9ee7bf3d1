import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from include.mobile_plans.simulation.processes import ManagedProcess, is_alive, stop_all

PARENT_OF_A_DEAF_CHILD = """
import os, signal, subprocess, sys
deaf = '''
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('deaf', flush=True)
signal.pause()
'''
child = subprocess.Popen([sys.executable, "-c", deaf], process_group=0)
print(child.pid, flush=True)
signal.pause()
"""
SUPERVISOR = """
import os, signal, sys
from pathlib import Path
from include.mobile_plans.simulation.processes import ManagedProcess
sleeper = ManagedProcess("sleeper", [sys.executable, "-c", "import signal; signal.pause()"],
    environment=os.environ, folder=Path.cwd(), logs=Path(sys.argv[1]))
sleeper.start()
print(sleeper.pid, flush=True)
signal.pause()
"""


@pytest.fixture
def started() -> Iterator[list[ManagedProcess]]:
    processes: list[ManagedProcess] = []
    yield processes
    stop_all(processes, grace_s=0.1)


def python(started: list[ManagedProcess], logs: Path, *arguments: str) -> ManagedProcess:
    process = ManagedProcess(
        "example",
        [sys.executable, *arguments],
        environment=os.environ,
        folder=Path.cwd(),
        logs=logs,
    )
    started.append(process)
    process.start()
    return process


def wait_for_lines(process: ManagedProcess, count: int) -> list[str]:
    """Follow a log until it has so many whole lines; the test's timeout ends a vain wait."""
    while process.log.read_text().count("\n") < count:
        assert process.is_running, process.tail()
    return process.log.read_text().splitlines()


def test_output_and_exit_code_are_kept(started: list[ManagedProcess], tmp_path: Path) -> None:
    process = python(started, tmp_path, "-c", "print('one'); print('two'); raise SystemExit(3)")
    assert process.wait(30)
    assert (process.exit_code, process.is_running) == (3, False)
    assert process.tail(1) == "two"


def test_the_log_of_the_start_before_is_kept(started: list[ManagedProcess], tmp_path: Path) -> None:
    python(started, tmp_path, "-c", "print('first')").wait(30)
    second = python(started, tmp_path, "-c", "print('second')")
    second.wait(30)
    assert (tmp_path / "example.log.1").read_text() == "first\n"
    assert second.tail() == "second"


def test_before_its_start_there_is_nothing(tmp_path: Path) -> None:
    process = ManagedProcess("x", ["x"], environment={}, folder=tmp_path, logs=tmp_path)
    assert (process.pid, process.exit_code, process.is_running, process.tail()) == (
        None,
        None,
        False,
        "",
    )
    stop_all([process])


def test_stopping_ends_the_whole_tree_even_where_term_is_ignored(
    started: list[ManagedProcess], tmp_path: Path
) -> None:
    """A grandchild in a group of its own that ignores TERM is killed after the grace."""
    process = python(started, tmp_path, "-c", PARENT_OF_A_DEAF_CHILD)
    lines = wait_for_lines(process, 2)
    grandchild = psutil.Process(int(next(line for line in lines if line != "deaf")))
    stop_all([process], grace_s=0.5)
    assert process.exit_code == -signal.SIGTERM
    assert not is_alive(grandchild)


def test_children_of_a_process_that_died_are_ended_too(
    started: list[ManagedProcess], tmp_path: Path
) -> None:
    """Orphans are found by their session when their parent is gone."""
    process = python(started, tmp_path, "-c", PARENT_OF_A_DEAF_CHILD)
    lines = wait_for_lines(process, 2)
    grandchild = psutil.Process(int(next(line for line in lines if line != "deaf")))
    os.kill(process.pid or 0, signal.SIGKILL)
    assert process.wait(30)
    assert is_alive(grandchild)
    stop_all([process], grace_s=0.1)
    assert not is_alive(grandchild)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux only")
def test_a_killed_supervisor_takes_its_processes_with_it(
    started: list[ManagedProcess], tmp_path: Path
) -> None:
    """Even KILL of the supervisor, which it cannot answer, leaves nothing running."""
    supervisor = python(started, tmp_path, "-c", SUPERVISOR, str(tmp_path / "inner"))
    (line,) = wait_for_lines(supervisor, 1)
    sleeper = psutil.Process(int(line))
    os.kill(supervisor.pid or 0, signal.SIGKILL)
    supervisor.wait(30)
    while is_alive(sleeper):  # the test's timeout ends a vain wait
        pass
