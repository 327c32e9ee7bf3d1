"""Bring a store to this release's shape, and tell whether it has it."""

from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from include.mobile_plans.store.engine import Store
from include.mobile_plans.store.tables import metadata

_MIGRATIONS = Path(__file__).parent / "migrations"
_UPGRADE_LOCK = 776_101_001


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaState:
    """
    What shape a store has.

    Attributes:
        revision: The migration it stands at, or None before the first.
        expected: The migration this release needs.
        differences: Where its tables differ from this release's, in words; empty when they agree.
    """

    revision: str | None
    expected: str
    differences: tuple[str, ...]

    @property
    def is_current(self) -> bool:
        """Whether the store fits this release."""
        return self.revision == self.expected and not self.differences


def alembic_config() -> Config:
    """Return alembic's settings: where the migrations lie."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def upgrade(store: Store) -> str:
    """
    Run every migration the store has not seen, in one transaction, and return the revision.

    Two processes that upgrade at once wait for each other.

    Raises:
        StoreUnavailable: The database cannot be reached.
    """
    config = alembic_config()
    with store.transaction() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return expected_revision()


def expected_revision() -> str:
    """Return the newest migration of this release."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    return str(head)


def check(store: Store) -> SchemaState:
    """
    Compare a store with what this release needs, changing nothing.

    Raises:
        StoreUnavailable: The database cannot be reached.
    """
    with store.snapshot() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return SchemaState(
            revision=context.get_current_revision(),
            expected=expected_revision(),
            differences=tuple(_differences(connection, context)),
        )


def _differences(connection: Connection, context: MigrationContext) -> list[str]:
    del connection
    return [_words(difference) for difference in compare_metadata(context, metadata)]


def _words(difference: object) -> str:
    """Describe one of alembic's difference tuples, which nest for changed columns."""
    if isinstance(difference, list):
        return "; ".join(_words(part) for part in difference)
    if isinstance(difference, tuple):
        return " ".join(str(getattr(part, "name", part)) for part in difference if part is not None)
    return str(difference)
