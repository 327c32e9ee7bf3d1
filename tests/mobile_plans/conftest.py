"""A prepared store on each database we support."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from include.mobile_plans.store import Store
from include.mobile_plans.store.schema import upgrade
from tests.services import fresh_postgresql_database

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(params=DATABASES)
def empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A database without tables, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield Store(f"sqlite:///{tmp_path}/store.db")
        return
    with fresh_postgresql_database() as url:
        yield Store(url)


class PreparedStores:
    """
    Stores with this release's tables, copied from one that was migrated once.

    Args:
        folder: Where the SQLite file to copy lies.
        stack: Drops the PostgreSQL database to copy at the end.
    """

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._file = folder / "prepared.db"
        self._stack = stack
        self._template: str | None = None

    def sqlite(self, file: Path) -> Store:
        """Return a store in a file of its own."""
        if not self._file.exists():
            migrated = Store(f"sqlite:///{self._file}")
            upgrade(migrated)
            with migrated.engine.connect() as connection:
                connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(self._file, file)
        return Store(f"sqlite:///{file}")

    def postgresql(self) -> str:
        """Return the URL of the database to copy."""
        if self._template is None:
            self._template = self._stack.enter_context(fresh_postgresql_database())
            upgrade(Store(self._template))
        return self._template


@pytest.fixture(scope="session")
def prepared_stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PreparedStores]:
    """What the stores of all tests are copied from."""
    with ExitStack() as stack:
        yield PreparedStores(tmp_path_factory.mktemp("prepared"), stack)


@pytest.fixture(params=DATABASES)
def store(
    request: pytest.FixtureRequest, tmp_path: Path, prepared_stores: PreparedStores
) -> Iterator[Store]:
    """A store with this release's tables, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield prepared_stores.sqlite(tmp_path / "store.db")
        return
    with fresh_postgresql_database(prepared_stores.postgresql()) as url:
        yield Store(url)
