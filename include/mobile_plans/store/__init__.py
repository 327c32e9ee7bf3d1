"""
The store: our own record of truth, in SQLite or PostgreSQL, apart from Airflow's database.

The only room that knows SQLAlchemy's engine and alembic. Other rooms receive a connection and use
the tables named here.
"""

from include.mobile_plans.store import tables
from include.mobile_plans.store.engine import Store, store_from_environment
from include.mobile_plans.store.events import (
    Event,
    append_event,
    newest_event,
    read_events,
    stream_head,
)
from include.mobile_plans.store.numbers import hold_numbers, next_number
from include.mobile_plans.store.rows import insert_missing, upsert
from include.mobile_plans.store.verification import Finding, verify_events

__all__ = [
    "Event",
    "Finding",
    "Store",
    "append_event",
    "hold_numbers",
    "insert_missing",
    "newest_event",
    "next_number",
    "read_events",
    "store_from_environment",
    "stream_head",
    "tables",
    "upsert",
    "verify_events",
]
