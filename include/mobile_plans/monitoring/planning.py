"""Which portals are probed in a slot, and which control targets tell whether we are cut off."""

import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import certifi
from sqlalchemy import Connection

from include.mobile_plans.errors import BadInput
from include.mobile_plans.monitoring.probes import ProbeRequest, ProbeSettings
from include.mobile_plans.monitoring.slots import portal_target, shard_of, start_offset_s
from include.mobile_plans.policy import (
    MobileOperatorVersion,
    loopback_allowed,
    mobile_operators_in_force,
    versions_begun,
)
from include.mobile_plans.policy.program import MonitoringPolicy
from include.mobile_plans.store import Store

AUTHORITIES_VARIABLE = "MOBILE_PLANS_CA_FILE"
CONTROL_TARGETS_VARIABLE = "MOBILE_PLANS_CONTROL_TARGETS"
_CONTROL_TIMEOUT = timedelta(seconds=5)
Policies = Callable[[], MonitoringPolicy]


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
        versions: How many versions of records it follows from.
        probes: The portals of one shard.
        controls: The control targets.
        settings: How portals are asked.
        control_settings: How control targets are asked: the same, with less patience.
    """

    policy: MonitoringPolicy
    versions: int
    probes: tuple[PlannedProbe, ...]
    controls: tuple[ProbeRequest, ...]
    settings: ProbeSettings
    control_settings: ProbeSettings


class Planner:
    """
    Plans for one shard of the mobile operators; a plan is made anew only when something changed.

    Args:
        store: Where the records are.
        policies: Returns the policy of monitoring in force.
        shard: Which part of the mobile operators, from 0.
        shards: How many parts there are.

    Raises:
        BadInput: ``shard`` is none of the ``shards``.
    """

    def __init__(
        self, store: Store, policies: Policies, *, shard: int = 0, shards: int = 1
    ) -> None:
        if not 0 <= shard < shards:
            msg = f"shard {shard} is none of {shards}: allowed are 0 to {shards - 1}"
            raise BadInput(msg)
        self._store = store
        self._policies = policies
        self._shard = shard
        self._shards = shards
        self._last: Plan | None = None

    def plan(self, at: datetime) -> Plan:
        """
        Plan for an instant: every mobile operator that is live then and not taken out.

        Raises:
            BadInput: The policy is invalid, or the control targets of the environment are named
                without the development switch.
            StoreUnavailable: The records cannot be read.
        """
        policy = self._policies()
        with self._store.snapshot() as connection:
            versions = versions_begun(connection, at)
            last = self._last
            if last is not None and last.versions == versions and last.policy is policy:
                return last
            watched = [
                one
                for one in watched_in_force(connection, at)
                if shard_of(one.slug, self._shards) == self._shard
            ]
        self._last = _plan(watched, policy, versions)
        return self._last


def watched_in_force(connection: Connection, at: datetime) -> list[MobileOperatorVersion]:
    """Return the mobile operators whose portal is probed at an instant (M1, L10)."""
    return [
        version
        for version in mobile_operators_in_force(connection, at)
        if version.state == "live" and version.mobile_operator.monitoring.probed
    ]


def _plan(watched: list[MobileOperatorVersion], policy: MonitoringPolicy, versions: int) -> Plan:
    settings = ProbeSettings.of(
        policy.probe, authorities=authorities(), is_development=loopback_allowed()
    )
    portals = [(one.slug, one.mobile_operator.portals.production) for one in watched]
    return Plan(
        policy=policy,
        versions=versions,
        probes=tuple(
            PlannedProbe(
                request=ProbeRequest(
                    target=portal_target(slug),
                    uri=portal.uri,
                    expectation=portal.expectation or policy.expectation,
                ),
                offset_s=start_offset_s(slug, policy.probe.interval),
            )
            for slug, portal in portals
        ),
        controls=tuple(
            ProbeRequest(target=uri, uri=uri, expectation=None) for uri in control_targets(policy)
        ),
        settings=settings,
        control_settings=replace(settings, timeout=min(settings.timeout, _CONTROL_TIMEOUT)),
    )


def authorities() -> str:
    """
    Return the file of certificate authorities to trust: that of the environment, or the system's.

    libcurl is told, because the one that pycurl brings looks where only some systems keep them.
    """
    named = os.environ.get(AUTHORITIES_VARIABLE)
    return named or ssl.get_default_verify_paths().cafile or certifi.where()


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
