"""
A file that arrived is checked, kept and told of: once for every content it comes with (X1).

What is kept is named by its content and written before the record of it, so that a crash at any
moment leaves nothing that a second check would not write again alike.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from include.mobile_plans.calendar import holiday_names
from include.mobile_plans.monitoring import Archive
from include.mobile_plans.policy import (
    MobileOperatorVersion,
    PartyCalendar,
    ProgramPolicy,
    mobile_operator_in_force,
    mobile_operator_versions,
    mobile_operators_in_force,
    program_policy,
)
from include.mobile_plans.policy.mobile_operators import XdrFeed
from include.mobile_plans.simulation.clock import Clock
from include.mobile_plans.store import Store
from include.mobile_plans.xdr.arrivals import Arrival, FeedFolder, Terms, arrivals
from include.mobile_plans.xdr.checking import examine
from include.mobile_plans.xdr.contract import FEEDS, parse_file_name
from include.mobile_plans.xdr.id_store import KeptIds, keep_ids, mark_of, place_of
from include.mobile_plans.xdr.model import (
    AcceptedFile,
    Expectations,
    FeedFileName,
    FileReport,
    RangePeriod,
)
from include.mobile_plans.xdr.ranges import range_periods, registered_periods
from include.mobile_plans.xdr.records import (
    CheckedFile,
    checked_files,
    known_stamps,
    name_of,
    record_file,
)
from include.mobile_plans.xdr.tending import UNNAMED, tend_feed

_LOOKED_BACK = timedelta(days=60)
"""How far back files are held against a new one: six weeks of the same weekday, and a margin."""


def waiting(
    store: Store, folder: FeedFolder, clock: Clock, *, slug: str | None = None
) -> list[Arrival]:
    """
    Return what is there completely and was not checked with this content, in order of its periods.

    Args:
        store: What was checked.
        folder: Where files are delivered.
        clock: The current time.
        slug: Look only at the top and at the folder of this mobile operator.

    Raises:
        MobilePlansError: The folder cannot be listed.
        StoreUnavailable: The store cannot be read.
    """
    ready = [one for one in _unchecked(store, folder, clock, slug) if one.is_ready]
    return sorted(ready, key=_order)


def lying_unchecked(
    store: Store, folder: FeedFolder, clock: Clock
) -> dict[tuple[str, str], set[datetime]]:
    """
    Return, by mobile operator and feed, the periods whose files lie there and are not checked yet.

    Files still in flight are among them: whatever they turn out to be, they are not missing.

    Raises:
        MobilePlansError: The folder cannot be listed.
        StoreUnavailable: The store cannot be read.
    """
    found: dict[tuple[str, str], set[datetime]] = {}
    for arrival in _unchecked(store, folder, clock, None):
        if arrival.name is not None and arrival.slug == arrival.name.mobile_operator:
            of_feed = found.setdefault((arrival.slug, arrival.name.feed), set())
            of_feed.add(arrival.name.period_start)
    return found


def _unchecked(store: Store, folder: FeedFolder, clock: Clock, slug: str | None) -> list[Arrival]:
    listed, now = folder.listed(slug), clock.now()
    with store.snapshot() as connection:
        known, terms = known_stamps(connection, slug), terms_in_force(connection, now)
    found = arrivals(listed, terms, program_policy().xdr, now)
    return [one for one in found if (one.place, one.stamp) not in known]


def _order(arrival: Arrival) -> tuple[bool, datetime, int, str]:
    name = arrival.name
    if name is None:
        return True, arrival.received_at, 0, arrival.place
    return False, name.period_start, name.revision, arrival.place


def terms_in_force(connection: Connection, now: datetime) -> Terms:
    """Return what tells how a feed of a mobile operator differs from the contract."""
    known: dict[tuple[str, str], XdrFeed] = {
        (version.slug, feed.feed): feed
        for version in mobile_operators_in_force(connection, now)
        for feed in version.mobile_operator.xdr_feeds
    }

    def terms(slug: str, feed: str) -> XdrFeed | None:
        return known.get((slug, feed))

    return terms


def check_arrival(
    store: Store, clock: Clock, folder: FeedFolder, archive: Archive, arrival: Arrival
) -> str:
    """
    Check one arrival, keep what became of it, and tell of it where it is serious.

    Returns:
        What became of it in one sentence.

    Raises:
        MobilePlansError: The folder or the archive cannot be used; nothing is recorded then.
        StoreUnavailable: The store cannot be used.
    """
    policy = program_policy()
    with store.snapshot() as connection:
        known = {one.slug for one in mobile_operators_in_force(connection, clock.now())}
        slug = arrival.slug if arrival.slug in known else None
        expected = expectations(connection, arrival.name, slug, policy, clock.now())
        earlier = list(_earlier(connection, arrival.name, slug, policy))
    delivered = tuple(_lying_too(folder, arrival, slug))
    expected = replace(expected, refused=(*expected.refused, *delivered))
    with TemporaryDirectory() as temporary:
        local = Path(temporary)
        aside = local / "aside.parquet"
        seen = KeptIds(archive, earlier)
        path = folder.files.unstrip_protocol(folder.path(arrival.place))
        found = examine(path, expected, local, seen=seen, quarantine=str(aside))
        report = found.report
        kept = _keep(archive, folder, arrival, report, aside)
        if found.ids is not None and report.accepted and slug and arrival.name:
            place = place_of(slug, arrival.name.name, report.sha256)
            keep_ids(archive, found.ids, place, local)
        with store.transaction() as connection:
            now = clock.now()
            checked = record_file(
                connection,
                report,
                place=arrival.place,
                stamp=arrival.stamp,
                slug=slug,
                kept=kept,
                received_at=min(arrival.received_at, now),
                now=now,
            )
            if checked is None:
                return f"{arrival.place} was checked by another process meanwhile"
            told = tend_feed(connection, slug, checked.feed or UNNAMED, policy, now) if slug else []
    return "; ".join([_outcome(checked), *told])


def expectations(
    connection: Connection,
    name: FeedFileName | None,
    slug: str | None,
    policy: ProgramPolicy,
    now: datetime,
) -> Expectations:
    """Put together what a file of a mobile operator is held against."""
    if slug is None:
        return Expectations(policy=policy.xdr, now=now, mobile_operator="")
    versions = mobile_operator_versions(connection, slug)
    record = mobile_operator_in_force(connection, slug, now).mobile_operator
    before = _before(connection, name, slug, _LOOKED_BACK) if name else []
    return Expectations(
        policy=policy.xdr,
        now=now,
        mobile_operator=slug,
        feeds=record.xdr_feeds,
        production=range_periods(versions, "P"),
        test=range_periods(versions, "T"),
        others=tuple(_others(mobile_operators_in_force(connection, now), slug)),
        accepted=tuple(_accepted(one for one in before if one.state == "accepted")),
        refused=tuple(filter(None, (name_of(one) for one in before if one.state == "rejected"))),
        is_holiday=_holidays(record.calendar),
    )


def _lying_too(folder: FeedFolder, arrival: Arrival, slug: str | None) -> Iterator[FeedFileName]:
    """Name the other files that lie there: checked or not, they leave no gap in the sequence."""
    for listed in folder.listed(slug) if slug else ():
        name = parse_file_name(listed.name)
        if name is not None and name != arrival.name and name.mobile_operator == slug:
            yield name


def _others(versions: list[MobileOperatorVersion], slug: str) -> Iterator[RangePeriod]:
    for version in versions:
        if version.slug != slug:
            yield from registered_periods(version.mobile_operator.iccid_ranges, "P")


def _accepted(files: Iterable[CheckedFile]) -> Iterator[AcceptedFile]:
    for file in files:
        taken = name_of(file)
        if taken is not None:
            yield AcceptedFile(
                name=taken, sha256=file.sha256, rows=file.rows, unpacked_bytes=file.unpacked_bytes
            )


def _before(
    connection: Connection, name: FeedFileName, slug: str, reach: timedelta
) -> list[CheckedFile]:
    """Return what came of the same feed and environment, so far back and later."""
    return checked_files(
        connection,
        slug,
        name.feed,
        period_from=name.period_start - reach,
        environment=name.environment,
    )


def _holidays(calendar: PartyCalendar) -> Callable[[date], bool]:
    return lambda day: bool(holiday_names(day, calendar.country, calendar.region))


def _earlier(
    connection: Connection, name: FeedFileName | None, slug: str | None, policy: ProgramPolicy
) -> Iterator[str]:
    """Name the kept ids of other periods' files, as far back as closed periods are looked at."""
    if name is not None and slug is not None and not FEEDS[name.feed].is_snapshot:
        for file in _before(connection, name, slug, policy.xdr.gap_filling):
            if file.state == "accepted" and file.period_start != name.period_start:
                yield place_of(slug, file.name, file.sha256)


def _keep(
    archive: Archive, folder: FeedFolder, arrival: Arrival, report: FileReport, aside: Path
) -> str | None:
    """Keep the rows set aside, or the whole file where it was refused; return its place."""
    mark = mark_of(report.sha256)
    owner = arrival.slug or "nobody"
    if report.accepted and aside.exists():
        place = f"xdr/set-aside/{owner}/{report.file}.{mark}.parquet"
        archive.put(aside, place)
        return place
    if report.accepted or report.sha256 is None or arrival.data is None:
        return None
    place = f"xdr/refused/{owner}/{report.file}.{mark}"
    local = aside.with_name("refused")
    folder.files.get_file(folder.path(arrival.data.place), str(local))
    archive.put(local, place)
    return place


def _outcome(file: CheckedFile) -> str:
    words = {"accepted": "accepted", "rejected": "refused", "copy": "known already"}[file.state]
    aside = f", {file.quarantined:,} set aside" if file.quarantined else ""
    found = ", ".join(sorted({one["check"] for one in file.findings}))
    return f"{file.name} {words}: {file.rows:,} rows{aside}" + (f" ({found})" if found else "")
