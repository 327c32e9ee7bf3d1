"""Business time on the command line."""

import pytest

from tests.mobile_plans.commands.running import CommandLine

EVENT = ("--event", "2026-12-01T10:00:00Z", "--business-days", "5")
BOTH = ("--party", "US/America/Los_Angeles", "--party", "GB-ENG/Europe/London")
ZONE_PROBLEM = (
    "zone 'London' is unknown: use an IANA zone such as Europe/London; did you mean Europe/London?"
)


def test_deadline_as_json(command_line: CommandLine) -> None:
    """P1: one document with the deadline, the days that count and the holidays by name."""
    outcome = command_line("calendar", "deadline", *EVENT, *BOTH, "--json")
    assert outcome.code == 0
    assert outcome.document == {
        "deadline": "2026-11-23T10:00:00Z",
        "counted": ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-27", "2026-11-30"],
        "skipped": [{"date": "2026-11-26", "names": ["Thanksgiving Day (US)"]}],
        "zone": "America/Los_Angeles",
        "calendar_version": "holidays 0.109",
    }


def test_deadline_for_people(command_line: CommandLine) -> None:
    """P1: the same answer reads from top to bottom."""
    outcome = command_line("calendar", "deadline", *EVENT, *BOTH)
    first, header, *days, last = outcome.out.splitlines()
    assert first == "2026-11-23T10:00:00Z, by the clock of America/Los_Angeles"
    assert header.split() == ["date", "day", "is", "name"]
    assert [day.split()[1] for day in days] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Mon"]
    assert "2026-11-26  Thu  holiday  Thanksgiving Day (US)" in days
    assert last == "working days of holidays 0.109"


def test_after(command_line: CommandLine) -> None:
    """E4: within one business day is the same local time on the next working day."""
    outcome = command_line(
        *("calendar", "after", "--since", "2026-11-25T12:00:00-08:00", "--business-days", "1"),
        *("--party", "US/America/Los_Angeles", "--json"),
    )
    assert (outcome.code, outcome.document["deadline"]) == (0, "2026-11-27T20:00:00Z")


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (
            (*EVENT, "--party", "UK/London", "--party", "GB-EN/UTC"),
            [
                "country 'UK' is unknown: use a two-letter ISO 3166 code; did you mean GB?",
                ZONE_PROBLEM,
                "region 'EN' of GB is unknown: allowed are ENG, NIR, SCT, WLS; did you mean ENG?",
            ],
        ),
        (
            ("--event", "2026-12-01T10:00:00", "--business-days", "5", *BOTH),
            ["the event 2026-12-01T10:00:00 has no time zone: give an offset, such as Z or +01:00"],
        ),
        (
            ("--event", "2026-12-01T10:00:00Z", "--business-days", "0", *BOTH),
            ["0 business days are not allowed: 1 to 1000 are"],
        ),
        (EVENT, ["Missing option '--party'. (--help lists what is allowed)"]),
    ],
    ids=["parties", "naive", "no days", "no party"],
)
def test_bad_input(command_line: CommandLine, arguments: tuple[str, ...], lines: list[str]) -> None:
    """Bad input leaves with 2 and one line per problem, never a traceback."""
    outcome = command_line("calendar", "deadline", *arguments, "--json")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.splitlines() == lines
