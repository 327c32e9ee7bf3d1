"""``bug``: look at bugs of either party; people log and decide them in ``bug_fix_request``."""

from typing import Annotated

import typer

from include.mobile_plans.commands.output import AsJson, new_group, print_json, print_table
from include.mobile_plans.incidents import find_bug, list_bugs
from include.mobile_plans.store import store_from_environment

app = new_group()
Number = Annotated[str, typer.Argument(metavar="BUG", help="Such as BUG-0003.")]


@app.command("list")
def list_all(
    *,
    mobile_operator: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Only those of this mobile operator.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List bugs, oldest first."""
    with store_from_environment().snapshot() as connection:
        rows = list_bugs(connection, mobile_operator)
    if as_json:
        print_json({"bugs": rows})
        return
    columns = ("bug_id", "state", "slug", "incident_id", "reported_at", "title")
    print_table(columns, (tuple(row[name] for name in columns) for row in rows))


@app.command()
def show(number: Number, *, as_json: AsJson = False) -> None:
    """Show one bug with everything that happened to it."""
    with store_from_environment().snapshot() as connection:
        found = find_bug(connection, number)
    events = [
        {"at": one.recorded_at, "what": one.kind, "by": one.actor, **one.data}
        for one in found.events
    ]
    if as_json:
        print_json({"bug": number, "state": found.state, "events": events})
        return
    typer.echo(f"{number} is {found.state}: {found.report['title']}")
    print_table(("at", "what", "by"), ((one["at"], one["what"], one["by"]) for one in events))
    for name, value in found.known.items():
        typer.echo(f"{name:18}{value or '-'}")
