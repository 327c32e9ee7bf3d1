"""What people read of a launch before they sign, as tables in Markdown."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from include.mobile_plans.launch.rules import gate_question, gate_questions, signed_steps
from include.mobile_plans.launch.state import FAIL, Launch, step_question


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; what people typed cannot break out of its cell."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def checks_table(launch: Launch) -> str:
    """Show the latest finding of each check of ours."""
    return markdown_table(
        ("Our check", "Result", "Found", "At (UTC)"),
        [
            (check.name, "ok" if check.passed else "**not ok**", check.detail, _minute(check.at))
            for check in launch.checks.values()
        ],
    )


def gates_table(launch: Launch) -> str:
    """Show who confirmed each gate with which evidence, or why it does not apply."""
    rows = []
    for gate, party in gate_questions(launch):
        answer = launch.latest(gate_question(gate, party))
        if answer is None:
            rows.append((gate.title, party.replace("_", " "), "not answered yet", "", ""))
            continue
        proof = answer.values.get("evidence") or answer.values.get("reason", "")
        rows.append(
            (
                gate.title,
                party.replace("_", " "),
                answer.option,
                proof,
                f"{answer.signed_by}, {_minute(answer.recorded_at)}",
            )
        )
    return markdown_table(("Gate", "Owner", "Answer", "Evidence or reason", "Signed"), rows)


def issues_table(launch: Launch, now: datetime) -> str:
    """Show every issue and how it stands; waivers with their end."""
    if not launch.issues:
        return "No issues were found."
    rows = []
    for issue in launch.issues.values():
        note = ""
        if issue.resolution is not None:
            note = f"{issue.resolution.by}: {issue.resolution.how}"
        elif issue.waiver is not None:
            waiver = issue.waiver
            note = f"{waiver.by}, until {_minute(waiver.until)}: {waiver.reason}"
        state = issue.state(now)
        shown = f"**{state}**" if issue.is_outstanding(now) else state
        rows.append((str(issue.number), shown, issue.title, issue.party.replace("_", " "), note))
    return markdown_table(("Issue", "State", "What", "Must act", "By whom, how"), rows)


def steps_table(launch: Launch) -> str:
    """Show every passed step with person, time, evidence, and how often it failed before (L9)."""
    rows = []
    for scenario, step, answer in signed_steps(launch):
        attempts = launch.answers[step_question(scenario.name, step.name)]
        failed = sum(attempt.option == FAIL for attempt in attempts)
        rows.append(
            (
                scenario.title,
                step.title,
                answer.signed_by,
                _minute(answer.recorded_at),
                answer.values.get("device", ""),
                answer.values["evidence"],
                str(failed),
            )
        )
    head = ("Scenario", "Step", "Signed by", "At (UTC)", "Device", "Evidence", "Failed before")
    return markdown_table(head, rows)


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
