"""``promises``: look at every promise with a clock, and at what its events say."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, get_args

import typer

from include.mobile_plans.commands import promise_answers
from include.mobile_plans.commands.output import (
    AsJson,
    found_wanting,
    new_group,
    print_json,
    print_table,
)
from include.mobile_plans.errors import BadInput
from include.mobile_plans.obligations import (
    Obligation,
    State,
    find_obligation,
    history,
    list_obligations,
    upcoming_step,
    verify_obligations,
)
from include.mobile_plans.policy.values import elapsed
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment

app = new_group()
for command in (promise_answers.meet, promise_answers.duty, promise_answers.claim):
    app.command()(command)
MobileOperator = Annotated[
    str | None, typer.Option(metavar="SLUG", help="Only those with this mobile operator.")
]


@app.command("list")
def list_all(
    *,
    mobile_operator: MobileOperator = None,
    subject: Annotated[
        str | None, typer.Option(metavar="STREAM", help="Only those about incident:INC-0042.")
    ] = None,
    state: Annotated[
        list[str] | None, typer.Option(help="Only those in this state; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List promises, soonest due first."""
    allowed = get_args(State)
    states = tuple(state or ())
    unknown = [one for one in states if one not in allowed]
    if unknown:
        msg = f"--state {unknown[0]!r} is unknown: allowed are {', '.join(allowed)}"
        raise BadInput(msg)
    with store_from_environment().snapshot() as connection:
        found = list_obligations(connection, slug=mobile_operator, subject=subject, states=states)
    _print(found, SystemClock().now(), as_json=as_json)


@app.command()
def due(
    *,
    within: Annotated[
        str, typer.Option(metavar="DURATION", help="How far ahead to look, such as P1D.")
    ] = "P1D",
    mobile_operator: MobileOperator = None,
    as_json: AsJson = False,
) -> None:
    """List what is owed and due soon or overdue (exit 1 if anything is overdue)."""
    ahead = elapsed(within)
    if ahead is None or ahead < timedelta(0):
        msg = f"--within {within!r} is not a duration: write PT1H, P1D or P7D"
        raise BadInput(msg)
    now = SystemClock().now()
    with store_from_environment().snapshot() as connection:
        found = list_obligations(connection, slug=mobile_operator, due_by=now + ahead)
    _print(found, now, as_json=as_json)
    if any(one.state != "paused" and one.due_at < now for one in found):
        raise found_wanting()


@app.command()
def show(
    key: Annotated[str, typer.Argument(metavar="PROMISE", help="Such as INC-0042:update:3.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show one promise with everything that happened to it."""
    now = SystemClock().now()
    with store_from_environment().snapshot() as connection:
        found = find_obligation(connection, key)
        events = history(connection, key)
    happened: list[dict[str, Any]] = [
        {
            "kind": event.kind,
            "recorded_at": event.recorded_at,
            "received_at": event.received_at,
            "by": event.actor,
            "data": event.data,
        }
        for event in events
    ]
    if as_json:
        print_json({"promise": _document(found, now), "events": happened})
        return
    for name, value in _document(found, now).items():
        typer.echo(f"{name:18}{'-' if value is None else value}")
    columns = ("recorded_at", "received_at", "kind", "by")
    print_table(columns, (tuple(one[name] for name in columns) for one in happened))


@app.command()
def verify(*, as_json: AsJson = False) -> None:
    """Recompute every promise from its events and list each difference (exit 1 if any)."""
    with store_from_environment().snapshot() as connection:
        differences = verify_obligations(connection)
    if as_json:
        print_json({"differences": [{"key": d.key, "problem": d.problem} for d in differences]})
    else:
        for difference in differences:
            typer.echo(f"{difference.key}: {difference.problem}")
        typer.echo(
            f"{len(differences)} differences found"
            if differences
            else "every promise stands as its events say"
        )
    if differences:
        raise found_wanting()


def _print(found: Iterable[Obligation], now: datetime, *, as_json: bool) -> None:
    documents = [_document(one, now) for one in found]
    if as_json:
        print_json({"promises": documents})
        return
    columns = ("key", "state", "debtor", "mobile_operator", "due_at", "next_at")
    print_table(columns, (tuple(one[name] for name in columns) for one in documents))


def _document(found: Obligation, now: datetime) -> dict[str, Any]:
    promise, answer, step = found.promise, found.answer, upcoming_step(found)
    left = None if found.is_closed or found.pause else found.due_at - now
    return {
        "key": promise.key,
        "kind": promise.kind,
        "title": promise.title,
        "clause": promise.clause,
        "subject": promise.subject,
        "mobile_operator": promise.slug,
        "debtor": promise.debtor,
        "creditor": promise.creditor,
        "acts": promise.roles.acts,
        "state": found.state,
        "since": promise.since,
        "warn_at": found.warn_at,
        "due_at": found.due_at,
        "left_s": left,
        "next_step": None if step is None else step.name,
        "next_at": None if step is None else step.at,
        "warned_at": found.warned_at,
        "breached_at": found.breached_at,
        "escalations": found.escalations,
        "corrected_at": found.corrected_at,
        "waiting_for": found.pause.waiting_for if found.pause else None,
        "met_by": answer.by if answer else None,
        "evidence": answer.evidence if answer else None,
        "received_at": answer.received_at if answer else None,
        "recorded_at": answer.recorded_at if answer else None,
        "closed_at": found.closed_at,
        "calendar_version": promise.counted.calendar_version if promise.counted else None,
    }
