"""Answers and claims on the command line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.mobile_plans.commands import promise_answers as room
from include.mobile_plans.obligations import Wanted, open_obligation, raise_alert, sweep
from include.mobile_plans.policy import load_policy
from include.mobile_plans.policy.files import import_files, mobile_operator_paths, read_files
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store
from include.mobile_plans.store.schema import upgrade
from tests.mobile_plans.commands.running import CommandLine

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEY = "INC-0042:response"
MAIL = (
    b"Received: by mail.mobileplans.example; Mon, 23 Nov 2026 12:40:00 +0000\n"
    b"From: tobias@tailspin.example\nMessage-ID: <1@t>\nSubject: on it\n\nx\n"
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> VirtualClock:
    """The clock the commands ask."""
    clock = VirtualClock(NOON)
    monkeypatch.setattr(room, "SystemClock", lambda: clock)
    return clock


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: VirtualClock) -> Store:
    """A response due at one o'clock that was missed by half an hour, and an urgent task."""
    url = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", url)
    store, policy = Store(url), load_policy(SHIPPED_POLICY)
    upgrade(store)
    files = read_files(
        mobile_operator_paths([SHIPPED_POLICY / "mobile_operators"]), allow_loopback=True
    )
    wanted = Wanted(
        kind="initial_response_high",
        key=KEY,
        subject="incident:INC-0042",
        slug="tailspin",
        debtor="mobile_operator",
        since=NOON,
    )
    with store.transaction() as connection:
        import_files(
            connection,
            files.read,
            author="Ada",
            approver=None,
            reason="x",
            now=NOON - timedelta(days=1),
        )
        open_obligation(connection, wanted, policy, by="ops", now=NOON)
        raise_alert(
            connection,
            "call",
            role="operations_centre",
            headline="Call",
            link="http://x/",
            policy=policy,
            now=NOON,
        )
    clock.advance(timedelta(minutes=90))
    assert sweep(store, clock, policy).performed
    return store


def test_an_earlier_answer_corrects_a_breach(command_line: CommandLine, tmp_path: Path) -> None:
    """E6: a mail received in time and recorded late takes back the breach, and says so."""
    (tmp_path / "answer.eml").write_bytes(MAIL)

    answer = command_line(
        "promises", "meet", KEY, "--by", "Tobias Keller", "--mail", str(tmp_path / "answer.eml")
    )

    assert answer.code == 0
    assert "is met: received 2026-11-23T12:40:00Z, which corrects its breach" in answer.out


def test_a_late_answer_meets_it_late(command_line: CommandLine) -> None:
    """An answer by phone is stated with evidence and the time it was received."""
    answer = command_line(
        "promises",
        "meet",
        KEY,
        "--by",
        "Tobias Keller",
        "--evidence",
        "called back",
        "--received-at",
        "2026-11-23T13:20:00Z",
    )

    assert answer.code == 0
    assert "corrects" not in answer.out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "--mail FILE, or --evidence TEXT with --received-at"),
        (["--evidence", "x"], "--received-at"),
        (["--evidence", "x", "--received-at", "noon"], "ISO 8601"),
        (["--evidence", "x", "--received-at", "2026-11-24T00:00:00Z"], "in the future"),
        (["--mail", "nowhere.eml"], "cannot be read"),
    ],
)
def test_what_proves_nothing_is_refused(
    command_line: CommandLine, options: list[str], words: str
) -> None:
    """An answer without evidence or a possible time is refused and nothing is written."""
    answer = command_line("promises", "meet", KEY, "--by", "Tobias Keller", *options)

    assert answer.code == 2
    assert words in answer.err
    assert "Traceback" not in answer.err


def test_an_urgent_task_is_listed_and_claimed(command_line: CommandLine) -> None:
    """Somebody takes it by name, and it is no longer looked for."""
    listed = command_line("promises", "duty", "--json").document
    assert [task["key"] for task in listed["urgent_tasks"]] == ["call"]
    assert "operations_centre" in command_line("promises", "duty").out

    assert command_line("promises", "claim", "call", "--by", "Omar Reyes").code == 0
    assert command_line("promises", "claim", "call", "--by", "Olivia Stone").code == 2
    assert command_line("promises", "duty", "--json").document == {"urgent_tasks": []}
