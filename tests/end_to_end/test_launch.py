"""Launches through real Airflow processes, answered by people who make mistakes (L1 to L10)."""

import subprocess
import sys
import time
from collections.abc import Mapping

import pytest
from sqlalchemy import text

from include.mobile_plans.launch import list_launches
from include.mobile_plans.policy import mobile_operator_in_force
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.simulation.demo_launch import DAG_ID, DemoLaunch, Story
from include.mobile_plans.simulation.local_airflow import PROJECT
from include.mobile_plans.simulation.local_world import LocalWorld
from include.mobile_plans.simulation.people import (
    THINKING_S,
    AirflowRefused,
    OpenQuestion,
    Person,
)
from include.mobile_plans.store import Store

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(900)]

FORM = {
    "mobile_operator": "contoso",
    "target_date": "2099-12-14",
    "target_time": "09:00 Europe/London",
    "iccid_range": "test",
    "staging_endpoint": False,
    "note": "",
}


def person(world: LocalWorld, name: str) -> Person:
    return Person(world.airflow.url, name, world.airflow.passwords[name])


def wait_for_end(ops: Person, dag_id: str, run_id: str, seconds: float = 120) -> str:
    until = time.monotonic() + seconds
    while (state := ops.run_state(dag_id, run_id)) not in ("success", "failed"):
        assert time.monotonic() < until, f"{run_id} is still {state}"
        time.sleep(1)
    return state


def wait_for_question(ops: Person, run_id: str, seconds: float = 120) -> OpenQuestion:
    until = time.monotonic() + seconds
    while True:
        found = [question for question in ops.open_questions() if question.run_id == run_id]
        if found:
            time.sleep(THINKING_S)
            return found[0]
        assert time.monotonic() < until, f"{run_id} asks nothing"
        time.sleep(1)


class CarelessLaunch(DemoLaunch):
    """People who forget evidence, type a wrong ICCID, sign for others, and see a step fail."""

    def __init__(self, world: LocalWorld, slug: str) -> None:
        super().__init__(world, Story(), slug)
        self.mistakes = {
            "readiness_review.approve_readiness_mobile_operator": [
                ("Approve", {"signed_by": "Laura Chen"}),
                ("Not yet", {}),
            ],
            "iccid_configuration.confirm_iccid_configuration": [("Confirm", {"evidence": ""})],
            "end_to_end_validation.esim_first_run.sign_off_launch_portal": [
                ("Fail", {"evidence": "blank page"})
            ],
            "end_to_end_validation.esim_first_run.sign_off_device_connected": [
                ("Pass", {"iccid": "8900000000000000001"})
            ],
        }

    def answer_to(self, question: OpenQuestion) -> tuple[str, Mapping[str, str]]:
        option, values = super().answer_to(question)
        if mistakes := self.mistakes.get(question.task_id):
            option, wrong = mistakes.pop(0)
            return option, {**values, **wrong}
        return option, values


def test_a_launch_by_people_who_make_mistakes(world: LocalWorld) -> None:
    """Every mistake is asked again, the run is never restarted, and the record turns live."""
    launch = CarelessLaunch(world, "contoso")

    assert launch.play() is True

    assert launch.mistakes == {task: [] for task in launch.mistakes}
    store = Store(world.database_url)
    with store.snapshot() as connection:
        (row,) = list_launches(connection)
        version = mobile_operator_in_force(connection, "contoso", SystemClock().now())
    assert (row["state"], version.state) == ("live", "live")
    assert version.live_since is not None
    subjects = sorted((mail.envelope_to, mail.subject) for mail in world.mails.all())
    launch_id = row["launch_id"]
    live = f"[{launch_id}] Contoso Mobile is live on Mobile Plans"
    assert [subject for _, subject in subjects].count(live) == 2
    assert len(subjects) == 3
    for mail in world.mails.all():
        assert len({address.split("@")[1] for address in mail.envelope_to}) == 1
        assert "89882470001" not in mail.text

    verify = [sys.executable, "-m", "include.mobile_plans", "launch", "verify", launch_id]
    command = {"cwd": PROJECT, "env": world.airflow.environment, "capture_output": True}
    assert subprocess.run(verify, check=False, **command).returncode == 0
    with store.transaction() as connection:
        connection.execute(
            text("UPDATE event SET actor = 'Eve' WHERE stream = :stream AND position = 3"),
            {"stream": f"launch:{launch_id}"},
        )
    changed = subprocess.run(verify, check=False, **command)
    assert changed.returncode == 1
    assert b"event 3" in changed.stdout


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"target_date": "2020-01-01"}, "is past"),
        ({"target_time": "09:00 Europe/Lundon"}, "time and a zone"),
        ({"mobile_operator": "northwind", "staging_endpoint": True}, "no staging endpoint"),
    ],
)
def test_a_request_that_cannot_be_granted(
    world: LocalWorld, change: dict[str, object], words: str
) -> None:
    """The first task refuses it in one plain sentence, and nothing is written."""
    ops = person(world, "ops")
    before = _launches(world)

    run_id = ops.start(DAG_ID, FORM | change)

    assert wait_for_end(ops, DAG_ID, run_id) == "failed"
    log = _log_of(world, run_id, "check_request")
    assert words in log
    assert "Traceback" not in log
    assert _launches(world) == before


def test_what_the_form_can_refuse_it_refuses(world: LocalWorld) -> None:
    """An unknown mobile operator or choice is refused by Airflow; a viewer starts nothing."""
    ops = person(world, "ops")
    for change in ({"mobile_operator": "contosso"}, {"iccid_range": "half"}, {"target_date": "x"}):
        with pytest.raises(AirflowRefused, match="400"):
            ops.start(DAG_ID, FORM | change)
    with pytest.raises(AirflowRefused, match="403"):
        person(world, "viewer").start(DAG_ID, FORM)


def test_a_change_needs_a_second_person(world: LocalWorld) -> None:
    """Who proposes a change cannot approve it; approved by another it is in force at once."""
    ops, admin = person(world, "ops"), person(world, "admin")
    dag_id = "mobile_operator_change"
    run_id = ops.start(
        dag_id,
        {
            "mobile_operator": "fabrikam",
            "section": "report_frequency",
            "value": "daily" if _frequency(world) == "monthly" else "monthly",
            "reason": "asked for by mail",
        },
    )
    before = _frequency(world)

    question = wait_for_question(ops, run_id)
    with pytest.raises(AirflowRefused, match="403"):
        person(world, "viewer").answer(question, "Approve", {})
    ops.answer(question, "Approve", {})
    time.sleep(THINKING_S)
    question = wait_for_question(admin, run_id)
    assert _frequency(world) == before
    assert "report_frequency" in question.body
    admin.answer(question, "Approve", {})

    assert wait_for_end(ops, dag_id, run_id) == "success"
    assert _frequency(world) != before


def _frequency(world: LocalWorld) -> str:
    with Store(world.database_url).snapshot() as connection:
        version = mobile_operator_in_force(connection, "fabrikam", SystemClock().now())
    return version.mobile_operator.report_frequency


def _launches(world: LocalWorld) -> int:
    with Store(world.database_url).snapshot() as connection:
        return len(list_launches(connection))


def _log_of(world: LocalWorld, run_id: str, task_id: str) -> str:
    return person(world, "ops").task_log(DAG_ID, run_id, task_id)
