"""
The command line, ``python -m include.mobile_plans <group> <command>``.

Exit 0 done and fine, 1 done and found wanting, 2 bad input with one clear line per problem on
standard error, never a traceback for a user's mistake.
"""

import importlib
import sys

import typer

# Typer carries its own copy of click and exports neither of these two names.
from typer._click import Context
from typer._click.exceptions import ClickException
from typer.core import TyperCommand, TyperGroup

from include.mobile_plans.commands.output import BAD_INPUT
from include.mobile_plans.errors import MobilePlansError

GROUPS = {
    "archive": "Sealed days of samples: seal, list, verify.",
    "audit": "Everything of one mobile operator over a time, for somebody who checks it.",
    "bug": "Bugs of either party.",
    "calendar": "Business time: deadlines and working days.",
    "db": "The store: prepare, check, verify.",
    "iccid": "ICCIDs and their ranges.",
    "incident": "Incidents of both directions.",
    "launch": "Launches of mobile operators.",
    "maintenance": "Planned maintenance of either party.",
    "mobile-operator": "Mobile operators as versioned records.",
    "notices": "Notices: every mail and what became of it.",
    "outages": "Outages of portals: since when, how sure, whether escalated.",
    "policy": "The program's policy files.",
    "probes": "Portal probes: run them, look at them, import history.",
    "promises": "Promises with a clock, of either party.",
    "sla": "SLA statements: make them, verify them, dispute slots.",
    "xdr": "Feeds of detail records: periods, files, their checks and contract.",
}
"""Every group with its one line of help; ``commands/<group>.py`` holds its ``app``."""


class LazyGroups(TyperGroup):
    """Import a group's module only when it is asked for: most of them are slow to load."""

    def list_commands(self, ctx: Context) -> list[str]:
        """Name the groups without importing them."""
        del ctx
        return sorted(GROUPS)

    def get_command(self, ctx: Context, cmd_name: str) -> TyperCommand | TyperGroup | None:
        """Import the group named, or nothing for a name that is not ours."""
        del ctx
        if cmd_name not in GROUPS:
            return None
        module = importlib.import_module(
            f"include.mobile_plans.commands.{cmd_name.replace('-', '_')}"
        )
        command = typer.main.get_group(module.app)
        command.help = command.short_help = GROUPS[cmd_name]
        return command


app = typer.Typer(
    cls=LazyGroups,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def mobile_plans() -> None:
    """Operate the Mobile Plans program: launches, promises, notices, reports."""


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        sys.exit(app(prog_name="python -m include.mobile_plans", standalone_mode=False))
    except ClickException as error:
        typer.echo(f"{error.format_message()} (--help lists what is allowed)", err=True)
    except MobilePlansError as error:
        typer.echo(str(error), err=True)
    sys.exit(BAD_INPUT)
