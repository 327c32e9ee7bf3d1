"""Promises with a clock, the notices that tell of them, and urgent tasks."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from include.mobile_plans.store.tables.base import metadata
from include.mobile_plans.store.types import JsonText, UtcDateTime

obligation = Table(
    "obligation",
    metadata,
    Column("obligation_key", String(150), primary_key=True),
    Column("kind", String(80), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("slug", String(32)),
    Column("debtor", String(20), nullable=False),
    Column("creditor", String(20), nullable=False),
    Column("acts", String(80), nullable=False),
    Column("title", String(200), nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("period", JsonText, nullable=False),
    Column("warn_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("state", String(20), nullable=False),
    Column("next_at", UtcDateTime),
    Column("met_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    CheckConstraint("debtor in ('program', 'mobile_operator')", name="debtor"),
    CheckConstraint("debtor = 'program' or slug is not null", name="slug"),
    CheckConstraint(
        "state in ('open', 'at_risk', 'breached', 'paused', 'met', 'met_late', 'cancelled')",
        name="state",
    ),
    CheckConstraint(
        "(state in ('met', 'met_late', 'cancelled')) = (closed_at is not null)", name="closed_at"
    ),
    Index(None, "next_at"),
    Index(None, "subject"),
    comment="Promises with a clock, of either party; every column follows from the events.",
)

notice = Table(
    "notice",
    metadata,
    Column("notice_key", String(250), primary_key=True),
    Column("kind", String(80), nullable=False),
    Column("party", String(20), nullable=False),
    Column("slug", String(32)),
    Column("thread", String(250), nullable=False),
    Column("thread_position", Integer, nullable=False),
    Column("message_id", String(300), nullable=False, unique=True),
    Column("queued_at", UtcDateTime, nullable=False),
    Column("sender", String(320), nullable=False),
    Column("subject", Text, nullable=False),
    Column("message", LargeBinary, nullable=False),
    Column("contacts", JsonText, nullable=False),
    UniqueConstraint("thread", "party", "thread_position"),
    CheckConstraint("party in ('program', 'mobile_operator')", name="party"),
    CheckConstraint("party = 'program' or slug is not null", name="slug"),
    comment="Mails to be sent, whole and as bytes; slug is the mobile operator it is about.",
)

delivery = Table(
    "delivery",
    metadata,
    Column("notice_key", String(250), ForeignKey("notice.notice_key"), primary_key=True),
    Column("recipient", String(320), primary_key=True),
    Column("role", String(80), nullable=False),
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("claimed_at", UtcDateTime),
    Column("sent_at", UtcDateTime),
    Column("answer", Text),
    CheckConstraint("state in ('queued', 'sending', 'sent', 'refused')", name="state"),
    Index(None, "state", "due_at"),
    comment="One row per recipient of a notice, each its own SMTP transaction.",
)

duty_alert = Table(
    "duty_alert",
    metadata,
    Column("alert_key", String(250), primary_key=True),
    Column("role", String(80), nullable=False),
    Column("raised_at", UtcDateTime, nullable=False),
    Column("told", Integer, nullable=False),
    Column("next_at", UtcDateTime),
    Column("claimed_by", String(200)),
    Column("ended_at", UtcDateTime),
    Index(None, "next_at"),
    comment="Urgent tasks nobody has claimed yet: who is told next, and when.",
)
