"""One Low incident for each feed, a daily digest, a proposal once the feed is whole (X1, E4)."""

from dataclasses import replace
from datetime import timedelta

from include.mobile_plans.policy import program_policy
from include.mobile_plans.xdr.records import record_file, write_off
from include.mobile_plans.xdr.tending import UNNAMED, tend_feeds
from tests.mobile_plans.incidents.conftest import NOON, World, clock, world  # noqa: F401 - fixtures
from tests.mobile_plans.xdr.feed_world import HOUR, deliver, deliver_days, finding, report, tend

MISSING = (
    "The CDR file of 2026-11-23 12:00 to 13:00 UTC is missing: it was due 2026-11-23 14:00 UTC"
)


def late(world: World, hours: float = 5.01) -> None:  # noqa: F811
    """Let everything up to noon have come, and nothing for the hour after it."""
    deliver_days(world)
    world.clock.advance(timedelta(hours=hours))


def test_a_feed_that_delivers_opens_nothing(world: World) -> None:  # noqa: F811
    """X1: late is no finding, only missing is."""
    late(world, 5)
    assert tend(world) == []


def test_a_missing_file_opens_one_incident(world: World) -> None:  # noqa: F811
    """X1, E4: opened when it is missing, told once, however often we look."""
    late(world)
    assert tend(world) == [f"INC-0001: {MISSING}"]
    assert tend(world) == []
    world.tick(seconds=1)
    (mail,) = world.postman.taken
    assert b"Low incident: The CDR file of 2026-11-23 12:00 to 13:00 UTC is missing" in mail[2]
    assert mail[1] == "noc@contoso.example"


def test_what_lies_there_unchecked_is_not_missing(world: World) -> None:  # noqa: F811
    """X1: after a stop of ours files wait to be checked: nobody is told that they are missing."""
    late(world, 30)
    assert tend(world, lying=None) == []
    waiting = [NOON + hours * HOUR for hours in range(29)]
    assert tend(world, lying=waiting) == []
    (first, *_) = tend(world, lying=waiting[1:])
    assert first == f"INC-0001: {MISSING}"


def test_delivered_proposes_and_written_off_too(world: World) -> None:  # noqa: F811
    """X1: a missing file stays open until it is delivered or written off by name."""
    late(world, 6.01)
    assert len(tend(world)) == 2
    deliver(world, NOON)
    assert tend(world) == []
    with world.write() as connection:
        write_off(
            connection,
            "contoso",
            "CDR",
            NOON + HOUR,
            by="Olivia Stone",
            reason="their host was lost",
            now=world.clock.now(),
        )
    assert tend(world) == ["INC-0001: the feed is whole"]
    assert tend(world) == []
    assert world.incident("INC-0001").state == "recovered"


def test_a_refused_file_opens_at_once(world: World) -> None:  # noqa: F811
    """X1: the mail names file, check and what is wrong; a good resend proposes to resolve."""
    deliver_days(world)
    world.clock.advance(timedelta(minutes=70))
    deliver(world, NOON, finding("F04", "R", "the gzip stream breaks off"))
    (done,) = tend(world)
    assert done.startswith("INC-0001: CDR_contoso_P_20261123T1200Z_PT1H_")
    assert done.endswith(".csv.gz was refused: the gzip stream breaks off (F04)")
    world.clock.advance(timedelta(minutes=5))
    deliver(world, NOON, revision=1)
    assert tend(world) == ["INC-0001: the feed is whole"]


def test_rows_set_aside_open_and_a_good_file_proposes(world: World) -> None:  # noqa: F811
    """X1: rows set aside are a failure of their file; the next good file shows the feed whole."""
    deliver_days(world)
    world.clock.advance(HOUR)
    deliver(world, NOON, finding("R02", "Q", "3 ICCIDs are none"), quarantined=3)
    (done,) = tend(world)
    assert done.endswith("has 3 rows set aside: 3 ICCIDs are none (R02)")
    world.clock.advance(HOUR)
    deliver(world, NOON + HOUR)
    assert tend(world) == ["INC-0001: the feed is whole"]


def test_warnings_open_nothing(world: World) -> None:  # noqa: F811
    """X1: what neither refuses a file nor sets rows aside is told in reports, not escalated."""
    deliver_days(world)
    world.clock.advance(HOUR)
    deliver(world, NOON, finding("F14", "W", "closed for an error"))
    assert tend(world) == []


def test_later_findings_come_in_one_digest_a_day(world: World) -> None:  # noqa: F811
    """X1: one opening mail, then one message for each day that found something."""
    late(world)
    tend(world)
    world.clock.advance(HOUR)
    deliver(world, NOON + HOUR, finding("F04", "R", "breaks off"), finding("F14", "W", "closed"))
    tend(world)
    world.tick(seconds=1)
    assert len(world.postman.taken) == 1

    world.clock.advance(timedelta(hours=5))
    tend(world)
    world.clock.advance(timedelta(hours=2))
    first = tend(world)
    assert "INC-0001: digest until 2026-11-24T00:00:00Z" in first
    assert "INC-0001: digest until 2026-11-24T00:00:00Z" not in tend(world)
    world.tick(seconds=1)
    told = [message for _, who, message in world.postman.taken if who == "noc@contoso.example"]
    assert len(told) == 2
    text = told[1].decode()
    lines = "".join(text.split("=\r\n"))
    assert "Found by 2026-11-23 (UTC) in the CDR feed:" in text
    assert "- periods accepted of those due: 2026-11-23: 12 of " in lines
    assert "- The CDR file of 2026-11-23 14:00 to 15:00 UTC is missing" in text
    assert "csv.gz was refused: breaks off (F04)" in lines
    assert "csv.gz: closed (F14)" in lines
    assert "12:00 to 13:00 UTC is missing" not in text.split("Found by")[1].split("What:")[0]


def test_a_finding_that_names_another_is_not_repeated(world: World) -> None:  # noqa: F811
    """X1: whatever a file holds, no mail names another mobile operator, and none is held up."""
    deliver_days(world)
    world.clock.advance(HOUR)
    named = finding("R04", "Q", "plan_name is 'Northwind Mobile'")
    deliver(world, NOON, named, finding("F14", "W", "northwind closed it"))
    assert tend(world) == ["INC-0001: A finding whose words cannot be repeated here: ask us for it"]
    world.clock.advance(timedelta(hours=12))
    assert any("digest until" in line for line in tend(world))
    world.tick(seconds=1)
    theirs = [message for _, who, message in world.postman.taken if who == "noc@contoso.example"]
    assert len(theirs) == 2
    assert not any(b"orthwind" in message for message in theirs)


def test_what_a_stop_of_ours_left_is_told(world: World) -> None:  # noqa: F811
    """X1: the opening mail names one trouble; whatever else was found by then follows, once."""
    late(world, 54)
    first = tend(world)
    assert len(first) == 50
    world.clock.advance(timedelta(hours=7))
    assert any("digest until" in line for line in tend(world))
    world.tick(seconds=1)
    theirs = [message for _, who, message in world.postman.taken if who == "noc@contoso.example"]
    text = "".join(theirs[-1].decode().split("=\r\n"))
    assert "- The CDR file of 2026-11-23 13:00 to 14:00 UTC is missing" in text
    assert MISSING not in text.split("Found by")[1].split("What:")[0]
    world.clock.advance(timedelta(days=3))
    assert sum("digest until" in line for line in tend(world)) == 1
    assert sum("digest until" in line for line in tend(world)) == 0


def test_it_is_whole_from_now_where_no_file_made_it_so(world: World) -> None:  # noqa: F811
    """X1: a written-off period ends the trouble when it was given up, never before it began."""
    late(world)
    tend(world)
    with world.write() as connection:
        write_off(
            connection, "contoso", "CDR", NOON, by="Ada", reason="lost", now=world.clock.now()
        )
    assert tend(world) == ["INC-0001: the feed is whole"]
    assert world.incident("INC-0001").recovered_at == world.clock.now()


def test_a_file_that_claims_to_be_older_does_not_end_trouble_before_it_began(
    world: World,  # noqa: F811
) -> None:
    """X1: the time a file was written is the sender's word."""
    late(world)
    tend(world)
    world.clock.advance(timedelta(minutes=1))
    deliver(world, NOON, at=NOON)
    assert tend(world) == ["INC-0001: the feed is whole"]
    incident = world.incident("INC-0001")
    assert incident.recovered_at == incident.opening.since


def test_a_stale_feed_is_told_as_one(world: World) -> None:  # noqa: F811
    """T01: nothing accepted for a day is one more trouble of the same incident."""
    late(world, 5.01)
    tend(world)
    world.clock.advance(timedelta(hours=19, minutes=31))
    assert (
        "INC-0001: CDR feed: nothing was accepted since 2026-11-23T12:20:00Z, 24 hours ago"
    ) in tend(world)


def test_a_file_without_a_right_name_is_told_too(world: World) -> None:  # noqa: F811
    """F01: a file in the mobile operator's folder whose name says no feed."""
    found = report(NOON, finding("F01", "R", "is no name of the contract"))
    with world.write() as connection:
        record_file(
            connection,
            replace(found, file="cdr-yesterday.csv.gz", name=None, feed=None),
            place="contoso/cdr-yesterday.csv.gz",
            stamp="1",
            slug="contoso",
            kept=None,
            received_at=NOON,
            now=NOON,
        )
    (done,) = tend(world, UNNAMED)
    assert done == (
        "INC-0001: A file received 2026-11-23 12:00 UTC was refused: "
        "its name is none of this contract's (F01)"
    )
    assert tend(world, UNNAMED) == []


def test_all_feeds_of_all_are_looked_after(world: World) -> None:  # noqa: F811
    """X1: each mobile operator and feed by itself, and only once."""
    world.clock.advance(timedelta(hours=5, seconds=1))
    done, problems = tend_feeds(world.store, world.clock, program_policy(), {})
    assert problems == []
    numbers = {line.split(": ")[0] for line in done}
    assert {name.split()[0] for name in numbers} == {"contoso", "fabrikam", "northwind", "tailspin"}
    assert len(numbers) == 7
    assert tend_feeds(world.store, world.clock, program_policy(), {}) == ([], [])
