"""Calendar files after the MAINTNOTE practice: ours held against files, theirs read or refused."""

import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from icalendar import Calendar

from include.mobile_plans.errors import BadInput
from include.mobile_plans.maintenance.calendar_files import REQUIRED, calendar_file, read_notice
from include.mobile_plans.maintenance.changes import (
    cancel,
    complete,
    extend,
    propose,
    reschedule,
)
from include.mobile_plans.maintenance.plans import AffectedObject, parse_window
from tests.golden import GOLDEN, assert_golden_file
from tests.mobile_plans.maintenance.conftest import OURS, THEIRS, World
from tests.mobile_plans.maintenance.notices import CANCELLED, CLOSED, INITIAL, MOVED, OPEN, ics
from tests.services import require_notice_parser

HOUR = timedelta(hours=1)
PARSE = """
import json, sys
from circuit_maintenance_parser import NotificationData, init_provider
found = {}
for name, text in json.load(sys.stdin).items():
    data = NotificationData.init_from_raw("ical", text.encode())
    (maintenance,) = init_provider("genericprovider").get_maintenances(data)
    found[name] = json.loads(maintenance.to_json())
print(json.dumps(found))
"""
"""What runs beside the parser, in an environment of its own."""


def entries(world: World, slug: str) -> dict[str, bytes]:
    """Return the calendar file of each mail to a mobile operator, by the mail's kind."""
    found = {}
    for row in world.mails():
        mail = message_from_bytes(row.message, policy=default)
        for part in mail.iter_attachments():
            if row.slug == slug and part.get_content_type() == "text/calendar":
                content: bytes = part.get_payload(decode=True)
                found[row.kind.removeprefix("maintenance_")] = content
    return found


def story(world: World) -> dict[str, bytes]:
    """Tell, move, start, extend and complete one, cancel another; return their entries."""
    world.told()
    world.clock.advance(HOUR)
    with world.desk() as desk:
        before = desk.lock("MNT-0001")
        assert before.plan is not None
        moved = parse_window("2026-12-13 22:00 to 2026-12-14 02:00 UTC")
        plan = replace(before.plan, window=moved)
        reschedule(desk, before, plan, world.word(why="vendor is late"))
    world.at(moved.starts_at)
    with world.desk() as desk:
        word = world.word(why="disk is slow")
        extend(desk, desk.lock("MNT-0001"), moved.ends_at + HOUR, word)
    world.clock.advance(2 * HOUR)
    with world.desk() as desk:
        complete(desk, desk.lock("MNT-0001"), world.word(why="all well"))
    found = entries(world, "contoso")
    world.told(window="2026-12-28 22:00 to 2026-12-29 02:00 UTC", recipients="contoso", why="ok")
    with world.desk() as desk:
        cancel(desk, desk.lock("MNT-0002"), world.word(why="not needed"))
        waiting = propose(
            desk, world.plan(OURS, window="2027-02-01 22:00 to 23:00 UTC"), world.word()
        )
        found["proposed"] = calendar_file(desk, waiting, "contoso")
    return found | {"cancelled": entries(world, "contoso")["cancelled"]}


def test_our_entries(world: World) -> None:
    """Text as people could type it: every property of the practice, one recipient each."""
    found = story(world)

    assert set(found) == {
        *("announced", "rescheduled", "reminded", "started", "extended", "completed"),
        *("cancelled", "proposed"),
    }
    for kind, content in found.items():
        assert_golden_file(f"calendars/{kind}.ics", content.decode())
        (event,) = Calendar.from_ical(content).walk("VEVENT")
        assert [name for name in REQUIRED if event.get(name) is None] == []
        assert b"northwind" not in content.lower()


def test_one_entry_through_its_whole_thread(world: World) -> None:
    """The UID stays, the SEQUENCE rises with each mail, both recipients have the same."""
    story(world)
    events = []
    for row in world.mails():
        if row.thread == "MNT-0001" and row.slug == "northwind":
            mail = message_from_bytes(row.message, policy=default)
            (part,) = mail.iter_attachments()
            events += Calendar.from_ical(part.get_payload(decode=True)).walk("VEVENT")

    assert {str(event["UID"]) for event in events} == {"MNT-0001@mobileplans.example"}
    assert [int(event["SEQUENCE"]) for event in events] == [0, 1, 2, 3, 4, 5]


def test_an_entry_of_a_mobile_operators_maintenance(world: World) -> None:
    """P2: what OSOC puts into its calendar names the mobile operator as provider."""
    world.told(THEIRS)
    (content,) = entries(world, "contoso").values()

    assert_golden_file("calendars/announced_by_mobile_operator.ics", content.decode())


def test_an_independent_parser_reads_all_of_ours() -> None:
    """
    Each status, times, sequence and the impact of each object survive the industry's parser.

    It reads the files that the tests above hold our entries against.
    """
    files = {path.stem: path.read_text() for path in (GOLDEN / "calendars").glob("*.ics")}
    done = subprocess.run(
        [require_notice_parser(), "-c", PARSE],
        input=json.dumps(files).encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)

    assert {kind: one["status"] for kind, one in found.items()} == {
        "proposed": "TENTATIVE",
        "announced": "CONFIRMED",
        "announced_by_mobile_operator": "CONFIRMED",
        "rescheduled": "CONFIRMED",
        "reminded": "CONFIRMED",
        "started": "IN-PROCESS",
        "extended": "IN-PROCESS",
        "completed": "COMPLETED",
        "cancelled": "CANCELLED",
    }
    announced = found["announced"]
    assert announced["maintenance_id"] == "MNT-0001"
    assert announced["account"] == "contoso"
    assert announced["start"] == datetime(2026, 12, 12, 22, tzinfo=UTC).timestamp()
    assert announced["end"] - announced["start"] == 4 * 3600
    assert {one["circuit_id"]: one["impact"] for one in announced["circuits"]} == {
        "gateway-eu": "OUTAGE",
        "lookup": "DEGRADED",
    }
    assert found["completed"]["sequence"] == 5
    assert found["extended"]["end"] - found["started"]["end"] == 3600


@pytest.mark.parametrize(
    ("changes", "status", "day"),
    [
        ({}, "TENTATIVE", 12),
        (MOVED, "CONFIRMED", 14),
        (CANCELLED, "CANCELLED", 14),
        (OPEN, "IN-PROCESS", 14),
        (CLOSED, "COMPLETED", 14),
        ({"X-MAINTNOTE-STATUS": None}, None, 12),
        ({"X-MAINTNOTE-STATUS": "re-scheduled"}, "RE-SCHEDULED", 12),
    ],
)
def test_the_published_examples_are_read(
    changes: dict[str, str], status: str | None, day: int
) -> None:
    """Initial, updated, cancelled, open and closed, as the practice publishes them (3.8)."""
    read = read_notice(ics(changes))

    assert read.status == status
    assert read.window.starts_at == datetime(2026, 12, day, 8, tzinfo=UTC)
    assert read.file.uid == "42"
    assert read.file.sequence == int((INITIAL | changes)["SEQUENCE"])
    assert read.objects == (AffectedObject(name="pgw-west", impact="DEGRADED"),)
    assert (read.provider, read.organizer) == ("contoso.example", "noc@contoso.example")


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_property_is_named(name: str) -> None:
    """Each of the twelve: a notice without one is refused, and told which it lacks."""
    (given,) = [key for key in INITIAL if key.partition(";")[0] == name]

    with pytest.raises(BadInput) as caught:
        read_notice(ics({given: None}))

    assert caught.value.problems == (
        f"{name} is missing: a notice of the MAINTNOTE practice has it",
    )


def test_all_missing_properties_are_named_at_once() -> None:
    """As carriers send it: without SEQUENCE, ORGANIZER and status."""
    changes = {"SEQUENCE": None, 'ORGANIZER;CN="Contoso NOC"': None, "X-MAINTNOTE-STATUS": None}
    with pytest.raises(BadInput) as caught:
        read_notice(ics(changes))
    assert [problem.split()[0] for problem in caught.value.problems] == ["ORGANIZER", "SEQUENCE"]


def test_what_carriers_really_send_is_read() -> None:
    """Objects with parameters of their own, folded and broken lines, an alarm inside, a zone."""
    read = read_notice(
        ics(
            {
                "DTSTART;VALUE=DATE-TIME": None,
                "DTSTART;TZID=Europe/Berlin": "20261212T080000",
                "X-MAINTNOTE-OBJECT-ID": None,
                "X-MAINTNOTE-IMPACT": "X-SOMETHING-NEW",
                "X-MAINTNOTE-PROVIDER": "Contoso\\, Inc",
            },
            "X-MAINTNOTE-OBJECT-ID;SR=SR65:ABC(XXX)-DEF(XXX) EP43:AAAAAA-65-",
            "ELE",
            "X-MAINTNOTE-OBJECT-ID;X-MAINTNOTE-OBJECT-IMPACT=NO-IMPACT:vm-1054571726.region.",
            " example.com",
            "DESCRIPTION;ENCODING=QUOTED-PRINTABLE:=0D=0ACustomer Name : Acme",
            "BEGIN:VALARM",
            "TRIGGER:-PT15M",
            "ACTION:DISPLAY",
            "DESCRIPTION:Reminder",
            "END:VALARM",
        )
    )

    assert read.window.starts_at == datetime(2026, 12, 12, 7, tzinfo=UTC)
    assert read.window.zone == "Europe/Berlin"
    assert read.provider == "Contoso, Inc"
    assert read.objects == (
        AffectedObject(name="ABC(XXX)-DEF(XXX) EP43:AAAAAA-65-", impact="OUTAGE"),
        AffectedObject(name="vm-1054571726.region.example.com", impact="NO-IMPACT"),
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no calendar file"),
        (b"\xff\xfe\x00\x01", "no calendar file"),
        (b"Dear partner, we will work on Friday.", "no calendar file"),
        (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "no calendar file"),
        (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n", "holds 0 events"),
        (ics().replace(b"END:VEVENT", b"END:VEVENT\r\nBEGIN:VEVENT\r\nEND:VEVENT"), "2 events"),
        (ics({"SEQUENCE": "first"}), "SEQUENCE: "),
        (ics({"DTSTART;VALUE=DATE-TIME": "tomorrow"}), "DTSTART: "),
        (ics({"DTSTART;VALUE=DATE-TIME": "20261212T080000"}), "DTSTART .* has no time zone"),
        (ics({"DTEND;VALUE=DATE-TIME": "20261212T070000Z"}), "not after its start"),
        (
            ics({"DTSTART;VALUE=DATE-TIME": None, "DTSTART;VALUE=DATE": "20261212"}),
            "DTSTART 2026-12-12 is a day",
        ),
        (ics({"X-MAINTNOTE-STATUS": "PERHAPS"}), "X-MAINTNOTE-STATUS 'PERHAPS' is unknown"),
        (ics({}, "UID:43"), "UID is given twice"),
        (ics({}, "RRULE:FREQ=WEEKLY"), "RRULE: a window that repeats"),
    ],
)
def test_what_cannot_be_read_says_why(content: bytes, words: str) -> None:
    """Nothing is guessed at, and nothing ends in an error of a library."""
    with pytest.raises(BadInput, match=words):
        read_notice(content)
