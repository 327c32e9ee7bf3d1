"""The development switch, for tests whose portals are on this machine."""

import pytest

from include.mobile_plans.policy.values import LOOPBACK_VARIABLE


@pytest.fixture
def loopback_portals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow portals on this machine, as the examples have them."""
    monkeypatch.setenv(LOOPBACK_VARIABLE, "1")
