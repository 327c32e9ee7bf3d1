"""Launches of mobile operators."""

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Integer, String, Table

from include.mobile_plans.store.tables.base import metadata
from include.mobile_plans.store.types import UtcDateTime

launch = Table(
    "launch",
    metadata,
    Column("launch_id", String(250), primary_key=True),
    Column("run_id", String(250), nullable=False, unique=True),
    Column("slug", String(32), nullable=False),
    Column("record_version", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("active_slug", String(32), unique=True),
    Column("requested_by", String(200), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    ForeignKeyConstraint(
        ["slug", "record_version"],
        ["mobile_operator_version.slug", "mobile_operator_version.version"],
    ),
    CheckConstraint("state in ('active', 'live', 'cancelled')", name="state"),
    CheckConstraint("(state = 'active') = (active_slug is not null)", name="active_slug"),
    comment="Launches; active_slug is unique: one active launch per mobile operator.",
)
