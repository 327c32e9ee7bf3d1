"""Feeds of detail records on the command line."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.mobile_plans.policy import record_version
from include.mobile_plans.store import Store
from include.mobile_plans.store.schema import upgrade
from tests.mobile_plans.commands.running import CommandLine
from tests.mobile_plans.policy.examples import example

MAKE = ("xdr", "generate", "--mobile-operator", "contoso", "--from", "2026-11-22T00:00Z")


@pytest.fixture(autouse=True)
def no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mobile operators come from the policy's files unless a test names a store."""
    monkeypatch.delenv("MOBILE_PLANS_DATABASE_URL", raising=False)


def test_faults_made_are_faults_found(command_line: CommandLine, tmp_path: Path) -> None:
    """`xdr check --json` has the agreed shape and exit 1; every fault made is in it (X1)."""
    made = command_line(
        *MAKE, "--feed", "CDR", "--output", str(tmp_path), "--periods", "3", "--rows", "200",
        "--fault", "F04", "--fault", "R03", "--json",
    )  # fmt: skip
    assert made.code == 0
    listed = json.loads((tmp_path / "faults.json").read_text())
    assert made.document == listed
    checked = command_line("xdr", "check", str(tmp_path), "--mobile-operator", "contoso", "--json")
    assert checked.code == 1
    files = checked.document["files"]
    assert list(files[0]) == ["file", "feed", "accepted", "rows", "quarantined", "findings"]
    findings = [(file["file"], one) for file in files for one in file["findings"]]
    keys = ["check", "severity", "row", "column", "count", "message"]
    assert all(list(one) == keys for _, one in findings)
    assert {(file, one["check"], one["count"]) for file, one in findings} == {
        (fault["file"], fault["check"], fault["count"]) for fault in listed["faults"]
    }
    assert [file["accepted"] for file in files].count(False) == 1


@pytest.mark.parametrize("feed", ["CDR", "SDR", "TDR"])
def test_a_feed_without_faults_is_fine(
    feed: str, command_line: CommandLine, tmp_path: Path
) -> None:
    """Exit 0, with its mobile operator named and without: the contract alone holds then."""
    folder = str(tmp_path)
    command_line(*MAKE, "--feed", feed, "--output", folder, "--periods", "2", "--rows", "50")
    assert command_line("xdr", "check", folder, "--mobile-operator", "contoso").code == 0
    assert command_line("xdr", "check", folder).code == 0


def test_many_faults_of_any_kind(command_line: CommandLine, tmp_path: Path) -> None:
    """`--faults N` puts in as many, and the same seed the same ones."""
    arguments = (*MAKE, "--feed", "CDR", "--periods", "30", "--rows", "300", "--faults", "25")
    first = command_line(*arguments, "--output", str(tmp_path / "a"), "--seed", "4", "--json")
    again = command_line(*arguments, "--output", str(tmp_path / "b"), "--seed", "4", "--json")
    assert first.document == again.document
    assert len(first.document["faults"]) >= 25
    checked = command_line(
        "xdr", "check", str(tmp_path / "a"), "--mobile-operator", "contoso", "--json"
    )
    found = {
        (file["file"], one["check"])
        for file in checked.document["files"]
        for one in file["findings"]
    }
    assert {(one["file"], one["check"]) for one in first.document["faults"]} == found


def test_rows_set_aside_are_written(command_line: CommandLine, tmp_path: Path) -> None:
    """`--quarantine` keeps them in a file beside others."""
    feed, aside = tmp_path / "feed", tmp_path / "aside"
    command_line(*MAKE, "--feed", "CDR", "--output", str(feed), "--fault", "R04")
    checked = command_line(
        "xdr", "check", str(feed), "--mobile-operator", "contoso", "--quarantine", str(aside)
    )
    assert checked.code == 1
    assert "R04 Q 3x" in checked.out
    (kept,) = aside.iterdir()
    assert kept.name.endswith(".csv.gz.quarantine.parquet")


def test_the_store_decides_where_there_is_one(
    command_line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R03: with a store its record is asked, and the ranges of all others are known."""
    folder = tmp_path / "feed"
    command_line(*MAKE, "--feed", "CDR", "--output", str(folder), "--rows", "40")
    url = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", url)
    store = Store(url)
    upgrade(store)
    with store.transaction() as connection:
        for slug in ("contoso", "fabrikam"):
            record_version(
                connection,
                example(slug),
                author="Ada",
                approver=None,
                reason="test",
                now=datetime(2020, 1, 1, tzinfo=UTC),
            )
    assert command_line("xdr", "check", str(folder), "--mobile-operator", "contoso").code == 0
    other = command_line("xdr", "check", str(folder), "--mobile-operator", "fabrikam", "--json")
    checks = {one["check"] for one in other.document["files"][0]["findings"]}
    assert {"F01", "R03"} <= checks
    assert "contoso" not in json.dumps(
        [one for one in other.document["files"][0]["findings"] if one["check"] == "R03"]
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "/nowhere/at.all"), "no such file"),
        (("check", ".", "--feed", "XYZ"), "allowed are CDR, SDR, TDR"),
        (("check", ".", "--mobile-operator", "nobody"), "nobody"),
        ((*MAKE[1:], "--feed", "CDR", "--output", "x", "--fault", "F99"), "allowed are"),
        (("generate", "--mobile-operator", "northwind", "--from", "2026-11-22T00:00Z",
          "--feed", "SDR", "--output", "x"), "delivers no SDR"),
        ((*MAKE[1:-1], "2026-11-22T00:00", "--feed", "CDR", "--output", "x"), "no time zone"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(
    arguments: tuple[str, ...],
    words: str,
    command_line: CommandLine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit 2 and one clear line."""
    monkeypatch.chdir(tmp_path)
    refused = command_line("xdr", *arguments)
    assert refused.code == 2
    assert words in refused.err
    assert "Traceback" not in refused.err


def test_the_contract_is_printed_and_compared(command_line: CommandLine) -> None:
    """`xdr contract` prints it; `--check` finds docs as the code has them."""
    assert command_line("xdr", "contract").out.startswith("# xDR feed contract")
    assert command_line("xdr", "contract", "--check").code == 0
