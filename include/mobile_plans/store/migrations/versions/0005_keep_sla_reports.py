"""Keep SLA rollups, statements and disputes."""

import sqlalchemy as sa
from alembic import op

from include.mobile_plans.store.types import JsonText, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what SLA reports keep."""
    op.create_table(
        "sla_dispute",
        sa.Column("dispute_id", sa.String(length=20), nullable=False),
        sa.Column("slug", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.Column("starts_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("ends_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("contact", sa.String(length=200), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("file", sa.String(length=255), nullable=True),
        sa.Column("received_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attribution", sa.String(length=10), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("decided_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'accepted') = (attribution is not null)", name=op.f("ck_sla_dispute_accepted")
        ),
        sa.CheckConstraint(
            "(state = 'open') = (decided_at is null)", name=op.f("ck_sla_dispute_decided_at")
        ),
        sa.CheckConstraint(
            "attribution in ('good', 'excluded', 'unknown')",
            name=op.f("ck_sla_dispute_attribution"),
        ),
        sa.CheckConstraint(
            "state in ('open', 'accepted', 'rejected')", name=op.f("ck_sla_dispute_state")
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_sla_dispute_order")),
        sa.PrimaryKeyConstraint("dispute_id", name=op.f("pk_sla_dispute")),
        comment="Bad slots a mobile operator disputes; what was decided is laid over the samples.",
    )
    with op.batch_alter_table("sla_dispute", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sla_dispute_slug_state"), ["slug", "state"], unique=False
        )

    op.create_table(
        "sla_rollup",
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("first_slot", sa.BigInteger(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("good", sa.Integer(), nullable=False),
        sa.Column("bad", sa.Integer(), nullable=False),
        sa.Column("excluded", sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("seen_good", sa.Integer(), nullable=False),
        sa.Column("seen_bad", sa.Integer(), nullable=False),
        sa.Column("good_s", sa.Integer(), nullable=False),
        sa.Column("bad_s", sa.Integer(), nullable=False),
        sa.Column("excluded_s", sa.Integer(), nullable=False),
        sa.Column("ours_s", sa.Integer(), nullable=False),
        sa.Column("network_s", sa.Integer(), nullable=False),
        sa.Column("overrun_s", sa.Integer(), nullable=False),
        sa.Column("first_good", sa.BigInteger(), nullable=True),
        sa.Column("last_good", sa.BigInteger(), nullable=True),
        sa.Column("measured", sa.Integer(), nullable=False),
        sa.Column("sum_us", sa.BigInteger(), nullable=False),
        sa.Column("within", sa.Integer(), nullable=False),
        sa.Column("dns_us", sa.BigInteger(), nullable=False),
        sa.Column("connect_us", sa.BigInteger(), nullable=False),
        sa.Column("tls_us", sa.BigInteger(), nullable=False),
        sa.Column("first_byte_us", sa.BigInteger(), nullable=False),
        sa.Column("dns_count", sa.Integer(), nullable=False),
        sa.Column("connect_count", sa.Integer(), nullable=False),
        sa.Column("tls_count", sa.Integer(), nullable=False),
        sa.Column("first_byte_count", sa.Integer(), nullable=False),
        sa.Column("histogram", sa.LargeBinary(), nullable=False),
        sa.Column("edges", JsonText(), nullable=True),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("inputs", sa.String(length=64), nullable=False),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("target", "day", name=op.f("pk_sla_rollup")),
        comment="All that reports need of one target and UTC day; made again from the archive.",
    )
    with op.batch_alter_table("sla_rollup", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sla_rollup_day"), ["day"], unique=False)

    op.create_table(
        "sla_statement",
        sa.Column("number", sa.String(length=80), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("slug", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.Column("inputs", JsonText(), nullable=False),
        sa.Column("document", JsonText(), nullable=False),
        sa.Column("made_at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind in ('day', 'month', 'period')", name=op.f("ck_sla_statement_kind")
        ),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_sla_statement_order")),
        sa.PrimaryKeyConstraint("number", "revision", name=op.f("pk_sla_statement")),
        comment="SLA statements, whole; a correction is a further revision.",
    )
    with op.batch_alter_table("sla_statement", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sla_statement_slug_last_day"), ["slug", "last_day"], unique=False
        )
