"""``policy``: check the program's policy files."""

from pathlib import Path
from typing import Annotated

import typer

from include.mobile_plans.commands.output import BAD_INPUT, AsJson, new_group, print_json
from include.mobile_plans.policy import loopback_allowed, policy_directory
from include.mobile_plans.policy.checking import PolicyCheck, check_policy

app = new_group()

AllowLoopback = Annotated[
    bool,
    typer.Option(
        "--allow-loopback-portals",
        help="Development: portals may be on this machine (MOBILE_PLANS_ALLOW_LOOPBACK_PORTALS=1).",
    ),
]


@app.callback()
def policy() -> None:
    """Keep the commands of this group named, however few there are."""


@app.command()
def check(
    directory: Annotated[
        Path | None,
        typer.Argument(help="Where the files are; MOBILE_PLANS_POLICY_DIR if not given."),
    ] = None,
    *,
    allow_loopback_portals: AllowLoopback = False,
    as_json: AsJson = False,
) -> None:
    """Report every error of a policy directory at once (exit 2 if there is one)."""
    checked = check_policy(
        directory or policy_directory(),
        allow_loopback=allow_loopback_portals or loopback_allowed(),
    )
    if as_json:
        print_json(_as_document(checked))
    for problem in checked.problems:
        typer.echo(problem, err=True)
    if checked.problems:
        raise typer.Exit(BAD_INPUT)
    if not as_json:
        typer.echo(
            f"{checked.directory}: {checked.files} files are right; severity editions "
            f"{', '.join(checked.severity_editions)} cover every input exactly once; "
            f"{len(checked.mobile_operators)} mobile operators"
        )


def _as_document(checked: PolicyCheck) -> dict[str, object]:
    return {
        "directory": checked.directory,
        "files": checked.files,
        "severity_editions": list(checked.severity_editions),
        "mobile_operators": list(checked.mobile_operators),
        "problems": list(checked.problems),
    }
