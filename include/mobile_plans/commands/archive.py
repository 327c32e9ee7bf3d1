"""``archive``: the sealed days of samples."""

from typing import Any

import typer

from include.mobile_plans.commands.output import (
    AsJson,
    found_wanting,
    new_group,
    print_json,
    print_table,
)
from include.mobile_plans.monitoring import (
    Archive,
    SealedDay,
    problem_of,
    seal_days,
    sealed_days,
)
from include.mobile_plans.policy import program_policy
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment

app = new_group()
_FACTS = ("day", "rows", "targets", "bytes", "sha256", "file")


@app.command()
def seal(*, as_json: AsJson = False) -> None:
    """Bring the samples of days that are over into the archive; safe to run again."""
    archive = Archive.from_environment()
    sealed = seal_days(store_from_environment(), archive, SystemClock(), program_policy())
    _show(sealed, as_json=as_json)


@app.command("list")
def list_all(*, as_json: AsJson = False) -> None:
    """List the sealed days, oldest first."""
    with store_from_environment().snapshot() as connection:
        _show(list(sealed_days(connection).values()), as_json=as_json)


@app.command()
def verify(*, as_json: AsJson = False) -> None:
    """Hash every sealed day again and compare (exit 1 if one is missing or differs)."""
    archive = Archive.from_environment()
    with store_from_environment().snapshot() as connection:
        days = list(sealed_days(connection).values())
    problems = [problem for one in days if (problem := problem_of(archive, one))]
    if as_json:
        print_json({"days": len(days), "problems": problems})
    else:
        for problem in problems:
            typer.echo(problem)
        typer.echo(f"{len(days) - len(problems)} of {len(days)} sealed days are whole")
    if problems:
        raise found_wanting()


def _show(days: list[SealedDay], *, as_json: bool) -> None:
    rows: list[dict[str, Any]] = [{name: getattr(one, name) for name in _FACTS} for one in days]
    if as_json:
        print_json({"days": rows})
    else:
        print_table(_FACTS, (tuple(row.values()) for row in rows))
