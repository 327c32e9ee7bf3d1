"""Files of detail records, as each was delivered and checked."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, String, Table, Text

from include.mobile_plans.store.tables.base import Counter, metadata
from include.mobile_plans.store.types import JsonText, UtcDateTime

xdr_file = Table(
    "xdr_file",
    metadata,
    Column("file_id", Counter, primary_key=True, autoincrement=True),
    Column("place", String(500), nullable=False),
    Column("stamp", String(100), nullable=False),
    Column("name", String(255), nullable=False),
    Column("slug", String(32)),
    Column("feed", String(3)),
    Column("environment", String(1)),
    Column("cadence", String(4)),
    Column("period_start", UtcDateTime),
    Column("sequence", Integer),
    Column("revision", Integer),
    Column("state", String(10), nullable=False),
    Column("sha256", String(64)),
    Column("bytes", BigInteger, nullable=False),
    Column("unpacked_bytes", BigInteger, nullable=False),
    Column("record_count", BigInteger, nullable=False),
    Column("quarantined", BigInteger, nullable=False),
    Column("late_rows", BigInteger, nullable=False),
    Column("findings", JsonText, nullable=False),
    Column("kept", Text),
    Column("received_at", UtcDateTime, nullable=False),
    Column("checked_at", UtcDateTime, nullable=False),
    CheckConstraint("state in ('accepted', 'rejected', 'copy')", name="state"),
    Index(None, "place", "stamp", unique=True),
    Index(None, "slug", "feed", "period_start"),
    Index(None, "checked_at"),
    comment="Files of detail records, each checked once for every content it came with.",
)
