"""The shipped policy and what it promises, and the letters that stand for slots."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.mobile_plans.instants import format_instant
from include.mobile_plans.monitoring import Archive, seal_days
from include.mobile_plans.monitoring.records import hold_targets, sample_row
from include.mobile_plans.policy import ProgramPolicy, keep_policy, load_policy
from include.mobile_plans.policy.files import import_files, mobile_operator_paths, read_files
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.policy.values import LOOPBACK_VARIABLE
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.sla import Desk, Terms
from include.mobile_plans.store import Store, insert_missing
from include.mobile_plans.store.tables import exclusion, sample
from tests.mobile_plans.monitoring.conftest import go_live, seen

LENGTH_S = 30


@pytest.fixture(scope="session")
def policy() -> ProgramPolicy:
    """The policy that ships."""
    return load_policy(SHIPPED_POLICY)


@pytest.fixture(scope="session")
def terms(policy: ProgramPolicy) -> Terms:
    """What it promises for the portal."""
    return Terms.of(policy)


@pytest.fixture(scope="session")
def quick_terms(terms: Terms) -> Terms:
    """The same, with outages escalated after two minutes."""
    outage = replace(terms.monitoring.outage, escalate_after=timedelta(minutes=2))
    return replace(terms, monitoring=replace(terms.monitoring, outage=outage))


def csv_of(
    letters: str, first: datetime, *, target: str = "contoso/portal", latency_ms: float = 50
) -> str:
    """Write one row per letter: g good, b bad, anything else no row."""
    rows = []
    for number, letter in enumerate(letters):
        at = format_instant(first + timedelta(seconds=LENGTH_S * number))
        if letter == "g":
            rows.append(f"{target},{at},true,{latency_ms}")
        elif letter == "b":
            rows.append(f"{target},{at},false,")
    return "\n".join(rows)


def write_csv(folder: Path, *parts: str) -> Path:
    """Write a file of samples."""
    file = folder / "samples.csv"
    file.write_text("\n".join(("target,at,ok,latency_ms", *parts)) + "\n")
    return file


MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)


LIVE_SINCE = datetime(2026, 10, 31, 12, tzinfo=UTC)
"""Since when the example portals are live: half a day before the month begins."""
NIGHT = datetime(2026, 12, 1, 3, 17, tzinfo=UTC)
"""The night after the month, when days are sealed and reports are made."""


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NIGHT)


@pytest.fixture
def records(store: Store, monkeypatch: pytest.MonkeyPatch, policy: ProgramPolicy) -> Store:
    """The example mobile operators: contoso and fabrikam live since the day before November."""
    monkeypatch.setenv(LOOPBACK_VARIABLE, "1")
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", store.url.render_as_string(hide_password=False))
    paths = mobile_operator_paths([SHIPPED_POLICY / "mobile_operators"])
    with store.transaction() as connection:
        keep_policy(connection, policy, SHIPPED_POLICY, (), LIVE_SINCE)
        import_files(
            connection,
            read_files(paths, allow_loopback=True).read,
            author="Ada",
            approver=None,
            reason="examples",
            now=LIVE_SINCE,
        )
    go_live(store, "contoso", LIVE_SINCE)
    go_live(store, "fabrikam", LIVE_SINCE)
    return store


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    monkeypatch.setenv("MOBILE_PLANS_ARCHIVE", str(tmp_path / "archive"))
    return Archive(str(tmp_path / "archive"))


@pytest.fixture
def desk(records: Store, archive: Archive, policy: ProgramPolicy, clock: VirtualClock) -> Desk:
    """What makes rollups and statements."""
    return Desk(store=records, archive=archive, policy=policy, clock=clock)


def fill(
    desk: Desk, first: datetime, letters: str, *, target: str = "contoso/portal", ms: int = 50
) -> None:
    """Write one sample per letter: g, b or u; anything else is a slot that nobody probed."""
    begin = int(first.timestamp())
    with desk.store.transaction() as connection:
        targets = hold_targets(connection, [target])
        insert_missing(
            connection,
            sample,
            [
                sample_row(
                    targets[target].target_id,
                    begin + number * LENGTH_S,
                    seen(letter, target, total_us=ms * 1000),
                )
                for number, letter in enumerate(letters)
                if letter in "gbu"
            ],
        )


def exclude(desk: Desk, starts_at: datetime, ends_at: datetime, slug: str = "contoso") -> None:
    """Leave a time out for planned maintenance."""
    row = {
        "exclusion_key": f"MNT-0001:{slug}:{starts_at.isoformat()}",
        "slug": slug,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "reason": "MNT-0001: planned maintenance, told in time",
    }
    with desk.store.transaction() as connection:
        connection.execute(exclusion.insert().values(row))


def seal(desk: Desk) -> None:
    """Bring every day that is over into the archive."""
    seal_days(desk.store, desk.archive, desk.clock, desk.policy)
