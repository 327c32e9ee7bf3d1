"""
``make demo-launch``: one launch from request to go-live, through the real processes.

Starts a world of its own beside ``make run``, plays the people of both parties through Airflow's
REST API, and tells the story with times and the mails that arrived. Exit 0 only when the mobile
operator's record is live.
"""

import shutil
import signal
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from types import FrameType

from include.mobile_plans.errors import MobilePlansError
from include.mobile_plans.iccid import with_check_digit
from include.mobile_plans.launch import PASS, launch_of_run
from include.mobile_plans.policy import MobileOperator, mobile_operator_in_force
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.simulation.local_airflow import PROJECT
from include.mobile_plans.simulation.local_world import LocalWorld
from include.mobile_plans.simulation.people import THINKING_S, OpenQuestion, Person
from include.mobile_plans.store import Store

DAG_ID = "mobile_operator_launch"
SLUG = "northwind"
DAYS_AHEAD = 14
AT_MOST_S = 15 * 60
LOOK_EVERY_S = 2


class Story:
    """What happened, line by line, with the seconds since the beginning."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def tell(self, line: str) -> None:
        """Print one line of the story."""
        print(f"{time.monotonic() - self._began:6.0f} s  {line}", flush=True)  # noqa: T201


class DemoLaunch:
    """
    One launch, played to its end.

    Args:
        world: The running installation.
        story: Told what happens.
        slug: The mobile operator that is launched.
    """

    def __init__(self, world: LocalWorld, story: Story, slug: str = SLUG) -> None:
        self.world, self.story, self.slug = world, story, slug
        self.store = Store(world.database_url)
        self.ops = Person(world.airflow.url, "ops", world.airflow.passwords["ops"])

    def play(self) -> bool:
        """Start the launch, answer everything, and return whether the record turned live."""
        run_id = self._start()
        self.story.tell(f"ops starts the launch of {self.slug}: run {run_id}")
        seen: dict[tuple[str, int], float] = {}
        until = time.monotonic() + AT_MOST_S
        while (state := self.ops.run_state(DAG_ID, run_id)) not in ("success", "failed"):
            if time.monotonic() > until or self.world.stopping.wait(LOOK_EVERY_S):
                self.story.tell(f"given up: the run is still {state}")
                return False
            self.world.require_alive()
            self._answer_what_was_read(run_id, seen)
        return self._tell_end(run_id, state)

    def _start(self) -> str:
        """Fill in the form."""
        target = SystemClock().now() + timedelta(days=DAYS_AHEAD)
        form = {
            "mobile_operator": self.slug,
            "target_date": f"{target:%Y-%m-%d}",
            "target_time": "09:00 Europe/London",
            "iccid_range": "test",
            "staging_endpoint": False,
            "note": "A demonstration",
        }
        return self.ops.start(DAG_ID, form)

    def _answer_what_was_read(self, run_id: str, seen: dict[tuple[str, int], float]) -> None:
        """Answer each question some seconds after it appeared, as a person would."""
        now = time.monotonic()
        for question in self.ops.open_questions():
            key = (question.task_id, question.map_index)
            if question.run_id != run_id or now - seen.setdefault(key, now) < THINKING_S:
                continue
            option, values = self.answer_to(question)
            self.ops.answer(question, option, values)
            del seen[key]
            signer = values.get("signed_by", "nobody")
            self.story.tell(f"{question.subject}  ->  {option}, signed by {signer}")

    def answer_to(self, question: OpenQuestion) -> tuple[str, Mapping[str, str]]:
        """Return the option chosen and what is filled in: the first of each, with evidence."""
        signers = question.fields["signed_by"]["schema"]["examples"]
        values = {
            "signed_by": signers[0],
            "evidence": f"Mail of {signers[0]}, attached to the ticket of this launch",
            "device": "Surface Pro, Windows 10 22H2",
            "iccid": self._iccid(),
        }
        return question.options[0], {n: v for n, v in values.items() if n in question.fields}

    def _iccid(self) -> str:
        """Take the first card of the test range."""
        mobile_operator = self._mobile_operator()
        first = mobile_operator.iccid_ranges.at("test", SystemClock().now())[0]
        return with_check_digit(first.start) if first.has_check_digit else first.start

    def _mobile_operator(self) -> MobileOperator:
        with self.store.snapshot() as connection:
            now = SystemClock().now()
            return mobile_operator_in_force(connection, self.slug, now).mobile_operator

    def _tell_end(self, run_id: str, state: str) -> bool:
        tasks = self.ops.tasks(DAG_ID, run_id)
        skipped = sum(1 for found in tasks.values() if found == "skipped")
        self.story.tell(f"the run ends: {state}, {len(tasks)} kinds of tasks, {skipped} skipped")
        for mail in self.world.mails.all():
            self.story.tell(f"mail to {', '.join(mail.envelope_to)}: {mail.subject}")
        with self.store.snapshot() as connection:
            launch = launch_of_run(connection, run_id)
        passed = sum(answers[-1].option == PASS for answers in launch.answers.values())
        record = self._mobile_operator().state
        self.story.tell(f"{launch.launch_id} is {launch.state}, {passed} steps passed")
        self.story.tell(f"the record of {self.slug} is {record}")
        return state == "success" and record == "live"


def main() -> int:
    """Run the demonstration in a fresh home and return its exit code."""
    home = PROJECT / ".local" / "demo-launch"
    shutil.rmtree(home, ignore_errors=True)
    story = Story()
    world = LocalWorld(home, say=story.tell)

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        world.stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        with world:
            story.tell(f"Airflow is at {world.airflow.url}, mails at {world.mail_url}")
            is_live = DemoLaunch(world, story).play()
    except MobilePlansError as error:
        story.tell(str(error))
        return 1
    story.tell("everything is stopped")
    return 0 if is_live else 1


if __name__ == "__main__":
    sys.exit(main())
