"""The mails about maintenance, as people read them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from include.mobile_plans.maintenance.changes import (
    cancel,
    complete,
    extend,
    reschedule,
)
from include.mobile_plans.maintenance.intake import take_in
from include.mobile_plans.maintenance.plans import parse_window
from tests.golden import GOLDEN, assert_golden, rendered_of
from tests.mobile_plans.maintenance.conftest import OURS, THEIRS, World

STARTS = datetime(2026, 12, 12, 22, tzinfo=UTC)
ENDS = datetime(2026, 12, 13, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
TEMPLATES = GOLDEN.parents[1] / "include" / "templates"


def assert_mails(world: World, *names: str, slug: str | None = "northwind") -> None:
    """Hold the newest mail of each kind to a party against its file."""
    found = {
        f"{row.kind}_to_{row.party}": row.message
        for row in world.mails()
        if slug is None or row.party == "program" or row.slug == slug
    }
    for name in names:
        key = name.removesuffix("_late")
        assert_golden(f"notices/{name}", rendered_of(found[key]))


def test_the_thread_of_the_programs_maintenance(world: World) -> None:
    """P1, P3: announced, reminded, begun, longer, complete: what a recipient reads in time."""
    world.told()
    assert_mails(world, "maintenance_announced_to_mobile_operator")
    world.at(STARTS - 24 * HOUR)
    world.at(STARTS)
    with world.desk() as desk:
        word = world.word(why="the new disk is slower than tested")
        extend(desk, desk.lock("MNT-0001"), ENDS + 2 * HOUR, word)
    world.at(ENDS + 2 * HOUR)
    world.at(ENDS + 3 * HOUR)
    world.clock.advance(HOUR)
    with world.desk() as desk:
        complete(desk, desk.lock("MNT-0001"), world.word(why="all probes green"))

    assert_mails(
        world,
        "maintenance_reminded_to_mobile_operator",
        "maintenance_started_to_mobile_operator",
        "maintenance_extended_to_mobile_operator",
        "maintenance_ended_to_program",
        "maintenance_overran_to_mobile_operator",
        "maintenance_completed_to_mobile_operator",
    )


def test_a_late_one_that_moves_and_is_cancelled(world: World) -> None:
    """P1: the notice says by how much it is late, on whose calendars, and who confirmed it."""
    world.told(window="2026-11-27 22:00 to 2026-11-28 02:00 UTC", why="the certificate expires")
    assert_mails(world, "maintenance_announced_to_mobile_operator_late")
    world.clock.advance(HOUR)
    with world.desk() as desk:
        before = desk.lock("MNT-0001")
        assert before.plan is not None
        plan = replace(before.plan, window=parse_window("2026-12-12 22:00 to 23:00 UTC"))
        reschedule(desk, before, plan, world.word(why="the vendor extended the certificate"))
    world.clock.advance(HOUR)
    with world.desk() as desk:
        cancel(desk, desk.lock("MNT-0001"), world.word(why="renewed without interruption"))

    assert_mails(
        world,
        "maintenance_rescheduled_to_mobile_operator",
        "maintenance_cancelled_to_mobile_operator",
    )


def test_a_mobile_operators_maintenance(world: World) -> None:
    """P2, P3: OSOC reads who works when and whom to call; the sender reads its verdict."""
    world.told(window="2026-12-12 20:00 to 23:00 UTC", recipients="contoso")
    world.clock.advance(HOUR)
    world.told(THEIRS)
    world.at(STARTS)
    world.at(ENDS)
    world.failing = {"contoso": ENDS - HOUR}
    with world.desk() as desk:
        complete(desk, desk.lock("MNT-0002"), world.word(by="Contoso NOC", why="<1@contoso>"))

    assert_mails(
        world,
        "maintenance_announced_to_program",
        "maintenance_received_to_mobile_operator",
        "maintenance_ended_to_mobile_operator",
        "maintenance_held_back_to_mobile_operator",
        slug="contoso",
    )


def test_a_mobile_operator_that_told_late(world: World) -> None:
    """P2: it reads by how much, on whose calendars, and that its minutes count."""
    world.told(THEIRS, window="2026-11-28 22:00 to 2026-11-29 02:00 UTC")

    assert_mails(world, "maintenance_received_to_mobile_operator_late", slug="contoso")


def test_broken_off_in_its_window(world: World) -> None:
    """A cancellation after the start says so."""
    world.told()
    world.at(STARTS + HOUR)
    with world.desk() as desk:
        cancel(desk, desk.lock("MNT-0001"), world.word(why="the image does not boot"))

    (mail,) = [row for row in world.mails("cancelled") if row.slug == "contoso"]
    assert "was broken off Sat 12 Dec 2026 23:00 UTC" in rendered_of(mail.message).text


def test_after_a_stop(world: World) -> None:
    """What goes out late says so in its subject and in its text."""
    world.told()
    world.at(STARTS + timedelta(days=2))

    assert_mails(world, "maintenance_started_to_mobile_operator_late")


def test_a_notice_nobody_could_read(world: World) -> None:
    """P2: what is missing, where to answer, and that the clock of the sender runs."""
    with world.desk() as desk:
        content = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR"
        take_in(desk, "notice.ics", content, desk.now - HOUR)

    assert_mails(world, "maintenance_unreadable_to_program")


def test_each_organisation_has_a_thread_of_its_own(world: World) -> None:
    """Replies name the mails these recipients saw, and nobody else's."""
    world.told()
    world.at(STARTS)
    mails = {
        slug: [
            message_from_bytes(row.message, policy=default)
            for row in world.mails()
            if row.slug == slug
        ]
        for slug in ("contoso", "northwind")
    }
    for thread in mails.values():
        assert len(thread) == 3
        ids = [mail["Message-ID"] for mail in thread]
        assert [mail["In-Reply-To"] for mail in thread] == [None, *ids[:2]]
        assert thread[2]["References"] == " ".join(ids[:2])
        types = [part.get_content_type() for part in thread[0].walk()]
        assert types == [
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "text/html",
            "text/calendar",
        ]


@pytest.mark.parametrize(
    "kind", sorted(path.parent.name for path in TEMPLATES.glob("maintenance_*/subject.txt"))
)
def test_no_mail_leaves_a_name_open(kind: str) -> None:
    """Each kind says whom to call, except the one that asks our own people."""
    text = (TEMPLATES / kind / "body.txt").read_text()
    assert 'include "maintenance_facts.txt"' in text or kind == "maintenance_unreadable"
    assert OURS["summary"] not in text
