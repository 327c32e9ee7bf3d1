"""Keep planned maintenance."""

import sqlalchemy as sa
from alembic import op

from include.mobile_plans.store.types import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add planned maintenance and the files its notices came in."""
    op.create_table(
        "maintenance",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("slug", sa.String(length=32), nullable=True),
        sa.Column("uid", sa.String(length=250), nullable=True),
        sa.Column("starts_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("ends_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("next_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("run_id", sa.String(length=250), nullable=True),
        sa.CheckConstraint(
            "state in ('unreadable', 'proposed', 'announced', 'under_way', 'completed', "
            "'cancelled')",
            name=op.f("ck_maintenance_state"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_maintenance")),
        comment="Planned maintenance MNT-<number>; every column follows from its events.",
    )
    with op.batch_alter_table("maintenance", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_maintenance_slug_uid"), ["slug", "uid"], unique=True)
        batch_op.create_index(batch_op.f("ix_maintenance_next_at"), ["next_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_maintenance_run_id"), ["run_id"], unique=False)

    op.create_table(
        "maintenance_file",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_maintenance_file")),
        comment="Notices of maintenance as they came, each kept whole and taken once.",
    )
