"""A prepared store on each database we support."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from include.mobile_plans.store import Store
from include.mobile_plans.store.schema import upgrade
from tests.services import fresh_postgresql_database


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A database without tables, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield Store(f"sqlite:///{tmp_path}/store.db")
        return
    with fresh_postgresql_database() as url:
        yield Store(url)


@pytest.fixture
def store(empty_store: Store) -> Store:
    """A store with this release's tables."""
    upgrade(empty_store)
    return empty_store
