"""``xdr periods|files|write-off|receive``: what came, what is missing, what is given up (X1)."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.mobile_plans.policy import change_state
from include.mobile_plans.policy.files import import_files, mobile_operator_paths, read_files
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.simulation.xdr_feeds import deliver
from include.mobile_plans.store import Store
from include.mobile_plans.store.schema import upgrade
from tests.mobile_plans.commands.running import CommandLine
from tests.mobile_plans.policy.examples import example

HOUR = timedelta(hours=1)
NOW = datetime.now(UTC)
THIS_HOUR = NOW.replace(minute=0, second=0, microsecond=0)


@pytest.fixture
def feeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tailspin, live for eight hours, with an hourly feed in a folder of its own."""
    url = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", url)
    monkeypatch.setenv("MOBILE_PLANS_POLICY_DIR", str(SHIPPED_POLICY))
    monkeypatch.setenv("MOBILE_PLANS_XDR_DIR", str(tmp_path / "feeds"))
    monkeypatch.setenv("MOBILE_PLANS_ARCHIVE", str(tmp_path / "archive"))
    store = Store(url)
    upgrade(store)
    found = read_files(
        mobile_operator_paths([SHIPPED_POLICY / "mobile_operators"]), allow_loopback=True
    )
    live = THIS_HOUR - 8 * HOUR
    with store.transaction() as connection:
        import_files(
            connection, found.read, author="Ada", approver=None, reason="examples", now=live
        )
        change_state(
            connection, "tailspin", "live", author="Ada", approver=None, reason="live", now=live
        )
    return tmp_path / "feeds"


def send(feeds: Path, hours_ago: int, *faults: str) -> None:
    folder = feeds / "tailspin"
    before = set(folder.glob("*"))
    deliver(
        folder,
        example("tailspin"),
        "CDR",
        THIS_HOUR - hours_ago * HOUR,
        periods=1,
        rows=40,
        faults=faults,
    )
    for file in set(folder.glob("*")) - before:
        os.utime(file, ((NOW - HOUR / 2).timestamp(),) * 2)


def test_the_story_of_a_feed(feeds: Path, command_line: CommandLine) -> None:
    """X1: what came is checked, what is missing is shown, and given up by name."""
    send(feeds, 8)
    send(feeds, 7, "F04")
    received = command_line("xdr", "receive")
    assert received.code == 0
    assert "PT1H_000001.csv.gz accepted: 40 rows" in received.out
    assert "INC-0001" in received.out

    listed = command_line("xdr", "periods", "--json")
    assert listed.code == 1
    states = [one["state"] for one in listed.document["periods"]]
    assert len(states) == 8
    assert states[:3] == ["accepted", "rejected", "missing"]
    assert listed.document["periods"][0]["rows"] == 40
    assert "tailspin CDR" in command_line("xdr", "periods", "--open").out

    files = command_line("xdr", "files", "--mobile-operator", "tailspin", "--json").document
    assert [one["state"] for one in files["files"]] == ["accepted", "rejected"]
    assert files["files"][1]["kept"].startswith("xdr/refused/tailspin/")
    assert "F04 R 1x" in command_line("xdr", "files").out

    for hours in (7, 6, 5):
        given = command_line("xdr", "write-off", *period(hours), "--by", "Ada", "--reason", "lost")
        assert given.code == 0, given.err
    again = command_line("xdr", "write-off", *period(6), "--by", "Ada", "--reason", "lost")
    assert again.code == 2
    assert "is written off: only a missing or refused period is written off" in again.err
    states = {one["state"] for one in command_line("xdr", "periods", "--json").document["periods"]}
    assert states <= {"accepted", "written off", "late", "awaited", "missing"}


def period(hours_ago: int) -> tuple[str, ...]:
    begin = f"{THIS_HOUR - hours_ago * HOUR:%Y-%m-%dT%H:%M:%SZ}"
    return "--mobile-operator", "tailspin", "--feed", "CDR", "--period", begin


def test_what_cannot_be_given_up(feeds: Path, command_line: CommandLine) -> None:
    """X1: only what is owed and open; every mistake is named."""
    del feeds
    wrong = command_line("xdr", "write-off", *period(30), "--by", "Ada", "--reason", "lost")
    assert (wrong.code, "is no period a file is owed of" in wrong.err) == (2, True)
    nobody = command_line("xdr", "write-off", *period(7), "--by", " ", "--reason", "lost")
    assert (nobody.code, "named person" in nobody.err) == (2, True)
    unknown = command_line("xdr", "periods", "--mobile-operator", "contosso")
    assert (unknown.code, "contosso" in unknown.err) == (2, True)


def test_without_a_folder_it_says_what_to_set(
    feeds: Path, command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X1: bad input names the variable."""
    del feeds
    monkeypatch.delenv("MOBILE_PLANS_XDR_DIR")
    found = command_line("xdr", "receive")
    assert (found.code, "MOBILE_PLANS_XDR_DIR is not set" in found.err) == (2, True)
