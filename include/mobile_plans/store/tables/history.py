"""The append-only history: everything that happened, in chained streams."""

from sqlalchemy import Column, ForeignKey, Integer, String, Table, UniqueConstraint

from include.mobile_plans.store.tables.base import Counter, metadata
from include.mobile_plans.store.types import JsonText, UtcDateTime

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
    Column("event_id", Counter, primary_key=True, autoincrement=True),
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
