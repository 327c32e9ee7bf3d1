"""One file checked in one pass: bytes, rows, manifest, and its place among the files before it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, TypeAlias

import fsspec
import numpy as np

from include.mobile_plans.errors import BadInput, NotFound
from include.mobile_plans.policy.xdr import FileLimits
from include.mobile_plans.xdr.contract import FEEDS, Feed, parse_file_name
from include.mobile_plans.xdr.file_rules import (
    Content,
    Fault,
    content_faults,
    history_faults,
    manifest_faults,
    name_faults,
    trailer_faults,
    volume_faults,
)
from include.mobile_plans.xdr.findings import Findings
from include.mobile_plans.xdr.gate import Delivered, Gate, Refused
from include.mobile_plans.xdr.ids import IdLog, Seen
from include.mobile_plans.xdr.manifest import parse_manifest
from include.mobile_plans.xdr.model import (
    Expectations,
    FileReport,
    Manifest,
    RangePeriod,
    Sample,
)
from include.mobile_plans.xdr.parquet import ParquetRows
from include.mobile_plans.xdr.quarantine import write_quarantine
from include.mobile_plans.xdr.ranges import RangesOverTime
from include.mobile_plans.xdr.reading import CsvRows
from include.mobile_plans.xdr.row_pass import Reasons, RowPass
from include.mobile_plans.xdr.sheet import Frame

MANIFEST_ENDING = ".manifest.json"
RowReader: TypeAlias = CsvRows | ParquetRows


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """
    A file's report, and what later files are held against.

    Attributes:
        report: What was found.
        ids: The records it holds; None where it could not be read.
    """

    report: FileReport
    ids: IdLog | None


def check_file(path: str, expected: Expectations, *, quarantine: str | None = None) -> FileReport:
    """
    Check one file.

    Args:
        path: A local path or any address fsspec knows; its manifest lies beside it. The manifest of
            an empty period, which has no data file, is checked as a file of its own.
        expected: What it is held against.
        quarantine: Where the rows set aside are written as Parquet, or None.

    Raises:
        NotFound: There is no such file.
    """
    with TemporaryDirectory() as folder:
        return examine(path, expected, Path(folder), quarantine=quarantine).report


def examine(
    path: str,
    expected: Expectations,
    folder: Path,
    *,
    seen: Seen | None = None,
    quarantine: str | None = None,
) -> Examined:
    """
    Check one file and keep the ids of its records, for the files after it.

    Args:
        path: See ``check_file``.
        expected: What it is held against.
        folder: An empty one for the ids; the caller removes it when they are no longer needed.
        seen: The records of earlier files.
        quarantine: Where the rows set aside are written as Parquet, or None.

    Raises:
        NotFound: There is no such file.
    """
    files, place = fsspec.core.url_to_fs(path)
    if not files.exists(place):
        msg = f"{path}: there is no such file"
        raise NotFound(msg)
    parent, _, file = place.rpartition("/")
    case = _Case(files, parent, file, expected)
    if file.endswith(MANIFEST_ENDING):
        return Examined(report=case.check_empty(), ids=None)
    return case.check(folder, seen, quarantine)


class _Case:
    """One file under examination."""

    def __init__(self, files: Any, parent: str, file: str, expected: Expectations) -> None:
        self.files, self.parent, self.file, self.expected = files, parent, file, expected
        self.findings = Findings(expected.policy.severities)
        self.name = parse_file_name(file)
        self.manifest: Manifest | None = None

    @property
    def limits(self) -> FileLimits:
        return self.expected.policy.limits

    @property
    def feed(self) -> Feed | None:
        name = self.expected.feed if self.name is None else self.name.feed
        return None if name is None else FEEDS[name]

    def note(self, faults: Iterator[Fault]) -> None:
        for fault in faults:
            self.findings.add(fault.rule, fault.message)

    def check_empty(self) -> FileReport:
        """Check the manifest of an empty period, which comes without a data file."""
        stem = self.file.removesuffix(MANIFEST_ENDING)
        self.name = parse_file_name(f"{stem}.csv.gz")
        terms = None if self.name is None else self.expected.terms(self.name.feed)
        if terms is not None:
            self.name = parse_file_name(f"{stem}.{terms.format}")
        self.read_manifest(self.file)
        self.note(name_faults(self.file, self.name, self.expected))
        if self.manifest is not None and not self.manifest.empty:
            self.findings.add("F02", f"describes {self.manifest.file}, which is not there")
        content = Content.nothing()
        self.check_statements(content)
        return self.report(content, None, 0)

    def check(self, folder: Path, seen: Seen | None, quarantine: str | None) -> Examined:
        self.note(name_faults(self.file, self.name, self.expected))
        terms = None if self.feed is None else self.expected.terms(self.feed.name)
        has_manifest = terms is None or terms.manifest
        if self.name is not None and has_manifest:
            self.read_manifest(self.name.manifest_name)
        if self.feed is None:
            return Examined(report=self.report(Content.nothing(), None, 0), ids=None)
        with self.files.open(f"{self.parent}/{self.file}", "rb") as raw:
            delivered = Delivered(raw, self.limits)
            rows = RowPass(self.frame(self.feed), self.findings, folder)
            reader = self.read(raw, delivered, self.feed, rows)
            digest = delivered.digest()
        reasons = rows.finish(self.expected.policy.zone_shift, seen)
        content = self.content(reader, delivered, rows, digest)
        if reader is not None and not has_manifest and self.file.endswith(".csv.gz"):
            fields = None if reader.trailer is None else reader.trailer.fields
            self.note(trailer_faults(fields, self.name, content))
        if self.manifest is not None and not self.manifest.empty:
            self.note(content_faults(self.manifest, content, is_whole=reader is not None))
        self.check_statements(content)
        if quarantine is not None and content.malformed + _count(reasons):
            self.write_quarantine(quarantine, self.feed, reasons)
        return Examined(report=self.report(content, reasons, rows.late), ids=rows.ids)

    def read_manifest(self, name: str) -> None:
        place = f"{self.parent}/{name}"
        if not self.files.exists(place):
            self.findings.add("F02", f"has no manifest {name} beside it")
            return
        if self.files.size(place) > self.limits.manifest_bytes:
            self.findings.add(
                "F02", f"has a manifest of more than {self.limits.manifest_bytes} bytes"
            )
            return
        try:
            text = self.files.cat_file(place).decode()
            self.manifest = parse_manifest(text, name, self.feed)
        except UnicodeDecodeError:
            self.findings.add("F02", f"has a manifest {name} that is not UTF-8")
        except BadInput as error:
            for problem in error.problems:
                self.findings.add("F02", problem)

    def frame(self, feed: Feed) -> Frame:
        """Return what the rows are held against."""
        expected, name = self.expected, self.name
        times = expected.policy.rows
        written = expected.now if self.manifest is None else self.manifest.created_at
        terms = expected.terms(feed.name)
        is_test = name is not None and name.environment == "T"
        return Frame(
            feed=feed,
            zone=None if terms is None or terms.time_zone == "UTC" else terms.time_zone,
            begin=None if name is None else int(name.period_start.timestamp()),
            end=None if name is None else int(name.period_end.timestamp()),
            latest=int((written + times.future_slack).timestamp()),
            duration_slack=int(times.duration_slack.total_seconds()),
            late=int(times.late.total_seconds()),
            too_late=int(times.too_late.total_seconds()),
            ranges=_ranges(expected.production),
            test=_ranges(expected.test or None) if is_test else None,
            others=_ranges(expected.others or None),
        )

    def read(
        self, raw: BinaryIO, delivered: Delivered, feed: Feed, rows: RowPass
    ) -> RowReader | None:
        """Read every row, or return None where reading stopped."""
        try:
            reader, gate = open_rows(self.file, raw, delivered, feed, self.expected)
            for batch in reader.batches():
                rows.add(batch)
        except Refused as refused:
            self.findings.add(refused.rule, refused.message)
            return None
        if gate is not None and gate.has_bom:
            self.findings.add("F05_bom", "begins with a byte order mark")
        self.judge_header(reader)
        return reader if not reader.header.is_unreadable else None

    def judge_header(self, reader: RowReader) -> None:
        header = reader.header
        for rule, names, words in (
            ("F06", header.missing, "lacks"),
            ("F06", header.doubled, "has more than once"),
            ("F06", header.wrong_types, "has other types than the contract:"),
            ("F06_extra", header.extra, "has more than the contract:"),
        ):
            if names:
                text = f"the header {words} {', '.join(names[:20])}"
                self.findings.add(rule, text, count=len(names))
        if header.is_reordered:
            self.findings.add("F06_order", "the header has another order than the contract")
        malformed = reader.malformed
        if malformed.count:
            samples = [Sample(row=row, value=f"{fields} fields") for row, fields in malformed.first]
            text = "the line has another number of fields than the header"
            self.findings.add("R00", text, count=malformed.count, samples=samples)

    def content(
        self, reader: RowReader | None, delivered: Delivered, rows: RowPass, digest: str | None
    ) -> Content:
        return Content(
            rows=rows.rows,
            malformed=0 if reader is None else reader.malformed.count,
            bytes=delivered.bytes,
            unpacked_bytes=0 if reader is None else reader.unpacked,
            sha256=digest,
            totals=None if rows.totals.unread else rows.totals.totals(),
            first_seq=rows.numbering.first,
            last_seq=rows.numbering.last,
        )

    def check_statements(self, content: Content) -> None:
        if self.name is not None and self.manifest is not None:
            self.note(manifest_faults(self.name, self.manifest, self.expected))
        if self.name is not None:
            self.note(history_faults(self.name, content.sha256, self.expected))
        if not self.findings.refuses:
            self.note(volume_faults(self.name, self.manifest, content, self.expected))

    def write_quarantine(self, target: str, feed: Feed, reasons: Reasons | None) -> None:
        """Read the file once more and keep the rows set aside."""
        with self.files.open(f"{self.parent}/{self.file}", "rb") as raw:
            delivered = Delivered(raw, self.limits)
            try:
                reader, _ = open_rows(self.file, raw, delivered, feed, self.expected)
                write_quarantine(target, reader, feed, reasons)
            except Refused:
                return

    def report(self, content: Content, reasons: Reasons | None, late: int) -> FileReport:
        return FileReport(
            file=self.file,
            feed=None if self.feed is None else self.feed.name,
            accepted=not self.findings.refuses,
            rows=content.rows,
            quarantined=_count(reasons) + content.malformed,
            findings=self.findings.found(),
            name=self.name,
            manifest=self.manifest,
            sha256=content.sha256,
            bytes=content.bytes,
            unpacked_bytes=content.unpacked_bytes,
            late_rows=late,
            **({} if content.totals is None else {"totals": content.totals}),
        )


def open_rows(
    file: str, raw: BinaryIO, delivered: Delivered, feed: Feed, expected: Expectations
) -> tuple[RowReader, Gate | None]:
    """
    Open a file's rows by its format.

    Raises:
        Refused: It is no whole file of its format.
    """
    limits = expected.policy.limits
    if file.endswith(".parquet"):
        if delivered.digest() is None:
            msg = f"is larger than {limits.file_bytes} bytes"
            raise Refused(msg, rule="F04")
        raw.seek(0)
        return ParquetRows(raw, feed, limits), None
    terms = expected.terms(feed.name)
    gate = Gate(delivered, limits)
    return CsvRows(gate, feed, "," if terms is None else terms.delimiter, limits), gate


def _ranges(periods: tuple[RangePeriod, ...] | None) -> RangesOverTime | None:
    return None if periods is None else RangesOverTime(periods)


def _count(reasons: Reasons | None) -> int:
    return 0 if reasons is None else int(np.count_nonzero(reasons))
