"""The commands of ``xdr`` that read and write the store: periods, files, write-off, receive."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from include.mobile_plans.commands.output import AsJson, found_wanting, print_json, print_table
from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import parse_instant
from include.mobile_plans.monitoring import Archive
from include.mobile_plans.policy import mobile_operators_in_force, program_policy
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment
from include.mobile_plans.xdr import (
    CheckedFile,
    FeedFolder,
    PeriodState,
    PeriodStatus,
    check_arrival,
    checked_files,
    lying_unchecked,
    period_status,
    period_statuses,
    tend_feeds,
    waiting,
    write_off,
)

Slug = Annotated[
    str | None, typer.Option("--mobile-operator", metavar="SLUG", help="Only those of this one.")
]
_WRONG = (PeriodState.MISSING, PeriodState.REJECTED)


def periods(
    *,
    mobile_operator: Slug = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="How far back.")] = 7,
    only_open: Annotated[bool, typer.Option("--open", help="Only missing and refused.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the periods of feeds and how each stands (exit 1 if one is missing or refused)."""
    now, policy = SystemClock().now(), program_policy()
    begin = now - timedelta(days=days)
    with store_from_environment().snapshot() as connection:
        known = [one.slug for one in mobile_operators_in_force(connection, now)]
        slugs = known if mobile_operator is None else [mobile_operator]
        found = [
            status
            for slug in slugs
            for status in period_statuses(connection, slug, begin, now, policy, now)
        ]
    wrong = [one for one in found if one.state in _WRONG]
    shown = wrong if only_open else found
    if as_json:
        print_json({"periods": [_period(one) for one in shown]})
    elif shown:
        print_table(("period", "state", "due", "rows", "files"), map(_row, shown))
    else:
        typer.echo("no feed owes or lacks anything")
    if wrong:
        raise found_wanting()


def files(
    *,
    mobile_operator: Slug = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="How far back.")] = 7,
    as_json: AsJson = False,
) -> None:
    """List the files that were checked, what was found in each, and where the rest is kept."""
    since = SystemClock().now() - timedelta(days=days)
    with store_from_environment().snapshot() as connection:
        found = checked_files(connection, mobile_operator, None, checked_from=since)
    if as_json:
        print_json({"files": [_file(one) for one in found]})
        return
    for one in found:
        aside = f", {one.quarantined:,} set aside" if one.quarantined else ""
        kept = f", kept as {one.kept}" if one.kept else ""
        typer.echo(f"{one.place} {one.state}: {one.rows:,} rows{aside}{kept}")
        for line in _findings(one):
            typer.echo(line)
    if not found:
        typer.echo("no file was checked")


def write_off_period(
    *,
    mobile_operator: Annotated[str, typer.Option(metavar="SLUG", help="Whose feed.")],
    feed: Annotated[str, typer.Option(help="CDR, SDR or TDR.")],
    period: Annotated[str, typer.Option(metavar="INSTANT", help="Begin of the period.")],
    by: Annotated[str, typer.Option(metavar="NAME", help="The named person who gives it up.")],
    reason: Annotated[str, typer.Option(help="Why its file will not come.")],
) -> None:
    """Give up a period that is missing or refused: its file is asked for no more."""
    start, now, policy = parse_instant(period, "--period"), SystemClock().now(), program_policy()
    with store_from_environment().transaction() as connection:
        status = period_status(connection, mobile_operator, feed, start, policy, now)
        _require_open(status, f"{mobile_operator} {feed} {period}")
        write_off(connection, mobile_operator, feed, start, by=by, reason=reason, now=now)
    typer.echo(f"{mobile_operator} {feed} {period} is written off by {by}")


def receive() -> None:
    """Check every file that waits in the folder of feeds, and tell what follows as the DAG does."""
    store, clock = store_from_environment(), SystemClock()
    folder, archive = FeedFolder.from_environment(), Archive.from_environment()
    for arrival in waiting(store, folder, clock):
        typer.echo(check_arrival(store, clock, folder, archive, arrival))
    lying = lying_unchecked(store, folder, clock)
    done, problems = tend_feeds(store, clock, program_policy(), lying)
    for line in (*done, *problems):
        typer.echo(line)


def _require_open(status: PeriodStatus | None, name: str) -> None:
    """Refuse to give up what is not owed, or not open."""
    if status is None:
        msg = f"{name} is no period a file is owed of: `xdr periods` lists them"
        raise BadInput(msg)
    if status.state not in _WRONG:
        msg = f"{name} is {status.state.value}: only a missing or refused period is written off"
        raise BadInput(msg)


def _row(one: PeriodStatus) -> tuple[object, ...]:
    rows = "" if one.counted is None else one.counted.rows
    due: datetime = one.period.due_at
    return one.period.name, one.state.value, f"{due:%Y-%m-%d %H:%M}", rows, len(one.files)


def _period(one: PeriodStatus) -> dict[str, Any]:
    return {
        "mobile_operator": one.period.slug,
        "feed": one.period.feed,
        "period_start": one.period.start,
        "period_end": one.period.end,
        "state": one.state.value,
        "due_at": one.period.due_at,
        "missing_at": one.period.missing_at,
        "is_late": one.is_late,
        "written_off": one.written_off,
        "rows": None if one.counted is None else one.counted.rows,
        "files": [file.name for file in one.files],
    }


def _file(one: CheckedFile) -> dict[str, Any]:
    document = {name: getattr(one, name) for name in one.__dataclass_fields__}
    return document | {"mobile_operator": document.pop("slug")}


def _findings(one: CheckedFile) -> Iterator[str]:
    for found in one.findings:
        yield f"  {found['check']} {found['severity']} {found['count']}x: {found['message']}"
