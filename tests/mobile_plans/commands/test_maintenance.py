"""Planned maintenance on the command line."""

from datetime import timedelta
from pathlib import Path

import pytest
from icalendar import Calendar

from include.mobile_plans.commands import maintenance as room
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store
from include.mobile_plans.store.schema import upgrade
from tests.mobile_plans.commands.running import CommandLine, Outcome
from tests.mobile_plans.maintenance.conftest import NOON, import_examples
from tests.mobile_plans.maintenance.notices import ics

NEW = ("--service", "mobile_plans", "--summary", "CHG-7: New gateway")
IN_TIME = ("--window", "2026-12-12 22:00 to 2026-12-13 02:00 UTC")
LATE = ("--window", "2026-11-27 22:00 to 2026-11-28 02:00 UTC")
SIGNED = ("--by", "Mei Tanaka", "--why", "the certificate expires")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> VirtualClock:
    """The clock the commands ask."""
    clock = VirtualClock(NOON)
    monkeypatch.setattr(room, "SystemClock", lambda: clock)
    return clock


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: VirtualClock) -> Store:
    """The example mobile operators, two of them live."""
    url = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", url)
    monkeypatch.setenv("MOBILE_PLANS_POLICY_DIR", str(SHIPPED_POLICY))
    store = Store(url)
    upgrade(store)
    import_examples(store, NOON - timedelta(days=2))
    return store


@pytest.fixture
def run(command_line: CommandLine) -> CommandLine:
    """``maintenance`` with arguments."""

    def call(*arguments: str) -> Outcome:
        return command_line("maintenance", *arguments)

    return call


def test_deadlines_are_shown_before_anything_is_written(run: CommandLine) -> None:
    """P1: each recipient's deadline and the earliest to send by; nothing is announced yet."""
    looked = run("new", *NEW, *IN_TIME)

    assert looked.code == 0
    assert "send by 2026-12-07 22:00 UTC" in looked.out
    assert "nothing was written" in looked.out
    assert run("list", "--json").document == {"maintenance": []}


def test_in_time_it_is_announced(run: CommandLine) -> None:
    """P1: to all live mobile operators, as JSON too."""
    told = run("new", *NEW, *IN_TIME, "--announce", "--json").document

    assert told["maintenance"] == "MNT-0001"
    assert told["send_by"] == "2026-12-07T22:00:00Z"
    assert [one["recipient"] for one in told["recipients"]] == ["contoso", "northwind"]
    shown = run("show", "MNT-0001", "--json").document
    assert (shown["state"], shown["reference"]) == ("announced", "CHG-7")
    assert "MNT-0001" in run("list", "--open").out
    assert "Mobile" not in run("show", "MNT-0001").err


def test_a_late_one_needs_a_name_and_a_reason(run: CommandLine) -> None:
    """P1: exit 1 when only looked at, 2 without a name, 0 with one; each says what is late."""
    assert run("new", *NEW, *LATE).code == 1
    refused = run("new", *NEW, *LATE, "--announce")
    assert refused.code == 2
    assert "late for contoso: due Thu 19 Nov 2026 22:00 UTC" in refused.err
    assert "--by NAME --why REASON" in refused.err
    assert run("new", *NEW, *LATE, "--announce", *SIGNED).code == 0


def test_changes(run: CommandLine, clock: VirtualClock) -> None:
    """P3: another window inside at once, a late one after --confirm, then cancelled."""
    run("new", *NEW, *IN_TIME, "--announce")
    inside = ("--window", "2026-12-12 22:30 to 23:00 UTC")
    assert run("update", "MNT-0001", "--change", "Rescheduled", *inside, *SIGNED).code == 0
    late = run("update", "MNT-0001", "--change", "Rescheduled", *LATE, *SIGNED)
    assert late.code == 2
    assert "late for contoso" in late.err
    assert "nothing was changed" in late.err
    assert run("show", "MNT-0001", "--json").document["starts_at"] == "2026-12-12T22:30:00Z"
    assert (
        run("update", "MNT-0001", "--change", "Rescheduled", *LATE, *SIGNED, "--confirm").code == 0
    )
    cancelled = run("update", "MNT-0001", "--change", "Cancelled", *SIGNED)
    assert cancelled.out.strip() == "MNT-0001 is cancelled"
    assert run("update", "MNT-0001", "--change", "Cancelled", *SIGNED).code == 2


def test_import_and_export(run: CommandLine, tmp_path: Path) -> None:
    """P2: a file becomes the record; its entry and the original come out again."""
    file = tmp_path / "notice.ics"
    file.write_bytes(ics())
    taken = run("import", str(file), "--received-at", "2026-11-20T09:00:00Z")
    assert (taken.code, "MNT-0001 of Contoso Mobile is on record" in taken.out) == (0, True)
    told = run("show", "MNT-0001", "--json").document["recipients"][0]
    assert told["told_at"] == "2026-11-20T09:00:00Z"

    (event,) = Calendar.from_ical(run("export", "MNT-0001").out).walk("VEVENT")
    assert str(event["X-MAINTNOTE-PROVIDER"]) == "Contoso Mobile"
    assert run("export", "MNT-0001", "--original").out.encode().split() == ics().split()


def test_a_file_nobody_can_read(run: CommandLine, tmp_path: Path) -> None:
    """P2: exit 1, on record all the same, with what is wrong."""
    file = tmp_path / "notice.ics"
    file.write_bytes(b"hello")
    taken = run("import", str(file))

    assert taken.code == 1
    assert "MNT-0001 cannot be read" in taken.out
    assert run("show", "MNT-0001", "--json").document["state"] == "unreadable"
    assert "none: it could not be read" in run("export", "MNT-0001").err
    assert "no calendar file" in run("show", "MNT-0001").out


def test_compliance_of_each_party(run: CommandLine, tmp_path: Path, clock: VirtualClock) -> None:
    """P1, P2: in time, late by, completion told; exit 1 when anybody was late."""
    run("new", *NEW, *IN_TIME, "--announce")
    window = ("compliance", "--from", "2026-12-12", "--to", "2026-12-12")
    assert run(*window).code == 0
    clock.advance(timedelta(days=18))
    (tmp_path / "notice.ics").write_bytes(ics())
    run("import", str(tmp_path / "notice.ics"), "--received-at", "2026-12-10T09:00:00Z")

    answer = run(*window, "--json")
    assert answer.code == 1
    rows = {(one["maintained_by"], one["recipient"]): one for one in answer.document["notices"]}
    assert rows["contoso", "program"]["late_by_s"] == 3 * 86400 + 3600
    assert rows["program", "northwind"]["due_at"] == "2026-12-07T22:00:00Z"
    text = run(*window).out
    assert "contoso: 0 of 1 notices in time" in text
    assert run("compliance", "--from", "2026-11-01", "--to", "2026-11-30").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "MNT-0099"), "there is no maintenance 'MNT-0099'"),
        (("export", "7"), "there is no maintenance '7'"),
        (("new", *NEW, "--window", "soon"), "not two times and a zone"),
        (("import", "nowhere.ics"), "cannot be read"),
        (("import", __file__, "--received-at", "2030-01-01T00:00:00Z"), "in the future"),
        (("compliance", "--from", "May", "--to", "2026-12-31"), "--from 'May' is not a date"),
        (
            ("update", "MNT-0001", "--change", "Completed", *SIGNED),
            "there is no maintenance 'MNT-0001'",
        ),
    ],
)
def test_bad_input(run: CommandLine, arguments: tuple[str, ...], words: str) -> None:
    """Exit 2 with one plain line, never a traceback."""
    answer = run(*arguments)

    assert answer.code == 2
    assert words in answer.err
    assert "Traceback" not in answer.err


def test_whose_entry(run: CommandLine) -> None:
    """One recipient's entry names nobody else; a name that is none is refused."""
    run("new", *NEW, *IN_TIME, "--announce")
    entry = run("export", "MNT-0001", "--recipient", "northwind").out
    assert "X-MAINTNOTE-ACCOUNT:northwind" in entry
    assert "contoso" not in entry
    refused = run("export", "MNT-0001", "--recipient", "tailspin")
    assert (refused.code, "contoso, northwind" in refused.err) == (2, True)
    assert run("export", "MNT-0001", "--original").code == 2
