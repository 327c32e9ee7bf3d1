"""
Keep samples by slot, then target, and how late each probe began.

A round is then written in one place of the table, and a day is read, sealed and removed in one
stretch. No release has written a sample yet, so the table is made anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of samples anew."""
    op.drop_table("sample")
    op.create_table(
        "sample",
        sa.Column("slot", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=False),
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
        sa.Column("late_us", sa.Integer(), nullable=True),
        sa.CheckConstraint("state in ('good', 'bad', 'unknown')", name=op.f("ck_sample_state")),
        sa.ForeignKeyConstraint(
            ["target_id"], ["probe_target.target_id"], name=op.f("fk_sample_target_id_probe_target")
        ),
        sa.PrimaryKeyConstraint("slot", "target_id", name=op.f("pk_sample")),
        comment="One row per slot and target, so that two probers never count twice.",
        sqlite_with_rowid=False,
    )
