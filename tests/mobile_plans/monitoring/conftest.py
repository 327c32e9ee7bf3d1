"""The shipped policy and a quicker one, live portals on record, a server that misbehaves."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from include.mobile_plans.monitoring.probes import ProbeResult, Reason
from include.mobile_plans.monitoring.records import Round, RoundReport, Sample, record_round
from include.mobile_plans.monitoring.slots import SlotState
from include.mobile_plans.policy import ProgramPolicy, change_state, load_policy
from include.mobile_plans.policy.files import import_files, mobile_operator_paths, read_files
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.policy.program import MonitoringPolicy
from include.mobile_plans.policy.values import LOOPBACK_VARIABLE
from include.mobile_plans.simulation.certificates import LocalCertificate, local_certificate
from include.mobile_plans.simulation.clock import SystemClock, VirtualClock
from include.mobile_plans.store import Store
from tests.mobile_plans.monitoring.rough_server import RoughServer

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
"""A Monday, and the start of a slot."""
START = int(NOON.timestamp())
LENGTH_S = 30
LIVE = ("contoso", "fabrikam", "northwind")
LETTERS = {"g": SlotState.GOOD, "b": SlotState.BAD, "u": SlotState.UNKNOWN}


@pytest.fixture(scope="session")
def policy() -> ProgramPolicy:
    """The policy that ships."""
    return load_policy(SHIPPED_POLICY)


@pytest.fixture(scope="session")
def monitoring(policy: ProgramPolicy) -> MonitoringPolicy:
    """What monitoring is told in the policy that ships."""
    return policy.monitoring


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> LocalCertificate:
    """A certificate of this machine."""
    return local_certificate(tmp_path_factory.mktemp("certificate"), SystemClock().now())


@pytest.fixture(scope="module")
def server(certificate: LocalCertificate) -> Iterator[RoughServer]:
    """A server that does what its path says."""
    with RoughServer(certificate) as running:
        yield running


@pytest.fixture(scope="session")
def quick(monitoring: MonitoringPolicy) -> MonitoringPolicy:
    """The same rules, with two minutes for thirty and three minutes for an hour."""
    return replace(
        monitoring,
        outage=replace(monitoring.outage, escalate_after=timedelta(minutes=2)),
        degradation=replace(monitoring.degradation, window=timedelta(minutes=2), bad_share=0.6),
        unstable=replace(monitoring.unstable, outages=2, within=timedelta(minutes=3)),
    )


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands at noon of a Monday."""
    return VirtualClock(NOON)


@pytest.fixture
def records(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The example mobile operators: three live for a day, tailspin still a draft."""
    monkeypatch.setenv(LOOPBACK_VARIABLE, "1")
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", store.url.render_as_string(hide_password=False))
    paths = mobile_operator_paths([SHIPPED_POLICY / "mobile_operators"])
    yesterday = NOON - timedelta(days=1)
    with store.transaction() as connection:
        import_files(
            connection,
            read_files(paths, allow_loopback=True).read,
            author="Ada",
            approver=None,
            reason="examples",
            now=yesterday,
        )
        for slug in LIVE:
            _go_live(connection, slug, yesterday)
    return store


def go_live(store: Store, slug: str, at: datetime) -> None:
    """Turn a record live as a launch does."""
    with store.transaction() as connection:
        _go_live(connection, slug, at)


def _go_live(connection: Connection, slug: str, at: datetime) -> None:
    change_state(connection, slug, "live", author="Ada", approver="Ben", reason="launch", now=at)


def seen(letter: str, target: str = "contoso/portal", *, total_us: int = 50_000) -> Sample:
    """Return the sample of one letter: good, bad, or unknown because we were cut off."""
    state = LETTERS[letter]
    reason = {"g": None, "b": Reason.TIMEOUT, "u": Reason.CUT_OFF}[letter]
    result = ProbeResult(
        target=target,
        status=200 if letter == "g" else None,
        reason=reason,
        total_us=total_us,
        late_us=150,
    )
    return Sample(state=state, result=result)


Recorder = Callable[..., RoundReport]


@pytest.fixture
def record(records: Store, monitoring: MonitoringPolicy) -> Recorder:
    """Record one slot, by its number from noon, with one letter for each target."""

    def one(number: int, policy: MonitoringPolicy = monitoring, **letters: str) -> RoundReport:
        samples = tuple(seen(letter, f"{slug}/portal") for slug, letter in letters.items())
        with records.transaction() as connection:
            return record_round(
                connection, Round(slot=START + number * LENGTH_S, samples=samples), policy
            )

    return one


def record_story(record: Recorder, letters: str, slug: str = "contoso", first: int = 0) -> None:
    """Record one letter per slot; a dot is a slot that nobody probed."""
    for number, letter in enumerate(letters, start=first):
        if letter != ".":
            record(number, **{slug: letter})
