"""The commands of ``incident`` that write: open one, post to one, record a call."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from include.mobile_plans.errors import BadInput
from include.mobile_plans.incidents import (
    FIELDS,
    Post,
    Report,
    call_key,
    find_incident,
    on_attempt,
    post,
    report,
    require_possible,
    stated_in,
    told_to,
)
from include.mobile_plans.instants import parse_instant
from include.mobile_plans.obligations import CallAttempt, find_call, record_attempt
from include.mobile_plans.obligations.received import evidence_of, read_mail, received_at_of
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment

Number = Annotated[str, typer.Argument(metavar="INCIDENT", help="Such as INC-0042.")]
By = Annotated[str, typer.Option(metavar="NAME", help="The named person.")]
Mail = Annotated[
    Path | None, typer.Option(help="The mail itself: its headers say when it was received.")
]
Received = Annotated[str, typer.Option(metavar="INSTANT", help="Empty: just now.")]


def open_one(  # noqa: PLR0913 - its options are the fields of the form
    *,
    what: Annotated[str, typer.Option(help="What happened.")],
    channel: Annotated[str, typer.Option(help="call, mail or program.")],
    service: Annotated[str, typer.Option(help="Such as portal, core_network, xdr, mobile_plans.")],
    mobile_operator: Annotated[
        list[str] | None,
        typer.Option(metavar="SLUG", help="Repeated or left out for an outage of our own."),
    ] = None,
    since: Annotated[str, typer.Option(metavar="INSTANT", help="Since when.")] = "",
    call_back: Annotated[str, typer.Option(help="Who reports it: name and number.")] = "",
    mail: Mail = None,
    received_at: Received = "",
    stated: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=TEXT", help=f"A fact; may be repeated: {', '.join(FIELDS)}."),
    ] = None,
    decide: Annotated[
        str, typer.Option(metavar="SEVERITY:REASON", help="Your own decision: 'high: why'.")
    ] = "",
) -> None:
    """Open an incident in either direction; what is not known yet is asked for later."""
    now = SystemClock().now()
    received, _ = _received(mail, received_at, now)
    known: Any = {"channel": channel, "service": service}
    given = Report(
        source=f"command:{now.isoformat()}",
        slugs=tuple(mobile_operator or ()),
        what=what,
        since=parse_instant(since, "--since") if since else received,
        received_at=received,
        caller=call_back,
        stated=stated_in(_pairs(stated)) if stated else None,
        override=_decision(decide) if decide else None,
        **known,
    )
    with store_from_environment().transaction() as connection:
        opened = report(connection, given, by="command line", now=now)
    typer.echo(f"{opened.incident_id} is {opened.state}, {opened.severity or 'no severity yet'}")


def update(
    number: Number,
    *,
    what: Annotated[str, typer.Option(help="first_response, update, severity_high, pause, ...")],
    by: By,
    text: Annotated[str, typer.Option(help="What was said, or for whom a pause waits.")],
    received_at: Received = "",
    mail: Mail = None,
    evidence: Annotated[str, typer.Option(help="What proves it, without a mail.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Send it without asking.")] = False,
) -> None:
    """Post to an incident, after showing the mobile operator and every recipient."""
    store, now = store_from_environment(), SystemClock().now()
    received, proof = _received(mail, received_at, now)
    wanted = Post(
        incident_id=number,
        what=what,
        by=by,
        text=text,
        received_at=received,
        recorded_by="command line",
        evidence=proof or evidence,
    )
    with store.snapshot() as connection:
        incident = find_incident(connection, number)
        require_possible(connection, incident, wanted, now)
        people = told_to(connection, incident, now)
    for name, person in people:
        typer.echo(f"goes to {name}: {person}")
    if not yes and not typer.confirm("send it?"):
        typer.echo("nothing was sent")
        return
    with store.transaction() as connection:
        posted = post(connection, wanted, now)
    typer.echo(f"{number} is {posted.state}")


def call(
    number: Number,
    *,
    reached: Annotated[str, typer.Option(metavar="NAME", help="Who answered; empty: nobody.")] = "",
    rank: Annotated[int, typer.Option(help="Which contact; 0: the next one.")] = 0,
    called_at: Annotated[str, typer.Option(metavar="INSTANT", help="Empty: just now.")] = "",
    ticket: Annotated[str, typer.Option(help="The reference they gave.")] = "",
    by: By = "command line",
) -> None:
    """Record a call of an incident that was made outside its phone task."""
    now = SystemClock().now()
    with store_from_environment().transaction() as connection:
        incident = find_incident(connection, number)
        if incident.severity is None:
            msg = f"{number} has no severity yet: nobody is called before that"
            raise BadInput(msg)
        asked = find_call(connection, call_key(incident))
        contacts = asked.wanted.contacts
        following = min(len(asked.attempts) + 1, len(contacts))
        if not 0 <= rank <= len(contacts):
            msg = f"--rank {rank} is no contact: {number} has {len(contacts)} to call"
            raise BadInput(msg)
        attempt = CallAttempt(
            rank=rank or following,
            reached=bool(reached),
            spoke_to=reached or None,
            called_at=parse_instant(called_at, "--called-at") if called_at else now,
            ticket=ticket or None,
            recorded_by=by,
            recorded_at=now,
        )
        made = record_attempt(connection, asked.wanted.key, attempt)
        on_attempt(connection, made, attempt)
    name = contacts[attempt.rank - 1].name
    typer.echo(f"{number}: {reached} was reached" if reached else f"{number}: {name} not reached")


def _received(mail: Path | None, received_at: str, now: datetime) -> tuple[datetime, str]:
    """Return when something reached us and what proves it, from the mail where there is one."""
    if mail is not None:
        content = read_mail(mail)
        return received_at_of(content), evidence_of(content)
    return parse_instant(received_at, "--received-at") if received_at else now, ""


def _pairs(stated: list[str]) -> dict[str, str]:
    pairs = dict(one.partition("=")[::2] for one in stated)
    unknown = [name for name in pairs if name not in FIELDS]
    if unknown:
        msg = f"--stated {unknown[0]!r} is unknown: allowed are {', '.join(FIELDS)}"
        raise BadInput(msg)
    return pairs


def _decision(text: str) -> tuple[Any, str]:
    severity, _, reason = text.partition(":")
    if severity.strip() not in ("high", "low") or not reason.strip():
        msg = f"--decide {text!r} is no decision: write 'high: why' or 'low: why'"
        raise BadInput(msg)
    return severity.strip(), reason.strip()
