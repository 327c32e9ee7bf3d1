"""Notices on the command line."""

from datetime import datetime
from pathlib import Path

import pytest

from include.mobile_plans.notices import Notice, Recipient, queue_notice
from include.mobile_plans.store import Store, tables
from include.mobile_plans.store.schema import upgrade
from tests.mobile_plans.commands.running import CommandLine

KEY = "alert-1:program"
DESK = "desk@mobileplans.example"


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime) -> Store:
    """A store with one notice that waits to be sent."""
    url = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", url)
    upgrade(Store(url))
    notice = Notice(
        key="alert-1",
        kind="duty_alert",
        party="program",
        slug=None,
        recipients=(Recipient(name="Desk", email=DESK, role="desk"),),
        context={
            "headline": "Call Keller",
            "link": "http://localhost/",
            "person": "Desk",
            "told": 0,
            "raised_at": now,
            "claim_within": now - now,
            "program_name": "Mobile Plans program",
        },
        thread="alert-1",
    )
    with Store(url).transaction() as connection:
        queue_notice(connection, notice, sender="notices@mobileplans.example", now=now)
    return Store(url)


def test_notices_are_listed_with_what_became_of_them(command_line: CommandLine) -> None:
    """As a table and as one JSON document, by state and mobile operator."""
    (listed,) = command_line("notices", "list", "--json").document["notices"]
    assert (listed["key"], listed["subject"]) == (KEY, "Needs somebody now: Call Keller")
    assert listed["queued_at"] == "2026-11-23T10:00:00Z"
    assert [(d["recipient"], d["state"]) for d in listed["deliveries"]] == [(DESK, "queued")]
    assert DESK in command_line("notices", "list").out

    for option in (["--state", "sent"], ["--mobile-operator", "contoso"]):
        assert command_line("notices", "list", "--json", *option).document == {"notices": []}
    refused = command_line("notices", "list", "--state", "lost")
    assert refused.code == 2
    assert "allowed are queued, sending, sent, refused" in refused.err


def test_a_notice_tells_its_story(command_line: CommandLine) -> None:
    """Everything that happened to it, and a close key is offered for one that is not there."""
    shown = command_line("notices", "show", KEY, "--json").document
    assert [event["kind"] for event in shown["events"]] == ["notice.queued"]
    assert "notice.queued" in command_line("notices", "show", KEY).out

    unknown = command_line("notices", "show", "alert-1")
    assert unknown.code == 2
    assert f"did you mean {KEY}?" in unknown.err


def test_a_refused_delivery_is_tried_again_for_a_named_person(
    command_line: CommandLine, store: Store
) -> None:
    """What was refused is queued again; what was sent is not sent twice unasked."""

    def become(state: str) -> None:
        with store.transaction() as connection:
            connection.execute(tables.delivery.update().values(state=state))

    become("refused")
    assert command_line("notices", "requeue", KEY, DESK, "--by", "Ada").code == 0
    shown = command_line("notices", "show", KEY, "--json").document
    assert [d["state"] for d in shown["notice"]["deliveries"]] == ["queued"]
    assert shown["events"][-1]["by"] == "Ada"

    become("sent")
    refused = command_line("notices", "requeue", KEY, DESK, "--by", "Ada")
    assert refused.code == 2
    assert "not sent twice unasked" in refused.err
    asked = command_line("notices", "requeue", KEY, DESK, "--by", "Ada", "--even-if-sent")
    assert asked.code == 0
    assert command_line("notices", "requeue", KEY, "eve@x.example", "--by", "Ada").code == 2
