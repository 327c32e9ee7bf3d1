"""Incidents that monitoring opens: exactly one per escalated outage, and many at once (M2, E3)."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from include.mobile_plans.incidents import list_incidents, open_for_outages
from include.mobile_plans.incidents.records import runs_to_start
from include.mobile_plans.notices import list_notices
from include.mobile_plans.store import Store, tables, verify_events
from tests.mobile_plans.incidents.conftest import NOON, World


def opened(world: World) -> list[str]:
    with world.store.snapshot() as connection:
        return [one.incident_id for one in list_incidents(connection)]


def test_an_escalated_outage_is_an_incident_at_once(world: World) -> None:
    """M2, E3: High by the edition, a mail queued, a call asked for, our own 30 minutes running."""
    key = world.outage()

    assert world.look() == [f"INC-0001 opened for {key}"]

    incident = world.incident("INC-0001")
    assert (incident.slug, incident.severity, incident.state) == ("tailspin", "high", "open")
    assert (incident.aware_at, incident.opening.since) == (NOON, NOON - timedelta(minutes=30.5))
    assert incident.opening.seen.coverage == 1.0
    assert set(world.mails()) == {"incident_escalated_to_mobile_operator"}
    call = world.call_state("INC-0001:call:3")
    assert [contact.name for contact in call.wanted.contacts][:1] == ["Tailspin Leitstelle"]
    assert call.wanted.deadline == NOON + timedelta(minutes=30)
    (promise,) = world.promises("INC-0001").values()
    assert (promise.promise.kind, promise.promise.debtor) == ("outage_notice", "program")
    assert promise.due_at == NOON + timedelta(minutes=30)


def test_however_often_it_looks(world: World) -> None:
    """M2: exactly one incident, one mail, one call, whatever wakes up how often."""
    world.outage()
    for _ in range(3):
        world.look()
        world.clock.advance(timedelta(minutes=1))

    assert opened(world) == ["INC-0001"]
    with world.store.snapshot() as connection:
        assert connection.scalar(select(func.count()).select_from(tables.notice)) == 1
        assert connection.scalar(select(tables.number_series.c.last)) == 1
        assert verify_events(connection) == []


def test_two_schedulers_at_once(world: World) -> None:
    """M2: both look at the same outages at the same time; each outage is opened by one of them."""
    for slug in ("contoso", "tailspin"):
        world.outage(slug)

    with ThreadPoolExecutor(4) as pool:
        stores = [Store(world.store.url.render_as_string(hide_password=False)) for _ in range(4)]
        looks = list(pool.map(lambda store: open_for_outages(store, world.clock), stores))

    assert sorted(line for done, _ in looks for line in done) == [
        "INC-0001 opened for contoso/portal:2026-11-23T11:29:30Z",
        "INC-0002 opened for tailspin/portal:2026-11-23T11:29:30Z",
    ]
    assert all(problems == [] for _, problems in looks)
    assert opened(world) == ["INC-0001", "INC-0002"]


@pytest.mark.parametrize("changes", [{"escalated_at": None}, {"origin": "history"}])
def test_what_is_not_escalated_opens_nothing(world: World, changes: dict) -> None:
    """M2: a short outage, or one found in history afterwards, is nothing to escalate."""
    world.outage(**changes)
    assert world.look() == []


def test_an_outage_that_ended_before_we_looked(world: World) -> None:
    """M2: escalated is escalated: it is opened, and proposed to be resolved."""
    key = world.outage()
    world.clock.advance(timedelta(minutes=5))
    world.recover(key)

    assert world.look() == [f"INC-0001 opened for {key}", "INC-0001 recovered"]
    assert world.look() == []
    assert world.incident("INC-0001").recovered_at == NOON + timedelta(minutes=5)


def test_recovery_proposes_and_a_person_resolves(world: World) -> None:
    """E3: monitoring sees the portal answer again; the incident stays open until a person says."""
    key = world.outage()
    world.look()
    world.tick(minutes=10)
    world.recover(key)
    world.look()

    assert world.incident("INC-0001").state == "recovered"
    assert "incident_recovered_to_program" in world.mails()
    world.post("INC-0001", "resolution", by="Olivia Stone", text="expired certificate")
    incident = world.incident("INC-0001")
    assert (incident.state, incident.ended_at) == ("resolved", world.clock.now())


def test_a_second_outage_of_the_same_portal(world: World) -> None:
    """M2: one incident per outage; the second names the first that is still open."""
    world.recover(world.outage())
    world.look()
    world.look()
    world.clock.advance(timedelta(hours=2))
    world.outage()
    world.look()

    assert opened(world) == ["INC-0001", "INC-0002"]
    assert world.incident("INC-0002").opening.related == ("INC-0001",)


def test_findings_of_monitoring(world: World) -> None:
    """Decision: degradation is High, an unstable portal Low; an outage of the same portal joins."""
    since = NOON - timedelta(minutes=1)
    row = {"target": "contoso/portal", "slug": "contoso", "since": since, "until": None}
    with world.write() as connection:
        finding = tables.portal_finding.insert()
        connection.execute(finding.values(row | {"kind": "unstable"}))
    world.look()
    assert world.incident("INC-0001").severity == "low"
    assert world.incident("INC-0001").opening.aware_at == since

    world.outage("contoso")
    assert world.look() == ["INC-0001 joined for contoso/portal:2026-11-23T11:29:30Z"]
    raised = world.incident("INC-0001")
    assert [event.data["severity"] for event in raised.all("severity.assigned")] == ["low", "high"]
    assert world.call_state("INC-0001:call:5").wanted.contacts

    with world.write() as connection:
        connection.execute(
            finding.values(
                row | {"kind": "degradation", "slug": "fabrikam", "target": "fabrikam/portal"}
            )
        )
    world.look()
    assert world.incident("INC-0002").last("severity.assigned").data["rule"] == "degraded"


def test_more_of_the_same_is_told_once(world: World) -> None:
    """E4: a second finding of the same severity joins, and no second mail goes out."""
    for minutes in (5, 1):
        since = NOON - timedelta(minutes=minutes)
        row = {"target": "contoso/portal", "slug": "contoso", "since": since, "until": None}
        with world.write() as connection:
            connection.execute(tables.portal_finding.insert().values(row | {"kind": "unstable"}))
        world.look()
    assert len(world.incident("INC-0001").all("trouble.linked")) == 2
    assert len(world.incident("INC-0001").all("severity.assigned")) == 1


def test_it_recovers_when_all_of_its_troubles_have_ended(world: World) -> None:
    """An incident with a finding and an outage is over when both are."""
    row = {
        "target": "contoso/portal",
        "slug": "contoso",
        "kind": "unstable",
        "since": NOON - timedelta(minutes=1),
        "until": None,
    }
    with world.write() as connection:
        connection.execute(tables.portal_finding.insert().values(row))
    key = world.outage("contoso")
    world.look()
    world.clock.advance(timedelta(minutes=5))
    world.recover(key)
    assert world.look() == []
    with world.write() as connection:
        connection.execute(tables.portal_finding.update().values(until=world.clock.now()))
    assert world.look() == ["INC-0001 recovered"]


def test_a_trouble_that_cannot_be_taken_keeps_back_nothing_else(world: World) -> None:
    """A mobile operator without a record is named; every other outage is opened."""
    world.outage("nobody")
    world.outage("tailspin")

    done, problems = open_for_outages(world.store, world.clock)

    assert [line.partition(" for ")[0] for line in done] == ["INC-0001 opened"]
    assert len(problems) == 1
    assert "mobile operator 'nobody' is unknown" in problems[0]


def test_many_at_once_get_one_parent(world: World) -> None:
    """Storm: the third within ten minutes makes a parent of all three; later ones join it."""
    for slug in ("contoso", "fabrikam", "northwind"):
        world.outage(slug)
        world.look()
        world.clock.advance(timedelta(minutes=2))
    parents = {number: world.incident(number).parent for number in opened(world)}
    assert parents == {
        "INC-0001": "INC-0004",
        "INC-0002": "INC-0004",
        "INC-0003": "INC-0004",
        "INC-0004": None,
    }
    world.outage("tailspin")
    world.look()
    assert world.incident("INC-0005").parent == "INC-0004"
    assert world.incident("INC-0004").opening.what.startswith("3 mobile operators failed within 10")
    with world.store.snapshot() as connection:
        kinds = Counter((row.kind, row.slug) for row in list_notices(connection))
        assert [run for _, run in runs_to_start(connection, 9)] == [
            "INC-0001",
            "INC-0002",
            "INC-0003",
            "INC-0005",
        ]
    assert kinds == {
        ("incident_escalated", "contoso"): 1,
        ("incident_escalated", "fabrikam"): 1,
        ("incident_escalated", "northwind"): 1,
        ("incident_escalated", "tailspin"): 1,
        ("incident_storm", None): 1,
    }


def test_few_or_slow_ones_have_no_parent(world: World) -> None:
    """Storm: two mobile operators, or three within more than ten minutes, are incidents alone."""
    for slug in ("contoso", "fabrikam", "northwind"):
        world.outage(slug)
        world.look()
        world.clock.advance(timedelta(minutes=6))
    assert {world.incident(number).parent for number in opened(world)} == {None}


def test_an_outage_we_hardly_saw_is_doubted(world: World) -> None:
    """Storm: where our control targets did not answer in many slots, look at ourselves first."""
    world.outage(bad_slots=40)
    world.look()

    assert world.incident("INC-0001").parent == "INC-0002"
    assert "only 65% of the slots were seen" in world.incident("INC-0002").opening.what
    assert world.incident("INC-0001").severity == "high"


def test_one_search_for_a_caller_in_a_storm(world: World) -> None:
    """Storm: who works through many calls is not looked for once for each of them."""
    for slug in ("contoso", "fabrikam", "northwind", "tailspin"):
        world.outage(slug)
    world.look()

    alerts = [world.call_state(f"INC-{n:04d}:call:3").wanted.alert for n in (1, 2)]
    assert alerts == ["INC-0001:call:3", "INC-0002:call:3"]
    assert world.call_state("INC-0003:call:4").wanted.alert == "INC-0004"
    assert world.call_state("INC-0005:call:4").wanted.alert == "INC-0004"


def test_the_end_of_a_storm_is_proposed_once(world: World) -> None:
    """Storm: one mail when the last part has recovered, none for each."""
    keys = [world.outage(slug) for slug in ("contoso", "fabrikam", "northwind")]
    world.look()
    world.clock.advance(timedelta(minutes=3))
    for key in keys:
        assert "incident_recovered_to_program" not in world.mails()
        world.recover(key)
        world.look()
    assert world.mails()["incident_recovered_to_program"].slug is None
    world.post("INC-0004", "resolution", by="Olivia Stone", text="our own uplink")
    assert {world.incident(number).state for number in opened(world)} == {"resolved"}


def test_after_a_storm_was_resolved_a_new_one_begins(world: World) -> None:
    """Storm: a parent that has ended takes no further parts."""
    for slug in ("contoso", "fabrikam", "northwind"):
        world.outage(slug)
    world.look()
    world.post("INC-0004", "resolution", by="Olivia Stone", text="our own uplink")
    for slug in ("contoso", "fabrikam", "northwind"):
        world.clock.advance(timedelta(seconds=30))
        world.outage(slug)
        world.look()
    assert {world.incident(f"INC-{n:04d}").parent for n in (5, 6, 7)} == {"INC-0008"}
