"""Launches through real Airflow processes, answered by people who make mistakes (L1 to L10)."""

import re
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import timedelta

import pytest
from icalendar import Calendar
from sqlalchemy import text

from include.mobile_plans.commands import airflow_api
from include.mobile_plans.launch import REPEAT, RESTART, find_launch, list_launches
from include.mobile_plans.obligations import list_obligations
from include.mobile_plans.policy import mobile_operator_in_force
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.simulation.demo_launch import (
    DAG_ID,
    VALIDATION,
    PlayedLaunch,
    Story,
    launch_form,
    mails_told,
    play,
    postpone,
)
from include.mobile_plans.simulation.launch_people import LaunchPeople, Mistake
from include.mobile_plans.simulation.local_airflow import PROJECT
from include.mobile_plans.simulation.local_world import LocalWorld
from include.mobile_plans.simulation.people import (
    THINKING_S,
    AirflowRefused,
    OpenQuestion,
    Person,
)
from include.mobile_plans.simulation.portal import Answer
from include.mobile_plans.store import Store

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(1200)]

FORM = {
    "mobile_operator": "tailspin",
    "target_date": "2099-12-14",
    "target_time": "09:00 Europe/London",
    "iccid_range": "test",
    "staging_endpoint": False,
    "note": "",
}
MISTAKES: Mapping[str, Mapping[str, list[Mistake]]] = {
    "contoso": {
        "readiness_review.approve_readiness_mobile_operator": [
            ("Approve", {"signed_by": "Laura Chen"}),
            ("Not yet", {}),
        ],
        f"{VALIDATION}.esim_first_run.sign_off_launch_portal": [
            ("Fail", {"evidence": "blank page", "what_next": REPEAT})
        ],
        f"{VALIDATION}.esim_first_run.sign_off_device_connected": [
            ("Pass", {"iccid": "8900000000000000001"})
        ],
    },
    "fabrikam": {
        "iccid_configuration.confirm_iccid_configuration": [
            ("Confirm", {"evidence": ""}),
            ("Confirm", {"configured": "894230600002575694-894230600002575695"}),
        ],
        f"{VALIDATION}.sim_first_run.sign_off_complete_transaction": [
            ("Fail", {"evidence": "payment declined", "what_next": RESTART})
        ],
    },
    "northwind": {},
}


class PlayedTogether:
    """Three launches beside each other: eSIM, SIM, and both."""

    def __init__(self, world: LocalWorld) -> None:
        self.world, self.story = world, Story()
        self.store = Store(world.database_url)
        self.target_at = SystemClock().now() + timedelta(minutes=4)
        self.played = {slug: self._started(slug) for slug in MISTAKES}

    def _started(self, slug: str) -> PlayedLaunch:
        world, ops = self.world, person(self.world, "ops")
        form = launch_form(slug, self.target_at)
        if slug == "fabrikam":
            form["iccid_range"] = "full"
        run_id = started_by_command(world, form) if slug == "northwind" else ops.start(DAG_ID, form)
        people = LaunchPeople(self.store, slug, run_id, MISTAKES[slug])
        final = f"{VALIDATION}.sign_off_validation"
        later = {final: postpone(world, self.story, timedelta(minutes=1))}
        interludes = later if slug == "contoso" else {}
        return PlayedLaunch(world, self.story, run_id, people, interludes)

    def launch_id(self, slug: str) -> str:
        return self.played[slug].people.launch().launch_id


def person(world: LocalWorld, name: str) -> Person:
    return Person(world.airflow.url, name, world.airflow.passwords[name])


def command(world: LocalWorld, *arguments: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "include.mobile_plans", *arguments],
        check=False,
        cwd=PROJECT,
        env={**world.airflow.environment, **more},
        capture_output=True,
    )


def started_by_command(world: LocalWorld, form: Mapping[str, object]) -> str:
    """Start a launch as `launch start --trigger` does, and return the run's readable name."""
    done = command(
        world,
        *("launch", "start", "--trigger", "--mobile-operator", str(form["mobile_operator"])),
        *("--target", f"{form['target_date']} {form['target_time']}"),
        **{
            airflow_api.URL_VARIABLE: world.airflow.url,
            airflow_api.USER_VARIABLE: "ops",
            airflow_api.PASSWORD_VARIABLE: world.airflow.passwords["ops"],
        },
    )
    assert done.returncode == 0, done.stderr
    assert b"the weeks ahead may take until" in done.stderr
    return done.stdout.decode().strip()


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


@pytest.fixture(scope="module")
def policy_edits() -> Mapping[str, Mapping[str, str]]:
    """One good look at a portal is enough, two gates show what seven do, and no day is frozen."""
    return {
        "launch.yaml": {
            r"consecutive_good_answers: \d+": "consecutive_good_answers: 1",
            r"  - name: cosa_update\n(?:.*\n)*?(?=  - name: customer_support)": "",
            r"\nfreezes:\n(?:  .*\n)*": "\nfreezes: []\n",
        },
    }


@pytest.fixture(scope="module")
def together(world: LocalWorld) -> PlayedTogether:
    """The three launches, played to their ends."""
    started = PlayedTogether(world)
    assert play(world, list(started.played.values()))
    assert mails_told(world, "is live on Mobile Plans", 6)
    return started


def test_launches_by_people_who_make_mistakes(together: PlayedTogether) -> None:
    """Every mistake is asked again, no run is restarted, and each record turns live."""
    for slug, played in together.played.items():
        assert played.is_live(), slug
        assert not any(played.people.mistakes.values()), slug
    now = SystemClock().now()
    with together.store.snapshot() as connection:
        for slug in together.played:
            version = mobile_operator_in_force(connection, slug, now)
            promises = list_obligations(connection, slug=slug)
            assert (version.state, version.live_since is not None) == ("live", True)
            assert {one.state for one in promises} == {"met"}
            assert len(promises) == (1 if slug == "fabrikam" else 2)
    run_id = together.played["northwind"].run_id
    assert run_id == together.launch_id("northwind")
    assert re.fullmatch(r"launch-northwind-\d{4}-\d\d-\d\d-1", run_id)


def test_every_attempt_is_kept(together: PlayedTogether) -> None:
    """L5, L9: failures, refused answers that were recorded and voided passes stay visible."""
    contoso = together.played["contoso"].people.launch()
    fabrikam = together.played["fabrikam"].people.launch()
    now = SystemClock().now()

    def options(launch: object, question: str) -> list[str]:
        return [answer.option for answer in launch.answers[question]]

    assert options(contoso, "readiness.mobile_operator") == ["Not yet", "Approve"]
    assert options(contoso, "step.esim_first_run.launch_portal") == ["Fail", "Pass"]
    assert options(contoso, "step.esim_first_run.device_connected") == ["Pass"]
    assert options(fabrikam, "iccid_configuration.full") == ["Confirm"]
    assert options(fabrikam, "step.sim_first_run.launch_portal") == ["Pass", "Pass"]
    assert options(fabrikam, "step.sim_first_run.complete_transaction") == ["Fail", "Pass"]
    assert [one.state(now) for one in contoso.issues.values()] == ["resolved"]
    assert contoso.ended_at >= contoso.postponements[0].target_at


def test_the_mails_that_arrived(together: PlayedTogether) -> None:
    """L5, L10: both parties are told, each alone; entries keep their UID, no ICCID stands whole."""
    launch_id = together.launch_id("contoso")
    mails = [m for m in reversed(together.world.mails.all()) if launch_id in m.subject]
    told = {}
    for mail in mails:
        (to,) = mail.envelope_to
        told.setdefault(mail.subject.removeprefix(f"[{launch_id}] ")[:20], set()).add(to)
        assert "8988247000100" not in mail.text + mail.html
        assert not re.search("northwind|fabrikam|tailspin", mail.text, re.IGNORECASE)
    both = {"launches@mobileplans.example", "carla.jimenez@contoso.example"}
    assert {words: to for words, to in told.items() if not words.startswith("Configure")} == {
        "Contoso Mobile is to": both,
        "Contoso Mobile: fail": both,
        "New date: Contoso Mo": both,
        "Contoso Mobile is li": both,
    }
    entries = [
        next(iter(Calendar.from_ical(mail.attachments[0].content).walk("VEVENT")))
        for mail in sorted(mails, key=lambda one: one.received_at)
        if mail.attachments and mail.envelope_to == ("carla.jimenez@contoso.example",)
    ]
    assert [int(entry["SEQUENCE"]) for entry in entries] == [0, 1, 2]
    assert len({str(entry["UID"]) for entry in entries}) == 1


def test_what_does_not_apply_is_skipped(together: PlayedTogether) -> None:
    """L2, L4, L8: steps that do not apply are skipped, and the graph shows it."""
    ops = person(together.world, "ops")
    tasks = ops.tasks(DAG_ID, together.played["fabrikam"].run_id)

    skipped = {task for task, state in tasks.items() if state == "skipped"}
    assert {
        "staging_to_production.confirm_cut_over",
        f"{VALIDATION}.esim_first_run.sign_off_launch_portal",
        f"{VALIDATION}.list_own_scenarios",
        "go_live_phase.full_range.request_full_range",
        "go_live_phase.full_range.confirm_full_range",
    } <= skipped
    assert "failed" not in tasks.values()


def test_the_record_proves_itself(together: PlayedTogether) -> None:
    """`launch verify` passes, names the row that somebody changed, and the export shows all."""
    world, launch_id = together.world, together.launch_id("contoso")
    whole = command(world, "launch", "verify", launch_id)
    assert whole.returncode == 0
    head = re.search(r"[0-9a-f]{64}", whole.stdout.decode()).group()
    live = next(
        m for m in world.mails.all() if f"[{launch_id}] Contoso Mobile is live" in m.subject
    )
    assert head in live.text
    file = world.home / "contoso.html"
    assert command(world, "launch", "export", launch_id, str(file)).returncode == 0
    assert head in file.read_text()
    assert command(world, "launch", "export", launch_id, str(file)).returncode == 2
    with together.store.transaction() as connection:
        connection.execute(
            text("UPDATE event SET actor = 'Eve' WHERE stream = :stream AND position = 3"),
            {"stream": f"launch:{launch_id}"},
        )
    changed = command(world, "launch", "verify", launch_id)
    assert changed.returncode == 1
    assert b"event 3" in changed.stdout


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"target_date": "2020-01-01"}, "is past"),
        ({"target_time": "09:00 Europe/Lundon"}, "time and a zone"),
        ({"mobile_operator": "contoso"}, "only a draft or suspended one launches"),
    ],
)
def test_a_request_that_cannot_be_granted(
    together: PlayedTogether, change: dict[str, object], words: str
) -> None:
    """The first task refuses it in one plain sentence, and nothing is written."""
    world, ops = together.world, person(together.world, "ops")
    before = _launches(world)

    run_id = ops.start(DAG_ID, FORM | change)

    assert wait_for_end(ops, DAG_ID, run_id) == "failed"
    log = ops.task_log(DAG_ID, run_id, "check_request")
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


def test_a_second_launch_a_viewer_and_a_cancellation(together: PlayedTogether) -> None:
    """One active launch each; a viewer answers nothing; what waits for a cancelled one ends."""
    world, ops = together.world, person(together.world, "ops")
    run_id = ops.start(DAG_ID, FORM | {"staging_endpoint": True})
    question = wait_for_question(ops, run_id)
    second = ops.start(DAG_ID, FORM)
    with pytest.raises(AirflowRefused, match="403"):
        person(world, "viewer").answer(question, question.options[0], {})
    assert wait_for_end(ops, DAG_ID, second) == "failed"
    assert "already has an active launch" in ops.task_log(DAG_ID, second, "check_request")
    refused = command(
        world,
        "launch",
        "start",
        "--mobile-operator",
        "tailspin",
        "--target",
        "2099-12-14 09:00 UTC",
    )
    assert refused.returncode == 2
    assert b"already has an active launch" in refused.stderr

    with Store(world.database_url).snapshot() as connection:
        launch_id = list_launches(connection)[0]["launch_id"]
    done = command(
        world, "launch", "cancel", launch_id, "--by", "Laura Chen", "--reason", "no deal"
    )
    assert done.returncode == 0, done.stderr
    for question in ops.open_questions():
        if question.run_id == run_id:
            ops.answer(question, question.options[0], {})
    assert wait_for_end(ops, DAG_ID, run_id) == "failed"
    with Store(world.database_url).snapshot() as connection:
        assert find_launch(connection, launch_id).state == "cancelled"
    assert mails_told(world, "The launch of Tailspin is cancelled", 2)


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


def test_waits_survive_the_restart_of_every_process(world: LocalWorld) -> None:
    """
    L2, L3: what waits holds no slot, and goes on after every process was stopped and started.

    A launch waits for a portal that is down, and a change of a record for a person.
    """
    ops = person(world, "ops")
    people, change = _waiting(world, ops)
    waiting = {
        (DAG_ID, "staging_to_production.await_production_portal"): "up_for_reschedule",
        ("mobile_operator_change", "decide_change"): "awaiting_input",
    }
    runs = {DAG_ID: people.run_id, "mobile_operator_change": change}

    def states() -> dict[tuple[str, str], str | None]:
        return {(dag, task): ops.tasks(dag, runs[dag])[task] for dag, task in waiting}

    assert ops.wait_until(lambda: states() == waiting, sleep=time.sleep, at_most_s=120), states()

    world.restart()

    ops = person(world, "ops")
    assert states() == waiting
    world.portals.restore("tailspin")
    step = wait_for_question(ops, people.run_id, 240)
    assert step.task_id.endswith("esim_first_run.sign_off_phone_number_lookup")
    _answer_as(people, ops, step)
    person(world, "admin").answer(wait_for_question(ops, change), "Approve", {})
    assert wait_for_end(ops, "mobile_operator_change", change) == "success"
    assert people.launch().passed.keys() == {"step.esim_first_run.phone_number_lookup"}
    assert "failed" not in ops.tasks(DAG_ID, people.run_id).values()


def _waiting(world: LocalWorld, ops: Person) -> tuple[LaunchPeople, str]:
    """Bring a launch to where it waits for its portal, and propose a change nobody decides."""
    in_a_month = SystemClock().now() + timedelta(days=30)
    run_id = ops.start(DAG_ID, launch_form("tailspin", in_a_month, iccid_range="full"))
    people = LaunchPeople(Store(world.database_url), "tailspin", run_id)
    change = ops.start(
        "mobile_operator_change",
        {
            "mobile_operator": "tailspin",
            "section": "report_frequency",
            "value": "daily",
            "reason": "asked for by mail",
        },
    )
    question = wait_for_question(ops, run_id)
    while not question.task_id.endswith("confirm_iccid_configuration"):
        _answer_as(people, ops, question)
        question = wait_for_question(ops, run_id)
    world.portals.set("tailspin", Answer(status=503))
    _answer_as(people, ops, question)
    return people, change


def _answer_as(people: LaunchPeople, ops: Person, question: OpenQuestion) -> None:
    option, values = people.answer_to(question)
    ops.answer(question, option, values)
    time.sleep(THINKING_S)


def _frequency(world: LocalWorld) -> str:
    with Store(world.database_url).snapshot() as connection:
        version = mobile_operator_in_force(connection, "fabrikam", SystemClock().now())
    return version.mobile_operator.report_frequency


def _launches(world: LocalWorld) -> int:
    with Store(world.database_url).snapshot() as connection:
        return len(list_launches(connection))
