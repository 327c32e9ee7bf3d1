"""Create the store."""

import sqlalchemy as sa
from alembic import op

from include.mobile_plans.store.types import JsonText, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the store."""
    op.create_table(
        "duty_alert",
        sa.Column("alert_key", sa.String(length=250), nullable=False),
        sa.Column("role", sa.String(length=80), nullable=False),
        sa.Column("raised_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.String(length=200), nullable=True),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("alert_key", name=op.f("pk_duty_alert")),
        comment="Urgent tasks nobody has claimed yet: who is told next, and when.",
    )
    with op.batch_alter_table("duty_alert", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_duty_alert_next_at"), ["next_at"], unique=False)

    op.create_table(
        "event_stream",
        sa.Column("stream", sa.String(length=200), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("head_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_event_stream")),
        comment="The length and last hash of each stream: what makes a cut-off tail visible.",
    )
    op.create_table(
        "exclusion",
        sa.Column("exclusion_key", sa.String(length=150), nullable=False),
        sa.Column("slug", sa.String(length=32), nullable=False),
        sa.Column("starts_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("ends_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_exclusion_order")),
        sa.PrimaryKeyConstraint("exclusion_key", name=op.f("pk_exclusion")),
        comment="Planned maintenance told in time: its slots are excluded, the end not included.",
    )
    with op.batch_alter_table("exclusion", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_exclusion_slug_ends_at"), ["slug", "ends_at"], unique=False
        )

    op.create_table(
        "mobile_operator_version",
        sa.Column("slug", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid_from", UtcDateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("approver", sa.String(length=200), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("live_since", UtcDateTime(timezone=True), nullable=True),
        sa.Column("live_until", UtcDateTime(timezone=True), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("document", JsonText(), nullable=False),
        sa.Column("document_hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "state in ('draft', 'live', 'suspended', 'withdrawn')",
            name=op.f("ck_mobile_operator_version_state"),
        ),
        sa.PrimaryKeyConstraint("slug", "version", name=op.f("pk_mobile_operator_version")),
        comment="Mobile operators, version by version; the newest valid one is in force.",
    )
    with op.batch_alter_table("mobile_operator_version", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_mobile_operator_version_valid_from"), ["valid_from"], unique=False
        )

    op.create_table(
        "notice",
        sa.Column("notice_key", sa.String(length=250), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("party", sa.String(length=20), nullable=False),
        sa.Column("slug", sa.String(length=32), nullable=True),
        sa.Column("thread", sa.String(length=250), nullable=False),
        sa.Column("thread_position", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(length=300), nullable=False),
        sa.Column("queued_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("sender", sa.String(length=320), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.Column("contacts", JsonText(), nullable=False),
        sa.CheckConstraint("party = 'program' or slug is not null", name=op.f("ck_notice_slug")),
        sa.CheckConstraint("party in ('program', 'mobile_operator')", name=op.f("ck_notice_party")),
        sa.PrimaryKeyConstraint("notice_key", name=op.f("pk_notice")),
        sa.UniqueConstraint("message_id", name=op.f("uq_notice_message_id")),
        sa.UniqueConstraint(
            "thread",
            "party",
            "thread_position",
            name=op.f("uq_notice_thread_party_thread_position"),
        ),
        comment="Mails to be sent, whole and as bytes; slug is the mobile operator it is about.",
    )
    op.create_table(
        "obligation",
        sa.Column("obligation_key", sa.String(length=150), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("slug", sa.String(length=32), nullable=True),
        sa.Column("debtor", sa.String(length=20), nullable=False),
        sa.Column("creditor", sa.String(length=20), nullable=False),
        sa.Column("acts", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("since", UtcDateTime(timezone=True), nullable=False),
        sa.Column("period", JsonText(), nullable=False),
        sa.Column("warn_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("due_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("next_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("met_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_at", UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state in ('met', 'met_late', 'cancelled')) = (closed_at is not null)",
            name=op.f("ck_obligation_closed_at"),
        ),
        sa.CheckConstraint(
            "debtor = 'program' or slug is not null", name=op.f("ck_obligation_slug")
        ),
        sa.CheckConstraint(
            "debtor in ('program', 'mobile_operator')", name=op.f("ck_obligation_debtor")
        ),
        sa.CheckConstraint(
            "state in ('open', 'at_risk', 'breached', 'paused', 'met', 'met_late', 'cancelled')",
            name=op.f("ck_obligation_state"),
        ),
        sa.PrimaryKeyConstraint("obligation_key", name=op.f("pk_obligation")),
        comment="Promises with a clock, of either party; every column follows from the events.",
    )
    with op.batch_alter_table("obligation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_obligation_next_at"), ["next_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_obligation_subject"), ["subject"], unique=False)

    op.create_table(
        "outage",
        sa.Column("outage_key", sa.String(length=100), nullable=False),
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.Column("slug", sa.String(length=32), nullable=False),
        sa.Column("good_before", UtcDateTime(timezone=True), nullable=True),
        sa.Column("first_bad", UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_bad", UtcDateTime(timezone=True), nullable=False),
        sa.Column("bad_slots", sa.Integer(), nullable=False),
        sa.Column("escalated_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("good_after", UtcDateTime(timezone=True), nullable=True),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.CheckConstraint("origin in ('probe', 'history')", name=op.f("ck_outage_origin")),
        sa.PrimaryKeyConstraint("outage_key", name=op.f("pk_outage")),
        sa.UniqueConstraint("target", "first_bad", name=op.f("uq_outage_target_first_bad")),
        comment="Runs of bad slots with no good one between; open while good_after is empty.",
    )
    with op.batch_alter_table("outage", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outage_good_after"), ["good_after"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_outage_slug_first_bad"), ["slug", "first_bad"], unique=False
        )

    op.create_table(
        "portal_finding",
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("since", UtcDateTime(timezone=True), nullable=False),
        sa.Column("slug", sa.String(length=32), nullable=False),
        sa.Column("until", UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind in ('degradation', 'unstable')", name=op.f("ck_portal_finding_kind")
        ),
        sa.PrimaryKeyConstraint("target", "kind", "since", name=op.f("pk_portal_finding")),
        comment="Portals that are bad in another way than a complete loss, and since when.",
    )
    with op.batch_alter_table("portal_finding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_portal_finding_until"), ["until"], unique=False)

    op.create_table(
        "probe_target",
        sa.Column(
            "target_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.Column("slug", sa.String(length=32), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=True),
        sa.Column("last_known", sa.BigInteger(), nullable=True),
        sa.Column("state", JsonText(), nullable=False),
        sa.Column("certificate_ends_at", UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("target_id", name=op.f("pk_probe_target")),
        sa.UniqueConstraint("target", name=op.f("uq_probe_target_target")),
        comment="What is probed and what the rules remember of it; slots in seconds since 1970.",
    )
    op.create_table(
        "delivery",
        sa.Column("notice_key", sa.String(length=250), nullable=False),
        sa.Column("recipient", sa.String(length=320), nullable=False),
        sa.Column("role", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("sent_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state in ('queued', 'sending', 'sent', 'refused')", name=op.f("ck_delivery_state")
        ),
        sa.ForeignKeyConstraint(
            ["notice_key"], ["notice.notice_key"], name=op.f("fk_delivery_notice_key_notice")
        ),
        sa.PrimaryKeyConstraint("notice_key", "recipient", name=op.f("pk_delivery")),
        comment="One row per recipient of a notice, each its own SMTP transaction.",
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_delivery_state_due_at"), ["state", "due_at"], unique=False
        )

    op.create_table(
        "event",
        sa.Column(
            "event_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("stream", sa.String(length=200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("received_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("data", JsonText(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["stream"], ["event_stream.stream"], name=op.f("fk_event_stream_event_stream")
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event")),
        sa.UniqueConstraint("stream", "position", name=op.f("uq_event_stream_position")),
        comment="Append-only: everything that happened, each stream a chain of hashes.",
    )
    op.create_table(
        "launch",
        sa.Column("launch_id", sa.String(length=250), nullable=False),
        sa.Column("run_id", sa.String(length=250), nullable=False),
        sa.Column("slug", sa.String(length=32), nullable=False),
        sa.Column("record_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("active_slug", sa.String(length=32), nullable=True),
        sa.Column("requested_by", sa.String(length=200), nullable=False),
        sa.Column("started_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'active') = (active_slug is not null)", name=op.f("ck_launch_active_slug")
        ),
        sa.CheckConstraint(
            "state in ('active', 'live', 'cancelled')", name=op.f("ck_launch_state")
        ),
        sa.ForeignKeyConstraint(
            ["slug", "record_version"],
            ["mobile_operator_version.slug", "mobile_operator_version.version"],
            name=op.f("fk_launch_slug_record_version_mobile_operator_version"),
        ),
        sa.PrimaryKeyConstraint("launch_id", name=op.f("pk_launch")),
        sa.UniqueConstraint("active_slug", name=op.f("uq_launch_active_slug")),
        sa.UniqueConstraint("run_id", name=op.f("uq_launch_run_id")),
        comment="Launches; active_slug is unique: one active launch per mobile operator.",
    )
    op.create_table(
        "mobile_operator_change",
        sa.Column("change_id", sa.String(length=250), nullable=False),
        sa.Column("slug", sa.String(length=32), nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=False),
        sa.Column("proposed_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("document", JsonText(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("decided_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("decision_note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state in ('proposed', 'approved', 'rejected')",
            name=op.f("ck_mobile_operator_change_state"),
        ),
        sa.ForeignKeyConstraint(
            ["slug", "base_version"],
            ["mobile_operator_version.slug", "mobile_operator_version.version"],
            name=op.f("fk_mobile_operator_change_slug_base_version_mobile_operator_version"),
        ),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_mobile_operator_change")),
        comment="Proposed changes of a mobile operator, waiting for a second named person.",
    )
    op.create_table(
        "sample",
        sa.Column("target_id", sa.BigInteger(), nullable=False),
        sa.Column("slot", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("phase", sa.String(length=20), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("dns_us", sa.Integer(), nullable=True),
        sa.Column("connect_us", sa.Integer(), nullable=True),
        sa.Column("tls_us", sa.Integer(), nullable=True),
        sa.Column("first_byte_us", sa.Integer(), nullable=True),
        sa.Column("total_us", sa.Integer(), nullable=True),
        sa.CheckConstraint("state in ('good', 'bad', 'unknown')", name=op.f("ck_sample_state")),
        sa.ForeignKeyConstraint(
            ["target_id"], ["probe_target.target_id"], name=op.f("fk_sample_target_id_probe_target")
        ),
        sa.PrimaryKeyConstraint("target_id", "slot", name=op.f("pk_sample")),
        comment="One row per target and slot, so that two probers never count twice.",
        sqlite_with_rowid=False,
    )
