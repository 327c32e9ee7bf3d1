"""``sla``: statements, the rollups they are made of, and disputes."""

import csv
import getpass
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from include.mobile_plans import sla as room
from include.mobile_plans.commands.output import (
    AsJson,
    found_wanting,
    new_group,
    print_json,
    print_table,
)
from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import parse_instant
from include.mobile_plans.orchestration.sla_feeds import feed_lines
from include.mobile_plans.policy import mobile_operator_in_force, program_policy
from include.mobile_plans.policy.values import elapsed
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.sla.model import Statement, TargetFigures
from include.mobile_plans.store import store_from_environment

app = new_group()
disputes = new_group()
app.add_typer(disputes, name="dispute", help="What mobile operators dispute: open, decide, list.")
_COLUMNS = ("target", "availability", "coverage", "good", "bad", "excluded", "unknown", "verdict")
Slug = Annotated[str, typer.Option("--mobile-operator", metavar="SLUG", help="Whose.")]
First = Annotated[str, typer.Option("--from", metavar="DAY", help="The first UTC day, 2026-11-01.")]
Last = Annotated[str, typer.Option("--to", metavar="DAY", help="The last UTC day, included.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print one CSV row per UTC day.")]
AsHtml = Annotated[bool, typer.Option("--html", help="Print the page that partners get.")]


@app.command()
def statement(  # noqa: PLR0913 - two sources, two forms
    *,
    slug: Slug = "",
    first: First = "",
    last: Last = "",
    samples: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV: target,at,ok,latency_ms; no database.")
    ] = None,
    interval: Annotated[
        str, typer.Option(metavar="DURATION", help="The length of the file's slots.")
    ] = "",
    target_availability: Annotated[
        float | None, typer.Option(help="The share promised, for a file; policy's if not given.")
    ] = None,
    latency_ms: Annotated[
        float | None, typer.Option(help="The latency promised, likewise.")
    ] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    as_html: AsHtml = False,
) -> None:
    """
    Show the statement of a mobile operator over whole UTC days, or the figures of a file.

    A statement is made once; made again from other inputs it is a correction that says what differs
    and why. One whose period is not over is made to be looked at and not kept.
    """
    if (samples is None) == (not slug):
        msg = "name either --mobile-operator with --from and --to, or --samples FILE"
        raise BadInput(msg)
    if as_json + as_csv + as_html > 1:
        msg = "name one of --json, --csv and --html"
        raise BadInput(msg)
    if samples is not None:
        if as_html:
            msg = "--html is for --mobile-operator: a file says nothing of maintenance and promises"
            raise BadInput(msg)
        terms = _terms(target_availability, latency_ms)
        found = room.figures_of_file(samples, _interval(interval), terms)
        _print_figures(found, as_json=as_json, as_csv=as_csv)
        return
    if interval or target_availability is not None or latency_ms is not None:
        msg = "--interval, --target-availability and --latency-ms are for --samples FILE"
        raise BadInput(msg)
    span = _day("--from", first), _day("--to", last)
    desk = room.Desk.from_environment(SystemClock())
    room.require_days(*span)
    with desk.store.snapshot() as connection:
        feeds = feed_lines(connection, slug, *span, desk.policy, desk.clock.now())
    (made,) = room.issue(desk, [slug], *span, feeds={slug: feeds})
    if as_html:
        typer.echo(room.html_document(made.statement), nl=False)
        return
    _print_statement(made.statement, as_json=as_json, as_csv=as_csv)


@app.command("list")
def list_all(*, slug: Slug = "", as_json: AsJson = False) -> None:
    """List the statements that are kept, every revision."""
    with store_from_environment().snapshot() as connection:
        if slug:
            mobile_operator_in_force(connection, slug, SystemClock().now())
        found = room.list_statements(connection, slug=slug or None)
    columns = ("number", "revision", "kind", "first_day", "last_day", "made_at", "why", "seal")
    rows = [
        (
            *(one.number, one.seal.revision, one.kind, one.first_day, one.last_day, one.made_at),
            *(one.seal.why, one.seal.sha256),
        )
        for one in found
    ]
    if as_json:
        print_json({"statements": [dict(zip(columns, row, strict=True)) for row in rows]})
        return
    print_table(columns, rows)


@app.command()
def rollup(
    *,
    day: Annotated[str, typer.Option("--day", metavar="DAY", help="The UTC day.")],
    as_json: AsJson = False,
) -> None:
    """Count a UTC day again where what it follows from has changed; safe to run again."""
    which = _day("--day", day)
    made = room.refresh(room.Desk.from_environment(SystemClock()), [which])
    if as_json:
        print_json({"day": which, "made": [one.target for one in made]})
    else:
        typer.echo(f"{which}: {len(made)} rollups were made")


@app.command()
def verify(*, first: First = "", last: Last = "", as_json: AsJson = False) -> None:
    """Recompute rollups from the archive and hash statements again (exit 1 where one differs)."""
    desk = room.Desk.from_environment(SystemClock())
    since = _day("--from", first) if first else date.min
    until = _day("--to", last) if last else date.max
    found = room.verify(desk, since, until)
    with desk.store.snapshot() as connection:
        problems = [*found.problems, *room.statement_problems(connection, since, until)]
    if as_json:
        print_json({"days": found.days, "rollups": found.rollups, "problems": problems})
    else:
        for problem in problems:
            typer.echo(problem)
        typer.echo(f"{found.rollups} rollups of {found.days} sealed days were recomputed")
    if problems:
        raise found_wanting()


@disputes.command("open")
def open_(  # noqa: PLR0913 - its options are the fields of a claim
    *,
    slug: Slug,
    since: Annotated[str, typer.Option("--from", metavar="INSTANT", help="The first instant.")],
    until: Annotated[str, typer.Option("--to", metavar="INSTANT", help="The instant after.")],
    contact: Annotated[str, typer.Option(help="The named contact who disputes it.")],
    evidence: Annotated[str, typer.Option(help="What proves it, in words.")],
    file: Annotated[str, typer.Option(help="The name of the file that came with it.")] = "",
    received_at: Annotated[
        str, typer.Option(metavar="INSTANT", help="When it reached us; now if not given.")
    ] = "",
    by: Annotated[str, typer.Option(help="Who writes it down; the login name if not given.")] = "",
    as_json: AsJson = False,
) -> None:
    """Write down that a mobile operator disputes the bad slots of its portal in some time."""
    now = SystemClock().now()
    claim = room.Claim(
        target=f"{slug}/portal",
        starts_at=parse_instant(since, "--from"),
        ends_at=parse_instant(until, "--to"),
        contact=contact,
        evidence=evidence,
        file=file or None,
        received_at=parse_instant(received_at, "--received-at") if received_at else now,
    )
    with store_from_environment().transaction() as connection:
        opened = room.open_dispute(
            connection, claim, program_policy(), by=by or getpass.getuser(), now=now
        )
    _print_disputes([opened], as_json=as_json)


@disputes.command()
def decide(
    dispute_id: Annotated[str, typer.Argument(metavar="DISPUTE", help="Such as DSP-0001.")],
    *,
    decision: Annotated[
        str, typer.Option("--as", help=f"What the slots are: {', '.join(room.DECISIONS)}.")
    ],
    by: Annotated[str, typer.Option(metavar="NAME", help="The named person who decides.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    as_json: AsJson = False,
) -> None:
    """Decide a dispute; statements it changes are corrected at once."""
    desk = room.Desk.from_environment(SystemClock())
    with desk.store.transaction() as connection:
        decided = room.decide_dispute(
            connection,
            dispute_id,
            decision,
            desk.policy,
            by=by,
            reason=reason,
            now=desk.clock.now(),
        )
    corrected = room.reissue(desk, decided)
    if as_json:
        documents = [room.statement_document(one) for one in corrected]
        print_json({"dispute": asdict(decided), "corrected": documents})
        return
    _print_disputes([decided], as_json=False)
    for one in corrected:
        typer.echo(f"{one.number} was corrected: revision {one.seal.revision}")
        for change in one.changes:
            typer.echo(f"  {change.figure}: {change.before} -> {change.after}")


@disputes.command("list")
def list_disputes(*, slug: Slug = "", as_json: AsJson = False) -> None:
    """List disputes, the oldest first."""
    with store_from_environment().snapshot() as connection:
        found = room.list_disputes(connection, slug=slug or None)
    _print_disputes(found, as_json=as_json)


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        msg = f"{name} {text!r} is no day: write it as 2026-11-24"
        raise BadInput(msg) from None


def _interval(text: str) -> timedelta:
    if not text:
        return program_policy().monitoring.probe.interval
    interval = elapsed(text)
    if interval is None or interval <= timedelta(0):
        msg = f"--interval {text!r} is no duration: write it as PT30S"
        raise BadInput(msg)
    return interval


def _terms(availability: float | None, latency_ms: float | None) -> room.Terms:
    terms = room.Terms.of(program_policy())
    if availability is not None:
        if not 0 < availability <= 1:
            msg = f"--target-availability {availability} is no share: write 0.999 for 99.9 %"
            raise BadInput(msg)
        terms = replace(terms, availability=availability)
    if latency_ms is not None:
        if not 0 < latency_ms < float("inf"):
            msg = f"--latency-ms {latency_ms} is no latency: it must be above 0"
            raise BadInput(msg)
        terms = replace(terms, latency_limit_ms=latency_ms)
    return terms


def _print_statement(made: Statement, *, as_json: bool, as_csv: bool) -> None:
    if as_json:
        print_json(room.statement_document(made))
        return
    if as_csv:
        typer.echo(room.csv_text(made), nl=False)
        return
    typer.echo(f"{made.number} revision {made.seal.revision}, {made.mobile_operator}")
    _print_figures(made.targets, as_json=False, as_csv=False)


def _print_figures(found: Sequence[TargetFigures], *, as_json: bool, as_csv: bool) -> None:
    if as_json:
        print_json({"targets": [room.figures_document(one) for one in found]})
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(room.CSV_HEADER)
        writer.writerows(room.csv_rows(found))
    else:
        print_table(_COLUMNS, map(_row, found))
        for one in found:
            typer.echo(f"{one.target}: {one.in_words}")
            typer.echo(f"  {one.judged_availability.reason}")
            typer.echo(f"  {one.judged_latency.reason}")


def _row(one: TargetFigures) -> tuple[object, ...]:
    slots, availability = one.slots, one.availability
    return (
        *(one.target, availability.share, availability.coverage),
        *(slots.good, slots.bad, slots.excluded, slots.unknown, one.judged_availability.verdict),
    )


def _print_disputes(found: Sequence[room.Dispute], *, as_json: bool) -> None:
    if as_json:
        print_json({"disputes": [asdict(one) for one in found]})
        return
    columns = ("dispute_id", "target", "starts_at", "ends_at", "state", "attribution", "decided_by")
    print_table(columns, (tuple(getattr(one, name) for name in columns) for one in found))
