"""The shipped policy and example mobile operators in a store, and launches of them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.mobile_plans.launch import (
    Launch,
    LaunchRequest,
    asked_about,
    launch_of_run,
    promise_configuration,
    start_launch,
)
from include.mobile_plans.policy import (
    MobileOperator,
    ProgramPolicy,
    load_policy,
    mobile_operator_in_force,
)
from include.mobile_plans.policy.files import import_files, mobile_operator_paths, read_files
from include.mobile_plans.questions import Answer, Run
from include.mobile_plans.store import Store

POLICY = Path(__file__).resolve().parents[3] / "include" / "policy"
RUN = Run(run_id="manual__2026-11-23T10:00:00+00:00")

REQUEST = LaunchRequest(
    slug="tailspin",
    target_at=datetime(2026, 12, 14, 9, 0, tzinfo=UTC),
    zone="UTC",
    range_choice="test",
    uses_staging=True,
    note="",
    requested_by="ops",
)


@pytest.fixture(scope="session")
def policy() -> ProgramPolicy:
    """The policy that ships."""
    return load_policy(POLICY)


@pytest.fixture(scope="session")
def examples() -> dict[str, MobileOperator]:
    """The example mobile operators, by slug."""
    files = read_files(mobile_operator_paths([POLICY / "mobile_operators"]), allow_loopback=True)
    return {file.mobile_operator.slug: file.mobile_operator for file in files.read}


@pytest.fixture
def records(store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store with the example mobile operators, found by the questions of a launch."""
    url = store.url.render_as_string(hide_password=False)
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", url)
    monkeypatch.setenv("MOBILE_PLANS_POLICY_DIR", str(POLICY))
    files = read_files(mobile_operator_paths([POLICY / "mobile_operators"]), allow_loopback=True)
    with store.transaction() as connection:
        import_files(
            connection,
            files.read,
            author="Ada",
            approver=None,
            reason="examples",
            now=now - timedelta(days=1),
        )
    return store


@pytest.fixture
def start(records: Store, policy: ProgramPolicy, now: datetime) -> Callable[..., Launch]:
    """Begin a launch; keywords change the request."""

    def begin(run_id: str = RUN.run_id, **changes: object) -> Launch:
        request = replace(REQUEST, **changes)
        with records.transaction() as connection:
            version = mobile_operator_in_force(connection, request.slug, now)
            return start_launch(connection, request, version, policy, run_id=run_id, now=now)

    return begin


@pytest.fixture
def reread(records: Store) -> Callable[..., Launch]:
    """Read a launch again."""

    def read(run_id: str = RUN.run_id) -> Launch:
        with records.snapshot() as connection:
            return launch_of_run(connection, run_id)

    return read


@pytest.fixture
def promise(records: Store, now: datetime) -> Callable[..., datetime]:
    """Open the week of an ICCID configuration, as the task that asks for it does."""

    def give(choice: str = "test") -> datetime:
        with records.transaction() as connection:
            asked = asked_about(connection, RUN, now)
            return promise_configuration(connection, asked, choice, now)

    return give


@pytest.fixture
def answer(now: datetime) -> Callable[..., Answer]:
    """Make an answer; keywords are what is filled in."""

    def give(option: str, **values: str) -> Answer:
        return Answer(option=option, values=values, recorded_by="ops", recorded_at=now)

    return give
