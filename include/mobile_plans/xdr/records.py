"""Files of detail records in the store: each content of each file is checked and kept once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select
from sqlalchemy.exc import IntegrityError

from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import format_instant, parse_instant
from include.mobile_plans.store import append_event, read_events
from include.mobile_plans.store.tables import xdr_file as table
from include.mobile_plans.xdr.model import Cadence, FeedFileName, FeedName, FileReport

IDS = "xdr/ids"
"""Where in the archive the ids of accepted files are kept."""
WRITTEN_OFF = "period.written_off"
_SERIOUS = ("R", "Q")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedFile:
    """
    What became of one file.

    Attributes:
        file_id: Its place in the order of checking.
        place: Where it lies, below the folder of feeds.
        name: Without folders.
        slug: Whose it is, None where neither its name nor its folder says.
        feed: Kind of records, likewise.
        environment: ``P`` or ``T``.
        cadence: Length of its period.
        period_start: Begin of its period.
        sequence: Of its name.
        revision: Of its name.
        state: ``accepted``, ``rejected``, or ``copy`` of one that was accepted before.
        sha256: As delivered.
        unpacked_bytes: After decompression.
        rows: Records read.
        quarantined: Rows set aside.
        late_rows: Rows that ended before their period.
        findings: As JSON has them.
        kept: Where rows set aside, or the file that was refused, are kept in the archive.
        received_at: When it was there completely.
        checked_at: When it was checked.
    """

    file_id: int
    place: str
    name: str
    slug: str | None
    feed: FeedName | None
    environment: str | None
    cadence: Cadence | None
    period_start: datetime | None
    sequence: int | None
    revision: int | None
    state: str
    sha256: str | None
    unpacked_bytes: int
    rows: int
    quarantined: int
    late_rows: int
    findings: list[dict[str, Any]]
    kept: str | None
    received_at: datetime
    checked_at: datetime

    @property
    def serious(self) -> list[dict[str, Any]]:
        """The findings that refuse the file or set rows aside."""
        return [one for one in self.findings if one["severity"] in _SERIOUS]


def record_file(
    connection: Connection,
    report: FileReport,
    *,
    place: str,
    stamp: str,
    slug: str | None,
    kept: str | None,
    received_at: datetime,
    now: datetime,
) -> CheckedFile | None:
    """
    Keep what became of a file; None where another process has checked the same content meanwhile.

    Args:
        connection: A write transaction.
        report: What was found.
        place: Where the file lies, below the folder of feeds.
        stamp: What tells this content from another of the same name.
        slug: Whose it is.
        kept: Where rows set aside or the refused file are kept.
        received_at: When it was there completely.
        now: The current instant, aware UTC.
    """
    # In another's name it is no file of a feed: it stands for no period of anybody.
    name = report.name if report.name and report.name.mobile_operator == slug else None
    row = {
        "place": place,
        "stamp": stamp,
        "name": report.file[-255:],
        "slug": slug,
        "feed": report.feed if name else None,
        "environment": name and name.environment,
        "cadence": name and name.cadence,
        "period_start": name and name.period_start,
        "sequence": name and name.sequence,
        "revision": name and name.revision,
        "state": "rejected" if not report.accepted else "copy" if report.is_copy else "accepted",
        "sha256": report.sha256,
        "bytes": report.bytes,
        "unpacked_bytes": report.unpacked_bytes,
        "record_count": report.rows,
        "quarantined": report.quarantined,
        "late_rows": report.late_rows,
        "findings": [finding.document for finding in report.findings],
        "kept": kept,
        "received_at": received_at,
        "checked_at": now,
    }
    try:
        with connection.begin_nested():
            added = connection.execute(table.insert().values(row).returning(*table.c)).one()
    except IntegrityError:
        return None
    return _file(added)


def checked_files(
    connection: Connection,
    slug: str | None,
    feed: str | None,
    *,
    period_from: datetime | None = None,
    checked_from: datetime | None = None,
    environment: str | None = None,
) -> list[CheckedFile]:
    """
    Return files, in the order they were checked.

    Args:
        connection: A read.
        slug: Only those of a mobile operator.
        feed: Only those of a feed.
        period_from: Only those whose period begins at or after it.
        checked_from: Only those checked at or after it.
        environment: Only ``P`` or only ``T``.
    """
    query = select(table).order_by(table.c.file_id)
    wanted = {"slug": slug, "feed": feed, "environment": environment}
    for column, value in wanted.items():
        if value is not None:
            query = query.where(table.c[column] == value)
    if period_from is not None:
        query = query.where(table.c.period_start >= period_from)
    if checked_from is not None:
        query = query.where(table.c.checked_at >= checked_from)
    return [_file(row) for row in connection.execute(query)]


def known_stamps(connection: Connection, slug: str | None = None) -> set[tuple[str, str]]:
    """Return place and stamp of everything that was checked, or of one mobile operator's."""
    query = select(table.c.place, table.c.stamp)
    if slug is not None:
        query = query.where(table.c.slug == slug)
    return {(row.place, row.stamp) for row in connection.execute(query)}


def stream_of(slug: str, feed: str) -> str:
    """Name the stream of what people and the daily digest did about a feed."""
    return f"xdr:{slug}:{feed}"


def write_off(
    connection: Connection,
    slug: str,
    feed: str,
    start: datetime,
    *,
    by: str,
    reason: str,
    now: datetime,
) -> None:
    """
    Give a period up: its file will not come, and is asked for no more.

    Raises:
        BadInput: Nobody is named, or no reason given.
    """
    if not by.strip() or not reason.strip():
        msg = "a period is written off by a named person, with a reason"
        raise BadInput(msg)
    if start in written_off(connection, slug, feed):
        return
    data = {"period_start": format_instant(start), "reason": reason.strip()}
    stream = stream_of(slug, feed)
    append_event(connection, stream=stream, kind=WRITTEN_OFF, recorded_at=now, actor=by, data=data)


def written_off(connection: Connection, slug: str, feed: str) -> Mapping[datetime, str]:
    """Return the periods that were given up, each with who did it and why."""
    return {
        parse_instant(
            event.data["period_start"], "period"
        ): f"{event.actor}: {event.data['reason']}"
        for event in read_events(connection, stream_of(slug, feed))
        if event.kind == WRITTEN_OFF
    }


def name_of(file: CheckedFile) -> FeedFileName | None:
    """Return a checked file's name taken apart, where it was right."""
    if file.period_start is None or file.feed is None or file.slug is None:
        return None
    return FeedFileName(
        name=file.name,
        feed=file.feed,
        mobile_operator=file.slug,
        environment="T" if file.environment == "T" else "P",
        period_start=file.period_start,
        cadence=file.cadence or "P1D",
        sequence=file.sequence or 0,
        revision=file.revision or 0,
        format="parquet" if file.name.endswith(".parquet") else "csv.gz",
    )


def _file(row: Row[Any]) -> CheckedFile:
    names = [name for name in CheckedFile.__dataclass_fields__ if name != "rows"]
    return CheckedFile(rows=row.record_count, **{name: getattr(row, name) for name in names})
