"""
The feed contract, version 1, as data: names, columns, manifest (X1).

What is checked and what mobile operators are sent in ``docs/xdr-feed-contract.md`` both come from
here. The agreement names the three feeds and nothing else; their content is ours.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from include.mobile_plans.xdr.model import Cadence, FeedFileName, FeedName

VERSION = "1"
MANIFEST_SCHEMA = "xdr-manifest/1"
TRAILER = "TRL"
TIB = 1 << 40

FILE_NAME = re.compile(
    r"^(CDR|SDR|TDR)_([a-z0-9-]{2,32})_([PT])_(\d{8}T\d{4}Z)_(PT1H|P1D)_(\d{6})(?:_r(\d{2}))?"
    r"\.(csv\.gz|parquet)$",
    re.ASCII,
)
_PERIOD_FORMAT = "%Y%m%dT%H%MZ"

ColumnType = Literal["text", "integer", "number", "decimal", "timestamp", "iccid"]

CLOSE_REASONS = ("normal", "size", "time", "count", "manual", "version_change")
CLOSE_ERRORS = ("undefined", "file_system_error", "storage_full", "integrity_error")
"""After the closure reasons of 3GPP TS 32.297; these say that something went wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """
    One column.

    Attributes:
        name: In the header.
        type: ``text`` unless it is more.
        nullable: Whether it may be empty.
        values: The only ones allowed; empty for any.
        pattern: The whole text matches it.
        longest: Characters at most.
        least: Smallest number.
        most: Greatest number.
        identity: Checked as an EID, IMEI or IMSI; a wrong one is a warning.
        is_id: Whether nearly every row has another value.
        meaning: For people.
    """

    name: str
    type: ColumnType = "text"
    nullable: bool = False
    values: tuple[str, ...] = ()
    pattern: str | None = None
    longest: int = 200
    least: int | None = None
    most: int | None = None
    identity: Literal["eid", "imei", "imsi"] | None = None
    is_id: bool = False
    meaning: str = ""

    @property
    def is_category(self) -> bool:
        """Whether few texts are in many rows, so that they are judged once each."""
        return self.type == "text" and not self.is_id and self.identity is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """
    A kind of records.

    Attributes:
        name: Its three letters.
        title: For people.
        cadences: The lengths a period may have.
        columns: In the order of the header.
        key: The columns that name a record; no two rows have the same.
        event_time: At which an ICCID's range must be valid.
        closing_time: Which puts a row into its period.
        totals: Integer columns whose sums the manifest states.
        money: The column of money whose sums by currency it states, or None.
        currency: The column of its currency, or None.
        is_snapshot: Whether each file says all again, so that records come again in the next.
    """

    name: FeedName
    title: str
    cadences: tuple[Cadence, ...]
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    event_time: str
    closing_time: str
    totals: tuple[str, ...] = ()
    money: str | None = None
    currency: str | None = None
    is_snapshot: bool = False

    def column(self, name: str) -> Column:
        """Return a column by name."""
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """The header."""
        return tuple(column.name for column in self.columns)


_COUNTRY = r"[A-Z]{2}"
_CURRENCY = r"[A-Z]{3}"
_CHOICES = ("New", "Existing", "Bailed", "None")
MO_DIRECT_STATUSES = (
    *("Complete", "ServiceError", "InvalidSIM", "LogOnFailed"),
    *("PurchaseFailed", "ClientError", "BillingError"),
)
COMPLETE = MO_DIRECT_STATUSES[0]
DATA = "DATA"


def _moment(name: str, meaning: str, *, nullable: bool = False) -> Column:
    return Column(name=name, type="timestamp", nullable=nullable, meaning=meaning)


def _money(name: str, meaning: str) -> tuple[Column, Column]:
    amount = Column(
        name=name, type="decimal", nullable=True, least=0, most=10**12 - 1, meaning=meaning
    )
    currency = Column(
        name="currency",
        nullable=True,
        pattern=_CURRENCY,
        meaning="ISO 4217 code, where there is an amount.",
    )
    return amount, currency


_ICCID = Column(name="iccid", type="iccid", longest=20, meaning="18 to 20 digits, as text.")
_EID = Column(name="eid", nullable=True, longest=32, identity="eid", meaning="32 digits.")
_PLAN_ID = Column(name="plan_id", longest=64, meaning="The plan, as the mobile operator names it.")

CDR = Feed(
    name="CDR",
    title="Call detail records",
    cadences=("PT1H", "P1D"),
    columns=(
        Column(name="record_id", is_id=True, longest=64, meaning="Names the record for good."),
        Column(
            name="record_seq", type="integer", least=0, meaning="One more from record to record."
        ),
        _ICCID,
        Column(name="imsi", nullable=True, longest=15, identity="imsi", meaning="14 or 15 digits."),
        Column(name="service_type", values=(DATA, "VOICE", "SMS"), meaning="What was used."),
        _moment("event_start", "When the use began; the ICCID's range is judged at it."),
        _moment("event_end", "When the record was closed; it puts the record into its period."),
        Column(name="duration_s", type="integer", least=0, most=86_400, meaning="Seconds."),
        Column(name="bytes_up", type="integer", least=0, most=TIB, meaning="0 unless DATA."),
        Column(name="bytes_down", type="integer", least=0, most=TIB, meaning="0 unless DATA."),
        Column(name="serving_mccmnc", pattern=r"[0-9]{5,6}", meaning="The network it was used in."),
        Column(name="country", pattern=_COUNTRY, meaning="Where, ISO 3166."),
        Column(
            name="rat",
            nullable=True,
            values=("GSM", "UMTS", "LTE", "NR", "OTHER"),
            meaning="Radio access.",
        ),
        Column(name="apn", nullable=True, meaning="Access point name."),
        Column(
            name="charging_id", is_id=True, nullable=True, longest=64, meaning="Names the session."
        ),
        Column(
            name="partial_seq",
            type="integer",
            nullable=True,
            least=0,
            most=10**9,
            meaning="Counts the partial records of a session without gaps.",
        ),
        _PLAN_ID,
        *_money("charge_amount", "What it cost, at most six decimals."),
        Column(name="close_cause", nullable=True, meaning="Why the record was closed."),
    ),
    key=("record_id",),
    event_time="event_start",
    closing_time="event_end",
    totals=("duration_s", "bytes_up", "bytes_down"),
    money="charge_amount",
    currency="currency",
)

SDR = Feed(
    name="SDR",
    title="Subscription detail records: every subscription, each day",
    cadences=("P1D",),
    columns=(
        _ICCID,
        _EID,
        Column(name="subscription_id", is_id=True, longest=64, meaning="Names the subscription."),
        Column(
            name="status",
            values=("ACTIVE", "SUSPENDED", "TERMINATED", "PENDING"),
            meaning="At the snapshot.",
        ),
        _PLAN_ID,
        Column(name="plan_name", meaning="The plan as customers read it."),
        Column(
            name="balance_type",
            values=("MODIRECT", "MODIRECTPAYG", "NONE", "NOTSUPPORTED"),
            meaning="As the balance service answers.",
        ),
        _moment("activated_at", "Since when it is active.", nullable=True),
        _moment("valid_until", "Until when the plan is valid.", nullable=True),
        _moment("terminated_at", "When it ended.", nullable=True),
        Column(
            name="data_allowance_mb",
            type="number",
            nullable=True,
            least=0,
            meaning="Megabytes of the plan.",
        ),
        Column(
            name="data_remaining_mb",
            type="number",
            nullable=True,
            least=0,
            meaning="Megabytes left of them.",
        ),
        Column(name="country", pattern=_COUNTRY, meaning="Where it was bought, ISO 3166."),
        Column(
            name="last_transaction_id",
            is_id=True,
            nullable=True,
            longest=64,
            meaning="Of the last purchase.",
        ),
        _moment("snapshot_at", "When it was looked at: within the period or at its end."),
    ),
    key=("iccid", "subscription_id"),
    event_time="snapshot_at",
    closing_time="snapshot_at",
    is_snapshot=True,
)

TDR = Feed(
    name="TDR",
    title="Transaction detail records",
    cadences=("PT1H", "P1D"),
    columns=(
        Column(
            name="transaction_id",
            is_id=True,
            longest=64,
            meaning="Ours, as the portal was given it.",
        ),
        Column(
            name="mo_order_id", is_id=True, nullable=True, longest=64, meaning="The order's own id."
        ),
        Column(
            name="iccid",
            type="iccid",
            nullable=True,
            longest=20,
            meaning="18 to 20 digits, as text; never empty when Complete.",
        ),
        _EID,
        Column(name="imei", nullable=True, longest=16, identity="imei", meaning="14 to 16 digits."),
        _moment("created_at", "When the transaction began."),
        _moment("completed_at", "When it reached its state; it puts the record into its period."),
        Column(
            name="transaction_type",
            values=("NEW", "TOPUP", "RENEW", "CANCEL", "REFUND"),
            meaning="What was wanted.",
        ),
        Column(name="mo_direct_status", values=MO_DIRECT_STATUSES, meaning="How it ended."),
        Column(name="user_account", values=_CHOICES, meaning="As the portal reports it."),
        Column(name="purchase_instrument", values=_CHOICES, meaning="As the portal reports it."),
        Column(name="line", values=_CHOICES, meaning="As the portal reports it."),
        _PLAN_ID,
        Column(name="plan_name", nullable=True, meaning="Filled exactly when Complete."),
        *_money("amount", "What was paid, at most six decimals."),
        Column(name="market", pattern=_COUNTRY, meaning="Where, ISO 3166."),
        Column(name="activation_result", nullable=True, meaning="Of the profile or line."),
    ),
    key=("transaction_id",),
    event_time="completed_at",
    closing_time="completed_at",
    money="amount",
    currency="currency",
)

FEEDS: Mapping[FeedName, Feed] = {"CDR": CDR, "SDR": SDR, "TDR": TDR}


def parse_file_name(name: str) -> FeedFileName | None:
    """Take a data file's name apart, or return None where it breaks the contract."""
    found = FILE_NAME.fullmatch(name)
    if found is None:
        return None
    feed, mobile_operator, environment, start, cadence, sequence, revision, ending = found.groups()
    try:
        period_start = datetime.strptime(start, _PERIOD_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None
    if int(sequence) == 0 or cadence not in FEEDS[_feed(feed)].cadences:
        return None
    return FeedFileName(
        name=name,
        feed=_feed(feed),
        mobile_operator=mobile_operator,
        environment="T" if environment == "T" else "P",
        period_start=period_start,
        cadence="PT1H" if cadence == "PT1H" else "P1D",
        sequence=int(sequence),
        revision=int(revision or 0),
        format="parquet" if ending == "parquet" else "csv.gz",
    )


def file_name(name: FeedFileName) -> str:
    """Write the name of a data file from its parts; its own ``name`` is not looked at."""
    revision = f"_r{name.revision:02}" if name.revision else ""
    return (
        f"{name.feed}_{name.mobile_operator}_{name.environment}_"
        f"{name.period_start.strftime(_PERIOD_FORMAT)}_{name.cadence}_"
        f"{name.sequence:06}{revision}.{name.format}"
    )


def _feed(text: str) -> FeedName:
    return next(feed for feed in get_args(FeedName) if feed == text)
