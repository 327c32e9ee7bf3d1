"""Every fault that can be put into a file is found, and nothing else is."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from include.mobile_plans.errors import BadInput
from include.mobile_plans.simulation.xdr_faults import (
    FILE_FAULTS,
    ROW_FAULTS,
    fitting_faults,
    inject,
)
from include.mobile_plans.simulation.xdr_files import write_draft
from include.mobile_plans.xdr import check_file
from tests.mobile_plans.xdr.conftest import POLICY, Check, draft, expectations, found

FEEDS = [
    ("contoso", "CDR"),
    ("contoso", "SDR"),
    ("contoso", "TDR"),
    ("fabrikam", "CDR"),
    ("northwind", "CDR"),
    ("northwind", "TDR"),
]
CASES = [
    pytest.param(slug, feed, fault, id=f"{slug}-{feed}-{fault}")
    for slug, feed in FEEDS
    for fault in fitting_faults(draft(slug, feed, rows=1))
]
TOGETHER = sorted(set(ROW_FAULTS) - {"R00"})


@pytest.mark.parametrize(("slug", "feed"), FEEDS)
def test_a_file_without_faults_has_no_findings(slug: str, feed: str, check: Check) -> None:
    """A file that keeps the contract is accepted, whatever its format and habits (X1)."""
    report = check(draft(slug, feed))
    assert found(report) == {}
    assert (report.accepted, report.rows, report.quarantined) == (True, 200, 0)


@pytest.mark.parametrize(("slug", "feed", "fault"), CASES)
def test_a_fault_trips_its_check_and_no_other(
    slug: str, feed: str, fault: str, check: Check
) -> None:
    """A fault is found where it is, counted exactly, and with its own severity (X1)."""
    made = draft(slug, feed)
    (injected,) = inject(made, [fault], np.random.default_rng(1))
    report = check(made)
    (finding,) = report.findings
    assert finding.check == fault.partition("_")[0]
    assert finding.severity == POLICY.severities[fault]
    assert report.accepted == (finding.severity != "R")
    if fault in ROW_FAULTS:
        assert tuple(sample.row for sample in finding.samples) == injected.rows
        assert (finding.row, finding.count) == (injected.rows[0], len(injected.rows))
        assert report.quarantined == (len(injected.rows) if finding.severity == "Q" else 0)


@hypothesis.settings(max_examples=20)
@hypothesis.given(faults=st.sets(st.sampled_from(TOGETHER), min_size=1), seed=st.integers(0, 2**32))
def test_faults_injected_are_faults_found(
    faults: set[str], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever faults of rows are in one file: each is counted, and nothing else (X1)."""
    made = draft(rows=1_000)
    injected = inject(made, faults, np.random.default_rng(seed))
    path = write_draft(tmp_path_factory.mktemp("feed"), made)
    report = check_file(str(path), expectations())
    expected: dict[str, int] = {}
    for one in injected:
        check = one.check.partition("_")[0]
        expected[check] = expected.get(check, 0) + len(one.rows)
    assert found(report) == expected
    aside = {row for one in injected if POLICY.severities[one.check] == "Q" for row in one.rows}
    assert report.quarantined == len(aside)


def test_the_rules_are_covered() -> None:
    """Rules without a fault here need what other tests give them: history, other ranges."""
    covered = {*ROW_FAULTS, *FILE_FAULTS}
    others = {"F09_gap", "F09_copy", "F11", "F16", "R03_foreign"}
    feeds = {"T01", "T02", "T03", "T03_learning"}
    assert covered | others | feeds == set(POLICY.severities)


def test_an_unknown_fault_is_refused() -> None:
    """A fault that does not fit the file is named, with those that do."""
    with pytest.raises(BadInput, match="allowed are"):
        inject(draft(rows=40), ["F99"], np.random.default_rng(1))


def test_a_file_too_small_for_its_faults_is_refused() -> None:
    """Faults need rows of their own."""
    with pytest.raises(BadInput, match="more rows"):
        inject(draft(rows=5), ["R01", "R04", "R03"], np.random.default_rng(1))
