"""Incidents and bugs on the command line."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from include.mobile_plans.commands import incident as reading
from include.mobile_plans.commands import incident_posts as writing
from include.mobile_plans.incidents import report_bug
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store
from tests.mobile_plans.commands.running import CommandLine
from tests.mobile_plans.conftest import PreparedStores
from tests.mobile_plans.incidents import conftest as incidents
from tests.mobile_plans.incidents.conftest import NOON, World
from tests.mobile_plans.incidents.test_mails import BUG

clock, day = incidents.clock, incidents.world
REPORT = (
    *("incident", "open", "--mobile-operator", "contoso", "--channel", "call"),
    *("--service", "mobile_plans", "--what", "Plans cannot be bought"),
    *("--call-back", "Chris Wong, +1 206 555 0102", "--since", "2026-11-23T11:00:00Z"),
)
LOST = ("--stated", "portal=not reachable", "--stated", "purchased_data=usable")


@pytest.fixture
def store(tmp_path: Path, prepared_stores: PreparedStores) -> Store:
    """A store on SQLite."""
    return prepared_stores.sqlite(tmp_path / "store.db")


@pytest.fixture
def world(day: World, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The day of incidents, whose clock the commands ask."""
    for room in (reading, writing):
        monkeypatch.setattr(room, "SystemClock", lambda: clock)
    return day


def test_an_incident_from_report_to_resolution(
    world: World, command_line: CommandLine, tmp_path: Path
) -> None:
    """E5: opened with what is known, answered, resolved, exported."""
    opened = command_line(*REPORT, *LOST)
    assert (opened.code, opened.out) == (0, "INC-0001 is open, high\n")
    world.tick(minutes=5)
    post = ("incident", "update", "INC-0001", "--by", "Olivia Stone", "--text", "we look into it")
    answered = command_line(*post, "--what", "first_response", "--yes")
    assert answered.code == 0
    assert "goes to Contoso Mobile: Contoso NOC <noc@contoso.example>" in answered.out
    assert answered.out.endswith("INC-0001 is open\n")
    world.tick(minutes=5)
    shown = command_line("incident", "show", "INC-0001", "--json").document
    assert (shown["state"], shown["severity"], shown["told_by"]) == (
        "open",
        "high",
        "mobile_operator",
    )
    assert [one["state"] for one in shown["promises"]] == ["met", "open", "open"]
    assert {one["what"] for one in shown["timeline"]} >= {
        "first response of Olivia Stone: we look into it"
    }
    assert "we look into it" in command_line("incident", "show", "INC-0001").out

    assert command_line(*post, "--what", "resolution", "--yes").code == 0
    listed = command_line("incident", "list", "--state", "resolved", "--json").document
    assert [one["incident"] for one in listed["incidents"]] == ["INC-0001"]
    assert "INC-0001" not in command_line("incident", "list", "--open").out
    file = tmp_path / "incident.html"
    assert command_line("incident", "export", "INC-0001", str(file)).code == 0
    assert "INC-0001, Contoso Mobile" in file.read_text()
    assert command_line("incident", "export", "INC-0001", str(file)).code == 2


def test_a_mail_says_when_it_was_received(
    world: World, command_line: CommandLine, tmp_path: Path
) -> None:
    """E5, E6: the clock runs from the mail's own headers, not from when it was written down."""
    mail = tmp_path / "report.eml"
    mail.write_text(
        "Received: from mx.contoso.example; Mon, 23 Nov 2026 03:30:00 -0800\n"
        "Message-ID: <1@contoso.example>\nFrom: noc@contoso.example\nSubject: down\n\nhelp"
    )
    opened = command_line(*REPORT, *LOST, "--mail", str(mail))
    assert opened.code == 0
    assert world.promises("INC-0001")["initial_response"].due_at == NOON + timedelta(minutes=30)


def test_nothing_is_sent_unless_it_is_confirmed(
    world: World, command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mobile operator and the recipients are shown first."""
    command_line(*REPORT, *LOST)
    monkeypatch.setattr(writing.typer, "confirm", lambda _: False)
    done = command_line(
        *("incident", "update", "INC-0001", "--what", "update"),
        *("--by", "Olivia Stone", "--text", "x"),
    )
    assert (done.code, done.out.splitlines()[-1]) == (0, "nothing was sent")
    assert world.incident("INC-0001").all("update.posted") == []


def test_an_outage_of_ours_is_told_to_all(world: World, command_line: CommandLine) -> None:
    """O1: without a mobile operator, every live one is told."""
    done = command_line(
        *("incident", "open", "--channel", "program", "--service", "store"),
        *("--what", "The Store is down"),
    )
    assert (done.code, done.out) == (0, "INC-0001 is open, high\n")
    parts = command_line("incident", "list", "--parent", "INC-0001", "--json").document
    assert len(parts["incidents"]) == 4


def test_the_call_sheet_and_a_call(world: World, command_line: CommandLine) -> None:
    """E3: whom to call, what came of it; exit 1 when a call is overdue."""
    world.outage("contoso")
    world.look()
    sheet = command_line("incident", "sheet")
    assert sheet.code == 0
    assert "Contoso NOC" in sheet.out
    assert "+12065550100" in sheet.out
    assert command_line("incident", "call", "INC-0001").out == "INC-0001: Contoso NOC not reached\n"
    world.clock.advance(timedelta(minutes=31))
    late = command_line("incident", "sheet", "--json")
    assert (late.code, late.document["calls"][0]["call"]) == (1, "Chris Wong")
    reached = command_line(
        *("incident", "call", "INC-0001", "--reached", "Chris", "--ticket", "T1", "--by", "Omar"),
        *("--called-at", "2026-11-23T12:29:00Z"),
    )
    assert reached.out == "INC-0001: Chris was reached\n"
    assert world.incident("INC-0001").reached_at(3, "call") == NOON + timedelta(minutes=29)
    assert command_line("incident", "sheet").code == 0


def test_a_handover(world: World, command_line: CommandLine) -> None:
    """Open, due, changed; with a note it is taken over by a named person."""
    command_line(*REPORT, *LOST)
    hand = ("--note", "call them again", "--by", "Olivia Stone", "--to", "Omar Reyes")
    first = command_line("incident", "handover", *hand)
    assert "INC-0001:initial_response" in first.out
    assert first.out.endswith("Omar Reyes has taken over from Olivia Stone\n")
    document = command_line("incident", "handover", "--json").document
    assert document["last"]["taken_over_by"] == "Omar Reyes"
    assert [one["incident"] for one in document["open"]] == ["INC-0001"]
    assert document["due"][0]["owed_by"] == "program"
    assert document["changed"] == []
    world.clock.advance(timedelta(minutes=1))
    world.post("INC-0001", "update", by="Olivia Stone", text="found it")
    assert "changed: INC-0001" in command_line("incident", "handover").out
    assert command_line("incident", "handover", "--note", "x").code == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("incident", "show", "INC-0099"), "there is no incident 'INC-0099'"),
        (("incident", "list", "--state", "lost"), "--state 'lost' is unknown: allowed are unass"),
        (
            (*REPORT, "--stated", "mood=bad"),
            "--stated 'mood' is unknown: allowed are portal, purch",
        ),
        ((*REPORT, "--stated", "portal=bad"), "cannot be 'bad'"),
        ((*REPORT, "--decide", "medium: x"), "write 'high: why' or 'low: why'"),
        ((*REPORT, "--decide", "high:"), "write 'high: why' or 'low: why'"),
        ((*REPORT, "--received-at", "noon"), "--received-at 'noon' is not an ISO 8601 time"),
        ((*REPORT, "--mail", "/nowhere.eml"), "the mail /nowhere.eml cannot be read"),
        ((*REPORT, "--mobile-operator", "tailspin"), "name the one mobile operator"),
        (("incident", "call", "INC-0001", "--rank", "9"), "--rank 9 is no contact: INC-0001 has 2"),
        (("incident", "call", "INC-0002"), "INC-0002 has no severity yet"),
        (("bug", "show", "BUG-0009"), "there is no bug 'BUG-0009'"),
    ],
)
def test_bad_input_is_one_line(
    world: World, command_line: CommandLine, arguments: tuple[str, ...], words: str
) -> None:
    """Exit 2, one line on standard error that says what is allowed, never a traceback."""
    world.outage("contoso")
    world.look()
    world.report(stated=None)
    done = command_line(*arguments)
    assert done.code == 2
    assert words in done.err
    assert "Traceback" not in done.err


def test_bugs_are_shown(world: World, command_line: CommandLine) -> None:
    """B1: list and show."""
    with world.write() as connection:
        report_bug(connection, "run:1", BUG, by="ops", now=NOON)
    assert command_line("bug", "list", "--json").document["bugs"][0]["bug_id"] == "BUG-0001"
    assert "BUG-0001" in command_line("bug", "list", "--mobile-operator", "contoso").out
    assert "BUG-0001" not in command_line("bug", "list", "--mobile-operator", "tailspin").out
    assert command_line("bug", "show", "BUG-0001", "--json").document["state"] == "reported"
    shown = command_line("bug", "show", "BUG-0001").out
    assert shown.startswith("BUG-0001 is reported: The price is shown without tax")
