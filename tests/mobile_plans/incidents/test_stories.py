"""Whole incidents on the virtual clock: weekends, holidays, DST, a stop, many at once (E, O)."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.mobile_plans.incidents import hear, list_incidents
from include.mobile_plans.notices import list_notices
from include.mobile_plans.obligations import list_obligations
from include.mobile_plans.policy import change_state
from include.mobile_plans.policy.consistency import read_mobile_operator
from include.mobile_plans.policy.records import record_versions
from include.mobile_plans.store import verify_events
from tests.mobile_plans.incidents.conftest import NOON, World
from tests.mobile_plans.policy.examples import document, example_data

LOW = {"portal": "reachable", "purchased_data": "usable", "reference": "T-1"}
MANY = {"sqlite": 500, "postgresql": 100}
"""Hundreds cost a minute there, and show no more than this."""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def begin(world: World, text: str) -> None:
    world.clock.advance_to(at(text))


def due(world: World, key: str, number: str = "INC-0001") -> datetime:
    return world.promises(number)[key].due_at


def test_friday_evening_to_a_mobile_operator(world: World) -> None:
    """E3: 18:00 of a Friday in Berlin: an hour is an hour, the next update is due on Monday."""
    begin(world, "2026-11-27T17:00")
    world.outage("tailspin")
    world.look()
    world.tick()
    assert due(world, "initial_response") == at("2026-11-27T18:00")
    world.clock.advance(timedelta(minutes=30))
    world.post("INC-0001", "first_response")
    assert due(world, "update:1") == at("2026-11-30T17:30")
    world.tick(days=2)
    assert world.promises("INC-0001")["update:1"].state == "open"
    world.tick(days=1, minutes=1)
    assert world.promises("INC-0001")["update:1"].state == "breached"


def test_friday_evening_to_us(world: World) -> None:
    """E5: a Low report on a Friday at 18:00 in Seattle is answered by Monday at 18:00."""
    begin(world, "2026-12-05T02:00")
    world.report(channel="mail", stated=LOW)
    assert due(world, "initial_response") == at("2026-12-08T02:00")
    begin(world, "2026-12-08T01:50")
    world.post("INC-0001", "first_response", by="Maya Patel")
    world.tick(minutes=5)
    assert world.promises("INC-0001")["initial_response"].state == "met"
    assert due(world, "update:1") == at("2026-12-15T01:55")


def test_a_weekend_that_is_not_ours(world: World) -> None:
    """E3: Friday and Saturday are off in Riyadh: from Thursday the next update is due on Sunday."""
    begin(world, "2026-12-03T09:00")
    world.outage("fabrikam")
    world.look()
    world.tick()
    world.post("INC-0001", "first_response")
    assert due(world, "update:1") == at("2026-12-06T09:00")


def test_a_holiday_of_the_party_that_owes(world: World) -> None:
    """E4: Thanksgiving counts for whoever has it: ours is due after it, Northwind's on it."""
    begin(world, "2026-11-25T20:00")
    world.report(channel="mail", stated=LOW, slugs=("northwind",), caller="Nadia Hughes")
    ours = {"channel": "program", "service": "xdr", "slugs": ("northwind",), "caller": ""}
    world.report(**ours, stated=LOW)
    world.tick()
    assert due(world, "initial_response") == at("2026-11-30T20:00")
    assert due(world, "initial_response", "INC-0002") == at("2026-11-26T20:00")


def test_a_holiday_of_theirs_is_a_working_day_of_ours(world: World) -> None:
    """E4: from the day before Boxing Day observed, Northwind answers later than we would."""
    begin(world, "2026-12-24T12:00")
    ours = {"channel": "program", "service": "xdr", "caller": "", "stated": LOW}
    world.report(**ours, slugs=("northwind",))
    world.report(**ours, slugs=("contoso",))
    world.tick()
    assert due(world, "initial_response") == at("2026-12-29T12:00")
    assert due(world, "initial_response", "INC-0002") == at("2026-12-28T12:00")


def test_clocks_change_overnight(world: World) -> None:
    """E3: the same local time on the next business day, over the end of summer time in Berlin."""
    begin(world, "2027-03-26T10:00")
    world.outage("tailspin")
    world.look()
    world.tick()
    world.post("INC-0001", "first_response")
    # Easter is off as well: 11:00 in Berlin on Tuesday, which is two hours ahead by then.
    assert due(world, "update:1") == at("2027-03-30T09:00")


def test_clocks_change_here(world: World) -> None:
    """E5: our own update is due at the same local time in Seattle, an hour later in UTC."""
    begin(world, "2027-11-05T17:00")
    world.report()
    world.tick()
    world.post("INC-0001", "first_response", by="Olivia Stone", evidence="told by telephone")
    assert due(world, "update:1") == at("2027-11-08T18:00")


def test_a_stop_of_three_days(world: World) -> None:
    """E6: nothing is lost: opened, mailed, clocks run, and late is said to be late."""
    key = world.outage("tailspin")
    world.clock.advance(timedelta(days=3))
    assert world.look() == [f"INC-0001 opened for {key}"]
    world.tick()
    notice = world.promises("INC-0001")["outage_notice"]
    assert (notice.due_at, notice.state) == (NOON + timedelta(minutes=30), "breached")
    response = world.promises("INC-0001")["initial_response"]
    assert response.promise.since == NOON + timedelta(days=3)
    assert b"(sent 2 days 23 hours 30 minutes late)" in world.mails()[
        "promise_breached_to_mobile_operator"
    ].message.replace(b"\r\n ", b" ")


def test_a_stop_between_the_mail_and_learning_of_it(world: World) -> None:
    """E3: the clock counts from when the mail was taken, although we learn of it a day later."""
    world.outage("tailspin")
    world.look()
    world.clock.advance(timedelta(seconds=30))
    world.deliver()
    world.clock.advance(timedelta(days=1))
    hear(world.store, world.clock)
    assert due(world, "initial_response") == NOON + timedelta(hours=1, seconds=30)
    world.tick()
    assert world.promises("INC-0001")["initial_response"].state == "breached"


def test_both_directions_at_once(world: World) -> None:
    """E3, E5: they report trouble with us while their portal is out: two incidents, both owed."""
    world.outage("contoso")
    world.look()
    world.report(service="mobile_plans")
    world.tick()
    with world.store.snapshot() as connection:
        owed = {(one.promise.subject, one.promise.debtor) for one in list_obligations(connection)}
    assert owed == {
        ("incident:INC-0001", "program"),
        ("incident:INC-0001", "mobile_operator"),
        ("incident:INC-0002", "program"),
    }


def another(number: int) -> dict[str, Any]:
    """Make one of many mobile operators of an example."""
    text = json.dumps(example_data("contoso"))
    data: dict[str, Any] = json.loads(
        text.replace("Contoso", f"Zeta{number:03d}").replace("contoso", f"zeta{number:03d}")
    )
    notation = f"8988247{number:03d}00000000-8988247{number:03d}00000099"
    data["iccid_ranges"] = {
        "production": [{"notation": notation, "length": 18, "has_check_digit": False}],
        "test": [],
    }
    return data


@pytest.fixture
def many(world: World) -> int:
    """How many mobile operators there are besides the examples, all live."""
    many, long_ago = MANY[world.store.url.get_backend_name()], NOON - timedelta(days=30)
    wanted = {
        str(number): read_mobile_operator(document(another(number)), allow_loopback=True)
        for number in range(many)
    }
    signed = {"author": "Ada", "approver": None, "now": long_ago}
    with world.write() as connection:
        record_versions(connection, wanted, reason="many", **signed)
        for one in wanted.values():
            change_state(connection, one.slug, "live", reason="go-live", **signed)
    return many


def test_five_hundred_at_once(world: World, many: int) -> None:
    """
    M2, O1: 500 incidents, every notice exactly once, all within 30 minutes of virtual time.

    The mails of all leave without a single call being made, 200 in each minute as the clock's task
    sends them, and each mobile operator's clock runs from its own mail.
    """
    for number in range(many):
        world.outage(f"zeta{number:03d}")
    assert len(world.look()) == many
    assert world.look() == []
    minutes = 0
    while len(world.postman.taken) < many + 1:
        world.tick(minutes=1, at_most=200)
        minutes += 1
    assert minutes <= 10

    told = Counter(recipient for _, recipient, _ in world.postman.taken)
    assert told.pop("osoc@microsoft.com") == 1
    assert told == {f"noc@zeta{number:03d}.example": 1 for number in range(many)}
    with world.store.snapshot() as connection:
        parts = list_incidents(connection, parent="INC-0004")
        assert len(parts) == many
        assert len({part.opening.source for part in parts}) == many
        for promise in list_obligations(connection):
            if promise.promise.debtor == "mobile_operator":
                assert promise.promise.since <= NOON + timedelta(minutes=30)
        assert len(list_notices(connection)) == many + 1
        assert verify_events(connection) == []
