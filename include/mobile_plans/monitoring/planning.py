"""Which portals are probed in a slot, and which control targets tell whether we are cut off."""

import os
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from include.mobile_plans.errors import BadInput
from include.mobile_plans.monitoring.probes import ProbeRequest, ProbeSettings
from include.mobile_plans.monitoring.slots import portal_target, shard_of, start_offset_s
from include.mobile_plans.policy import loopback_allowed, mobile_operators_in_force
from include.mobile_plans.policy.program import MonitoringPolicy
from include.mobile_plans.store import Store

AUTHORITIES_VARIABLE = "MOBILE_PLANS_CA_FILE"
CONTROL_TARGETS_VARIABLE = "MOBILE_PLANS_CONTROL_TARGETS"
_CONTROL_TIMEOUT = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedProbe:
    """One portal, asked ``offset_s`` seconds into each slot."""

    request: ProbeRequest
    offset_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    What is asked in a slot.

    Attributes:
        policy: The policy of monitoring in force.
        probes: The portals of one shard.
        controls: The control targets.
        settings: How portals are asked.
        control_settings: How control targets are asked: the same, with less patience.
    """

    policy: MonitoringPolicy
    probes: tuple[PlannedProbe, ...]
    controls: tuple[ProbeRequest, ...]
    settings: ProbeSettings
    control_settings: ProbeSettings


def plan_at(
    store: Store, policy: MonitoringPolicy, at: datetime, *, shard: int = 0, shards: int = 1
) -> Plan:
    """
    Plan for an instant: every mobile operator that is live then and not taken out of monitoring.

    Args:
        store: Where the records are.
        policy: The policy of monitoring in force.
        at: The instant.
        shard: Which part of the mobile operators, from 0.
        shards: How many parts there are.

    Raises:
        BadInput: ``shard`` is none of the ``shards``, or the control targets of the environment
            are named without the development switch.
        StoreUnavailable: The records cannot be read.
    """
    if not 0 <= shard < shards:
        msg = f"shard {shard} is none of {shards}: allowed are 0 to {shards - 1}"
        raise BadInput(msg)
    with store.snapshot() as connection:
        versions = mobile_operators_in_force(connection, at)
    watched = [
        version.mobile_operator
        for version in versions
        if version.state == "live"
        and version.mobile_operator.monitoring.probed
        and shard_of(version.slug, shards) == shard
    ]
    settings = ProbeSettings.of(
        policy.probe,
        authorities=os.environ.get(AUTHORITIES_VARIABLE) or None,
        is_development=loopback_allowed(),
    )
    return Plan(
        policy=policy,
        probes=tuple(
            PlannedProbe(
                request=ProbeRequest(
                    target=portal_target(one.slug),
                    uri=one.portals.production.uri,
                    expectation=one.portals.production.expectation or policy.expectation,
                ),
                offset_s=start_offset_s(one.slug, policy.probe.interval),
            )
            for one in watched
        ),
        controls=tuple(
            ProbeRequest(target=uri, uri=uri, expectation=None) for uri in control_targets(policy)
        ),
        settings=settings,
        control_settings=replace(settings, timeout=min(settings.timeout, _CONTROL_TIMEOUT)),
    )


def control_targets(policy: MonitoringPolicy) -> tuple[str, ...]:
    """
    Return the control targets: those of policy, or in development those of the environment.

    Raises:
        BadInput: The environment names some without the development switch.
    """
    named = os.environ.get(CONTROL_TARGETS_VARIABLE, "").split()
    if not named:
        return policy.control_targets
    if not loopback_allowed():
        msg = (
            f"{CONTROL_TARGETS_VARIABLE} is for development only: unset it, or allow portals on "
            "this machine with MOBILE_PLANS_ALLOW_LOOPBACK_PORTALS=1"
        )
        raise BadInput(msg)
    return tuple(named)
