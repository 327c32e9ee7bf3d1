"""What is probed, what was seen, and what the rules made of it."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from include.mobile_plans.store.tables.base import Counter, metadata
from include.mobile_plans.store.types import JsonText, UtcDateTime

probe_target = Table(
    "probe_target",
    metadata,
    Column("target_id", Counter, primary_key=True, autoincrement=True),
    Column("target", String(60), nullable=False, unique=True),
    Column("slug", String(32), nullable=False),
    Column("slot", BigInteger),
    Column("last_known", BigInteger),
    Column("state", JsonText, nullable=False),
    Column("certificate_ends_at", UtcDateTime),
    comment="What is probed and what the rules remember of it; slots in seconds since 1970.",
)

sample = Table(
    "sample",
    metadata,
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("target_id", BigInteger, ForeignKey("probe_target.target_id"), primary_key=True),
    Column("state", String(8), nullable=False),
    Column("status", Integer),
    Column("phase", String(20)),
    Column("reason", String(40)),
    Column("detail", Text),
    Column("dns_us", Integer),
    Column("connect_us", Integer),
    Column("tls_us", Integer),
    Column("first_byte_us", Integer),
    Column("total_us", Integer),
    Column("late_us", Integer),
    CheckConstraint("state in ('good', 'bad', 'unknown')", name="state"),
    sqlite_with_rowid=False,
    comment="One row per slot and target, so that two probers never count twice.",
)

outage = Table(
    "outage",
    metadata,
    Column("outage_key", String(100), primary_key=True),
    Column("target", String(60), nullable=False),
    Column("slug", String(32), nullable=False),
    Column("good_before", UtcDateTime),
    Column("first_bad", UtcDateTime, nullable=False),
    Column("last_bad", UtcDateTime, nullable=False),
    Column("bad_slots", Integer, nullable=False),
    Column("escalated_at", UtcDateTime),
    Column("good_after", UtcDateTime),
    Column("origin", String(10), nullable=False),
    UniqueConstraint("target", "first_bad"),
    CheckConstraint("origin in ('probe', 'history')", name="origin"),
    Index(None, "slug", "first_bad"),
    Index(None, "good_after"),
    comment="Runs of bad slots with no good one between; open while good_after is empty.",
)

portal_finding = Table(
    "portal_finding",
    metadata,
    Column("target", String(60), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("since", UtcDateTime, primary_key=True),
    Column("slug", String(32), nullable=False),
    Column("until", UtcDateTime),
    CheckConstraint("kind in ('degradation', 'unstable')", name="kind"),
    Index(None, "until"),
    comment="Portals that are bad in another way than a complete loss, and since when.",
)

exclusion = Table(
    "exclusion",
    metadata,
    Column("exclusion_key", String(150), primary_key=True),
    Column("slug", String(32), nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False),
    CheckConstraint("starts_at < ends_at", name="order"),
    Index(None, "slug", "ends_at"),
    comment="Planned maintenance told in time: its slots are excluded, the end not included.",
)
