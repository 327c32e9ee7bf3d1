"""Incidents and bugs of both parties, what of monitoring belongs to which, and their numbers."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
)

from include.mobile_plans.store.tables.base import metadata
from include.mobile_plans.store.types import UtcDateTime

number_series = Table(
    "number_series",
    metadata,
    Column("series", String(10), primary_key=True),
    Column("last", Integer, nullable=False),
    comment="The last number given in each series, such as INC; held while one is taken.",
)

incident = Table(
    "incident",
    metadata,
    Column("incident_id", String(20), primary_key=True),
    Column("source", String(200), nullable=False, unique=True),
    Column("told_by", String(20), nullable=False),
    Column("service", String(40), nullable=False),
    Column("slug", String(32)),
    Column("parent", String(20), ForeignKey("incident.incident_id")),
    Column("severity", String(10)),
    Column("state", String(20), nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("awaits_mail", Boolean, nullable=False),
    Column("run_wanted", String(40)),
    CheckConstraint("told_by in ('program', 'mobile_operator')", name="told_by"),
    CheckConstraint(
        "state in ('unassessed', 'open', 'paused', 'recovered', 'resolved', 'turned_back')",
        name="state",
    ),
    CheckConstraint("(state in ('resolved', 'turned_back')) = (ended_at is not null)", name="end"),
    Index(None, "slug", "state"),
    Index(None, "state", "opened_at"),
    Index(None, "parent"),
    Index(None, "awaits_mail"),
    Index(None, "run_wanted"),
    comment="Incidents of both directions; every column follows from the events.",
)

incident_trouble = Table(
    "incident_trouble",
    metadata,
    Column("trouble", String(200), primary_key=True),
    Column("incident_id", String(20), ForeignKey("incident.incident_id"), nullable=False),
    Index(None, "incident_id"),
    comment="Which incident each outage or finding of monitoring belongs to: exactly one.",
)

bug = Table(
    "bug",
    metadata,
    Column("bug_id", String(20), primary_key=True),
    Column("source", String(200), nullable=False, unique=True),
    Column("slug", String(32), nullable=False),
    Column("incident_id", String(20), ForeignKey("incident.incident_id")),
    Column("state", String(20), nullable=False),
    Column("title", String(200), nullable=False),
    Column("reported_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    CheckConstraint(
        "state in ('reported', 'triaged', 'approved', 'scheduled', 'deployed', 'declined')",
        name="state",
    ),
    Index(None, "slug", "state"),
    comment="Bugs reported by either party; every column follows from the events.",
)
