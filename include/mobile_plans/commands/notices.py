"""``notices``: look at every mail and what became of it, and ask for one to be tried again."""

from typing import Annotated, Any, cast, get_args

import typer

from include.mobile_plans.commands.output import AsJson, new_group, print_json, print_table
from include.mobile_plans.errors import BadInput
from include.mobile_plans.notices import DeliveryState, NoticeRow, find_notice, list_notices
from include.mobile_plans.notices import requeue as requeue_delivery
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import read_events, store_from_environment

app = new_group()
Key = Annotated[str, typer.Argument(metavar="NOTICE", help="Its key, as `notices list` has it.")]


@app.command("list")
def list_all(
    *,
    state: Annotated[str | None, typer.Option(help="Only with a delivery in this state.")] = None,
    mobile_operator: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Only those about this mobile operator.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List notices, oldest first, with what became of each delivery."""
    allowed = get_args(DeliveryState)
    if state is not None and state not in allowed:
        msg = f"--state {state!r} is unknown: allowed are {', '.join(allowed)}"
        raise BadInput(msg)
    with store_from_environment().snapshot() as connection:
        found = list_notices(
            connection, state=cast("DeliveryState | None", state), slug=mobile_operator
        )
    if as_json:
        print_json({"notices": [_document(row) for row in found]})
        return
    print_table(
        ("queued_at", "notice", "recipient", "state", "attempts", "answer"),
        (
            (
                f"{row.queued_at:%Y-%m-%d %H:%M:%S}",
                row.key,
                d.recipient,
                d.state,
                d.attempts,
                d.answer,
            )
            for row in found
            for d in row.deliveries
        ),
    )


@app.command()
def show(key: Key, *, as_json: AsJson = False) -> None:
    """Show one notice with everything that happened to it."""
    with store_from_environment().snapshot() as connection:
        row = find_notice(connection, key)
        events = read_events(connection, row.stream)
    if as_json:
        happened = [
            {"kind": e.kind, "at": e.recorded_at, "by": e.actor, "data": e.data} for e in events
        ]
        print_json({"notice": _document(row), "events": happened})
        return
    for name in ("key", "kind", "party", "slug", "thread", "subject", "message_id", "queued_at"):
        value = getattr(row, name)
        typer.echo(f"{name:12}{'-' if value is None else value}")
    print_table(
        ("at", "what", "recipient", "by"),
        ((e.recorded_at, e.kind, e.data.get("recipient"), e.actor) for e in events),
    )


@app.command()
def requeue(
    key: Key,
    recipient: Annotated[str, typer.Argument(help="One of its recipients.")],
    *,
    by: Annotated[str, typer.Option(metavar="NAME", help="The named person who asks.")],
    even_if_sent: Annotated[
        bool, typer.Option("--even-if-sent", help="Send it once more although it was sent.")
    ] = False,
) -> None:
    """Ask for a delivery to be tried again now."""
    with store_from_environment().transaction() as connection:
        requeue_delivery(
            connection,
            key,
            recipient,
            by=by,
            now=SystemClock().now(),
            even_if_sent=even_if_sent,
        )
    typer.echo(f"{key} is queued again for {recipient}")


def _document(row: NoticeRow) -> dict[str, Any]:
    return {
        "key": row.key,
        "kind": row.kind,
        "party": row.party,
        "mobile_operator": row.slug,
        "thread": row.thread,
        "subject": row.subject,
        "message_id": row.message_id,
        "queued_at": row.queued_at,
        "deliveries": [
            {name: getattr(d, name) for name in d.__dataclass_fields__} for d in row.deliveries
        ],
    }
