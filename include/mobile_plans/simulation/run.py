"""
``make run``: the whole product on this machine, until Ctrl-C or TERM.

Exit 0 when somebody stopped it, 1 when a component died, 2 when it cannot start as asked.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from include.mobile_plans.errors import BadInput, MobilePlansError
from include.mobile_plans.simulation.local_airflow import PROJECT
from include.mobile_plans.simulation.local_world import LocalWorld, Stopped
from include.mobile_plans.simulation.loopback import Ports
from include.mobile_plans.simulation.processes import end_with_parent

LOOK_EVERY_S = 1.0
CAPABILITIES = {
    "admin": "may do everything",
    "ops": "runs DAGs and answers tasks",
    "viewer": "looks",
}


def main() -> int:
    """Start, show where everything is, wait, stop; return the exit code."""
    parser = argparse.ArgumentParser(description="Run the whole product on this machine.")
    parser.add_argument("--home", type=Path, default=PROJECT / ".local" / "run")
    options = parser.parse_args()
    end_with_parent(os.getppid())()  # make may be killed, too
    began = time.monotonic()
    try:
        ports = Ports.from_environment()
        ports.require_free()
        world = LocalWorld(options.home, ports, say=lambda step: _say(step, began))
    except BadInput as error:
        return _fail(error, 2)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stops(world))
    try:
        world.start()
        print(_where_everything_is(world, time.monotonic() - began), flush=True)  # noqa: T201
        while not world.stopping.wait(LOOK_EVERY_S):
            world.require_alive()
    except Stopped:
        pass  # asked for, and said below
    except BadInput as error:
        return _fail(error, 2)
    except MobilePlansError as error:
        return _fail(error, 1)
    finally:
        _say("stopping", began)
        world.stop()
    _say("everything is stopped; the data stays in " + str(world.home), began)
    return 0


def _stops(world: LocalWorld) -> Callable[[int, FrameType | None], None]:
    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        world.stopping.set()

    return stop


def _say(step: str, began: float) -> None:
    print(f"{time.monotonic() - began:5.0f} s  {step}", flush=True)  # noqa: T201  a command's output


def _fail(error: MobilePlansError, code: int) -> int:
    print(error, file=sys.stderr, flush=True)  # noqa: T201  a command's output
    return code


def _where_everything_is(world: LocalWorld, seconds: float) -> str:
    users = "\n".join(
        f"             {name:7} {password:14} {CAPABILITIES[name]}"
        for name, password in world.airflow.passwords.items()
    )
    return f"""
Mobile Plans is up after {seconds:.0f} seconds.

  Airflow    {world.airflow.url}
{users}
  Mails      {world.mail_url}  and as files in {world.mails.path}
  Portal     {world.portal_url}/<mobile operator>/
  Logs       {world.airflow.logs}

Ctrl-C stops everything; the data stays in {world.home}.
"""


if __name__ == "__main__":
    sys.exit(main())
