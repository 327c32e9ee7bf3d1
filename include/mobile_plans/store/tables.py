"""
Every table of the store; ``migrations/`` brings a database to this shape.

Points in time are UTC; documents are canonical JSON text; a slug names a mobile operator.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from include.mobile_plans.store.types import JsonText, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite only counts up by itself in a column that is exactly INTEGER.
_Counter = BigInteger().with_variant(Integer(), "sqlite")

event_stream = Table(
    "event_stream",
    metadata,
    Column("stream", String(200), primary_key=True),
    Column("length", Integer, nullable=False),
    Column("head_hash", String(64), nullable=False),
    comment="The length and last hash of each stream: what makes a cut-off tail visible.",
)

event = Table(
    "event",
    metadata,
    Column("event_id", _Counter, primary_key=True, autoincrement=True),
    Column("stream", String(200), ForeignKey("event_stream.stream"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", String(80), nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime),
    Column("actor", String(200), nullable=False),
    Column("data", JsonText, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("stream", "position"),
    comment="Append-only: everything that happened, each stream a chain of hashes.",
)

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

probe_target = Table(
    "probe_target",
    metadata,
    Column("target_id", _Counter, primary_key=True, autoincrement=True),
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
    Column("target_id", BigInteger, ForeignKey("probe_target.target_id"), primary_key=True),
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
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
    CheckConstraint("state in ('good', 'bad', 'unknown')", name="state"),
    sqlite_with_rowid=False,
    comment="One row per target and slot, so that two probers never count twice.",
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
