"""Keep incidents, bugs and their numbers."""

import sqlalchemy as sa
from alembic import op

from include.mobile_plans.store.types import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep incidents, bugs and their numbers."""
    op.create_table(
        "incident",
        sa.Column("incident_id", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("told_by", sa.String(length=20), nullable=False),
        sa.Column("service", sa.String(length=40), nullable=False),
        sa.Column("slug", sa.String(length=32), nullable=True),
        sa.Column("parent", sa.String(length=20), nullable=True),
        sa.Column("severity", sa.String(length=10), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("since", UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("changed_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("awaits_mail", sa.Boolean(), nullable=False),
        sa.Column("run_wanted", sa.String(length=40), nullable=True),
        sa.CheckConstraint(
            "(state in ('resolved', 'turned_back')) = (ended_at is not null)",
            name=op.f("ck_incident_end"),
        ),
        sa.CheckConstraint(
            "state in ('unassessed', 'open', 'paused', 'recovered', 'resolved', 'turned_back')",
            name=op.f("ck_incident_state"),
        ),
        sa.CheckConstraint(
            "told_by in ('program', 'mobile_operator')", name=op.f("ck_incident_told_by")
        ),
        sa.ForeignKeyConstraint(
            ["parent"], ["incident.incident_id"], name=op.f("fk_incident_parent_incident")
        ),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_incident")),
        sa.UniqueConstraint("source", name=op.f("uq_incident_source")),
        comment="Incidents of both directions; every column follows from the events.",
    )
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_incident_awaits_mail"), ["awaits_mail"], unique=False)
        batch_op.create_index(batch_op.f("ix_incident_parent"), ["parent"], unique=False)
        batch_op.create_index(batch_op.f("ix_incident_run_wanted"), ["run_wanted"], unique=False)
        batch_op.create_index(batch_op.f("ix_incident_slug_state"), ["slug", "state"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_incident_state_opened_at"), ["state", "opened_at"], unique=False
        )

    op.create_table(
        "number_series",
        sa.Column("series", sa.String(length=10), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series", name=op.f("pk_number_series")),
        comment="The last number given in each series, such as INC; held while one is taken.",
    )
    op.create_table(
        "bug",
        sa.Column("bug_id", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("slug", sa.String(length=32), nullable=False),
        sa.Column("incident_id", sa.String(length=20), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("reported_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("changed_at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state in ('reported', 'triaged', 'approved', 'scheduled', 'deployed', 'declined')",
            name=op.f("ck_bug_state"),
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.incident_id"], name=op.f("fk_bug_incident_id_incident")
        ),
        sa.PrimaryKeyConstraint("bug_id", name=op.f("pk_bug")),
        sa.UniqueConstraint("source", name=op.f("uq_bug_source")),
        comment="Bugs reported by either party; every column follows from the events.",
    )
    with op.batch_alter_table("bug", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bug_slug_state"), ["slug", "state"], unique=False)

    op.create_table(
        "incident_trouble",
        sa.Column("trouble", sa.String(length=200), nullable=False),
        sa.Column("incident_id", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incident.incident_id"],
            name=op.f("fk_incident_trouble_incident_id_incident"),
        ),
        sa.PrimaryKeyConstraint("trouble", name=op.f("pk_incident_trouble")),
        comment="Which incident each outage or finding of monitoring belongs to: exactly one.",
    )
    with op.batch_alter_table("incident_trouble", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_incident_trouble_incident_id"), ["incident_id"], unique=False
        )
