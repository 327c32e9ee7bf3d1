"""The shipped policy of monitoring, and a small one whose rules fire within a few slots."""

from dataclasses import replace
from datetime import timedelta

import pytest

from include.mobile_plans.policy import ProgramPolicy, load_policy
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.policy.program import MonitoringPolicy


@pytest.fixture(scope="session")
def policy() -> ProgramPolicy:
    """The policy that ships."""
    return load_policy(SHIPPED_POLICY)


@pytest.fixture(scope="session")
def monitoring(policy: ProgramPolicy) -> MonitoringPolicy:
    """What monitoring is told in the policy that ships."""
    return policy.monitoring


@pytest.fixture(scope="session")
def quick(monitoring: MonitoringPolicy) -> MonitoringPolicy:
    """The same rules, with two minutes for thirty and three minutes for an hour."""
    return replace(
        monitoring,
        outage=replace(monitoring.outage, escalate_after=timedelta(minutes=2)),
        degradation=replace(monitoring.degradation, window=timedelta(minutes=2), bad_share=0.6),
        unstable=replace(monitoring.unstable, outages=2, within=timedelta(minutes=3)),
    )
