"""``sla``: statements from a file without a database, and what is kept (M3)."""

from datetime import timedelta
from pathlib import Path

import pytest

from include.mobile_plans.policy import mobile_operator_in_force, people_of
from include.mobile_plans.sla import Desk
from tests.mobile_plans.commands.running import CommandLine
from tests.mobile_plans.sla import conftest as sla
from tests.mobile_plans.sla.conftest import LIVE_SINCE, MIDNIGHT, csv_of, fill, seal, write_csv

archive, clock, desk, policy, records = sla.archive, sla.clock, sla.desk, sla.policy, sla.records
ISSUE_KEYS = {
    "target": str,
    "slots": {"good", "bad", "excluded", "unknown"},
    "coverage": float,
    "availability": float,
    "availability_low": float,
    "availability_high": float,
    "availability_without_exclusions": float,
    "budget": {"allowed_s", "used_s", "left_s"},
    "latency": {"mean_ms", "share_within", "p50_ms", "p95_ms", "p99_ms"},
    "outages": list,
    "verdict": {"availability", "latency"},
}


def test_a_file_is_judged_without_a_database(
    command_line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The JSON has the keys that were agreed; instants end in Z, shares are 0 to 1 (M3)."""
    monkeypatch.delenv("MOBILE_PLANS_DATABASE_URL", raising=False)
    file = write_csv(tmp_path, csv_of("g" * 1997 + "bbb", MIDNIGHT, latency_ms=401))
    found = command_line(
        *("sla", "statement", "--samples", str(file), "--interval", "PT30S"),
        *("--target-availability", "0.999", "--latency-ms", "400", "--json"),
    )
    assert found.code == 0
    (one,) = found.document["targets"]
    for key, kind in ISSUE_KEYS.items():
        if isinstance(kind, set):
            assert kind <= one[key].keys()
        else:
            assert isinstance(one[key], kind)
    assert one["slots"] == {"good": 1997, "bad": 3, "excluded": 0, "unknown": 0}
    assert one["budget"]["allowed_s"] == pytest.approx(60)
    assert one["budget"]["left_s"] == pytest.approx(-30)
    assert one["verdict"] == {"availability": "missed", "latency": "missed"}
    (outage,) = one["outages"]
    assert outage == {
        "first_bad_at": "2026-11-22T16:38:30Z",
        "last_bad_at": "2026-11-22T16:39:30Z",
        "last_good_before": "2026-11-22T16:38:00Z",
        "first_good_after": None,
        "escalated": False,
        "incident": None,
    }


def test_what_is_not_known_is_null(command_line: CommandLine, tmp_path: Path) -> None:
    """Never 0 or 1 (M3)."""
    file = write_csv(tmp_path, csv_of("b", MIDNIGHT))
    (one,) = command_line("sla", "statement", "--samples", str(file), "--json").document["targets"]
    assert one["latency"]["mean_ms"] is None
    assert one["latency"]["share_within"] is None
    assert one["latency"]["p99_ms"] is None
    assert one["verdict"] == {"availability": "undecided", "latency": "undecided"}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "name either"),
        (["--samples", "no.csv"], "no.csv cannot be read"),
        (["--samples", "no.csv", "--interval", "30"], "--interval '30' is no duration"),
        (["--samples", "no.csv", "--interval", "PT0.5S"], "whole seconds"),
        (["--samples", "no.csv", "--target-availability", "99.9"], "is no share"),
        (["--samples", "no.csv", "--latency-ms", "nan"], "is no latency"),
        (["--mobile-operator", "contoso", "--from", "yesterday"], "--from 'yesterday' is no day"),
        (["--mobile-operator", "contoso", "--latency-ms", "4"], "are for --samples"),
        (["--samples", "no.csv", "--html"], "--html is for --mobile-operator"),
        (["--samples", "no.csv", "--json", "--csv"], "name one of --json, --csv and --html"),
    ],
)
def test_bad_input_leaves_with_2(
    command_line: CommandLine, arguments: list[str], problem: str
) -> None:
    """One clear line, never a traceback."""
    found = command_line("sla", "statement", *arguments)
    assert (found.code, found.out) == (2, "")
    assert problem in found.err


def test_every_bad_row_has_its_line(command_line: CommandLine, tmp_path: Path) -> None:
    """All mistakes at once, each with its line."""
    rows = ("contoso/portal,now,true,5", "contoso/portal,2026-11-22T00:00:00Z,true,5", "x")
    file = write_csv(tmp_path, *rows)
    found = command_line("sla", "statement", "--samples", str(file))
    assert found.code == 2
    assert [line.split(":")[0] for line in found.err.splitlines()] == [
        "samples.csv line 2",
        "samples.csv line 4",
    ]


def test_a_statement_from_the_store_to_a_dispute(command_line: CommandLine, desk: Desk) -> None:
    """Roll up, state, verify, dispute, decide: each on the command line (M3)."""
    fill(desk, MIDNIGHT, "g" * 2000 + "b" * 10 + "g" * 870)
    seal(desk)
    with desk.store.snapshot() as connection:
        version = mobile_operator_in_force(connection, "contoso", LIVE_SINCE)
    contact = people_of("mobile_operator", version.mobile_operator, desk.policy)[0]
    decider = people_of("program", None, desk.policy)[0]

    made = command_line("sla", "rollup", "--day", "2026-11-22", "--json")
    assert made.document["made"] == ["contoso/portal", "fabrikam/portal"]
    day = ("--mobile-operator", "contoso", "--from", "2026-11-22", "--to", "2026-11-22")
    stated = command_line("sla", "statement", *day, "--json")
    assert stated.document["targets"][0]["slots"]["bad"] == 10
    assert stated.document["number"] == "SLA-contoso-2026-11-22"
    table = command_line("sla", "statement", *day, "--csv").out.splitlines()
    day_row = "Contoso Mobile,contoso/portal,day,2026-11-22,2026-11-22,2870,10,0,0,0.9965"
    assert table[2].startswith(day_row)
    page = command_line("sla", "statement", *day, "--html").out
    assert page.startswith("<!doctype html>")
    assert "10 bad of 2,880 known slots" in page
    assert "10 bad of 2,880 known slots" in command_line("sla", "statement", *day).out
    assert command_line("sla", "verify", "--from", "2026-11-22").code == 0

    opened = command_line(
        *("sla", "dispute", "open", "--mobile-operator", "contoso", "--contact", contact),
        *("--from", (MIDNIGHT + timedelta(seconds=60_000)).isoformat()),
        *("--to", (MIDNIGHT + timedelta(seconds=60_300)).isoformat()),
        *("--evidence", "The log of our load balancer", "--file", "access.log", "--json"),
    )
    assert opened.document["disputes"][0]["state"] == "open"
    decided = command_line(
        *("sla", "dispute", "decide", "DSP-0001", "--as", "good", "--by", decider),
        *("--reason", "The log shows answers"),
    )
    assert "SLA-contoso-2026-11-22 was corrected: revision 1" in decided.out
    assert "bad slots: 10 -> 0" in decided.out
    listed = command_line("sla", "list", "--mobile-operator", "contoso", "--json")
    assert [one["revision"] for one in listed.document["statements"]] == [0, 1]
    assert "accepted" in command_line("sla", "dispute", "list").out
    assert command_line("sla", "verify", "--json").document["problems"] == []


def test_verification_that_finds_something_leaves_with_1(
    command_line: CommandLine, desk: Desk, tmp_path: Path
) -> None:
    """A file that is not what was sealed is named (M3)."""
    fill(desk, MIDNIGHT, "g" * 10)
    seal(desk)
    command_line("sla", "rollup", "--day", "2026-11-22")
    (file,) = tmp_path.rglob("*.parquet")
    file.write_bytes(file.read_bytes() + b"x")
    found = command_line("sla", "verify")
    assert found.code == 1
    assert "is not what was sealed" in found.out
