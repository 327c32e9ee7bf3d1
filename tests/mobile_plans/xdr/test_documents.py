"""The contract that mobile operators are sent is what the code checks."""

from datetime import timedelta
from pathlib import Path

from include.mobile_plans.xdr.catalogue import CHECKS, NOT_BUILT
from include.mobile_plans.xdr.documents import _duration, pages, stale_pages, write_pages
from tests.mobile_plans.xdr.conftest import POLICY


def test_the_contract_in_docs_is_that_of_the_code() -> None:
    """X1: what mobile operators read and what is checked cannot part; `make docs` writes it."""
    assert stale_pages(POLICY) == []


def test_a_stale_page_is_named(tmp_path: Path) -> None:
    """The comparison can fail."""
    write_pages(POLICY, tmp_path)
    assert stale_pages(POLICY, tmp_path) == []
    first, *_ = pages(POLICY)
    (tmp_path / first).write_text("other")
    assert stale_pages(POLICY, tmp_path) == [first]


def test_every_check_is_in_the_contract() -> None:
    """Each rule has its words and its severity; what is not built is listed as such."""
    assert set(CHECKS) == set(POLICY.severities)
    page = next(iter(pages(POLICY).values()))
    for rule in CHECKS:
        assert f"| {rule.partition('_')[0]} |" in page
    after = page.partition("## Designed for, not built")[2]
    assert all(f"| {check} |" in after for check in NOT_BUILT)


def test_durations_are_in_words() -> None:
    """A duration is said in its largest whole unit."""
    assert [
        _duration(timedelta(**one)) for one in ({"days": 1}, {"minutes": 90}, {"seconds": 2})
    ] == [
        "1 day",
        "90 minutes",
        "2 seconds",
    ]
