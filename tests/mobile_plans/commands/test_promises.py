"""Promises on the command line."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from include.mobile_plans.commands import promises as room
from include.mobile_plans.obligations import Wanted, meet, open_obligation, pause
from include.mobile_plans.policy import load_policy
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store, tables
from include.mobile_plans.store.schema import upgrade
from tests.mobile_plans.commands.running import CommandLine

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WANTED = Wanted(
    kind="outage_notice",
    key="INC-0042:outage_notice",
    subject="incident:INC-0042",
    slug="tailspin",
    debtor="program",
    since=NOON,
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> VirtualClock:
    """The clock the commands ask, at noon of a Monday."""
    clock = VirtualClock(NOON)
    monkeypatch.setattr(room, "SystemClock", lambda: clock)
    return clock


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store with three promises: two open, one met."""
    url = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", url)
    store = Store(url)
    upgrade(store)
    policy = load_policy(SHIPPED_POLICY)
    with store.transaction() as connection:
        for wanted in (
            WANTED,
            replace(WANTED, key="week", kind="iccid_configuration", slug="contoso"),
            replace(WANTED, key="done"),
        ):
            open_obligation(connection, wanted, policy, by="ops", now=NOON)
        meet(connection, "done", by="Olivia", evidence="a call", received_at=NOON, now=NOON)
    return store


@pytest.fixture
def run(
    store: Store,
    clock: VirtualClock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    """The command line, on that store and clock."""
    return CommandLine(monkeypatch, capsys)


def test_list_shows_every_promise(run: CommandLine) -> None:
    """E6: soonest due first, with what happens next and when."""
    outcome = run("promises", "list", "--json")

    assert outcome.code == 0
    listed = outcome.document["promises"]
    assert [one["key"] for one in listed] == [WANTED.key, "done", "week"]
    assert listed[0] == {
        "key": "INC-0042:outage_notice",
        "kind": "outage_notice",
        "title": "the notice of an outage by telephone and e-mail",
        "clause": "O1, O2",
        "subject": "incident:INC-0042",
        "mobile_operator": "tailspin",
        "debtor": "program",
        "creditor": "mobile_operator",
        "acts": "program.operations_centre",
        "state": "open",
        "since": "2026-11-23T12:00:00Z",
        "warn_at": "2026-11-23T12:24:00Z",
        "due_at": "2026-11-23T12:30:00Z",
        "left_s": 1800.0,
        "next_step": "warn",
        "next_at": "2026-11-23T12:24:00Z",
        "warned_at": None,
        "breached_at": None,
        "escalations": 0,
        "corrected_at": None,
        "waiting_for": None,
        "met_by": None,
        "evidence": None,
        "received_at": None,
        "recorded_at": None,
        "closed_at": None,
        "calendar_version": None,
    }
    assert (listed[1]["state"], listed[1]["met_by"], listed[1]["left_s"]) == ("met", "Olivia", None)


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        (("--mobile-operator", "contoso"), ["week"]),
        (("--state", "met"), ["done"]),
        (("--state", "met", "--state", "open"), [WANTED.key, "done", "week"]),
        (("--subject", "incident:INC-0043"), []),
    ],
)
def test_list_can_be_narrowed(run: CommandLine, options: tuple[str, ...], keys: list[str]) -> None:
    """By mobile operator, state and subject."""
    listed = run("promises", "list", *options, "--json").document["promises"]

    assert [one["key"] for one in listed] == keys


def test_list_as_a_table(run: CommandLine) -> None:
    """For people, one line each."""
    lines = run("promises", "list").out.splitlines()

    assert lines[0].split() == ["key", "state", "debtor", "mobile_operator", "due_at", "next_at"]
    assert lines[1].split()[:4] == [WANTED.key, "open", "program", "tailspin"]


def test_due_looks_ahead_and_finds_the_overdue(run: CommandLine, clock: VirtualClock) -> None:
    """E6: what is owed soon; exit 1 once something is overdue."""
    outcome = run("promises", "due", "--within", "PT1H", "--json")
    assert [one["key"] for one in outcome.document["promises"]] == [WANTED.key]
    assert outcome.code == 0
    assert len(run("promises", "due", "--within", "P7D", "--json").document["promises"]) == 2

    clock.advance(timedelta(hours=1))
    outcome = run("promises", "due", "--json")
    assert outcome.code == 1
    assert outcome.document["promises"][0]["left_s"] == -1800.0


def test_a_paused_promise_is_not_overdue(
    run: CommandLine, store: Store, clock: VirtualClock
) -> None:
    """Its clock stands still, and it says for whom it waits."""
    with store.transaction() as connection:
        pause(connection, WANTED.key, by="ops", waiting_for="us", received_at=NOON, now=NOON)
    clock.advance(timedelta(hours=1))

    outcome = run("promises", "due", "--json")
    assert outcome.code == 0
    (one,) = outcome.document["promises"]
    assert (one["state"], one["waiting_for"], one["left_s"]) == ("paused", "us", None)


def test_show_tells_everything_that_happened(run: CommandLine) -> None:
    """E6: the promise and each of its events."""
    document = run("promises", "show", "done", "--json").document

    assert document["promise"]["evidence"] == "a call"
    assert [event["kind"] for event in document["events"]] == [
        "obligation.opened",
        "obligation.met",
    ]
    assert document["events"][1]["received_at"] == "2026-11-23T12:00:00Z"
    text = run("promises", "show", "done").out
    assert "met_by            Olivia" in text
    assert "obligation.met" in text


def test_verify_finds_a_changed_row(run: CommandLine, store: Store) -> None:
    """E6: exit 1 with each difference between rows and events."""
    assert run("promises", "verify").out == "every promise stands as its events say\n"
    assert run("promises", "verify", "--json").document == {"differences": []}
    with store.transaction() as connection:
        table = tables.obligation
        connection.execute(
            update(table).where(table.c.obligation_key == "week").values(state="at_risk")
        )

    outcome = run("promises", "verify", "--json")
    problem = "its row says state is at_risk, its events say open"
    assert outcome.code == 1
    assert outcome.document == {"differences": [{"key": "week", "problem": problem}]}
    assert run("promises", "verify").out == f"week: {problem}\n1 differences found\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("list", "--state", "lost"), "--state 'lost' is unknown: allowed are open, at_risk"),
        (("due", "--within", "tomorrow"), "--within 'tomorrow' is not a duration: write PT1H"),
        (("due", "--within", "-P1D"), "--within '-P1D' is not a duration"),
        (("show", "nothing"), "there is no promise 'nothing': `promises list` shows them"),
    ],
)
def test_bad_input_is_one_line(run: CommandLine, arguments: tuple[str, ...], words: str) -> None:
    """Exit 2, one clear line, no traceback."""
    outcome = run("promises", *arguments)

    assert outcome.code == 2
    assert outcome.err.startswith(words)
    assert len(outcome.err.splitlines()) == 1
