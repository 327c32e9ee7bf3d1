"""``maintenance``: plan, look at, change, import and export maintenance, and who told in time."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from include.mobile_plans import maintenance as room
from include.mobile_plans.commands.output import (
    AsJson,
    found_wanting,
    new_group,
    print_json,
    print_table,
)
from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import parse_instant
from include.mobile_plans.maintenance import Desk, Maintenance, Plan, Proposal, Verdict, Word
from include.mobile_plans.orchestration.maintenance_outlook import desk_at
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment

app = new_group()
Id = Annotated[str, typer.Argument(metavar="MNT", help="Such as MNT-0007.")]
By = Annotated[str, typer.Option(metavar="NAME", help="The named person of who maintains.")]
Why = Annotated[str, typer.Option(help="The reason, or what proves a completion.")]
Window = Annotated[str, typer.Option(help="'2026-12-12 22:00 to 2026-12-13 02:00 Europe/London'.")]
Confirm = Annotated[bool, typer.Option("--confirm", help="Even if it is late or collides.")]
ReceivedAt = Annotated[
    str, typer.Option(metavar="INSTANT", help="When a mobile operator's word reached us.")
]


@app.command("list")
def list_all(
    *,
    only_open: Annotated[bool, typer.Option("--open", help="Only open ones.")] = False,
    as_json: AsJson = False,
) -> None:
    """List maintenance, the newest first."""
    with _reading() as desk:
        found = [_document(one) for one in desk.all(only_open=only_open)]
    if as_json:
        print_json({"maintenance": found})
        return
    columns = ("maintenance", "state", "maintained_by", "service", "starts_at", "ends_at")
    print_table(columns, (tuple(one[name] for name in columns) for one in found))


@app.command()
def show(maintenance_id: Id, *, as_json: AsJson = False) -> None:
    """Show one maintenance: its plan, each recipient's verdict, what was told."""
    with _reading() as desk:
        found = _document(desk.find(maintenance_id))
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        if name != "recipients":
            typer.echo(f"{name:16}{'-' if value in (None, [], '') else value}")
    _print_recipients(found["recipients"])


@app.command()
def new(  # noqa: PLR0913 - its options are the fields of the form
    *,
    maintained_by: Annotated[str, typer.Option(help="program, or a slug.")] = room.PROGRAM,
    service: Annotated[str, typer.Option(help="Such as mobile_plans or portal.")],
    window: Window,
    summary: Annotated[str, typer.Option(help="What is done: 'CHG-7: New gateway'.")],
    objects: Annotated[list[str] | None, typer.Option("--object", help="name = IMPACT.")] = None,
    recipient: Annotated[
        list[str] | None, typer.Option(help="A slug that is told; without, all live ones.")
    ] = None,
    announce: Annotated[bool, typer.Option("--announce", help="Tell it; else only look.")] = False,
    by: By = "",
    why: Why = "",
    received_at: ReceivedAt = "",
    as_json: AsJson = False,
) -> None:
    """
    Show by when each recipient must be told and what collides; with --announce, tell them.

    What is late or collides is told for a named person with a reason only: --by and --why. Of a
    mobile operator's notice they name its contact and its mail. Exit 1 where it was only looked at
    and is late or collides.
    """
    form = {
        "maintained_by": maintained_by,
        "service": service,
        "window": window,
        "summary": summary,
        "objects": "\n".join(objects or ()),
        "recipients": " ".join(recipient or ()),
    }
    said = {"signed_by": by, "evidence": why, "received_at": received_at}
    with _writing() as desk:
        plan = room.plan_from_form(form, desk.policy)
        proposal = room.preview(desk, plan, Word(by=by, at=desk.now))
        doubts = room.reservations(proposal, desk.now)
        name = _announced(desk, plan, said, doubts) if announce else None
        _print_proposal(proposal, doubts, name, as_json=as_json, now=desk.now)
    if doubts and not announce:
        raise found_wanting()


@app.command()
def update(
    maintenance_id: Id,
    *,
    change: Annotated[str, typer.Option(help=" ".join(room.CHANGES))],
    by: By,
    why: Why,
    window: Window = "",
    received_at: ReceivedAt = "",
    confirm: Confirm = False,
) -> None:
    """Record another window, more time, completion or cancellation; who was told is told that."""
    form = {"signed_by": by, "evidence": why, "window": window, "received_at": received_at}
    with _writing() as desk:
        after = room.update(desk, maintenance_id, change, form)
        if after.proposal is not None:
            doubts = room.reservations(after.proposal, desk.now)
            if not confirm:
                raise BadInput(*doubts, "nothing was changed: --confirm does it all the same")
            word = room.signed_word(desk, after.proposal.plan, form)
            after = room.announce(desk, maintenance_id, word)
    held = ", held back: monitoring still sees the service fail" if after.report else ""
    typer.echo(f"{after.maintenance_id} is {after.state}{held}")


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A .ics, or a mail with one saved as .eml.")],
    *,
    received_at: ReceivedAt = "",
) -> None:
    """Take a mobile operator's notice in (exit 1 where a person has to read it)."""
    now = SystemClock().now()
    content, written_at = room.read_file(file, now)
    at = parse_instant(received_at, "--received-at") if received_at else written_at
    if at > now:
        msg = f"--received-at {received_at} lies in the future"
        raise BadInput(msg)
    with _writing() as desk:
        outcome, is_read = room.take_in(desk, file.name, content, at)
    typer.echo(outcome)
    if not is_read:
        raise found_wanting()


@app.command()
def export(
    maintenance_id: Id,
    *,
    recipient: Annotated[str, typer.Option(help="Whose entry; else the first one's.")] = "",
    original: Annotated[bool, typer.Option("--original", help="The file it came in.")] = False,
) -> None:
    """Print the calendar file of a maintenance on standard output."""
    with _reading() as desk:
        found = desk.find(maintenance_id)
        if original:
            kept = room.original_of(desk, found)
            if kept is None:
                msg = f"{maintenance_id} did not come in a file"
                raise BadInput(msg)
            content = kept[1]
        else:
            content = room.calendar_file(desk, found, _recipient(found, recipient))
    typer.echo(content, nl=False)


@app.command()
def compliance(
    *,
    since: Annotated[str, typer.Option("--from", metavar="DAY", help="First UTC day.")],
    until: Annotated[str, typer.Option("--to", metavar="DAY", help="Last UTC day, included.")],
    as_json: AsJson = False,
) -> None:
    """Show of each party which notices were in time, how late, and completion (exit 1 if late)."""
    begin, end = _day(since, "--from"), _day(until, "--to") + timedelta(days=1)
    with _reading() as desk:
        found = room.compliance(desk.all(), begin, end, desk.policy, desk.now)
    if as_json:
        names = room.Compliance.__dataclass_fields__
        notices = [{_unit(name): getattr(one, name) for name in names} for one in found]
        print_json({"from": begin, "to": end, "notices": notices})
    else:
        columns = tuple(room.Compliance.__dataclass_fields__)
        print_table(columns, (tuple(getattr(one, name) for name in columns) for one in found))
    for party in sorted({one.maintained_by for one in found}) if not as_json else ():
        theirs = [one for one in found if one.maintained_by == party]
        in_time = sum(one.late_by is None for one in theirs)
        told = sum(one.completion in ("in time", "cancelled", "not due") for one in theirs)
        typer.echo(
            f"{party}: {in_time} of {len(theirs)} notices in time, completion as it should be for "
            f"{told}"
        )
    if any(one.late_by or one.completion in ("late", "not told") for one in found):
        raise found_wanting()


@contextmanager
def _reading() -> Iterator[Desk]:
    with store_from_environment().snapshot() as connection:
        yield desk_at(connection, SystemClock().now())


@contextmanager
def _writing() -> Iterator[Desk]:
    with store_from_environment().transaction() as connection:
        yield desk_at(connection, SystemClock().now())


def _announced(desk: Desk, plan: Plan, said: dict[str, str], doubts: list[str]) -> str:
    """Record and tell a plan, signed where it is a mobile operator's, late or colliding."""
    if doubts and not (said["signed_by"] and said["evidence"]):
        raise BadInput(*doubts, "a named person confirms that: --by NAME --why REASON")
    if doubts or plan.party == "mobile_operator":
        word = room.signed_word(desk, plan, said)
    else:
        word = Word(by=said["signed_by"] or "command line", at=desk.now)
    proposed = room.propose(desk, plan, word)
    return room.announce(desk, proposed.maintenance_id, word).maintenance_id


def _print_proposal(
    proposal: Proposal, doubts: list[str], name: str | None, *, as_json: bool, now: datetime
) -> None:
    recipients = _recipients(proposal.verdicts, now)
    first = room.send_by(proposal.verdicts)
    if as_json:
        print_json(
            {
                "maintenance": name,
                "send_by": first,
                "recipients": recipients,
                "reservations": doubts,
            }
        )
        return
    _print_recipients(recipients)
    if first is not None:
        typer.echo(f"send by {first:%Y-%m-%d %H:%M} UTC")
    for doubt in doubts:
        typer.echo(doubt)
    typer.echo(f"{name} is announced" if name else "nothing was written: --announce tells it")


def _document(of: Maintenance) -> dict[str, Any]:
    plan = of.latest_plan
    window = plan.window if plan else None
    return {
        "maintenance": of.maintenance_id,
        "state": of.state,
        "maintained_by": plan.maintained_by if plan else None,
        "service": plan.service if plan else None,
        "objects": [f"{one.name} = {one.impact}" for one in plan.objects] if plan else [],
        "summary": plan.summary if plan else None,
        "reference": plan.reference if plan else None,
        "starts_at": window.starts_at if window else None,
        "ends_at": window.ends_at if window else None,
        "extended_to": of.extended_to,
        "told": list(of.steps),
        "reason": of.reason,
        "closed_at": of.closed_at,
        "problems": list(of.problems),
        "is_proposed": of.proposal is not None,
        "recipients": _recipients(of.verdicts, None),
    }


def _recipients(verdicts: Mapping[str, Verdict], now: datetime | None) -> list[dict[str, Any]]:
    return [
        {
            "recipient": recipient,
            "due_at": one.deadline.instant,
            "told_at": one.told_at,
            "late_by_s": one.late_by(now),
            "calendars": list(one.calendars),
            "counted": list(one.deadline.counted),
            "skipped": [{"date": d.date, "names": d.names} for d in one.deadline.skipped],
            "calendar_version": one.deadline.calendar_version,
        }
        for recipient, one in verdicts.items()
    ]


def _print_recipients(recipients: list[dict[str, Any]]) -> None:
    columns = ("recipient", "due_at", "told_at", "late_by_s", "calendars")
    print_table(columns, (tuple(one[name] for name in columns) for one in recipients))


def _recipient(of: Maintenance, wanted: str) -> str:
    plan = of.latest_plan
    if plan is None or (wanted and wanted not in plan.recipients):
        allowed = ", ".join(plan.recipients) if plan else "none: it could not be read"
        msg = f"{of.maintenance_id} has no calendar file for {wanted or 'anybody'}: {allowed}"
        raise BadInput(msg)
    return wanted or plan.recipients[0]


def _unit(name: str) -> str:
    return f"{name}_s" if name.endswith("late_by") else name


def _day(text: str, option: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(), tzinfo=UTC)
    except ValueError:
        msg = f"{option} {text!r} is not a date: write it as 2026-12-01"
        raise BadInput(msg) from None
