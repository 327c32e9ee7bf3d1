"""Planned maintenance of either party, and the notices that reached us as files."""

from sqlalchemy import CheckConstraint, Column, Index, Integer, LargeBinary, String, Table, Text

from include.mobile_plans.store.tables.base import metadata
from include.mobile_plans.store.types import UtcDateTime

maintenance = Table(
    "maintenance",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", String(20), nullable=False),
    Column("slug", String(32)),
    Column("uid", String(250)),
    Column("starts_at", UtcDateTime),
    Column("ends_at", UtcDateTime),
    Column("next_at", UtcDateTime),
    Column("run_id", String(250)),
    CheckConstraint(
        "state in ('unreadable', 'proposed', 'announced', 'under_way', 'completed', 'cancelled')",
        name="state",
    ),
    Index(None, "slug", "uid", unique=True),
    Index(None, "next_at"),
    Index(None, "run_id"),
    comment="Planned maintenance MNT-<number>; every column follows from its events.",
)

maintenance_file = Table(
    "maintenance_file",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("number", Integer),
    Column("outcome", Text, nullable=False),
    comment="Notices of maintenance as they came, each kept whole and taken once.",
)
