"""
Child processes that never outlive us: each in its own group, with its own log, stopped as a tree.

A process started here gets a TERM from the kernel when the starting process dies, however it
dies (Linux); so start them from a thread that lives as long as the process, such as the main one.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

GRACE_S = 20.0
LOOK_EVERY_S = 0.05
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def end_with_parent(parent: int) -> Callable[[], None]:
    """Return what a process calls to be sent a TERM when ``parent``, its parent, is gone."""

    def ask_the_kernel() -> None:
        if _LIBC is None:
            return
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    return ask_the_kernel


class ManagedProcess:
    """
    One child process, in a session of its own, writing into one log file.

    Args:
        name: What people call it; also the stem of its log file.
        command: Program and arguments.
        environment: Its whole environment.
        folder: Its working directory.
        logs: Folder of the log file; the log of the start before is kept beside it.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        logs: Path,
    ) -> None:
        self.name = name
        self.command = tuple(command)
        self.log = logs / f"{name}.log"
        self._environment = dict(environment)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; its output goes to ``log``."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603  our own commands, no shell
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env=self._environment,
                start_new_session=True,
                preexec_fn=end_with_parent(os.getpid()),  # noqa: PLW1509  prctl only
            )

    @property
    def pid(self) -> int | None:
        """Its process id, also that of its group and session; nothing before its start."""
        return self._process.pid if self._process else None

    @property
    def exit_code(self) -> int | None:
        """How it ended (a signal is negative), or nothing while it runs."""
        return self._process.poll() if self._process else None

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def tail(self, lines: int = 20) -> str:
        """Return the last lines of its log."""
        if not self.log.exists():
            return ""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def members(self) -> set[psutil.Process]:
        """
        Return every process of its session that exists at this moment, itself included.

        Airflow moves its tasks to groups of their own; they stay in the session.
        """
        return {each for each in psutil.process_iter() if _session(each) == self.pid}

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for its end, which lets the system forget it; tell whether it came in time."""
        if self._process is not None:
            try:
                self._process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                return False
        return True

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to every process of its group; one that is gone is no error."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)


def stop_all(processes: Iterable[ManagedProcess], grace_s: float = GRACE_S) -> None:
    """
    Stop processes with everything they started: TERM, a wait, then KILL for what is left.

    Args:
        processes: What to stop; those that never started or have ended are allowed.
        grace_s: Seconds between TERM and KILL, for all of them together.
    """
    started = [process for process in processes if process.pid is not None]
    members = {member for process in started for member in process.members()}
    for process in started:
        process.signal_group(signal.SIGTERM)
    _wait_for(started, members, grace_s)
    for process in started:
        members |= process.members()
        process.signal_group(signal.SIGKILL)
    for member in filter(is_alive, members):
        with suppress(psutil.NoSuchProcess):
            member.kill()
    _wait_for(started, members, grace_s)


def is_alive(process: psutil.Process) -> bool:
    """Tell whether a process still does anything; a dead one that nobody asked about does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _wait_for(
    started: Sequence[ManagedProcess], members: set[psutil.Process], within_s: float
) -> None:
    """Wait until all of them have ended, or the time is over."""
    until = time.monotonic() + within_s
    for process in started:
        process.wait(max(0.0, until - time.monotonic()))
    while any(map(is_alive, members)) and time.monotonic() < until:
        time.sleep(LOOK_EVERY_S)


def _session(process: psutil.Process) -> int | None:
    try:
        return os.getsid(process.pid)
    except (ProcessLookupError, PermissionError):
        return None
