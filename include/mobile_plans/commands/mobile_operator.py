"""``mobile-operator``: mobile operators as versioned records; YAML files in and out."""

import getpass
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from include.mobile_plans.commands.output import AsJson, new_group, print_json, print_table
from include.mobile_plans.commands.policy import AllowLoopback
from include.mobile_plans.errors import BadInput, NotFound
from include.mobile_plans.instants import format_instant, parse_instant
from include.mobile_plans.policy import (
    MobileOperatorVersion,
    loopback_allowed,
    mobile_operator_in_force,
    mobile_operator_versions,
    mobile_operators_in_force,
    program_policy,
)
from include.mobile_plans.policy.differences import difference
from include.mobile_plans.policy.files import (
    ReadFile,
    export_text,
    import_files,
    mobile_operator_paths,
    read_files,
    with_portal_base,
)
from include.mobile_plans.policy.mobile_operators import document_of
from include.mobile_plans.policy.versions import newest_version
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment

app = new_group()

Slug = Annotated[str, typer.Argument(help="The slug of a mobile operator.")]
At = Annotated[
    str | None, typer.Option("--at", help="As it was in force then: ISO 8601 with an offset.")
]


@app.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(help="YAML files, or directories of them.")],
    *,
    author: Annotated[str, typer.Option(help="Who imports; the login name if not given.")] = "",
    approver: Annotated[str | None, typer.Option(help="A second named person.")] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    portal_base: Annotated[
        str | None,
        typer.Option(help="Development: move portals on this machine to https://localhost:PORT."),
    ] = None,
    allow_loopback_portals: AllowLoopback = False,
    as_json: AsJson = False,
) -> None:
    """Record the mobile operators of some files: all of them or, with any problem, none."""
    allow = allow_loopback_portals or loopback_allowed()
    files = _read(paths, allow_loopback=allow)
    if portal_base is not None:
        files = [_moved(file, portal_base) for file in files]
    with store_from_environment().transaction() as connection:
        imported = import_files(
            connection,
            files,
            author=author or getpass.getuser(),
            approver=approver,
            reason=reason or f"imported from {', '.join(map(str, paths))}",
            now=SystemClock().now(),
        )
    if as_json:
        rows = [_summary(one.version) | {"is_new": one.is_new} for one in imported]
        print_json({"mobile_operators": rows})
        return
    for one in imported:
        found = f"{one.version.slug} version {one.version.version}"
        typer.echo(f"{found} recorded" if one.is_new else f"{found} is the same: nothing changed")


@app.command()
def export(
    slug: Slug,
    *,
    at: At = None,
    output: Annotated[Path | None, typer.Option(help="Write here, not on standard output.")] = None,
) -> None:
    """Write a mobile operator as YAML that imports to the same record."""
    text = export_text(_in_force(slug, at).mobile_operator)
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


@app.command()
def show(slug: Slug, *, at: At = None, as_json: AsJson = False) -> None:
    """Show a mobile operator: the version in force with who wrote it, and its record."""
    version = _in_force(slug, at)
    if as_json:
        record = document_of(version.mobile_operator)
        print_json(_summary(version) | {"mobile_operator": record})
        return
    for key, value in _summary(version).items():
        shown = format_instant(value) if isinstance(value, datetime) else value
        typer.echo(f"# {key}: {'-' if shown is None else shown}")
    typer.echo(export_text(version.mobile_operator), nl=False)


@app.command("list")
def list_(*, at: At = None, as_json: AsJson = False) -> None:
    """List every mobile operator in force."""
    with store_from_environment().snapshot() as connection:
        versions = mobile_operators_in_force(connection, _instant(at))
    if as_json:
        print_json({"mobile_operators": [_summary(version) for version in versions]})
        return
    print_table(
        ("slug", "name", "state", "version", "valid from", "live since"),
        (
            (
                version.slug,
                version.mobile_operator.name,
                version.state,
                version.version,
                format_instant(version.valid_from),
                version.live_since and format_instant(version.live_since),
            )
            for version in versions
        ),
    )


@app.command()
def diff(
    subject: Annotated[str, typer.Argument(help="A slug, or a YAML file.")],
    *,
    from_version: Annotated[
        int | None,
        typer.Option(
            "--from", min=1, help="A version; the one before --to if not given, where there is one."
        ),
    ] = None,
    to_version: Annotated[
        int | None, typer.Option("--to", min=1, help="A version; the newest if not given.")
    ] = None,
    allow_loopback_portals: AllowLoopback = False,
    as_json: AsJson = False,
) -> None:
    """Show what changed between two versions, or what importing a file would change."""
    path = Path(subject)
    if path.suffix in (".yaml", ".yml"):
        if from_version or to_version:
            msg = "--from and --to compare versions of a slug, not of a file"
            raise BadInput(msg)
        (file,) = _read([path], allow_loopback=allow_loopback_portals or loopback_allowed())
        lines = _lines_of_file(file)
    else:
        lines = _lines_between(subject, from_version, to_version)
    if as_json:
        print_json({"differences": lines})
        return
    for line in lines or ["nothing changes"]:
        typer.echo(line)


def _read(paths: list[Path], *, allow_loopback: bool) -> list[ReadFile]:
    files = read_files(
        mobile_operator_paths(paths),
        allow_loopback=allow_loopback,
        scenarios=program_policy().launch.scenarios,
    )
    if files.problems:
        raise BadInput(*files.problems)
    return files.read


def _moved(file: ReadFile, portal_base: str) -> ReadFile:
    return replace(file, mobile_operator=with_portal_base(file.mobile_operator, portal_base))


def _lines_of_file(file: ReadFile) -> list[str]:
    mobile_operator = file.mobile_operator
    with store_from_environment().snapshot() as connection:
        newest = newest_version(connection, mobile_operator.slug)
    if newest is None:
        return [f"{mobile_operator.slug} is new"]
    if not file.names_state:
        mobile_operator = replace(mobile_operator, state=newest.state)
    return difference(newest.mobile_operator, mobile_operator)


def _lines_between(slug: str, from_version: int | None, to_version: int | None) -> list[str]:
    with store_from_environment().snapshot() as connection:
        versions = mobile_operator_versions(connection, slug)
    after = to_version or len(versions)
    before = from_version or max(after - 1, 1)
    for number in (after, before):
        if not 1 <= number <= len(versions):
            msg = f"mobile operator {slug} has no version {number}: it has 1 to {len(versions)}"
            raise NotFound(msg)
    return difference(versions[before - 1].mobile_operator, versions[after - 1].mobile_operator)


def _in_force(slug: str, at: str | None) -> MobileOperatorVersion:
    with store_from_environment().snapshot() as connection:
        return mobile_operator_in_force(connection, slug, _instant(at))


def _instant(at: str | None) -> datetime:
    return SystemClock().now() if at is None else parse_instant(at, "--at")


def _summary(version: MobileOperatorVersion) -> dict[str, Any]:
    return {
        "slug": version.slug,
        "name": version.mobile_operator.name,
        "state": version.state,
        "version": version.version,
        "valid_from": version.valid_from,
        "recorded_at": version.recorded_at,
        "author": version.author,
        "approver": version.approver,
        "reason": version.reason,
        "live_since": version.live_since,
        "live_until": version.live_until,
        "document_hash": version.document_hash,
    }
