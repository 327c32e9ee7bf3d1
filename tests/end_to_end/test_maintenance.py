"""Planned maintenance through real Airflow processes, with the mails read back (P1 to P3)."""

import re
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from icalendar import Calendar

from include.mobile_plans.maintenance import Desk, Maintenance
from include.mobile_plans.orchestration.maintenance_outlook import OUTLOOK
from include.mobile_plans.policy import load_policy
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.simulation.local_world import LocalWorld
from include.mobile_plans.simulation.mail_folder import CaughtMail
from include.mobile_plans.simulation.people import (
    THINKING_S,
    AirflowRefused,
    OpenQuestion,
    Person,
)
from include.mobile_plans.store import Store
from tests.mobile_plans.maintenance.notices import ics

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(1200)]

PLAN, UPDATE = "planned_maintenance", "maintenance_update"
SIGNED = {"signed_by": "Mei Tanaka", "evidence": "agreed with the vendor"}
SERVER_ERROR = 500


@pytest.fixture(scope="module")
def policy_edits() -> Mapping[str, Mapping[str, str]]:
    """No day is frozen, whatever the day of the year."""
    return {"launch.yaml": {r"\nfreezes:\n(?:  .*\n)*": "\nfreezes: []\n"}}


class Played:
    """
    One maintenance told in time, moved and cancelled; one told late, begun and completed.

    Meanwhile a mobile operator's notice and an unreadable file lie in the inbox.
    """

    def __init__(self, world: LocalWorld) -> None:
        self.world = world
        self.ops = Person(world.airflow.url, "ops", world.airflow.passwords["ops"])
        self.policy = load_policy(world.policy, allow_loopback=True)
        self.far = SystemClock().now() + timedelta(days=40)
        self.forms: list[str] = []

    def play(self) -> None:
        """Start both, answer what is asked, and wait for every end."""
        self.form(
            PLAN, window=f"{self.far:%Y-%m-%d} 22:00 to 23:30 UTC", recipients="northwind contoso"
        )
        starts_at = (SystemClock().now() + timedelta(seconds=150)).replace(second=0)
        ends_at = starts_at + timedelta(minutes=1)
        self.until("MNT-0001 is announced", lambda: self.state("MNT-0001") == "announced")
        self.form(
            PLAN,
            window=f"{starts_at:%Y-%m-%d %H:%M} to {ends_at:%Y-%m-%d %H:%M} UTC",
            recipients="fabrikam",
        )
        self.answer("MNT-0002", "confirm_announcement", "Confirm", SIGNED)
        self.drop_files()
        inside = f"{self.far:%Y-%m-%d} 22:30 to 23:00 UTC"
        self.form(UPDATE, maintenance="MNT-0001", change="Rescheduled", window=inside, **SIGNED)
        self.until("both read of the change", lambda: len(self.mails("MNT-0001", "Changed")) == 2)
        self.form(UPDATE, maintenance="MNT-0001", change="Cancelled", window="", **SIGNED)
        self.answer("MNT-0004", "read_notice", "No notice", {"summary": "an invitation to lunch"})
        self.answer("MNT-0002", "confirm_completion", "Completed", SIGNED)
        for number in (1, 2, 4):
            run_id = f"MNT-{number:04d}"
            self.until(f"run {run_id} ends", lambda run_id=run_id: self.is_over(run_id))
        self.until("completion is told", lambda: self.mails("MNT-0002", "Completed"))

    def form(self, dag_id: str, **values: str) -> str:
        """Fill in a trigger form as ops."""
        plan = {
            "maintained_by": "program",
            "service": "mobile_plans",
            "objects": "gateway-eu = OUTAGE",
            "summary": "CHG-7: New gateway",
        }
        run_id = self.ops.start(dag_id, (plan if dag_id == PLAN else {"received_at": ""}) | values)
        if dag_id == PLAN:
            self.forms.append(run_id)
        return run_id

    def answer(self, run_id: str, task_id: str, option: str, values: Mapping[str, str]) -> None:
        """Wait for a human task, think as a person does, and answer it."""

        def asked() -> OpenQuestion | None:
            questions = self.ops.open_questions()
            return next((q for q in questions if (q.run_id, q.task_id) == (run_id, task_id)), None)

        question = self.until(f"{run_id} asks {task_id}", asked)
        time.sleep(THINKING_S)

        def taken() -> bool:
            try:
                self.ops.answer(question, option, values)
            except AirflowRefused as refusal:
                if refusal.status < SERVER_ERROR:
                    raise
                return False
            return True

        self.until(f"the answer to {task_id} of {run_id} is taken", taken)

    def drop_files(self) -> None:
        """Put a notice and something that is none into the inbox."""
        inbox = self.world.home / "inbox"
        (inbox / "notice.ics").write_bytes(
            ics(
                {
                    "DTSTART;VALUE=DATE-TIME": f"{self.far:%Y%m%d}T080000Z",
                    "DTEND;VALUE=DATE-TIME": f"{self.far:%Y%m%d}T100000Z",
                }
            )
        )
        self.until("the notice is on record", lambda: self.state("MNT-0003") == "announced")
        (inbox / "lunch.ics").write_bytes(b"Are you free on Friday at noon?")

    def mails(self, maintenance_id: str, words: str) -> list[CaughtMail]:
        """Return the mails of a thread whose subject holds some words, the oldest first."""
        return [
            mail
            for mail in reversed(self.world.mails.all())
            if mail.subject.startswith(f"[{maintenance_id}]") and words in mail.subject
        ]

    def find(self, maintenance_id: str) -> Maintenance | None:
        with Store(self.world.database_url).snapshot() as connection:
            now = SystemClock().now()
            desk = Desk(connection=connection, policy=self.policy, now=now, outlook=OUTLOOK)
            return next((one for one in desk.all() if one.maintenance_id == maintenance_id), None)

    def state(self, maintenance_id: str) -> str | None:
        found = self.find(maintenance_id)
        return None if found is None else found.state

    def is_over(self, run_id: str) -> bool:
        return self.ops.run_state(PLAN, run_id) in ("success", "failed")

    def until(self, what: str, check: Callable[[], Any], seconds: float = 300) -> Any:
        """Look every second until something is so."""
        end = time.monotonic() + seconds
        while not (found := check()):
            self.world.require_alive()
            assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
            time.sleep(1)
        return found


@pytest.fixture(scope="module")
def played(world: LocalWorld) -> Played:
    """All four, played to their ends."""
    played = Played(world)
    played.play()
    return played


def entry(mail: CaughtMail) -> Any:
    """Return the event of the calendar file of a mail."""
    (file,) = mail.attachments
    assert file.content_type == "text/calendar"
    return Calendar.from_ical(file.content).walk("VEVENT")[0]


def test_announced_moved_and_cancelled(played: Played) -> None:
    """P1: one thread for each organisation, the same UID, a rising SEQUENCE, nobody else named."""
    told = {
        words: {mail.envelope_to for mail in played.mails("MNT-0001", words)}
        for words in ("Planned maintenance", "Changed", "Cancelled")
    }
    both = {("change@northwind.example",), ("changes@contoso.example",)}
    assert told == dict.fromkeys(told, both)
    thread = [
        mail
        for mail in played.mails("MNT-0001", "")
        if mail.envelope_to == ("change@northwind.example",)
    ]
    assert [int(entry(mail)["SEQUENCE"]) for mail in thread] == [0, 1, 2]
    assert {str(entry(mail)["UID"]) for mail in thread} == {"MNT-0001@mobileplans.example"}
    assert [str(entry(mail)["X-MAINTNOTE-STATUS"]) for mail in thread] == [
        "CONFIRMED",
        "CONFIRMED",
        "CANCELLED",
    ]
    assert [mail.header("In-Reply-To") for mail in thread[1:]] == [
        mail.header("Message-ID") for mail in thread[:2]
    ]
    for mail in thread:
        assert mail.text
        assert mail.html
        assert not re.search("contoso|fabrikam", mail.text + mail.html, re.IGNORECASE)
    assert "The notice is in time" in thread[0].text
    cancelled = played.find("MNT-0001")
    assert cancelled is not None
    assert cancelled.state == "cancelled"
    assert {one.is_in_time for one in cancelled.verdicts.values()} == {True}


def test_a_late_one_from_confirmation_to_completion(played: Played) -> None:
    """P1, P3: confirmed by name, said to be late, begun, asked about, completed."""
    mails = played.mails("MNT-0002", "")
    subjects = [re.sub(r" of .*|, \w{3} \d\d.*|\[MNT-0002\] ", "", mail.subject) for mail in mails]
    assert subjects == [
        "Planned maintenance",
        "Started: maintenance",
        "Is it complete? Maintenance",
        "Completed: maintenance",
    ]
    (announced,) = played.mails("MNT-0002", "(short notice)")
    assert "The notice is late" in announced.text
    assert "Mei Tanaka confirmed it because: agreed with the vendor" in announced.text
    assert mails[2].envelope_to == ("mei.tanaka@mobileplans.example",)
    assert played.state("MNT-0002") == "completed"
    tasks = played.ops.tasks(PLAN, "MNT-0002")
    assert tasks == {
        "record_plan": "success",
        "start_runs": "skipped",
        "read_notice": "skipped",
        "confirm_announcement": "success",
        "await_end": "success",
        "confirm_completion": "success",
    }


def test_a_notice_in_the_inbox_becomes_a_record(played: Played) -> None:
    """P2: read, judged, thanked, carried by a run of its own; the file is gone."""
    found = played.find("MNT-0003")
    assert found is not None
    assert found.verdicts["program"].is_in_time
    assert found.theirs is not None
    assert found.theirs.uid == "42"
    (thanks,) = played.mails("MNT-0003", "On record")
    assert thanks.envelope_to == ("changes@contoso.example",)
    (told,) = played.mails("MNT-0003", "Planned maintenance of Core Network Services of Contoso")
    assert told.envelope_to == ("osoc@microsoft.com",)
    assert played.ops.run_state(PLAN, "MNT-0003") == "running"
    assert not list((played.world.home / "inbox").iterdir())


def test_an_unreadable_one_becomes_a_human_task(played: Played) -> None:
    """P2: somebody is asked by mail, with the original attached, and answers in Airflow."""
    (mail,) = played.mails("MNT-0004", "Read it by hand")
    assert mail.envelope_to == ("mei.tanaka@mobileplans.example",)
    assert [file.content for file in mail.attachments] == [b"Are you free on Friday at noon?"]
    closed = played.find("MNT-0004")
    assert closed is not None
    assert (closed.state, closed.reason) == ("cancelled", "no notice: an invitation to lunch")


def test_the_run_of_a_form_hands_over(played: Played) -> None:
    """The form's own run records, starts the run that carries it, and asks nothing."""
    assert len(played.forms) == 2
    for run_id in played.forms:
        tasks = played.ops.tasks(PLAN, run_id)
        assert tasks.pop("record_plan") == "success"
        assert tasks.pop("start_runs") == "success"
        assert set(tasks.values()) == {"skipped"}


def test_what_is_not_possible_fails_in_one_sentence(played: Played) -> None:
    """The first task says why, without a traceback, and nothing is written."""
    run_id = played.form(PLAN, window="2020-01-01 10:00 to 11:00 UTC", recipients="northwind")
    played.until("the run ends", lambda: played.is_over(run_id))

    log = played.ops.task_log(PLAN, run_id, "record_plan")
    assert "the window has begun" in log
    assert "Traceback" not in log
    assert played.find("MNT-0005") is None
