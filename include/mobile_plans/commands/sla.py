"""``sla``: statements, the rollups they are made of, and disputes."""

import csv
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from include.mobile_plans import sla as room
from include.mobile_plans.commands.output import AsJson, new_group, print_json, print_table
from include.mobile_plans.errors import BadInput
from include.mobile_plans.policy import program_policy
from include.mobile_plans.policy.values import elapsed
from include.mobile_plans.sla.model import TargetFigures

app = new_group()
_COLUMNS = ("target", "availability", "coverage", "good", "bad", "excluded", "unknown", "verdict")


@app.command()
def statement(
    *,
    samples: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV: target,at,ok,latency_ms; no database.")
    ] = None,
    interval: Annotated[
        str, typer.Option(metavar="DURATION", help="The length of the file's slots.")
    ] = "",
    target_availability: Annotated[
        float | None, typer.Option(help="The share promised; policy's if not given.")
    ] = None,
    latency_ms: Annotated[
        float | None, typer.Option(help="The latency promised; policy's if not given.")
    ] = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print one CSV row per UTC day.")] = False,
) -> None:
    """Show the availability, latency, budget, outages and verdicts of portals over a time."""
    if samples is None:
        msg = "name --samples FILE"
        raise BadInput(msg)
    terms = _terms(target_availability, latency_ms)
    found = room.figures_of_file(samples, _interval(interval), terms)
    _print(found, as_json=as_json, as_csv=as_csv)


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


def _print(found: Sequence[TargetFigures], *, as_json: bool, as_csv: bool) -> None:
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


def _row(one: TargetFigures) -> tuple[object, ...]:
    slots, availability = one.slots, one.availability
    return (
        *(one.target, availability.share, availability.coverage),
        *(slots.good, slots.bad, slots.excluded, slots.unknown, one.judged_availability.verdict),
    )
