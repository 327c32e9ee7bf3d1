"""
A process that drains an outbox again and again, each time in a child that may die on the way.

Started with the URL of a store, it reads one JSON line per drain: the instant it happens at, and
after how many lines of ours the child is killed, if at all. It answers whether the child came to
its end. Children are forked after a first drain has loaded everything,
so that each starts within milliseconds and still is a process of its own, killed by the kernel.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

from include.mobile_plans.notices import drain
from include.mobile_plans.orchestration.mail import SmtpTransport
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store
from tests.mobile_plans.notices.conftest import SCHEDULE

PACKAGE = Path(__file__).resolve().parents[3] / "include" / "mobile_plans"
TRACED = {
    str(PACKAGE / path)
    for path in (
        "notices/sending.py",
        "notices/deliveries.py",
        "orchestration/mail.py",
    )
}


class Executioner:
    """Counts the lines of the product that this process begins, and kills it at one of them."""

    def __init__(self, kill_at: int) -> None:
        self.kill_at = kill_at
        self.lines = 0

    def enter(self, frame: FrameType, event: str, argument: object) -> Callable[..., Any] | None:
        """Watch a function if it claims, sends or records; loops within a line are one line."""
        code = frame.f_code
        is_watched = code.co_filename in TRACED and not code.co_name.startswith("<")
        return self.step if is_watched else None

    def step(self, frame: FrameType, event: str, argument: object) -> Callable[..., Any]:
        """Count a line before it runs."""
        if event == "line":
            self.lines += 1
            if self.lines == self.kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
        return self.step


def drain_once(url: str, now: str, executioner: Executioner | None = None) -> None:
    """Drain at an instant, as far as the executioner lets it."""
    clock = VirtualClock(datetime.fromisoformat(now))
    store, transport = Store(url), SmtpTransport()
    if executioner is not None:
        sys.settrace(executioner.enter)
    drain(store, transport, clock, schedule=SCHEDULE)
    sys.settrace(None)


def drain_in_child(url: str, now: str, kill_at: int | None) -> bool:
    """Drain in a child; return whether it came to its end."""
    child = os.fork()
    if child == 0:
        drain_once(url, now, Executioner(kill_at) if kill_at else None)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return False
    assert os.WEXITSTATUS(status) == 0, "the child failed by itself"
    return True


def main() -> None:
    """Drain for each line of standard input, the first time in this process itself."""
    url = sys.argv[1]
    first = json.loads(sys.stdin.readline())
    drain_once(url, first["now"])
    print(json.dumps(True), flush=True)  # noqa: T201
    assert threading.active_count() == 1, "a fork would not take the other threads along"
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(drain_in_child(url, order["now"], order["kill_at"])), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
