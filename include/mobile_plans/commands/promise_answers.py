"""The commands of ``promises`` that write: an answer that came, a task somebody takes."""

from pathlib import Path
from typing import Annotated

import typer

from include.mobile_plans.commands.output import AsJson, print_json, print_table
from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import format_instant, parse_instant
from include.mobile_plans.obligations import claim as claim_alert
from include.mobile_plans.obligations import meet as meet_promise
from include.mobile_plans.obligations import open_alerts
from include.mobile_plans.obligations.received import evidence_of, read_mail, received_at_of
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment

By = Annotated[str, typer.Option(metavar="NAME", help="The named person whose answer it is.")]


def meet(
    key: Annotated[str, typer.Argument(metavar="PROMISE")],
    *,
    by: By,
    mail: Annotated[
        Path | None,
        typer.Option(help="The mail that answers: its headers say when it was received."),
    ] = None,
    evidence: Annotated[str, typer.Option(help="What proves it, without a mail.")] = "",
    received_at: Annotated[
        str, typer.Option(metavar="INSTANT", help="When it was received, without a mail.")
    ] = "",
) -> None:
    """Record what met a promise; what counts is when it was received."""
    if mail is not None:
        content = read_mail(mail)
        received, proof = received_at_of(content), evidence_of(content)
    elif evidence and received_at:
        received, proof = parse_instant(received_at, "--received-at"), evidence
    else:
        msg = "say what proves it: --mail FILE, or --evidence TEXT with --received-at INSTANT"
        raise BadInput(msg)
    with store_from_environment().transaction() as connection:
        met = meet_promise(
            connection,
            key,
            by=by,
            evidence=proof,
            received_at=received,
            now=SystemClock().now(),
        )
    corrected = ", which corrects its breach" if met.corrected_at else ""
    typer.echo(f"{met.key} is {met.state}: received {format_instant(received)}{corrected}")


def duty(*, as_json: AsJson = False) -> None:
    """List the urgent tasks nobody has claimed."""
    with store_from_environment().snapshot() as connection:
        alerts = open_alerts(connection)
    columns = ("key", "role", "raised_at", "told", "next_at")
    if as_json:
        rows = [{name: getattr(alert, name) for name in columns} for alert in alerts]
        print_json({"urgent_tasks": rows})
        return
    print_table(columns, (tuple(getattr(alert, name) for name in columns) for alert in alerts))


def claim(key: Annotated[str, typer.Argument(metavar="TASK")], *, by: By) -> None:
    """Take an urgent task, so that nobody else is told of it."""
    with store_from_environment().transaction() as connection:
        taken = claim_alert(connection, key, by=by, now=SystemClock().now())
    typer.echo(f"{taken.key} is claimed by {taken.claimed_by}")
