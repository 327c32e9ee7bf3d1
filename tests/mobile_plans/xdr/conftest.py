"""What tests of the feeds share: expectations, and files made for them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.mobile_plans.policy import load_policy
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.simulation.xdr_files import Draft, draft_file, write_draft
from include.mobile_plans.xdr import (
    Expectations,
    FeedName,
    FileReport,
    check_file,
    registered_periods,
)
from tests.mobile_plans.policy.examples import example

START = datetime(2026, 11, 22, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
POLICY = load_policy(SHIPPED_POLICY, allow_loopback=True).xdr


def expectations(slug: str = "contoso") -> Expectations:
    """What is known of an example mobile operator."""
    mobile_operator = example(slug)
    return Expectations(
        policy=POLICY,
        now=NOW,
        mobile_operator=slug,
        feeds=mobile_operator.xdr_feeds,
        production=registered_periods(mobile_operator.iccid_ranges, "P"),
        test=registered_periods(mobile_operator.iccid_ranges, "T"),
    )


def draft(
    slug: str = "contoso", feed: FeedName = "CDR", *, rows: int = 200, sequence: int = 1
) -> Draft:
    """Make a file of an example mobile operator that has no fault."""
    return draft_file(example(slug), feed, START, sequence=sequence, rows=rows, seed=7)


def found(report: FileReport) -> dict[str, int]:
    """What a report found, as checks and counts."""
    counts: dict[str, int] = {}
    for finding in report.findings:
        counts[finding.check] = counts.get(finding.check, 0) + finding.count
    return counts


Check = Callable[..., FileReport]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Write a draft and check it."""

    def run(made: Draft, **changes: object) -> FileReport:
        path = write_draft(tmp_path, made)
        return check_file(str(path), replace(expectations(made.name.mobile_operator), **changes))

    return run
