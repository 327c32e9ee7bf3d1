"""Column types that mean the same on SQLite and PostgreSQL."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from include.mobile_plans.instants import require_utc

_FIXED_WIDTH = "%Y-%m-%dT%H:%M:%S.%fZ"


def canonical_json(document: object) -> str:
    """Write a JSON document in the one form whose bytes we hash: sorted keys, no blanks."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class UtcDateTime(TypeDecorator[datetime]):
    """
    An aware instant, kept in UTC with microseconds.

    SQLite keeps text of fixed width, so that comparing text compares instants.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use the database's own type where it keeps instants, text where it does not."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(27))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse naive instants on the way in."""
        if value is None:
            return None
        instant = require_utc(value)
        return instant.strftime(_FIXED_WIDTH) if dialect.name == "sqlite" else instant

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Return aware UTC on the way out."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return datetime.fromisoformat(value)
        instant: datetime = value
        return instant.astimezone(UTC)


class JsonText(TypeDecorator[Any]):
    """A JSON document kept as canonical text, so that its hash can be recomputed anywhere."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> str | None:
        """Write the canonical form."""
        del dialect
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Read the document back."""
        del dialect
        return None if value is None else json.loads(value)
