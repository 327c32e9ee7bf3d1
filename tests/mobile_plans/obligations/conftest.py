"""The example mobile operators in a store, a virtual clock, and promises of them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from include.mobile_plans.obligations import Obligation, SweepReport, Wanted, open_obligation, sweep
from include.mobile_plans.policy import ProgramPolicy, load_policy
from include.mobile_plans.policy.files import import_files, mobile_operator_paths, read_files
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
"""A Monday."""

RESPONSE = Wanted(
    kind="initial_response_high",
    key="INC-0042:initial_response",
    subject="incident:INC-0042",
    slug="tailspin",
    debtor="mobile_operator",
    since=NOON,
)


@pytest.fixture(scope="session")
def policy() -> ProgramPolicy:
    """The policy that ships."""
    return load_policy(SHIPPED_POLICY)


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands at noon of a Monday."""
    return VirtualClock(NOON)


@pytest.fixture
def records(store: Store) -> Store:
    """A store with the example mobile operators, since long ago."""
    paths = mobile_operator_paths([SHIPPED_POLICY / "mobile_operators"])
    files = read_files(paths, allow_loopback=True)
    with store.transaction() as connection:
        import_files(
            connection,
            files.read,
            author="Ada",
            approver=None,
            reason="examples",
            now=NOON - timedelta(days=365),
        )
    return store


@pytest.fixture
def promise(
    records: Store, policy: ProgramPolicy, clock: VirtualClock
) -> Callable[..., Obligation]:
    """Open a promise at the clock's time; keywords change what is wanted."""

    def give(**changes: object) -> Obligation:
        wanted = replace(RESPONSE, **{"since": clock.now()} | changes)
        with records.transaction() as connection:
            return open_obligation(connection, wanted, policy, by="ops", now=clock.now())

    return give


@pytest.fixture
def sweep_now(
    records: Store, policy: ProgramPolicy, clock: VirtualClock
) -> Callable[[], SweepReport]:
    """Do what is due at the clock's time."""
    return lambda: sweep(records, clock, policy)
