"""Notices of mobile operators that reach us as files: read, followed, refused as old, kept (P2)."""

import os
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from sqlalchemy import select

from include.mobile_plans.errors import BadInput
from include.mobile_plans.maintenance.intake import (
    MOST_BYTES,
    original_of,
    read_file,
    take_in,
    waiting_files,
)
from include.mobile_plans.store import tables
from tests.mobile_plans.maintenance.conftest import NOON, World
from tests.mobile_plans.maintenance.notices import CANCELLED, CLOSED, MOVED, OPEN, eml, ics

HOUR = timedelta(hours=1)
STARTS = datetime(2026, 12, 14, 8, tzinfo=UTC)


def taken(world: World, content: bytes, name: str = "notice.ics", ago: timedelta = HOUR) -> str:
    with world.desk() as desk:
        return take_in(desk, name, content, desk.now - ago)[0]


def test_a_notice_becomes_the_record_the_form_makes(world: World) -> None:
    """P2: with the time it was received, its verdict, and the file itself."""
    outcome = taken(world, ics())

    assert outcome == "notice.ics: MNT-0001 of Contoso Mobile is on record"
    found = world.find()
    assert found.state == "announced"
    assert found.plan is not None
    assert (found.plan.maintained_by, found.plan.service) == ("contoso", "core_network")
    assert (found.plan.summary, found.plan.reference) == (
        "Exchange of a packet gateway",
        "WorkOrder-31415",
    )
    assert found.verdicts["program"].told_at == NOON - HOUR
    with world.desk() as desk:
        assert original_of(desk, found) == ("notice.ics", ics())
    assert {(row.kind, row.party) for row in world.mails()} == {
        ("maintenance_announced", "program"),
        ("maintenance_received", "mobile_operator"),
    }


def test_the_same_file_again_changes_nothing(world: World) -> None:
    """Taken once, whatever a crash between the store and the folder left behind."""
    taken(world, ics())
    before = world.find()

    assert "was taken before" in taken(world, ics(), "again.ics", timedelta(0))
    assert world.find() == before


def test_a_mail_says_itself_when_it_came(world: World) -> None:
    """P2: the topmost Received header counts, not when somebody saved the mail."""
    mail = eml(ics(), "Fri, 20 Nov 2026 09:30:00 +0000")
    taken(world, mail, "notice.eml")

    assert world.find().verdicts["program"].told_at == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def test_updates_follow_each_other(world: World) -> None:
    """Moved, begun, completed: one record, and who was told of it hears each."""
    taken(world, ics())
    assert taken(world, ics(MOVED)) == "notice.ics: MNT-0001 of Contoso Mobile is announced"
    moved = world.find()
    assert moved.plan is not None
    assert moved.plan.window.starts_at == STARTS
    world.clock.advance_to(STARTS + timedelta(minutes=5))
    assert "is under_way" in taken(world, ics(OPEN), ago=timedelta(0))
    world.clock.advance(2 * HOUR)
    assert "is completed" in taken(world, ics(CLOSED), ago=timedelta(0))

    kinds = [row.kind.removeprefix("maintenance_") for row in world.mails()]
    assert kinds == [
        *("announced", "received", "rescheduled", "received", "started", "completed"),
    ]


def test_a_cancelled_one(world: World) -> None:
    """P2: it is cancelled, told, and nothing is owed for it any more."""
    taken(world, ics())
    taken(world, ics(CANCELLED))

    assert world.find().state == "cancelled"
    assert len(world.mails("cancelled")) == 1


@pytest.mark.parametrize(
    "older",
    [
        {"SEQUENCE": "1", "SUMMARY": "older"},
        {"SEQUENCE": "0"},
        MOVED | {"SUMMARY": "same"},
    ],
)
def test_a_lower_sequence_is_refused_as_old(world: World, older: dict[str, str]) -> None:
    """Out of order, or repeated with other words: it changes nothing and asks nobody."""
    taken(world, ics())
    taken(world, ics(MOVED))
    before = world.find()

    assert "refused as old: MNT-0001 stands at SEQUENCE 2" in taken(world, ics(older))
    assert world.find() == before
    with world.desk() as desk:
        assert len(desk.all()) == 1


def test_a_later_stamp_of_the_same_sequence_is_newer(world: World) -> None:
    """As the practice's own examples: cancelled and open both carry SEQUENCE 3 (3.8)."""
    taken(world, ics())
    later = {"SEQUENCE": "1", "DTSTAMP;VALUE=DATE-TIME": "20261123T113000Z", **OPEN}
    taken(world, ics(later | {"SEQUENCE": "1", "DTSTART;VALUE=DATE-TIME": "20261212T080000Z"}))

    found = world.find()
    assert found.theirs is not None
    assert found.theirs.stamp == datetime(2026, 11, 23, 11, 30, tzinfo=UTC)


def test_more_time_while_it_is_under_way(world: World) -> None:
    """A later end is an extension; any other change is for a person to read."""
    taken(world, ics(MOVED))
    world.clock.advance_to(STARTS + HOUR)
    taken(world, ics(OPEN), ago=timedelta(0))
    longer = MOVED | {"SEQUENCE": "4", "DTEND;VALUE=DATE-TIME": "20261214T120000Z"}
    taken(world, ics(longer), ago=timedelta(0))
    assert world.find().extended_to == STARTS + 4 * HOUR

    other = longer | {"SEQUENCE": "5", "X-MAINTNOTE-OBJECT-ID": "pgw-east"}
    assert "in more than its end" in taken(world, ics(other), ago=timedelta(0))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"Dear partner, Friday night we swap a switch.", "no calendar file"),
        (ics({"X-MAINTNOTE-ACCOUNT": None}), "X-MAINTNOTE-ACCOUNT is missing"),
        (
            ics({"X-MAINTNOTE-PROVIDER": "x", 'ORGANIZER;CN="Contoso NOC"': "mailto:a@b.example"}),
            "name none of Contoso Mobile, Fabrikam Telecom",
        ),
        (ics(CANCELLED), "CANCELLED of '42', which nobody told us of"),
    ],
)
def test_what_cannot_be_read_is_never_dropped(world: World, content: bytes, words: str) -> None:
    """P2: it gets a number, keeps its time, and goes to a person with the original attached."""
    assert words in taken(world, content, "strange notice.ics")

    found = world.find()
    assert found.state == "unreadable"
    assert found.received_at == NOON - HOUR
    with world.desk() as desk:
        assert original_of(desk, found) == ("strange notice.ics", content)
    (mail,) = world.mails()
    assert mail.kind == "maintenance_unreadable"
    message = message_from_bytes(mail.message, policy=default)
    (attached,) = message.iter_attachments()
    assert attached.get_payload(decode=True) == content
    assert attached.get_filename() == "strange_notice.ics"


def test_an_original_that_no_mail_may_hold_is_kept_all_the_same(world: World) -> None:
    """An ICCID in it goes into no mail; the record has the whole file."""
    content = b"We work on 8988247000100003319"
    taken(world, content)

    (mail,) = world.mails()
    message = message_from_bytes(mail.message, policy=default)
    assert list(message.iter_attachments()) == []
    found = world.find()
    with world.desk() as desk:
        kept = original_of(desk, found)
    assert kept == ("notice.ics", content)


def test_a_mail_without_a_calendar_file_or_a_way(world: World) -> None:
    """What a mail lacks is named; when it came is then taken from its file."""
    assert "the mail has no calendar file" in taken(
        world, b"Received: by mx; Fri, 20 Nov 2026 09:30:00 +0000\n\nhello", "a.eml"
    )
    assert "never passed a mail server" in taken(world, b"Subject: x\n\nhello", "b.eml")


@pytest.mark.parametrize(
    ("changes", "service"),
    [
        ({}, "core_network"),
        ({"X-MAINTNOTE-OBJECT-ID": "MO Direct portal"}, "portal"),
        ({"X-MAINTNOTE-OBJECT-ID": "localhost"}, "portal"),
        ({"X-MOBILE-PLANS-SERVICE": "xdr"}, "xdr"),
        ({"X-MOBILE-PLANS-SERVICE": "store"}, "core_network"),
    ],
)
def test_which_service_it_is(world: World, changes: dict[str, str], service: str) -> None:
    """The portal only where the notice names it: nothing else leaves its minutes out."""
    taken(world, ics(changes))

    found = world.find()
    assert found.plan is not None
    assert found.plan.service == service
    assert bool(world.excluded("contoso")) is (service == "portal")


@pytest.mark.parametrize(
    ("provider", "organizer"),
    [
        ("Contoso Mobile", "mailto:someone@elsewhere.example"),
        ("CONTOSO", "mailto:someone@elsewhere.example"),
        ("their carrier", "MAILTO:noc@contoso.example"),
    ],
)
def test_whose_notice_it_is(world: World, provider: str, organizer: str) -> None:
    """By a name on record, or by the domain of a contact."""
    changes = {"X-MAINTNOTE-PROVIDER": provider, 'ORGANIZER;CN="Contoso NOC"': organizer}
    assert "of Contoso Mobile is on record" in taken(world, ics(changes))


def test_nobody_else_sees_a_notice(world: World) -> None:
    """P2: the calendar file of a mobile operator goes to nobody but the program."""
    taken(world, ics())
    with world.store.snapshot() as connection:
        people = connection.execute(select(tables.delivery.c.recipient)).scalars().all()
    assert sorted(people) == ["changes@contoso.example", "osoc@microsoft.com"]


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An inbox with files of several ages, all written before noon."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    monkeypatch.setenv("MOBILE_PLANS_INBOX", str(folder))
    for name, age_s in (("b.ics", 60), ("a.EML", 30), ("new.ics", 1), ("ranges.csv", 90)):
        (folder / name).write_bytes(ics())
        at = NOON.timestamp() - age_s
        os.utime(folder / name, (at, at))
    (folder / "folder.ics").mkdir()
    (folder / "link.ics").symlink_to(folder / "b.ics")
    return folder


def test_which_files_wait(inbox: Path) -> None:
    """Notices only, the oldest first, and none that may still be being written."""
    assert [file.name for file in waiting_files(NOON)] == ["b.ics", "a.EML"]


def test_without_an_inbox_nothing_waits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An installation without the folder works all the same."""
    monkeypatch.delenv("MOBILE_PLANS_INBOX", raising=False)
    assert waiting_files(NOON) == []
    monkeypatch.setenv("MOBILE_PLANS_INBOX", str(tmp_path / "none"))
    assert waiting_files(NOON) == []


def test_a_file_counts_as_received_when_it_was_written(inbox: Path) -> None:
    """Never later than now, however its clock is set; and not at all where it is too long."""
    file = inbox / "b.ics"
    assert read_file(file, NOON) == (ics(), NOON - timedelta(seconds=60))
    assert read_file(file, NOON - HOUR) == (ics(), NOON - HOUR)
    file.write_bytes(b"x" * (MOST_BYTES + 1))
    with pytest.raises(BadInput, match="a notice has at most 1000000"):
        read_file(file, NOON)
    with pytest.raises(BadInput, match=r"gone\.ics cannot be read"):
        read_file(inbox / "gone.ics", NOON)
