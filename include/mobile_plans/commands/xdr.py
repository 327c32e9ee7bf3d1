"""``xdr``: check files of detail records, make some, write their contract down."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, cast

import typer

from include.mobile_plans.commands import xdr_feeds
from include.mobile_plans.commands.output import (
    AsJson,
    found_wanting,
    new_group,
    print_json,
    print_table,
)
from include.mobile_plans.errors import BadInput, NotFound
from include.mobile_plans.instants import parse_instant
from include.mobile_plans.policy import (
    MobileOperator,
    load_policy,
    mobile_operator_versions,
    mobile_operators_in_force,
    policy_directory,
)
from include.mobile_plans.policy.consistency import read_mobile_operator
from include.mobile_plans.policy.documents import read_document
from include.mobile_plans.policy.loading import MOBILE_OPERATORS
from include.mobile_plans.simulation.clock import Clock, SystemClock
from include.mobile_plans.store import store_from_environment
from include.mobile_plans.store.engine import DATABASE_URL_VARIABLE
from include.mobile_plans.xdr import FEEDS, Expectations, FeedName, FileReport, RangePeriod

app = new_group()
for command in (xdr_feeds.periods, xdr_feeds.files, xdr_feeds.receive):
    app.command()(command)
app.command("write-off")(xdr_feeds.write_off_period)

Operator = Annotated[
    str | None,
    typer.Option("--mobile-operator", help="Slug: its ranges and habits decide."),
]
FeedOption = Annotated[str | None, typer.Option(help=f"Which feed: {', '.join(FEEDS)}.")]


@app.command()
def check(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Data files, or folders of them.")
    ],
    *,
    mobile_operator: Operator = None,
    feed: FeedOption = None,
    quarantine: Annotated[
        str | None, typer.Option(help="Folder for the rows set aside, as Parquet.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check files, each against those before it (exit 1 with any finding)."""
    from include.mobile_plans.xdr.session import check_files, feed_files  # noqa: PLC0415 - slow

    known = _known(mobile_operator, _feed(feed), SystemClock())

    def aside(path: str) -> str | None:
        name = path.rpartition("/")[2]
        return None if quarantine is None else f"{quarantine}/{name}.quarantine.parquet"

    if quarantine is not None and "://" not in quarantine:
        Path(quarantine).mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        reports = list(check_files(feed_files(paths), lambda _: known, Path(folder), aside))
    if as_json:
        print_json({"files": [report.document for report in reports]})
    else:
        _print(reports)
    if any(report.findings for report in reports):
        raise found_wanting()


@app.command()
def generate(  # noqa: PLR0913 - each is an option
    *,
    output: Annotated[Path, typer.Option(help="Folder for the files.")],
    mobile_operator: Annotated[str, typer.Option(help="Slug of whose files are made.")],
    feed: Annotated[str, typer.Option(help=f"Which feed: {', '.join(FEEDS)}.")],
    begin: Annotated[str, typer.Option("--from", help="Start of the first period, ISO 8601.")],
    periods: Annotated[int, typer.Option(min=1, help="How many files.")] = 1,
    rows: Annotated[int, typer.Option(min=0, help="Rows in each.")] = 1_000,
    fault: Annotated[
        list[str] | None, typer.Option(help="A rule to break, such as R03; may be repeated.")
    ] = None,
    faults: Annotated[int, typer.Option(min=0, help="So many faults of any kind.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="The same makes the same files.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Make files as a mobile operator would deliver them, and faults.json with what is wrong."""
    from include.mobile_plans.simulation.xdr_feeds import any_faults, deliver  # noqa: PLC0415 - slow

    wanted = _feed(feed)
    if wanted is None:
        msg = "--feed is empty: say CDR, SDR or TDR"
        raise BadInput(msg)
    start = parse_instant(begin, "--from")
    whose = _record(mobile_operator, SystemClock()).mobile_operator
    chosen = [*(fault or []), *any_faults(whose, wanted, start, faults, seed)]
    injected = deliver(
        output, whose, wanted, start, periods=periods, rows=rows, seed=seed, faults=chosen
    )
    document = {"faults": [one.document for one in injected]}
    (output / "faults.json").write_text(json.dumps(document, indent=1) + "\n")
    if as_json:
        print_json(document)
    else:
        typer.echo(f"{output}: {periods} files, {len(injected)} faults, listed in faults.json")


@app.command()
def contract(
    *,
    write: Annotated[bool, typer.Option("--write", help="Write docs again.")] = False,
    compare: Annotated[bool, typer.Option("--check", help="Exit 1 where docs differ.")] = False,
) -> None:
    """Write the feed contract and its schemas down, or compare them with the code."""
    from include.mobile_plans.xdr.documents import pages, stale_pages, write_pages  # noqa: PLC0415

    policy = load_policy(policy_directory()).xdr
    if write:
        write_pages(policy)
    elif compare:
        stale = stale_pages(policy)
        for path in stale:
            typer.echo(f"{path} does not match the code: run `make docs`", err=True)
        if stale:
            raise found_wanting()
    else:
        typer.echo(next(iter(pages(policy).values())))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """A mobile operator, its ranges over time, and those of all others."""

    mobile_operator: MobileOperator
    production: tuple[RangePeriod, ...]
    test: tuple[RangePeriod, ...]
    others: tuple[RangePeriod, ...]


def _known(slug: str | None, feed: FeedName | None, clock: Clock) -> Expectations:
    policy = load_policy(policy_directory()).xdr
    if slug is None:
        return Expectations(policy=policy, now=clock.now(), feed=feed)
    record = _record(slug, clock)
    return Expectations(
        policy=policy,
        now=clock.now(),
        mobile_operator=slug,
        feed=feed,
        feeds=record.mobile_operator.xdr_feeds,
        production=record.production,
        test=record.test,
        others=record.others,
    )


def _record(slug: str, clock: Clock) -> _Record:
    """
    Read a mobile operator from the store the environment names, or else from the policy's files.

    Raises:
        NotFound: There is none of that slug.
        StoreUnavailable: The store cannot be read.
    """
    if os.environ.get(DATABASE_URL_VARIABLE):
        return _stored_record(slug, clock.now())
    return _filed_record(slug)


def _stored_record(slug: str, now: datetime) -> _Record:
    from include.mobile_plans.xdr import range_periods, registered_periods  # noqa: PLC0415 - slow

    with store_from_environment().snapshot() as connection:
        versions = mobile_operator_versions(connection, slug)
        others = mobile_operators_in_force(connection, now)
    begun = [version for version in versions if version.valid_from <= now]
    return _Record(
        mobile_operator=begun[-1].mobile_operator,
        production=range_periods(begun, "P"),
        test=range_periods(begun, "T"),
        others=tuple(
            period
            for other in others
            if other.slug != slug
            for period in registered_periods(other.mobile_operator.iccid_ranges, "P")
        ),
    )


def _filed_record(slug: str) -> _Record:
    from include.mobile_plans.xdr import registered_periods  # noqa: PLC0415 - slow

    folder = policy_directory() / MOBILE_OPERATORS
    files = {
        path.stem: read_mobile_operator(read_document(path), allow_loopback=True)
        for path in sorted(folder.glob("*.yaml"))
    }
    if slug not in files:
        msg = f"mobile operator {slug!r} is unknown: {folder} holds {', '.join(files) or 'none'}"
        raise NotFound(msg)
    ranges = files[slug].iccid_ranges
    return _Record(
        mobile_operator=files[slug],
        production=registered_periods(ranges, "P"),
        test=registered_periods(ranges, "T"),
        others=tuple(
            period
            for other, whose in files.items()
            if other != slug
            for period in registered_periods(whose.iccid_ranges, "P")
        ),
    )


def _feed(text: str | None) -> FeedName | None:
    if text is not None and text not in FEEDS:
        msg = f"--feed {text!r} is no feed: allowed are {', '.join(FEEDS)}"
        raise BadInput(msg)
    return cast("FeedName | None", text)


def _print(reports: list[FileReport]) -> None:
    print_table(
        ("file", "feed", "accepted", "rows", "quarantined", "findings"),
        (
            (
                one.file,
                one.feed,
                "yes" if one.accepted else "no",
                one.rows,
                one.quarantined,
                len(one.findings),
            )
            for one in reports
        ),
    )
    for line in _lines(reports):
        typer.echo(line)


def _lines(reports: list[FileReport]) -> Iterator[str]:
    for report in reports:
        for one in report.findings:
            yield f"{report.file}: {one.check} {one.severity} {one.count}x: {one.message}"
