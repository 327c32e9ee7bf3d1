"""Which portals are probed: those that are live, as the records say each round (L10, M1)."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from include.mobile_plans.errors import BadInput, StoreUnavailable
from include.mobile_plans.monitoring import CONTROL_TARGETS_VARIABLE
from include.mobile_plans.monitoring.planning import AUTHORITIES_VARIABLE, Plan, Planner
from include.mobile_plans.policy import change_state, mobile_operator_in_force, record_version
from include.mobile_plans.policy.mobile_operators import MonitoringFlags
from include.mobile_plans.policy.program import MonitoringPolicy
from include.mobile_plans.policy.values import LOOPBACK_VARIABLE
from include.mobile_plans.store import Store
from tests.mobile_plans.monitoring.conftest import LIVE, NOON, go_live

MINUTE = timedelta(minutes=1)


def slugs(plan: Plan) -> list[str]:
    return [probe.request.target.removesuffix("/portal") for probe in plan.probes]


def test_live_portals_are_probed_as_they_are_registered(
    records: Store, monitoring: MonitoringPolicy
) -> None:
    """M1: every live mobile operator, its own expectation or that of policy; no draft."""
    plan = Planner(records, lambda: monitoring).plan(NOON)

    assert slugs(plan) == sorted(LIVE)
    contoso = next(one.request for one in plan.probes if one.request.target == "contoso/portal")
    assert contoso.uri == "https://localhost:8843/contoso/"
    assert contoso.expectation.body_text == "Contoso"
    assert all(one.request.expectation for one in plan.probes)
    assert [control.uri for control in plan.controls] == list(monitoring.control_targets)


def test_going_live_is_probed_in_the_next_round(
    records: Store, monitoring: MonitoringPolicy
) -> None:
    """L10: a launch that goes live is picked up without a restart, and so is what ends it."""
    planner = Planner(records, lambda: monitoring)
    assert "tailspin" not in slugs(planner.plan(NOON))

    go_live(records, "tailspin", NOON + timedelta(seconds=5))
    assert "tailspin" not in slugs(planner.plan(NOON))
    assert "tailspin" in slugs(planner.plan(NOON + timedelta(seconds=30)))

    with records.transaction() as connection:
        for slug, state in (("tailspin", "suspended"), ("contoso", "withdrawn")):
            change_state(
                connection, slug, state, author="Ada", approver="Ben", reason="x", now=NOON + MINUTE
            )
    assert slugs(planner.plan(NOON + MINUTE)) == ["fabrikam", "northwind"]


def test_a_record_may_take_its_portal_out(records: Store, monitoring: MonitoringPolicy) -> None:
    with records.transaction() as connection:
        record = mobile_operator_in_force(connection, "contoso", NOON).mobile_operator
        taken_out = MonitoringFlags(probed=False, reason="moves to another portal")
        record_version(
            connection,
            replace(record, monitoring=taken_out),
            author="Ada",
            approver=None,
            reason="asked for",
            now=NOON,
        )

    assert slugs(Planner(records, lambda: monitoring).plan(NOON)) == ["fabrikam", "northwind"]


def test_a_plan_is_made_again_only_when_something_changed(
    records: Store, monitoring: MonitoringPolicy
) -> None:
    """What costs as much as a probe is not done before every round."""
    policies = [monitoring]
    planner = Planner(records, lambda: policies[-1])
    first = planner.plan(NOON)

    assert planner.plan(NOON + MINUTE) is first
    policies.append(replace(monitoring))
    again = planner.plan(NOON + MINUTE)
    assert again is not first
    assert again.policy is policies[-1]


def test_shards_share_the_portals(records: Store, monitoring: MonitoringPolicy) -> None:
    """Each portal is probed by exactly one watcher."""
    plans = [Planner(records, lambda: monitoring, shard=n, shards=3).plan(NOON) for n in range(3)]

    assert sorted(slug for plan in plans for slug in slugs(plan)) == sorted(LIVE)
    with pytest.raises(BadInput, match="allowed are 0 to 2"):
        Planner(records, lambda: monitoring, shard=3, shards=3)


def test_control_targets_of_the_environment_are_for_development(
    records: Store, monitoring: MonitoringPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An offline installation names its own; a production one cannot."""
    monkeypatch.setenv(CONTROL_TARGETS_VARIABLE, "https://localhost:1/a https://localhost:1/b")
    plan = Planner(records, lambda: monitoring).plan(NOON)
    assert [one.uri for one in plan.controls] == ["https://localhost:1/a", "https://localhost:1/b"]

    monkeypatch.delenv(LOOPBACK_VARIABLE)
    with pytest.raises(BadInput, match="for development only"):
        Planner(records, lambda: monitoring).plan(NOON)


def test_the_system_s_authorities_are_trusted_where_none_are_named(
    records: Store, monitoring: MonitoringPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The libcurl that pycurl brings looks for them in a place that Debian does not have."""
    monkeypatch.delenv(AUTHORITIES_VARIABLE, raising=False)
    named = Path(Planner(records, lambda: monitoring).plan(NOON).settings.authorities)
    assert "BEGIN CERTIFICATE" in named.read_text()

    monkeypatch.setenv(AUTHORITIES_VARIABLE, "/ca.pem")
    plan = Planner(records, lambda: monitoring).plan(NOON)
    assert (plan.settings.authorities, plan.control_settings.authorities) == ("/ca.pem", "/ca.pem")
    assert plan.control_settings.timeout <= timedelta(seconds=5)


def test_records_that_cannot_be_read_are_said(
    empty_store: Store, monitoring: MonitoringPolicy
) -> None:
    with pytest.raises(StoreUnavailable):
        Planner(empty_store, lambda: monitoring).plan(NOON)
