"""Keep what became of files of detail records."""

import sqlalchemy as sa
from alembic import op

from include.mobile_plans.store.types import JsonText, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table of files."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "xdr_file",
        sa.Column("file_id", number, autoincrement=True, nullable=False),
        sa.Column("place", sa.String(length=500), nullable=False),
        sa.Column("stamp", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("slug", sa.String(length=32), nullable=True),
        sa.Column("feed", sa.String(length=3), nullable=True),
        sa.Column("environment", sa.String(length=1), nullable=True),
        sa.Column("cadence", sa.String(length=4), nullable=True),
        sa.Column("period_start", UtcDateTime(timezone=True), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("unpacked_bytes", sa.BigInteger(), nullable=False),
        sa.Column("record_count", sa.BigInteger(), nullable=False),
        sa.Column("quarantined", sa.BigInteger(), nullable=False),
        sa.Column("late_rows", sa.BigInteger(), nullable=False),
        sa.Column("findings", JsonText(), nullable=False),
        sa.Column("kept", sa.Text(), nullable=True),
        sa.Column("received_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("checked_at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state in ('accepted', 'rejected', 'copy')", name=op.f("ck_xdr_file_state")
        ),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_xdr_file")),
        comment="Files of detail records, each checked once for every content it came with.",
    )
    with op.batch_alter_table("xdr_file", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_xdr_file_place_stamp"), ["place", "stamp"], unique=True
        )
        batch_op.create_index(
            batch_op.f("ix_xdr_file_slug_feed_period_start"),
            ["slug", "feed", "period_start"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_xdr_file_checked_at"), ["checked_at"], unique=False)
