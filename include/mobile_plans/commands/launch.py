"""``launch``: start, look at, cancel and verify launches."""

from typing import Annotated

import typer

from include.mobile_plans.commands.output import (
    AsJson,
    found_wanting,
    new_group,
    print_json,
    print_table,
)
from include.mobile_plans.launch import Launch, cancel_launch, find_launch, list_launches
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment, stream_head, verify_events

app = new_group()
LaunchId = Annotated[str, typer.Argument(metavar="LAUNCH", help="Such as launch-contoso-...-1.")]


@app.command("list")
def list_all(*, as_json: AsJson = False) -> None:
    """List all launches, newest first."""
    with store_from_environment().snapshot() as connection:
        launches = list_launches(connection)
    if as_json:
        print_json({"launches": launches})
        return
    columns = ("launch_id", "state", "started_at", "ended_at", "requested_by")
    print_table(columns, (tuple(row[name] for name in columns) for row in launches))


@app.command()
def show(launch_id: LaunchId, *, as_json: AsJson = False) -> None:
    """Show one launch with every check and answer."""
    with store_from_environment().snapshot() as connection:
        found = find_launch(connection, launch_id)
    if as_json:
        print_json(_document(found))
        return
    typer.echo(f"{found.launch_id}: {found.state}, to go live {found.request.target_at}")
    rows = [
        *(
            (check.at, check.name, "passed" if check.passed else "failed", check.detail)
            for check in found.checks.values()
        ),
        *(
            (answer.recorded_at, name, answer.option, answer.signed_by)
            for name, answers in found.answers.items()
            for answer in answers
        ),
    ]
    print_table(("at", "what", "result", "detail or signer"), sorted(rows))


@app.command()
def verify(launch_id: LaunchId, *, as_json: AsJson = False) -> None:
    """Recompute the chain of a launch's events (exit 1 if it was changed)."""
    with store_from_environment().snapshot() as connection:
        found = find_launch(connection, launch_id)
        findings = verify_events(connection, found.stream)
        head = stream_head(connection, found.stream)
    if as_json:
        problems = [{"position": f.position, "problem": f.problem} for f in findings]
        print_json({"launch": launch_id, "head_hash": head, "findings": problems})
    else:
        for finding in findings:
            typer.echo(f"event {finding.position}: {finding.problem}")
        typer.echo(f"{len(findings)} breaks found" if findings else f"whole, head {head}")
    if findings:
        raise found_wanting()


@app.command()
def cancel(
    launch_id: LaunchId,
    *,
    by: Annotated[str, typer.Option(help="The named person who decides it.")],
    reason: Annotated[str, typer.Option(help="Why.")],
) -> None:
    """Cancel an active launch, so that its mobile operator can be launched anew."""
    now = SystemClock().now()
    with store_from_environment().transaction() as connection:
        cancelled = cancel_launch(connection, launch_id, by=by, reason=reason, now=now)
    typer.echo(f"{cancelled.launch_id} is {cancelled.state}")


def _document(found: Launch) -> dict[str, object]:
    return {
        "launch": found.launch_id,
        "run": found.run_id,
        "mobile_operator": found.slug,
        "state": found.state,
        "started_at": found.started_at,
        "ended_at": found.ended_at,
        "request": found.request.document(),
        "checks": [
            {"name": c.name, "passed": c.passed, "detail": c.detail, "at": c.at}
            for c in found.checks.values()
        ],
        "answers": [
            {
                "question": a.question,
                "option": a.option,
                "values": dict(a.values),
                "recorded_by": a.recorded_by,
                "recorded_at": a.recorded_at,
            }
            for answers in found.answers.values()
            for a in answers
        ],
    }
