"""Slots, targets, and where in a slot each target is asked."""

from datetime import UTC, datetime, timedelta

import pytest

from include.mobile_plans.errors import BadInput, NaiveDatetime
from include.mobile_plans.monitoring.slots import (
    SPREAD,
    portal_target,
    shard_of,
    slot_at,
    slug_of,
    start_of,
    start_offset_s,
)

HALF_A_MINUTE = timedelta(seconds=30)
SLUGS = [f"mobile-operator-{number}" for number in range(10_000)]


def test_slots_lie_on_the_aligned_grid() -> None:
    """M1: two slots a minute, beginning at 0 and 30 seconds."""
    at = datetime(2026, 11, 23, 10, 0, 59, 999_999, tzinfo=UTC)

    assert start_of(slot_at(at, HALF_A_MINUTE)) == datetime(2026, 11, 23, 10, 0, 30, tzinfo=UTC)


def test_a_naive_instant_is_in_no_slot() -> None:
    with pytest.raises(NaiveDatetime):
        slot_at(datetime(2026, 11, 23, 10, 0), HALF_A_MINUTE)  # noqa: DTZ001 - the point


@pytest.mark.parametrize("interval", [timedelta(seconds=0.5), timedelta(seconds=1.5)])
def test_a_slot_is_whole_seconds(interval: timedelta) -> None:
    with pytest.raises(BadInput, match="whole seconds"):
        slot_at(datetime(2026, 11, 23, tzinfo=UTC), interval)


def test_a_target_names_its_mobile_operator() -> None:
    assert slug_of(portal_target("contoso")) == "contoso"


@pytest.mark.parametrize("target", ["contoso", "/portal", "contoso/api", "a/b/portal"])
def test_another_target_is_refused(target: str) -> None:
    with pytest.raises(BadInput, match="<slug>/portal"):
        slug_of(target)


def test_starts_are_spread_evenly_and_stay() -> None:
    """M1: every second of the spread has its share, and a slug always the same start."""
    offsets = [start_offset_s(slug, HALF_A_MINUTE) for slug in SLUGS]

    span = int(SPREAD * 30)
    counts = [sum(int(offset) == second for offset in offsets) for second in range(span)]
    assert 0 <= min(offsets) < max(offsets) < span
    assert max(counts) < 1.25 * len(SLUGS) / span
    assert min(counts) > 0.75 * len(SLUGS) / span
    assert start_offset_s("contoso", HALF_A_MINUTE) == start_offset_s("contoso", HALF_A_MINUTE)


def test_shards_share_the_work() -> None:
    shares = [sum(shard_of(slug, 4) == shard for slug in SLUGS) for shard in range(4)]

    assert sum(shares) == len(SLUGS)
    assert min(shares) > 2_300
