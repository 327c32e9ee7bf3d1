"""``outages``: which portals were or are out, degraded or unstable."""

from typing import Annotated, Any

import typer

from include.mobile_plans.commands.output import AsJson, new_group, print_json
from include.mobile_plans.instants import parse_instant
from include.mobile_plans.monitoring import Outage, outage_words, outages, portal_findings
from include.mobile_plans.policy import mobile_operator_in_force, program_policy
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment

app = new_group()


@app.callback()
def outages_group() -> None:
    """Keep the commands of this group named, however few there are."""


@app.command("list")
def list_all(
    *,
    mobile_operator: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Only those of this mobile operator.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="INSTANT", help="Only those that began then or later.")
    ] = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that last.")] = False,
    as_json: AsJson = False,
) -> None:
    """List outages and findings, oldest first, each with how sure its edges are."""
    begin = None if since is None else parse_instant(since, "--since")
    with store_from_environment().snapshot() as connection:
        if mobile_operator is not None:
            mobile_operator_in_force(connection, mobile_operator, SystemClock().now())
        found = outages(connection, slug=mobile_operator, since=begin, only_open=only_open)
        findings = portal_findings(connection, slug=mobile_operator, only_open=only_open)
    findings = [one for one in findings if begin is None or one.since >= begin]
    if as_json:
        print_json(
            {
                "outages": [_document(one) for one in found],
                "findings": [
                    {name: getattr(one, name) for name in one.__dataclass_fields__}
                    for one in findings
                ],
            }
        )
        return
    policy = program_policy().monitoring
    for outage in found:
        typer.echo(outage_words(outage, policy))
    for one in findings:
        lasts = "lasts" if one.until is None else f"until {one.until:%Y-%m-%d %H:%M:%S} UTC"
        typer.echo(f"{one.target} {one.kind} since {one.since:%Y-%m-%d %H:%M:%S} UTC, {lasts}")
    if not found and not findings:
        typer.echo("no outage and no finding")


def _document(one: Outage) -> dict[str, Any]:
    return {
        "key": one.key,
        "target": one.target,
        "mobile_operator": one.slug,
        "first_bad_at": one.first_bad,
        "last_bad_at": one.last_bad,
        "last_good_before": one.good_before,
        "first_good_after": one.good_after,
        "bad_slots": one.bad_slots,
        "escalated_at": one.escalated_at,
        "origin": one.origin,
    }
