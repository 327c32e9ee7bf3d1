"""``incident``: look at incidents, whom to call now, and what one shift hands to the next."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from include.mobile_plans.commands import incident_posts
from include.mobile_plans.commands.output import (
    AsJson,
    found_wanting,
    new_group,
    print_json,
    print_table,
    write_new_file,
)
from include.mobile_plans.errors import BadInput
from include.mobile_plans.incidents import (
    STATES,
    About,
    Incident,
    about,
    about_id,
    call_sheet,
    downtime,
    export_incident,
    hand_over,
    headline,
    list_incidents,
    timeline,
    verdict,
)
from include.mobile_plans.incidents import handover as read_handover
from include.mobile_plans.policy import program_policy
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment

app = new_group()
for command in (incident_posts.open_one, incident_posts.update, incident_posts.call):
    app.command(command.__name__.removesuffix("_one"))(command)
_SHEET = (
    *("outcome", "incident", "mobile_operator", "call", "phone"),
    *("deadline", "claimed_by", "about"),
)
Number = Annotated[str, typer.Argument(metavar="INCIDENT", help="Such as INC-0042.")]


@app.command("list")
def list_all(
    *,
    mobile_operator: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Only those of this mobile operator.")
    ] = None,
    state: Annotated[
        list[str] | None, typer.Option(help="Only those in this state; may be repeated.")
    ] = None,
    parent: Annotated[str | None, typer.Option(help="Only the parts of this incident.")] = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only those still open.")] = False,
    as_json: AsJson = False,
) -> None:
    """List incidents, oldest first."""
    unknown = [one for one in state or () if one not in STATES]
    if unknown:
        msg = f"--state {unknown[0]!r} is unknown: allowed are {', '.join(STATES)}"
        raise BadInput(msg)
    with store_from_environment().snapshot() as connection:
        found = list_incidents(
            connection,
            slug=mobile_operator,
            states=state or (),
            parent=parent,
            only_open=only_open,
        )
    _print_incidents(found, as_json=as_json)


@app.command()
def show(number: Number, *, as_json: AsJson = False) -> None:
    """Show one incident: what happened, its clocks, how long it lasted, our own delay apart."""
    with store_from_environment().snapshot() as connection:
        told = about_id(connection, number, SystemClock().now())
    document = _document(told.incident) | _around(told)
    if as_json:
        print_json(document)
        return
    for name, value in document.items():
        if not isinstance(value, list):
            typer.echo(f"{name:18}{'-' if value is None else value}")
    print_table(("at", "what"), timeline(told))
    rows = [(one.key, one.promise.debtor, one.state, verdict(one)) for one in told.promises]
    print_table(("promise", "owed by", "state", "verdict"), rows)


@app.command()
def export(
    number: Number, file: Annotated[Path, typer.Argument(help="Where to; must not exist.")]
) -> None:
    """Write one incident with every event, call, mail and promise as a self-contained HTML file."""
    with store_from_environment().snapshot() as connection:
        page = export_incident(connection, number, SystemClock().now())
    write_new_file(file, page)


@app.command()
def sheet(*, as_json: AsJson = False) -> None:
    """List whom to call now, at which number and by when (exit 1 if a call is overdue)."""
    now = SystemClock().now()
    with store_from_environment().snapshot() as connection:
        rows = call_sheet(connection, now)
    if as_json:
        print_json({"calls": rows})
    else:
        print_table(_SHEET, (tuple(row[name] for name in _SHEET) for row in rows))
    if any(row["reached_at"] is None and row["deadline"] < now for row in rows if row["deadline"]):
        raise found_wanting()


@app.command()
def handover(
    *,
    note: Annotated[str, typer.Option(help="What the next shift has to know.")] = "",
    by: Annotated[str, typer.Option(help="Who hands over.")] = "",
    to: Annotated[str, typer.Option(help="Who takes over.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show what is open, due soon and changed; with a note, hand it over to a named person."""
    store, now = store_from_environment(), SystemClock().now()
    with store.snapshot() as connection:
        found = read_handover(connection, program_policy(), now)
        changed = [about(connection, one, now) for one in found.changed]
    if note or by or to:
        with store.transaction() as connection:
            hand_over(connection, note=note, by=by, to=to, now=now)
    due = [(one.key, one.promise.debtor, one.due_at, one.promise.title) for one in found.due]
    last = found.last
    if as_json:
        print_json(
            {
                "open": [_document(one) for one in found.open],
                "due": [
                    dict(zip(("key", "owed_by", "due_at", "title"), r, strict=True)) for r in due
                ],
                "changed": [one.incident.incident_id for one in changed],
                "last": last and last.data | {"by": last.actor, "at": last.recorded_at},
            }
        )
        return
    if last is not None:
        typer.echo(f"last, {last.recorded_at}: {last.actor} to {last.data['taken_over_by']}")
        typer.echo(last.data["note"])
    _print_incidents(found.open, as_json=False)
    print_table(("due", "owed by", "at", "what"), due)
    for told in changed:
        at, words = timeline(told)[-1]
        typer.echo(f"changed: {told.incident.incident_id}, {at}: {words}")
    if to:
        typer.echo(f"{to} has taken over from {by}")


def _print_incidents(found: Iterable[Incident], *, as_json: bool) -> None:
    documents = [_document(one) for one in found]
    if as_json:
        print_json({"incidents": documents})
        return
    columns = ("incident", "state", "severity", "mobile_operator", "service", "since", "headline")
    print_table(columns, (tuple(one[name] for name in columns) for one in documents))


def _document(incident: Incident) -> dict[str, Any]:
    opening = incident.opening
    return {
        "incident": incident.incident_id,
        "state": incident.state,
        "severity": incident.severity,
        "mobile_operator": incident.slug,
        "service": opening.service,
        "told_by": opening.told_by,
        "channel": opening.channel,
        "since": opening.since,
        "aware_at": incident.aware_at,
        "opened_at": incident.opened_at,
        "recovered_at": incident.recovered_at,
        "ended_at": incident.ended_at,
        "parent": incident.parent,
        "headline": headline(incident),
    }


def _around(told: About) -> dict[str, Any]:
    lasted = downtime(told)
    return {
        "lasted_s": lasted.lasted,
        "at_least_s": lasted.at_least,
        "at_most_s": lasted.at_most,
        "our_delay_s": lasted.our_delay,
        "timeline": [{"at": at, "what": words} for at, words in timeline(told)],
        "promises": [
            {
                "key": one.key,
                "owed_by": one.promise.debtor,
                "state": one.state,
                "due_at": one.due_at,
            }
            for one in told.promises
        ],
    }
