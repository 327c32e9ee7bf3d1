"""The mails of incidents and bugs, as people read them."""

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from include.mobile_plans.incidents.bugs import advance_bug, report_bug
from include.mobile_plans.store import Store, tables
from tests.golden import assert_golden, rendered_of
from tests.mobile_plans.conftest import PreparedStores
from tests.mobile_plans.incidents.conftest import NOON, SLUGS, World

OURS = {"channel": "program", "caller": ""}
LOW = {"portal": "reachable", "purchased_data": "usable"}
BUG = {
    "mobile_operator": "contoso",
    "party": "mobile_operator",
    "reported_by": "Chris Wong",
    "counterpart": "Maya Patel",
    "what": "The price is shown without tax\nSeen on every plan since the last release.",
}


@pytest.fixture
def store(tmp_path: Path, prepared_stores: PreparedStores) -> Store:
    """A store on SQLite: words are the same on both databases."""
    return prepared_stores.sqlite(tmp_path / "store.db")


def assert_mails(world: World, *names: str, variant: str = "") -> None:
    found = world.mails()
    for name in names:
        assert_golden(f"notices/{name}{variant}", rendered_of(found[name].message))


def high(world: World) -> str:
    key = world.outage()
    world.look()
    world.tick(minutes=4)
    return key


def a_whole_outage(world: World) -> None:
    key = high(world)
    world.call("INC-0001", 1, None)
    world.call("INC-0001", 2, "Frau Kern")
    world.clock.advance(timedelta(minutes=20))
    world.post("INC-0001", "first_response", by="Theresa Vogel", text="A certificate has expired.")
    world.clock.advance(timedelta(minutes=40))
    end = {"last_bad": world.clock.now() - timedelta(seconds=30)}
    with world.write() as connection:
        connection.execute(tables.outage.update().values(end))
    world.recover(key)
    world.look()


def resolved(world: World) -> None:
    a_whole_outage(world)
    said = {"by": "Olivia Stone", "text": "The certificate was renewed.\nNo users were charged."}
    world.post("INC-0001", "resolution", **said)


def lowered(world: World) -> None:
    high(world)
    world.post("INC-0001", "severity_low", by="Olivia Stone", text="only a test portal")


def paused(world: World) -> None:
    high(world)
    world.post("INC-0001", "first_response", by="Theresa Vogel", text="We need your probe times.")
    world.post("INC-0001", "pause", by="Olivia Stone", text="our own probe times")


def own_finding(world: World) -> None:
    world.report(**OURS, service="xdr", slugs=("northwind",), what="No CDR since noon", stated=LOW)


def reported(world: World) -> None:
    stated = {"portal": "not reachable", "ways": "Wi-Fi", "reference": "T-77"}
    calls = {"abnormal_calls": "core scenario at risk", "calls": "2400 in 10 min, usually 300"}
    world.report(stated=stated | calls)


def told_of_theirs(world: World) -> None:
    world.report(
        service="core_network",
        what="The PGW in Seattle is down",
        caller="somebody at +1 206 555 9999",
        stated={"purchased_data": "not usable"},
    )


def ours_is_out(world: World) -> None:
    since = NOON - timedelta(minutes=10)
    what = "The Store answers with errors.\nPlans cannot be bought."
    world.report(**OURS, service="store", slugs=SLUGS[:2], what=what, since=since, stated=None)


def turned_back(world: World) -> None:
    world.report(service="customer_support", what="A user asks for a refund", stated=None)


def nobody_reached(world: World) -> None:
    high(world)
    for rank in range(1, len(world.call_state("INC-0001:call:3").wanted.contacts) + 1):
        world.call("INC-0001", rank, None)


def storm(world: World) -> None:
    for slug in SLUGS[:3]:
        world.outage(slug)
    world.look()


def bug_reported(world: World) -> None:
    with world.write() as connection:
        report_bug(connection, "run:1", BUG, by="ops", now=NOON)


def bug_deployed(world: World) -> None:
    bug_reported(world)
    steps = [
        ("triaged", {"justification": "Users complain", "impact": "Every purchase"}),
        ("approved", {}),
        ("scheduled", {"deployment": "the week of 7 December"}),
        ("deployed", {"note": "Prices are shown with tax."}),
    ]
    for state, said in steps:
        with world.write() as connection:
            advance_bug(connection, "BUG-0001", state, said, by="Maya Patel", now=NOON)


def bug_declined(world: World) -> None:
    bug_reported(world)
    with world.write() as connection:
        said = {"reason": "It is shown as the contract says."}
        advance_bug(connection, "BUG-0001", "declined", said, by="Maya Patel", now=NOON)


THEIRS, PROGRAM = "to_mobile_operator", "to_program"


@pytest.mark.parametrize(
    ("story", "names", "variant"),
    [
        (high, [f"incident_escalated_{THEIRS}"], ""),
        (own_finding, [f"incident_escalated_{THEIRS}"], "_low"),
        (lowered, [f"incident_escalated_{THEIRS}"], "_lowered"),
        (a_whole_outage, [f"incident_updated_{THEIRS}", f"incident_recovered_{PROGRAM}"], ""),
        (paused, [f"incident_updated_{PROGRAM}"], "_paused"),
        (resolved, [f"incident_resolved_{THEIRS}", f"incident_resolved_{PROGRAM}"], ""),
        (reported, [f"incident_acknowledged_{THEIRS}", f"incident_reported_{PROGRAM}"], ""),
        (told_of_theirs, [f"incident_acknowledged_{THEIRS}"], "_outage"),
        (told_of_theirs, [f"incident_reported_{PROGRAM}"], "_outage"),
        (ours_is_out, [f"service_outage_{THEIRS}"], ""),
        (turned_back, [f"incident_turned_back_{THEIRS}"], ""),
        (nobody_reached, [f"incident_not_reached_{PROGRAM}"], ""),
        (storm, [f"incident_storm_{PROGRAM}"], ""),
        (bug_reported, [f"bug_reported_{THEIRS}", f"bug_reported_{PROGRAM}"], ""),
        (bug_deployed, [f"bug_updated_{THEIRS}", f"bug_deployed_{THEIRS}"], ""),
        (bug_declined, [f"bug_updated_{PROGRAM}"], "_declined"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_people_read(
    world: World, story: Callable[[World], None], names: list[str], variant: str
) -> None:
    """What happened, what is asked, by when in UTC and local time, whom to call."""
    story(world)
    assert_mails(world, *names, variant=variant)


@pytest.mark.parametrize(
    "story",
    [resolved, lowered, paused, reported, told_of_theirs, ours_is_out, storm, bug_deployed],
)
def test_no_mail_tells_one_of_another(world: World, story: Callable[[World], None]) -> None:
    """Decision: each mail is for one party, and names no mobile operator but its own."""
    story(world)
    with world.store.snapshot() as connection:
        rows = connection.execute(select(tables.notice)).all()
    assert rows
    for row in rows:
        if row.party == "mobile_operator":
            mail = rendered_of(row.message)
            for other in set(SLUGS) - {row.slug}:
                assert other not in (mail.subject + mail.text + mail.html).lower()


def test_iccids_are_masked(world: World) -> None:
    """What people type may hold an ICCID; mails show none whole."""
    world.report(what="8988247000100003319 cannot connect", stated=LOW)
    world.post("INC-0001", "message", by="Chris Wong", text="nor can 8988247000100003319")
    with world.store.snapshot() as connection:
        for message in connection.scalars(select(tables.notice.c.message)):
            assert b"8988247000100003319" not in message
            assert b"8988247********3319" in message


def test_mails_of_an_incident_are_one_thread(world: World) -> None:
    """O1: its own thread for each, in which promises speak too."""
    high(world)
    world.tick(hours=2)
    with world.store.snapshot() as connection:
        rows = connection.execute(
            select(tables.notice)
            .where(tables.notice.c.party == "mobile_operator")
            .order_by(tables.notice.c.thread_position)
        ).all()
    assert {row.thread for row in rows} == {"INC-0001"}
    assert len(rows) > 2
    for before, after in pairwise(rows):
        assert re.search(rf"In-Reply-To:\s+{re.escape(before.message_id)}", after.message.decode())
