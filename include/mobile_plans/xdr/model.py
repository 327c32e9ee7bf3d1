"""The plain values of the feeds: a file's name, its manifest, what was found, what is expected."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from include.mobile_plans.iccid import IccidRange
from include.mobile_plans.policy.mobile_operators import XdrFeed
from include.mobile_plans.policy.xdr import FindingSeverity, XdrPolicy

FeedName = Literal["CDR", "SDR", "TDR"]
Cadence = Literal["PT1H", "P1D"]
Environment = Literal["P", "T"]
"""Production or test ICCIDs; each has sequence numbers of its own."""

LENGTHS: Mapping[str, timedelta] = {"PT1H": timedelta(hours=1), "P1D": timedelta(days=1)}
LAST_SEQUENCE = 999_999
"""After it comes 1 again."""
SAMPLES = 100
"""The most rows shown of one finding; its count is exact all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFileName:
    """
    A data file's name, taken apart.

    Attributes:
        name: Without folders.
        feed: Kind of records.
        mobile_operator: Slug.
        environment: Production or test.
        period_start: Aware UTC.
        cadence: The length of its period.
        sequence: From 1 to 999999, one more per period.
        revision: 0, or that of a resend, which replaces the period.
        format: As its ending says.
    """

    name: str
    feed: FeedName
    mobile_operator: str
    environment: Environment
    period_start: datetime
    cadence: Cadence
    sequence: int
    revision: int
    format: Literal["csv.gz", "parquet"]

    @property
    def period_end(self) -> datetime:
        """The end of its period, which does not belong to it."""
        return self.period_start + LENGTHS[self.cadence]

    @property
    def manifest_name(self) -> str:
        """The name of its manifest: the same stem."""
        return f"{self.name.removesuffix(f'.{self.format}')}.manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlTotals:
    """Sums over a file's rows: integers by column, money by column and currency."""

    integers: Mapping[str, int] = field(default_factory=dict)
    money: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """
    What the mobile operator states about a file; keys as in the contract.

    Attributes:
        feed: Kind of records.
        mobile_operator: Slug.
        env: Production or test.
        sequence: As in the name.
        revision: As in the name.
        period_start: Aware UTC.
        period_end: Aware UTC.
        cutoff_at: Until when records were collected.
        created_at: When the file was written.
        file: Name of the data file, or None for an empty period.
        bytes: Of the data file.
        sha256: Of the data file, lower-case hexadecimal.
        records: Rows.
        control_totals: Sums.
        first_record_seq: Of the first row.
        last_record_seq: Of the last row.
        lost_records: How many are known to be lost; None where nothing is said.
        close_reason: Why the file was closed.
        empty: Whether the period had no records.
    """

    feed: FeedName
    mobile_operator: str
    env: Environment
    sequence: int
    revision: int
    period_start: datetime
    period_end: datetime
    cutoff_at: datetime
    created_at: datetime
    file: str | None
    bytes: int | None
    sha256: str | None
    records: int
    control_totals: ControlTotals
    first_record_seq: int | None
    last_record_seq: int | None
    lost_records: int | None
    close_reason: str
    empty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One row of a finding: its number from 1 after the header, and its value, masked."""

    row: int
    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    What one check found in one file.

    Attributes:
        check: Id in the catalogue, such as ``F04``.
        severity: R refuses the file, Q sets rows aside, W warns, I informs.
        row: The first row concerned, from 1 after the header, or None for the whole file.
        column: The column concerned, or None.
        count: How often, exactly.
        message: For people; values in it are masked.
        samples: The first rows concerned, at most ``SAMPLES``.
    """

    check: str
    severity: FindingSeverity
    row: int | None
    column: str | None
    count: int
    message: str
    samples: tuple[Sample, ...] = ()

    @property
    def document(self) -> dict[str, Any]:
        """The finding as JSON has it."""
        keys = ("check", "severity", "row", "column", "count", "message")
        return {key: getattr(self, key) for key in keys}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """
    What became of one file.

    Attributes:
        file: Its name.
        feed: Kind of records, or None where neither its name nor anybody says.
        accepted: Whether no finding refuses it.
        rows: Records read, malformed ones not counted.
        quarantined: Rows set aside, malformed ones among them.
        findings: By check.
        name: The name taken apart, where it is right.
        manifest: Where one came and is right.
        sha256: Of the file as delivered; None where there was nothing to read.
        bytes: As delivered.
        unpacked_bytes: After decompression; of Parquet, as its footer says.
        late_rows: Rows that ended before their period.
        totals: Sums over the rows.
    """

    file: str
    feed: FeedName | None
    accepted: bool
    rows: int
    quarantined: int
    findings: tuple[Finding, ...]
    name: FeedFileName | None = None
    manifest: Manifest | None = None
    sha256: str | None = None
    bytes: int = 0
    unpacked_bytes: int = 0
    late_rows: int = 0
    totals: ControlTotals = field(default_factory=ControlTotals)

    @property
    def is_copy(self) -> bool:
        """Whether it is known already: the same content under the same sequence (F09)."""
        return any(one.check == "F09" and one.severity == "I" for one in self.findings)

    @property
    def document(self) -> dict[str, Any]:
        """The report as JSON has it."""
        return {
            "file": self.file,
            "feed": self.feed,
            "accepted": self.accepted,
            "rows": self.rows,
            "quarantined": self.quarantined,
            "findings": [finding.document for finding in self.findings],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RangePeriod:
    """Ranges and when their cards exist: from the first instant until before the second."""

    ranges: tuple[IccidRange, ...]
    begin: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedFile:
    """A file of the same mobile operator, feed and environment that was accepted before."""

    name: FeedFileName
    sha256: str | None
    rows: int
    unpacked_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """
    What a file is held against.

    Attributes:
        policy: Limits, thresholds and severities.
        now: When it is checked; aware UTC.
        mobile_operator: Whose file it must be, or None where anybody's may be.
        feed: Which feed it must be, or None where its name says it.
        feeds: The feeds of the mobile operator's record and how they differ from the contract;
            empty where none is known and the contract alone decides.
        production: Its production ranges over time; None where unknown: the form alone is judged.
        test: Its test ranges over time, likewise.
        others: The ranges of all other mobile operators, unnamed.
        accepted: The files accepted before it, in any order, those of the same mobile operator,
            feed and environment.
        refused: Files refused before it, or lying there unchecked: they leave no gap either.
        is_holiday: Tells the holidays of the mobile operator, so that its volume is judged by the
            files before it; None where no history is kept, and there is none to judge it by.
    """

    policy: XdrPolicy
    now: datetime
    mobile_operator: str | None = None
    feed: FeedName | None = None
    feeds: tuple[XdrFeed, ...] = ()
    production: tuple[RangePeriod, ...] | None = None
    test: tuple[RangePeriod, ...] | None = None
    others: tuple[RangePeriod, ...] = ()
    accepted: tuple[AcceptedFile, ...] = ()
    refused: tuple[FeedFileName, ...] = ()
    is_holiday: Callable[[date], bool] | None = None

    def terms(self, feed: FeedName) -> XdrFeed | None:
        """Return what the mobile operator's record says of a feed, or None."""
        return next((one for one in self.feeds if one.feed == feed), None)
