"""``audit``: everything of one mobile operator over a time, for somebody who checks it."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from include.mobile_plans.commands.output import (
    AsJson,
    found_wanting,
    new_group,
    print_json,
    write_new_file,
)
from include.mobile_plans.errors import BadInput, MobilePlansError
from include.mobile_plans.monitoring import Archive
from include.mobile_plans.orchestration.maintenance_outlook import desk_at
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.sla.audit import AuditScope, export_audit
from include.mobile_plans.store import store_from_environment

app = new_group()


@app.command()
def export(
    *,
    mobile_operator: Annotated[str, typer.Option(metavar="SLUG", help="Whose record.")],
    first: Annotated[str, typer.Option("--from", metavar="DAY", help="First UTC day.")],
    last: Annotated[str, typer.Option("--to", metavar="DAY", help="Last UTC day, included.")],
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to; must not exist.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write one zip: statements, records, policy, mails as sent, calls, promises, verification."""
    first_day, last_day = _day("--from", first), _day("--to", last)
    if last_day < first_day:
        msg = f"--to {last} is before --from {first}"
        raise BadInput(msg)
    file = output or Path(f"audit-{mobile_operator}-{first_day}-{last_day}.zip")
    with store_from_environment().snapshot() as connection:
        scope = AuditScope(
            connection=connection,
            desk=desk_at(connection, SystemClock().now()),
            archive=_archive(),
            slug=mobile_operator,
            first_day=first_day,
            last_day=last_day,
        )
        made = export_audit(scope)
    write_new_file(file, made.content, quietly=as_json)
    if as_json:
        problems, left_out = list(made.problems), list(made.left_out)
        print_json(
            {"file": file, "members": made.members, "problems": problems, "left_out": left_out}
        )
    else:
        for problem in made.problems:
            typer.echo(problem)
        for name in made.left_out:
            typer.echo(f"left out, because it names another mobile operator: {name}")
    if made.problems:
        raise found_wanting()


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        msg = f"{option} {text!r} is no day: write it as 2026-11-24"
        raise BadInput(msg) from None


def _archive() -> Archive | None:
    """Open the archive of samples, or None where none is named: the export says so."""
    try:
        return Archive.from_environment()
    except MobilePlansError:
        return None
