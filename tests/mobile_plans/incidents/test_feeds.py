"""Low incidents of feeds: one open at a time, later troubles added, a whole feed proposed (X1)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from include.mobile_plans.incidents import (
    FeedTrouble,
    Incident,
    feed_incident,
    list_incidents,
    note_feed_is_whole,
    open_for_feed,
)
from include.mobile_plans.store import Store
from tests.mobile_plans.incidents.conftest import NOON, World


def trouble(
    world: World, key: str = "9:missing", slug: str = "contoso", feed: str = "CDR"
) -> Incident:
    given = FeedTrouble(
        key=key,
        what="The CDR file of 09:00 to 10:00 UTC is missing",
        since=world.clock.now() - timedelta(hours=2),
    )
    with world.write() as connection:
        open_for_feed(connection, slug, feed, [given], world.clock.now())
        of_feed = [one for one in list_incidents(connection, slug=slug) if key in one.troubles]
    return of_feed[-1]


def test_a_first_trouble_opens_a_low_incident_with_one_mail(world: World) -> None:
    """X1, E4: Low, told by mail, answered within a business day of when the mail arrived."""
    opened = trouble(world)
    world.tick()

    assert (opened.incident_id, opened.severity, opened.state) == ("INC-0001", "low", "open")
    mails = world.mails()
    assert list(mails) == ["incident_escalated_to_mobile_operator"]
    assert len(world.postman.taken) == 1
    promise = world.promises("INC-0001")
    assert [one.promise.debtor for one in promise.values()] == ["mobile_operator"]


def test_later_troubles_join_silently(world: World) -> None:
    """X1: one open incident and one opening mail for each feed, whatever comes later."""
    trouble(world)
    later = trouble(world, "10:missing")
    again = trouble(world, "10:missing")
    world.tick()

    assert later.incident_id == again.incident_id == "INC-0001"
    assert again.troubles == ["9:missing", "10:missing"]
    assert len(world.postman.taken) == 1


def test_each_feed_and_mobile_operator_has_its_own(world: World) -> None:
    """X1: feeds do not share an incident, and mobile operators never do."""
    numbers = [
        trouble(world, slug=slug, feed=feed).incident_id
        for slug, feed in [("contoso", "CDR"), ("contoso", "SDR"), ("northwind", "CDR")]
    ]
    assert numbers == ["INC-0001", "INC-0002", "INC-0003"]


def test_a_whole_feed_proposes_and_a_person_resolves(world: World) -> None:
    """X1: the program is asked once; new trouble before that reopens, after it opens another."""
    number = trouble(world).incident_id

    def whole() -> bool:
        with world.write() as connection:
            return note_feed_is_whole(connection, number, world.clock.now(), world.clock.now())

    assert [whole(), whole()] == [True, False]
    assert world.incident(number).state == "recovered"
    assert "incident_recovered_to_program" in world.mails()
    assert trouble(world, "second").state == "open"
    assert whole()

    world.post(number, "resolution", by="Olivia Stone", text="the export job runs again")
    assert not whole()
    with world.store.snapshot() as connection:
        assert feed_incident(connection, "contoso", "CDR") is None
    assert trouble(world, "third").incident_id == "INC-0002"


def test_the_portal_is_not_spoken_of(world: World) -> None:
    """X1: what the mails and the timeline say is about the feed."""
    number = trouble(world).incident_id
    world.clock.advance(timedelta(hours=1))
    with world.write() as connection:
        note_feed_is_whole(connection, number, world.clock.now(), world.clock.now())
    world.tick()
    (_, _, proposal) = world.postman.taken[-1]
    assert b"portal" not in proposal.lower()
    assert b"the feed is whole" in proposal


def test_monitoring_leaves_it_alone(world: World) -> None:
    """M2, X1: an outage of the portal is another incident, and many feeds are no storm."""
    for slug in ("contoso", "northwind", "tailspin"):
        trouble(world, slug=slug)
    world.outage("contoso")
    world.look()
    with world.store.snapshot() as connection:
        found = {one.incident_id: one.parent for one in list_incidents(connection)}
    assert found == dict.fromkeys(("INC-0001", "INC-0002", "INC-0003", "INC-0004"))


def test_many_at_once_open_one(world: World) -> None:
    """X1: two schedulers that find the same trouble open one incident."""
    url = world.store.url.render_as_string(hide_password=False)

    given = FeedTrouble(key="one", what="Missing", since=NOON)

    def find(_: int) -> list[str]:
        with Store(url).transaction() as connection:
            found = open_for_feed(connection, "contoso", "CDR", [given], NOON)
        return [number for number, _ in found]

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(find, range(8))) == [[]] * 7 + [["INC-0001"]]


def test_what_a_person_resolved_stays_resolved(world: World) -> None:
    """X1: the same trouble found again opens no other incident."""
    number = trouble(world).incident_id
    trouble(world, "second")
    world.post(number, "resolution", by="Olivia Stone", text="never to be delivered")
    assert trouble(world, "second").state == "resolved"
    assert trouble(world, "third").incident_id == "INC-0002"
