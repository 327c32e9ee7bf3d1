"""
``make demo-launch``: one launch from request to go-live, through the real processes.

Starts a world of its own beside ``make run``, plays the people of both parties through Airflow's
REST API, their mistakes included, and tells the story with times and the mails that arrived. Exit 0
only when the mobile operator's record is live and both parties were told.
"""

import re
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from include.mobile_plans.errors import MobilePlansError
from include.mobile_plans.launch import REPEAT, RESTART, missing_steps
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.simulation.launch_people import LaunchPeople, Mistake
from include.mobile_plans.simulation.local_airflow import PROJECT
from include.mobile_plans.simulation.local_world import LocalWorld
from include.mobile_plans.simulation.people import (
    THINKING_S,
    AirflowRefused,
    OpenQuestion,
    Person,
)
from include.mobile_plans.store import Store

DAG_ID = "mobile_operator_launch"
SLUG = "northwind"
TARGET_IN = timedelta(minutes=6)
POSTPONED_BY = timedelta(minutes=1)
AT_MOST_S = 14 * 60
MAILS_WITHIN_S = 120
LOOK_EVERY_S = 2
SERVER_ERROR = 500
VALIDATION = "end_to_end_validation"
MISTAKES: Mapping[str, list[Mistake]] = {
    "readiness_review.approve_readiness_mobile_operator": [
        ("Approve", {"signed_by": "Laura Chen"}),
    ],
    "iccid_configuration.confirm_iccid_configuration": [
        ("Confirm", {"configured": "8944501606231030000-8944501606231039999"}),
    ],
    f"{VALIDATION}.esim_first_run.sign_off_launch_portal": [
        ("Fail", {"evidence": "The portal shows a blank page", "what_next": REPEAT}),
    ],
    f"{VALIDATION}.sim_first_run.sign_off_complete_transaction": [
        ("Fail", {"evidence": "Payment was declined", "what_next": RESTART}),
    ],
    f"{VALIDATION}.esim_first_run.sign_off_profile_installed": [
        ("Pass", {"iccid": "8944501606200000000"}),
    ],
}
"""What the people of the demo do wrong before they do it right."""


class Story:
    """What happened, line by line, with the seconds since the beginning."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def tell(self, line: str) -> None:
        """Print one line of the story."""
        print(f"{time.monotonic() - self._began:6.0f} s  {line}", flush=True)  # noqa: T201


class PlayedLaunch:
    """
    One launch, played to its end.

    Args:
        world: The running installation.
        story: Told what happens.
        run_id: The run that carries it.
        people: Who answers.
        interludes: What else happens, once, before the task of that id is answered.
    """

    def __init__(
        self,
        world: LocalWorld,
        story: Story,
        run_id: str,
        people: LaunchPeople,
        interludes: Mapping[str, Callable[[LaunchPeople], None]] | None = None,
    ) -> None:
        self.world, self.story, self.run_id, self.people = world, story, run_id, people
        self.ops = Person(world.airflow.url, "ops", world.airflow.passwords["ops"])
        self.state = "queued"
        self._interludes = dict(interludes or {})
        self._seen: dict[tuple[str, int], float] = {}

    @property
    def is_over(self) -> bool:
        """Tell whether its run has ended."""
        return self.state in ("success", "failed")

    def look(self, questions: Sequence[OpenQuestion]) -> None:
        """Answer each question some seconds after it appeared, as a person would."""
        self.state = self.ops.run_state(DAG_ID, self.run_id)
        now = time.monotonic()
        for question in questions:
            key = (question.task_id, question.map_index)
            if question.run_id != self.run_id or now - self._seen.setdefault(key, now) < THINKING_S:
                continue
            if interlude := self._interludes.pop(question.task_id, None):
                interlude(self.people)
            del self._seen[key]
            self._answer(question)

    def _answer(self, question: OpenQuestion) -> None:
        option, values = self.people.answer_to(question)
        try:
            self.ops.answer(question, option, values)
        except AirflowRefused as refusal:
            # Airflow on SQLite is sometimes too busy to take an answer: a person tries again.
            if refusal.status < SERVER_ERROR:
                raise
            self.story.tell(f"{question.subject}: Airflow was too busy, tried again")
            return
        self.people.answered(question)
        signer = values.get("signed_by", "nobody")
        self.story.tell(f"{question.subject}  ->  {option}, signed by {signer}")

    def is_live(self) -> bool:
        """Tell the end, and whether the run, the launch and the record say that it is live."""
        launch, record = self.people.launch(), self.people.mobile_operator().state
        issues = f"{len(launch.issues)} issues, all settled" if launch.issues else "no issues"
        self.story.tell(
            f"{launch.launch_id}: run {self.state}, launch {launch.state}, "
            f"{len(launch.passed)} steps passed, {issues}; the record is {record}"
        )
        is_done = not missing_steps(launch)
        return self.state == "success" and record == "live" == launch.state and is_done


def play(world: LocalWorld, launches: Sequence[PlayedLaunch], at_most_s: float = AT_MOST_S) -> bool:
    """Play launches beside each other until all runs ended; return whether they did in time."""
    until = time.monotonic() + at_most_s
    ops = launches[0].ops
    while not all(one.is_over for one in launches):
        if time.monotonic() > until or world.stopping.wait(LOOK_EVERY_S):
            for one in launches:
                one.story.tell(f"given up: {one.run_id} is {one.state}")
            return False
        world.require_alive()
        questions = ops.open_questions()
        for one in launches:
            one.look(questions)
    return True


def launch_form(slug: str, target_at: datetime, **changes: Any) -> dict[str, Any]:
    """Fill in the trigger form."""
    return {
        "mobile_operator": slug,
        "target_date": f"{target_at:%Y-%m-%d}",
        "target_time": f"{target_at:%H:%M} UTC",
        "iccid_range": "test",
        "staging_endpoint": False,
        "note": "A demonstration",
        **changes,
    }


def policy_without_freezes(folder: Path) -> Path:
    """Copy the project's policy, so that a demonstration goes live on any day of the year."""
    policy = folder / "policy"
    shutil.copytree(PROJECT / "include" / "policy", policy)
    file = policy / "launch.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(re.sub(r"\nfreezes:\n(?:  .*\n)*", "\nfreezes: []\n", text), encoding="utf-8")
    return policy


def postpone(world: LocalWorld, story: Story, by: timedelta) -> Callable[[LaunchPeople], None]:
    """Return the interlude in which both parties agree on a later date."""

    def agree(people: LaunchPeople) -> None:
        launch, theirs = people.launch(), people.mobile_operator().contacts_of("launch_manager")[0]
        new = launch.target_at + by
        world.command(
            f"postpone-{people.slug}",
            [
                *("launch", "postpone", launch.launch_id, "--to", f"{new:%Y-%m-%dT%H:%M:%SZ}"),
                *("--reason", "The marketing campaign starts later", "--program", "Laura Chen"),
                *("--mobile-operator", theirs.name, "--evidence", f"Mail of {theirs.name}"),
                *("--by", "ops"),
            ],
        )
        story.tell(f"both parties agree to go live {by} later, {new:%H:%M} UTC")

    return agree


def mails_told(world: LocalWorld, subject: str, number: int) -> bool:
    """Wait until so many mails with these words in the subject arrived; tell whether they did."""
    until = time.monotonic() + MAILS_WITHIN_S
    while sum(subject in mail.subject for mail in world.mails.all()) < number:
        if time.monotonic() > until or world.stopping.wait(LOOK_EVERY_S):
            return False
    return True


def tell_launch(world: LocalWorld, story: Story) -> bool:
    """Play the demonstration and return whether all of it went as it should."""
    ops = Person(world.airflow.url, "ops", world.airflow.passwords["ops"])
    run_id = ops.start(DAG_ID, launch_form(SLUG, SystemClock().now() + TARGET_IN))
    story.tell(f"ops starts the launch of {SLUG}: run {run_id}")
    people = LaunchPeople(Store(world.database_url), SLUG, run_id, MISTAKES)
    final = {f"{VALIDATION}.sign_off_validation": postpone(world, story, POSTPONED_BY)}
    played = PlayedLaunch(world, story, run_id, people, final)
    is_live = play(world, [played]) and played.is_live()
    is_told = is_live and mails_told(world, "is live on Mobile Plans", 2)
    for mail in world.mails.all():
        files = "".join(f" [{one.file_name}]" for one in mail.attachments)
        story.tell(f"mail to {', '.join(mail.envelope_to)}: {mail.subject}{files}")
    if is_told:
        launch_id, page = people.launch().launch_id, world.home / "launch.html"
        world.command("verify", ["launch", "verify", launch_id])
        world.command("export", ["launch", "export", launch_id, str(page)])
        story.tell(f"its chain of events is whole; exported to {page}")
    return is_told


def main() -> int:
    """Run the demonstration in a fresh home and return its exit code."""
    home = PROJECT / ".local" / "demo-launch"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    story = Story()
    world = LocalWorld(home, policy=policy_without_freezes(home), say=story.tell)

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        world.stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        with world:
            story.tell(f"Airflow is at {world.airflow.url}, mails at {world.mail_url}")
            is_live = tell_launch(world, story)
    except MobilePlansError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    story.tell("done" if is_live else "not as it should be: look into the logs")
    return 0 if is_live else 1


if __name__ == "__main__":
    sys.exit(main())
