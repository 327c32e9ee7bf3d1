"""``db``: prepare, check and verify the store."""

import typer

from include.mobile_plans.commands.output import AsJson, found_wanting, new_group, print_json
from include.mobile_plans.store import store_from_environment, verify_events
from include.mobile_plans.store.schema import check as check_schema
from include.mobile_plans.store.schema import upgrade as upgrade_schema

app = new_group()


@app.command()
def upgrade() -> None:
    """Bring the store to the shape this release needs; safe to run again."""
    store = store_from_environment()
    typer.echo(f"{store.url.render_as_string(hide_password=True)} is at {upgrade_schema(store)}")


@app.command()
def check(*, as_json: AsJson = False) -> None:
    """Tell whether the store has the shape this release needs (exit 1 if not)."""
    state = check_schema(store_from_environment())
    if as_json:
        print_json(
            {
                "revision": state.revision,
                "expected": state.expected,
                "differences": list(state.differences),
                "is_current": state.is_current,
            }
        )
    elif state.is_current:
        typer.echo(f"the store is at {state.revision}, as this release needs")
    else:
        typer.echo(f"the store is at {state.revision}, this release needs {state.expected}")
        for difference in state.differences:
            typer.echo(f"  {difference}")
    if not state.is_current:
        raise found_wanting()


@app.command()
def verify(*, as_json: AsJson = False) -> None:
    """Recompute every chain of events and list each break (exit 1 if there is one)."""
    with store_from_environment().snapshot() as connection:
        findings = verify_events(connection)
    if as_json:
        print_json(
            {
                "findings": [
                    {"stream": f.stream, "position": f.position, "problem": f.problem}
                    for f in findings
                ]
            }
        )
    else:
        for finding in findings:
            typer.echo(f"{finding.stream} at event {finding.position}: {finding.problem}")
        typer.echo(f"{len(findings)} breaks found" if findings else "every chain is whole")
    if findings:
        raise found_wanting()
