"""The shipped policy and what it promises, and the letters that stand for slots."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.mobile_plans.instants import format_instant
from include.mobile_plans.policy import ProgramPolicy, load_policy
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.sla import Terms

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
