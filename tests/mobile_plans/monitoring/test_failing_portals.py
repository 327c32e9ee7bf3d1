"""Whose portal fails right now, as far as is known."""

from datetime import UTC, datetime, timedelta

import pytest

from include.mobile_plans.monitoring import failing_portals
from include.mobile_plans.policy.program import MonitoringPolicy
from include.mobile_plans.store import Store, tables

NOW = datetime(2026, 12, 13, 2, tzinfo=UTC)


def seen(store: Store, slug: str, state: str, ago: timedelta) -> None:
    """Put one sample of a portal into the store, as its newest."""
    slot = int((NOW - ago).timestamp())
    with store.transaction() as connection:
        target_id = connection.execute(
            tables.probe_target.insert().values(
                target=f"{slug}/portal", slug=slug, slot=slot, state={}
            )
        ).inserted_primary_key[0]
        connection.execute(
            tables.sample.insert().values(target_id=target_id, slot=slot, state=state)
        )


@pytest.mark.parametrize(
    ("state", "ago_s", "fails"),
    [
        ("bad", 30, True),
        ("bad", 180, True),
        ("bad", 181, False),
        ("good", 30, False),
        ("unknown", 30, False),
    ],
)
def test_the_newest_sample_tells(
    store: Store, monitoring: MonitoringPolicy, state: str, ago_s: int, *, fails: bool
) -> None:
    """P3: a portal fails while its newest sample is bad and not older than policy allows."""
    seen(store, "contoso", state, timedelta(seconds=ago_s))
    with store.snapshot() as connection:
        found = failing_portals(connection, ["contoso", "northwind"], monitoring, NOW)

    assert found == ({"contoso": NOW - timedelta(seconds=ago_s)} if fails else {})


def test_since_when_and_whose(store: Store, monitoring: MonitoringPolicy) -> None:
    """An open outage says since when; whoever was not asked about is not named."""
    begun = NOW - timedelta(hours=2)
    for slug in ("contoso", "northwind"):
        seen(store, slug, "bad", timedelta(seconds=30))
    with store.transaction() as connection:
        connection.execute(
            tables.outage.insert().values(
                outage_key="contoso/portal:1",
                target="contoso/portal",
                slug="contoso",
                first_bad=begun,
                last_bad=NOW,
                bad_slots=240,
                origin="probe",
            )
        )
        assert failing_portals(connection, ["contoso"], monitoring, NOW) == {"contoso": begun}
