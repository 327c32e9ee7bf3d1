"""``launch issues LAUNCH``: what keeps a mobile operator from going live, and how it ends."""

from typing import Annotated

import typer

from include.mobile_plans.commands.output import (
    AsJson,
    found_wanting,
    print_json,
    print_table,
)
from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import parse_instant
from include.mobile_plans.launch import (
    PARTIES,
    Issue,
    assign_issue,
    find_launch,
    launch_in_context,
    open_issue,
    resolve_issue,
    waive_issue,
)
from include.mobile_plans.policy import PartyName
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment

app = typer.Typer(
    invoke_without_command=True, add_completion=False, rich_markup_mode=None, no_args_is_help=True
)
Number = Annotated[int, typer.Argument(metavar="ISSUE", help="Its number.")]
By = Annotated[str, typer.Option(help="The named person who says so.")]
Party = Annotated[str, typer.Option(help="Who must act: program or mobile_operator.")]


@app.callback()
def issues(
    context: typer.Context,
    launch_id: Annotated[str, typer.Argument(metavar="LAUNCH", help="Such as launch-contoso-...")],
    *,
    as_json: AsJson = False,
) -> None:
    """List the issues of a launch (exit 1 if one is outstanding), or change one."""
    context.obj = launch_id
    if context.invoked_subcommand is not None:
        return
    now = SystemClock().now()
    with store_from_environment().snapshot() as connection:
        found = find_launch(connection, launch_id)
    if as_json:
        print_json(
            {"launch": launch_id, "issues": [_document(one) for one in found.issues.values()]}
        )
    else:
        rows = [
            (one.number, one.state(now), one.party, one.title, _how(one))
            for one in found.issues.values()
        ]
        print_table(("issue", "state", "must act", "what", "by whom, how"), rows)
    if found.outstanding_issues(now):
        raise found_wanting()


@app.command("open")
def open_one(
    context: typer.Context,
    title: Annotated[str, typer.Argument(help="What is wrong, in one line.")],
    *,
    party: Party,
    by: By,
) -> None:
    """Open an issue."""
    now = SystemClock().now()
    with store_from_environment().transaction() as connection:
        launch_id, who = str(context.obj), _party(party)
        issue = open_issue(connection, launch_id, title, party=who, by=by, now=now)
    _say(issue)


@app.command()
def assign(context: typer.Context, number: Number, *, party: Party, by: By) -> None:
    """Say which party must act."""
    now = SystemClock().now()
    with store_from_environment().transaction() as connection:
        issue = assign_issue(connection, str(context.obj), number, _party(party), by=by, now=now)
    _say(issue)


@app.command()
def resolve(
    context: typer.Context,
    number: Number,
    *,
    how: Annotated[str, typer.Option(help="What was done about it.")],
    by: By,
) -> None:
    """Write down that it was put right."""
    now = SystemClock().now()
    with store_from_environment().transaction() as connection:
        issue = resolve_issue(connection, str(context.obj), number, by=by, how=how, now=now)
    _say(issue)


@app.command()
def waive(
    context: typer.Context,
    number: Number,
    *,
    reason: Annotated[str, typer.Option(help="Why it may stand.")],
    until: Annotated[str, typer.Option(help="Until when, such as 2026-12-31T00:00:00Z.")],
    by: Annotated[str, typer.Option(help="A named person of the program who decides it.")],
) -> None:
    """Let it stand until a date; afterwards it refuses go-live again."""
    now, launch_id = SystemClock().now(), str(context.obj)
    ends = parse_instant(until, "--until")
    with store_from_environment().transaction() as connection:
        people = launch_in_context(connection, launch_id, now).people("program")
        if by not in people:
            msg = f"{by!r} cannot waive an issue: allowed are {', '.join(people)}"
            raise BadInput(msg)
        issue = waive_issue(
            connection, launch_id, number, by=by, reason=reason, until=ends, now=now
        )
    _say(issue)


def _party(text: str) -> PartyName:
    for party in PARTIES:
        if text == party:
            return party
    msg = f"{text!r} is no party: allowed are {' and '.join(PARTIES)}"
    raise BadInput(msg)


def _say(issue: Issue) -> None:
    state = issue.state(SystemClock().now())
    typer.echo(f"issue {issue.number} is {state}, {issue.party} must act: {issue.title}")


def _how(issue: Issue) -> str:
    if issue.resolution is not None:
        return f"{issue.resolution.by}: {issue.resolution.how}"
    if issue.waiver is not None:
        return f"{issue.waiver.by} until {issue.waiver.until}: {issue.waiver.reason}"
    return ""


def _document(issue: Issue) -> dict[str, object]:
    return {
        "issue": issue.number,
        "state": issue.state(SystemClock().now()),
        "title": issue.title,
        "party": issue.party,
        "found_in": issue.found_in,
        "opened_by": issue.opened_by,
        "opened_at": issue.opened_at,
        "resolution": issue.resolution
        and {"by": issue.resolution.by, "how": issue.resolution.how, "at": issue.resolution.at},
        "waiver": issue.waiver
        and {
            "by": issue.waiver.by,
            "reason": issue.waiver.reason,
            "until": issue.waiver.until,
        },
    }
