"""
Connections to the store: write transactions and consistent reads, alike on both databases.

On SQLite a write transaction takes the lock when it begins, so it never fails half-way because
another writer came first; readers never wait for it (WAL).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, ProgrammingError

from include.mobile_plans.errors import StoreUnavailable

DATABASE_URL_VARIABLE = "MOBILE_PLANS_DATABASE_URL"
_BUSY_TIMEOUT_MS = 30_000
_READ_ONLY = "mobile_plans_read_only"


class Store:
    """
    One database of ours.

    Args:
        url: An SQLAlchemy URL: ``sqlite:////abs/path/store.db`` or ``postgresql+psycopg://...``.

    Raises:
        StoreUnavailable: The URL is of another database, or not a URL.
    """

    def __init__(self, url: str) -> None:
        try:
            self.url = make_url(url)
        except ArgumentError as error:
            msg = (
                f"{DATABASE_URL_VARIABLE} is not a database URL: "
                "allowed are sqlite:////path and postgresql+psycopg://user@host/name"
            )
            raise StoreUnavailable(msg) from error
        if self.url.get_backend_name() not in ("sqlite", "postgresql"):
            msg = (
                f"the store cannot be kept in {self.url.get_backend_name()}: "
                "allowed are sqlite and postgresql+psycopg"
            )
            raise StoreUnavailable(msg)

    def __repr__(self) -> str:
        """Name the database, without its password."""
        return f"Store({self.url.render_as_string(hide_password=True)!r})"

    @cached_property
    def engine(self) -> Engine:
        """SQLAlchemy's engine; it keeps no connection, so a forked process shares none."""
        if self.url.get_backend_name() == "sqlite":
            return self._sqlite_engine()
        return create_engine(self.url, poolclass=NullPool)

    def _sqlite_engine(self) -> Engine:
        if self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(self.url, poolclass=NullPool)

        @event.listens_for(engine, "connect")
        def prepare(connection: Any, _record: object) -> None:
            # Python's driver would begin transactions by itself, later than we need the lock.
            connection.isolation_level = None
            for pragma in (
                f"busy_timeout={_BUSY_TIMEOUT_MS}",
                "journal_mode=WAL",
                "foreign_keys=ON",
                "synchronous=FULL",
            ):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            read_only = connection.get_execution_options().get(_READ_ONLY, False)
            connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

        return engine

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """
        Open a write transaction: committed at the end of the block, undone by any error.

        Raises:
            StoreUnavailable: The database cannot be reached or was not prepared.
        """
        with self._explained(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """
        Open a read that sees one consistent state for as long as it lasts.

        Raises:
            StoreUnavailable: The database cannot be reached or was not prepared.
        """
        options: dict[str, Any] = {_READ_ONLY: True}
        if self.url.get_backend_name() == "postgresql":
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        engine = self.engine.execution_options(**options)
        with self._explained(), engine.begin() as connection:
            yield connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn the driver's words for an absent or unprepared database into ours."""
        try:
            yield
        except (OperationalError, ProgrammingError) as error:
            raise StoreUnavailable(self._explanation(error)) from error

    def _explanation(self, error: DBAPIError) -> str:
        name = self.url.render_as_string(hide_password=True)
        reason = str(error.orig).splitlines()[0]
        if "no such table" in reason or ("relation" in reason and "does not exist" in reason):
            remedy = "run `python -m include.mobile_plans db upgrade`"
            return f"the store {name} is not prepared: {remedy}"
        return f"the store {name} cannot be used: {reason}"


@cache
def _store(url: str) -> Store:
    return Store(url)


def store_from_environment() -> Store:
    """
    Return the store named by ``MOBILE_PLANS_DATABASE_URL``.

    Raises:
        StoreUnavailable: The variable is not set or not a URL of ours.
    """
    url = os.environ.get(DATABASE_URL_VARIABLE)
    if not url:
        msg = (
            f"{DATABASE_URL_VARIABLE} is not set: name the store, "
            "such as sqlite:////var/lib/mobile-plans/store.db"
        )
        raise StoreUnavailable(msg)
    return _store(url)
