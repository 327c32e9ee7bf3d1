"""``probes``: ask the portals without Airflow, see how they do, take another monitor's history."""

import asyncio
import getpass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from include.mobile_plans.commands.output import (
    AsJson,
    found_wanting,
    new_group,
    print_json,
    print_table,
)
from include.mobile_plans.errors import BadInput
from include.mobile_plans.monitoring import RoundReport, Watch, import_history, portal_statuses
from include.mobile_plans.policy import program_policy
from include.mobile_plans.policy.program import MonitoringPolicy
from include.mobile_plans.policy.values import elapsed
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment

app = new_group()
_STATES = ("good", "bad", "excluded", "unknown")


@app.command()
def run(
    *,
    once: Annotated[bool, typer.Option("--once", help="Ask every portal at once, now.")] = False,
    for_: Annotated[
        str, typer.Option("--for", metavar="DURATION", help="Ask on the grid for so long.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Ask every live portal and record it (exit 1 if one is bad, or could not be judged)."""
    if once == bool(for_):
        msg = "say --once, or --for with a duration such as PT5M"
        raise BadInput(msg)
    clock = SystemClock()
    until = None if once else clock.now() + _duration("--for", for_)
    watch = Watch(store_from_environment(), _policy, clock, until=until)
    reports = asyncio.run(_once(watch) if once else _rounds(watch, as_json=as_json))
    if as_json:
        print_json({"rounds": [_document(report) for report in reports]})
    elif once:
        _print(reports[0])
    if any(report.bad or report.unknown for report in reports):
        raise found_wanting()


@app.command()
def status(
    *,
    within: Annotated[
        str, typer.Option(metavar="DURATION", help="Of what time slots are counted.")
    ] = "PT1H",
    as_json: AsJson = False,
) -> None:
    """Show how each live portal does: good, bad, excluded and unknown slots of the last hour."""
    now = SystemClock().now()
    with store_from_environment().snapshot() as connection:
        found = portal_statuses(connection, _policy(), now, _duration("--within", within))
    facts = ("target", "newest", "last_known", "certificate_ends_at")
    rows: list[dict[str, Any]] = [
        {name: getattr(one, name) for name in facts} | {"slots": dict(one.slots)} for one in found
    ]
    if as_json:
        print_json({"portals": rows})
        return
    print_table(
        (*facts, *_STATES),
        ((*(row[name] for name in facts), *row["slots"].values()) for row in rows),
    )


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV: target,at,ok,latency_ms.")],
    *,
    interval: Annotated[
        str, typer.Option(metavar="DURATION", help="The length of its slots; ours if not given.")
    ] = "",
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Take the good rows although there are bad ones.")
    ] = False,
    by: Annotated[str, typer.Option(help="Who imports; the login name if not given.")] = "",
    as_json: AsJson = False,
) -> None:
    """Take the history of another monitor: all of it or, with a bad row, none."""
    policy = _policy()
    with store_from_environment().transaction() as connection:
        history, added = import_history(
            connection,
            file,
            policy,
            interval=_duration("--interval", interval) if interval else policy.probe.interval,
            skip_bad=skip_bad,
            by=by or getpass.getuser(),
            now=SystemClock().now(),
        )
    counts = {
        "slots": len(history.samples),
        "added": added,
        "known_before": len(history.samples) - added,
        "doubled_rows": history.doubled,
        "bad_rows": len(history.problems),
    }
    if as_json:
        print_json(counts | {"problems": history.problems})
        return
    for problem in history.problems:
        typer.echo(problem, err=True)
    typer.echo(", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in counts.items()))


def _policy() -> MonitoringPolicy:
    return program_policy().monitoring


def _duration(option: str, text: str) -> timedelta:
    found = elapsed(text)
    if found is None or found <= timedelta(0):
        msg = f"{option} {text!r} is not a duration: write PT30S, PT5M or P1D"
        raise BadInput(msg)
    return found


async def _once(watch: Watch) -> list[RoundReport]:
    return [await watch.once()]


async def _rounds(watch: Watch, *, as_json: bool) -> list[RoundReport]:
    reports = []
    async for report in watch.rounds():
        reports.append(report)
        if not as_json:
            _print(report)
    return reports


def _print(report: RoundReport) -> None:
    states = ", ".join(f"{name} {getattr(report, name)}" for name in _STATES)
    parts = [f"{report.slot:%Y-%m-%d %H:%M:%S} UTC", states]
    parts += ["cut off: no control target answers"] if report.is_cut_off else []
    for what in ("opened", "escalated", "closed", "findings"):
        if keys := getattr(report, what):
            parts.append(f"{what} {', '.join(keys)}")
    typer.echo("  ".join(parts))


def _document(report: RoundReport) -> dict[str, Any]:
    return {name: getattr(report, name) for name in RoundReport.__dataclass_fields__}
