"""Mobile operators, version by version, and the changes proposed to them."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from include.mobile_plans.store.tables.base import metadata
from include.mobile_plans.store.types import JsonText, UtcDateTime

mobile_operator_version = Table(
    "mobile_operator_version",
    metadata,
    Column("slug", String(32), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("valid_from", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("author", String(200), nullable=False),
    Column("approver", String(200)),
    Column("reason", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("live_since", UtcDateTime),
    Column("live_until", UtcDateTime),
    Column("name", String(200), nullable=False),
    Column("document", JsonText, nullable=False),
    Column("document_hash", String(64), nullable=False),
    CheckConstraint("state in ('draft', 'live', 'suspended', 'withdrawn')", name="state"),
    Index(None, "valid_from"),
    comment="Mobile operators, version by version; the newest valid one is in force.",
)

mobile_operator_change = Table(
    "mobile_operator_change",
    metadata,
    Column("change_id", String(250), primary_key=True),
    Column("slug", String(32), nullable=False),
    Column("base_version", Integer, nullable=False),
    Column("proposed_at", UtcDateTime, nullable=False),
    Column("proposed_by", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("document", JsonText, nullable=False),
    Column("state", String(20), nullable=False),
    Column("decided_at", UtcDateTime),
    Column("decided_by", String(200)),
    Column("decision_note", Text),
    ForeignKeyConstraint(
        ["slug", "base_version"],
        ["mobile_operator_version.slug", "mobile_operator_version.version"],
    ),
    CheckConstraint("state in ('proposed', 'approved', 'rejected')", name="state"),
    comment="Proposed changes of a mobile operator, waiting for a second named person.",
)
