"""Which files a feed owes, and how a period stands (X1)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.mobile_plans.errors import BadInput
from include.mobile_plans.policy import (
    MobileOperatorVersion,
    change_state,
    mobile_operator_versions,
    program_policy,
    record_version,
)
from include.mobile_plans.policy.mobile_operators import XdrFeed
from include.mobile_plans.xdr.periods import (
    PeriodState,
    owed_periods,
    status_of,
)
from include.mobile_plans.xdr.records import CheckedFile, checked_files, write_off, written_off
from tests.mobile_plans.incidents.conftest import NOON, World, clock, world  # noqa: F401 - fixtures
from tests.mobile_plans.xdr.feed_world import HOUR, deliver, finding


def versions_of(world: World, slug: str = "contoso") -> list[MobileOperatorVersion]:  # noqa: F811
    with world.store.snapshot() as connection:
        return mobile_operator_versions(connection, slug)


def owed(world: World, begin: datetime, end: datetime, slug: str = "contoso") -> list[str]:  # noqa: F811
    periods = owed_periods(versions_of(world, slug), begin, end, program_policy().xdr)
    return [f"{one.feed} {one.words}" for one in periods]


def test_hours_and_days_that_end_in_a_time(world: World) -> None:  # noqa: F811
    """X1: a period belongs to the time it ends in, its own end included."""
    midnight = datetime(2026, 11, 23, tzinfo=UTC)
    assert owed(world, midnight - HOUR, midnight + HOUR) == [
        "CDR 2026-11-22 23:00 to 00:00 UTC",
        "CDR 2026-11-23 00:00 to 01:00 UTC",
        "SDR 2026-11-22",
        "TDR 2026-11-22",
    ]
    assert owed(world, midnight, midnight) == []


def test_a_year_owes_every_hour_once_whatever_the_zone(world: World) -> None:  # noqa: F811
    """X1: daylight saving never moves a period: a leap year has 8,784 hours everywhere."""
    leap = [datetime(year, 1, 1, tzinfo=UTC) for year in (2028, 2029)]
    found = owed(world, *leap, slug="tailspin")
    assert len(found) == len(set(found)) == 8784


def test_nothing_is_owed_before_go_live_or_after_it_ended(world: World) -> None:  # noqa: F811
    """X1: the first whole period after go-live is the first, the last whole one the last."""
    world.clock.advance(timedelta(minutes=30))
    now = world.clock.now()
    with world.write() as connection:
        change_state(
            connection, "contoso", "suspended", author="Ada", approver=None, reason="x", now=now
        )
    end = NOON + 3 * HOUR
    assert owed(world, NOON - HOUR, end) == ["CDR 2026-11-23 11:00 to 12:00 UTC"]
    live_since = versions_of(world)[0].valid_from
    assert owed(world, live_since - 9 * HOUR, live_since + HOUR)[0].startswith(
        f"CDR {live_since:%Y-%m-%d %H}:00"
    )


def test_a_period_with_a_pause_in_it_is_not_owed(world: World) -> None:  # noqa: F811
    """X1: whoever was not live all the time owes no whole file of it."""
    for minutes, state in ((10, "suspended"), (20, "live")):
        with world.write() as connection:
            change_state(
                connection,
                "tailspin",
                state,
                author="Ada",
                approver=None,
                reason="pause",
                now=NOON + timedelta(minutes=minutes),
            )
    found = owed(world, NOON - HOUR, NOON + 3 * HOUR, "tailspin")
    assert [one[4:20] for one in found] == [
        "2026-11-23 11:00",
        "2026-11-23 13:00",
        "2026-11-23 14:00",
    ]


def test_a_feed_is_owed_from_when_its_record_names_it(world: World) -> None:  # noqa: F811
    """X1: another cadence or a new feed counts from the next whole period."""
    record = versions_of(world, "tailspin")[-1].mobile_operator
    world.clock.advance(timedelta(minutes=10))
    with world.write() as connection:
        record_version(
            connection,
            replace(record, xdr_feeds=(*record.xdr_feeds, XdrFeed(feed="TDR", cadence="PT1H"))),
            author="Ada",
            approver="Ben",
            reason="new feed",
            now=world.clock.now(),
        )
    found = [one for one in owed(world, NOON, NOON + 3 * HOUR, "tailspin") if one[:3] == "TDR"]
    assert found == ["TDR 2026-11-23 13:00 to 14:00 UTC", "TDR 2026-11-23 14:00 to 15:00 UTC"]


def standing(world: World, files: list[CheckedFile], now: datetime, **given: Any) -> PeriodState:  # noqa: F811
    (period,) = (
        one
        for one in owed_periods(versions_of(world), NOON - HOUR, NOON, program_policy().xdr)
        if one.feed == "CDR"
    )
    return status_of(period, files, given, now).state


def test_how_a_period_stands_while_nothing_comes(world: World) -> None:  # noqa: F811
    """X1: expected an hour after its end, late from then, missing four hours after its end."""
    hours = {0: "awaited", 1: "awaited", 1.01: "late", 4: "late", 4.01: "missing", 400: "missing"}
    found = {after: standing(world, [], NOON + after * HOUR) for after in hours}
    assert found == hours


def test_how_a_period_stands_by_what_came(world: World) -> None:  # noqa: F811
    """X1: a resend replaces; a refused one leaves what was accepted; empty is stated."""
    start, later = NOON - HOUR, NOON + 9 * HOUR
    files: list[CheckedFile] = []

    def after(*findings: Any, **changes: Any) -> str:
        world.clock.advance(timedelta(seconds=1))
        file = deliver(world, start, *findings, **changes)
        assert file is not None
        files.append(file)
        return standing(world, files, later)

    assert after(finding()) == "rejected"
    assert after(revision=1, rows=7) == "accepted"
    assert after(finding(), revision=2) == "accepted"
    assert after(revision=3, rows=0) == "empty"
    assert after(revision=2, rows=9) == "empty"


def test_a_period_is_written_off_by_name(world: World) -> None:  # noqa: F811
    """X1: a missing file stays open until delivered or written off by a named person."""
    start = NOON - HOUR
    with world.write() as connection:
        for _ in range(2):
            write_off(connection, "contoso", "CDR", start, by="Ada", reason="host lost", now=NOON)
        given = written_off(connection, "contoso", "CDR")
    assert given == {start: "Ada: host lost"}
    (period,) = owed_periods(versions_of(world, "tailspin"), start, NOON, program_policy().xdr)
    late = NOON + 9 * HOUR
    assert status_of(period, [], given, late).state == "written off"
    file = deliver(world, start)
    assert file is not None
    assert status_of(period, [file], given, late).state == "accepted"


@pytest.mark.parametrize(("by", "reason"), [("", "lost"), ("Ada", " ")])
def test_nobody_writes_off_without_a_name_and_a_reason(
    world: World,  # noqa: F811
    by: str,
    reason: str,
) -> None:
    """X1: written off by name, with the reason."""
    with world.write() as connection, pytest.raises(BadInput, match="named person"):
        write_off(connection, "contoso", "CDR", NOON, by=by, reason=reason, now=NOON)


def test_the_same_content_is_kept_once(world: World) -> None:  # noqa: F811
    """X1: two checkers of one file record it once; another content of that name is another."""
    first = deliver(world, NOON - HOUR)
    assert first is not None
    assert deliver(world, NOON - HOUR) is None
    world.clock.advance(HOUR)
    assert deliver(world, NOON - HOUR) is not None
    with world.store.snapshot() as connection:
        assert len(checked_files(connection, "contoso", "CDR")) == 2
        assert checked_files(connection, "contoso", "CDR")[0] == first
