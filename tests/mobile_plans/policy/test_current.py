"""The policy in force in a running process."""

import os
from pathlib import Path

import pytest

from include.mobile_plans.errors import BadInput
from include.mobile_plans.policy import policy_source, program_policy
from include.mobile_plans.policy.current import PolicySource
from tests.mobile_plans.policy.examples import copy_policy


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A copy of the shipped policy that a test may change."""
    return copy_policy(tmp_path / "policy")


def edit(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))
    # Two edits within one tick of the file system's clock would look like one.
    later = path.stat().st_mtime_ns + 1_000_000_000
    os.utime(path, ns=(later, later))


def test_unchanged_files_are_read_once(directory: Path) -> None:
    """Asking again costs a look at the files, and gives the same policy."""
    source = PolicySource(directory)
    assert source.current() is source.current()


def test_a_changed_file_takes_effect_without_a_restart(directory: Path) -> None:
    """A number that changes on disk is in force at the next question."""
    source = PolicySource(directory)
    assert source.current().promises.at_risk_share == 0.8
    edit(directory / "promises.yaml", "0.8", "0.7")
    assert source.current().promises.at_risk_share == 0.7


def test_the_last_valid_policy_stays_in_force(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Policy that becomes invalid while running does not take effect, and says so once."""
    source = PolicySource(directory)
    source.current()
    edit(directory / "promises.yaml", "0.8", "80")
    assert source.current().promises.at_risk_share == 0.8
    assert source.current().promises.at_risk_share == 0.8
    assert "at_risk_share: must be at most 1.0, not 80" in source.problems[0]
    assert len(caplog.records) == 1
    edit(directory / "promises.yaml", "80", "0.9")
    assert (source.current().promises.at_risk_share, source.problems) == (0.9, ())


def test_an_invalid_policy_is_refused_at_the_start(directory: Path) -> None:
    """With no valid policy before it, an invalid one stops the process that asks."""
    edit(directory / "promises.yaml", "0.8", "80")
    source = PolicySource(directory)
    for _ in range(2):
        with pytest.raises(BadInput, match="at_risk_share"):
            source.current()


def test_a_process_that_starts_meanwhile_begins_with_the_last_valid_policy(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What the store keeps is in force until the files are right again, and the log says so."""
    kept = PolicySource(directory).current()
    edit(directory / "promises.yaml", "0.8", "80")
    source = PolicySource(directory, lambda: kept)

    assert source.current() is kept
    assert "at_risk_share" in source.problems[0]
    assert "the last valid one stays in force" in caplog.text
    edit(directory / "promises.yaml", "80", "0.9")
    assert (source.current().promises.at_risk_share, source.problems) == (0.9, ())


def test_a_directory_that_vanishes_is_a_problem(directory: Path) -> None:
    """A removed directory keeps the last valid policy like any other mistake."""
    source = PolicySource(directory)
    source.current()
    directory.rename(directory.with_name("gone"))
    assert source.current().promises.at_risk_share == 0.8
    assert source.problems == (f"{directory}: is no directory",)


def test_the_process_reads_the_directory_of_the_environment(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One source per directory, the one that MOBILE_PLANS_POLICY_DIR names."""
    monkeypatch.setenv("MOBILE_PLANS_POLICY_DIR", str(directory))
    edit(directory / "promises.yaml", "0.8", "0.6")
    assert program_policy().promises.at_risk_share == 0.6
    assert policy_source() is policy_source()
