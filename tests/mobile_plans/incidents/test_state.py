"""An incident is its events: the row follows, the chain holds, and the export shows all of it."""

from datetime import timedelta
from html.parser import HTMLParser

import pytest
from sqlalchemy import select, text

from include.mobile_plans.errors import BadInput, NotFound
from include.mobile_plans.incidents import (
    about_id,
    downtime,
    export_incident,
    find_incident,
    list_incidents,
    timeline,
)
from include.mobile_plans.incidents.export import whole_record
from include.mobile_plans.incidents.records import _row
from include.mobile_plans.incidents.state import replay
from include.mobile_plans.store import append_event, read_events, tables
from tests.mobile_plans.incidents.conftest import NOON, SLUGS, World

ICCID = "8988247000100003319"


def a_day(world: World) -> None:
    """Let all kinds of things happen to several incidents."""
    keys = [world.outage(slug) for slug in SLUGS[:3]]
    world.look()
    world.tick(minutes=1)
    world.call("INC-0001", 1, "NOC")
    world.post("INC-0001", "first_response", text=f"<script>alert(1)</script> {ICCID}")
    world.post("INC-0002", "severity_low", by="Olivia Stone", text="less")
    world.post("INC-0003", "pause", by="Olivia Stone", text="us")
    world.report()
    world.report(service="customer_support")
    world.recover(keys[0])
    world.look()
    world.tick(hours=2)
    world.post("INC-0001", "resolution", by="Olivia Stone")


def test_every_row_follows_from_its_events(world: World) -> None:
    """An index is never a second truth."""
    a_day(world)
    with world.store.snapshot() as connection:
        rows = connection.execute(select(tables.incident)).mappings().all()
        found = {row["incident_id"]: dict(row) for row in rows}
        replayed = {one.incident_id: _row(one) for one in list_incidents(connection)}
    assert found == replayed
    assert {row["state"] for row in found.values()} == {
        "resolved",
        "open",
        "paused",
        "turned_back",
    }


def test_incidents_are_found_by_what_they_are(world: World) -> None:
    """By mobile operator, state, parent, and whether they are open."""
    a_day(world)
    with world.store.snapshot() as connection:

        def numbers(**wanted: object) -> list[str]:
            return [one.incident_id for one in list_incidents(connection, **wanted)]

        assert numbers(slug="contoso") == ["INC-0001", "INC-0005", "INC-0006"]
        assert numbers(states=["paused"]) == ["INC-0003"]
        assert numbers(parent="INC-0004") == ["INC-0001", "INC-0002", "INC-0003"]
        assert numbers(only_open=True) == ["INC-0002", "INC-0003", "INC-0004", "INC-0005"]
        with pytest.raises(NotFound, match="INC-0099"):
            find_incident(connection, "INC-0099")


def test_what_no_incident_has_is_refused(world: World) -> None:
    """Events that somebody made up do not replay."""
    a_day(world)
    with world.write() as connection:
        append_event(
            connection,
            stream="incident:INC-0001",
            kind="incident.forgotten",
            recorded_at=NOON,
            actor="Eve",
            data={},
        )
        events = read_events(connection, "incident:INC-0001")
        with pytest.raises(BadInput, match=r"holds 'incident.forgotten' at \d+"):
            replay(events)
        with pytest.raises(BadInput, match=r"holds 'trouble.linked' at 2"):
            replay(events[1:2])


def test_how_long_it_lasted(world: World) -> None:
    """Both edges are bounded where monitoring saw them; our own delay stands apart."""
    key = world.outage()
    world.look()
    world.tick(minutes=4)
    world.clock.advance(timedelta(minutes=26))
    with world.write() as connection:
        last_bad = world.clock.now() - timedelta(seconds=30)
        connection.execute(tables.outage.update().values(last_bad=last_bad))
    world.recover(key)
    world.look()
    with world.store.snapshot() as connection:
        lasted = downtime(about_id(connection, "INC-0001", world.clock.now()))
    assert lasted.lasted == timedelta(minutes=60.5)
    assert lasted.at_least == timedelta(minutes=60)
    assert lasted.at_most == timedelta(minutes=61)
    assert lasted.our_delay == timedelta(minutes=4)


def test_the_whole_record_is_hash_chained(world: World) -> None:
    """Sends, refusals, calls and promises are in it; a row somebody changed is named."""
    a_day(world)
    with world.store.snapshot() as connection:
        told = about_id(connection, "INC-0001", world.clock.now())
        events, findings = whole_record(connection, told)
        words = [words for _, words in timeline(told)]
    assert findings == []
    assert {"delivery.sent", "call.tried", "obligation.met", "notice.queued"} <= {
        event.kind for event in events
    }
    assert any(line.startswith("Contoso Mobile reached by telephone: NOC") for line in words)
    with world.write() as connection:
        connection.execute(
            text("UPDATE event SET actor = 'Eve' WHERE stream = 'call:INC-0001:call:3'")
        )
        told = about_id(connection, "INC-0001", world.clock.now())
        _, findings = whole_record(connection, told)
        assert {found.stream for found in findings} == {"call:INC-0001:call:3"}
        assert "broken: call:INC-0001:call:3" in export_incident(
            connection, "INC-0001", world.clock.now()
        )


class Tags(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_export_holds_everything_and_needs_nothing(world: World) -> None:
    """One file: no script, nothing loaded, no whole ICCID, what people typed stays text."""
    a_day(world)
    with world.store.snapshot() as connection:
        page = export_incident(connection, "INC-0001", world.clock.now())
        events = read_events(connection, "incident:INC-0001")
    tags = Tags()
    tags.feed(page)
    assert "script" not in tags.names
    assert tags.links == []
    assert all(event.hash in page for event in events)
    assert ICCID not in page
    assert "&lt;script&gt;" in page
    assert ">whole<" in page
