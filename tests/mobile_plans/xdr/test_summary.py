"""What reports say of feeds: expected, received, accepted, refused, rows, late (X1, M4)."""

from dataclasses import fields
from datetime import timedelta

from include.mobile_plans.policy import program_policy
from include.mobile_plans.sla.days import Desk
from include.mobile_plans.sla.model import FeedLine
from include.mobile_plans.xdr import FeedSummary, feed_rows, summarise
from tests.mobile_plans.incidents.conftest import NOON, World, clock, world  # noqa: F401 - fixtures
from tests.mobile_plans.xdr.feed_world import HOUR, deliver, finding

DAY = NOON.date() - timedelta(days=1)
MIDNIGHT = NOON.replace(hour=0) - timedelta(days=1)


def test_a_day_of_each_feed(world: World) -> None:  # noqa: F811
    """X1, M4: every number of a day with a resend, a refused file, a late one and gaps."""
    deliver(world, MIDNIGHT, at=MIDNIGHT + HOUR, rows=10)
    deliver(world, MIDNIGHT, at=MIDNIGHT + 2 * HOUR, rows=12, revision=1, quarantined=2)
    deliver(world, MIDNIGHT + HOUR, finding(), at=MIDNIGHT + 2 * HOUR)
    deliver(world, MIDNIGHT + 2 * HOUR, at=MIDNIGHT + 9 * HOUR, rows=5)
    deliver(world, MIDNIGHT + 3 * HOUR, at=MIDNIGHT + 4 * HOUR, rows=0)
    deliver(world, MIDNIGHT + 24 * HOUR, at=MIDNIGHT + 25 * HOUR, rows=99)

    with world.store.snapshot() as connection:
        given = (connection, "contoso", DAY, DAY, program_policy(), world.clock.now())
        found = {one.feed: one for one in summarise(*given)}
    assert list(found) == ["CDR", "SDR", "TDR"]
    assert found["CDR"] == FeedSummary(
        feed="CDR",
        expected=24,
        received=4,
        accepted=3,
        rejected=1,
        rows=17,
        quarantined=2,
        late=21,
        missing=20,
    )
    assert (found["SDR"].expected, found["SDR"].received, found["SDR"].missing) == (1, 0, 0)


def test_a_period_that_is_not_over_counts_what_is_over(world: World) -> None:  # noqa: F811
    """X1: files that cannot be there yet are not expected."""
    with world.store.snapshot() as connection:
        given = (connection, "tailspin", NOON.date(), NOON.date(), program_policy(), NOON)
        (found,) = summarise(*given)
    assert found.expected == 12


def test_statements_take_the_rows(world: World) -> None:  # noqa: F811
    """M4: what is read here is what a statement says, field by field."""
    assert [one.name for one in fields(FeedLine)] == [one.name for one in fields(FeedSummary)]
    desk = Desk(
        store=world.store,
        archive=None,
        policy=program_policy(),
        clock=world.clock,
        feeds=feed_rows,
    )
    with world.store.snapshot() as connection:
        lines = desk.feed_lines(connection, "tailspin", DAY, DAY)
    assert [(one.feed, one.expected, one.missing) for one in lines] == [("CDR", 24, 24)]
