"""
PostgreSQL, Redis and an independent parser for the tests that need the real thing.

A service that does not answer skips its tests loudly, except where ``CI`` is set: there it fails
them, because a run that proves nothing about production must not look green.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy import make_url

POSTGRES_URL = os.environ.get(
    "MOBILE_PLANS_TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)
REDIS_URL = os.environ.get("MOBILE_PLANS_TEST_REDIS_URL", "redis://127.0.0.1:6379/0")

NO_ANSWER = "does not answer: "
"""In the reason of every test that was skipped for want of a service."""


@cache
def _postgres_problem() -> str | None:
    url = make_url(POSTGRES_URL).set(drivername="postgresql")
    try:
        psycopg.connect(url.render_as_string(hide_password=False), connect_timeout=5).close()
    except psycopg.OperationalError as error:
        return str(error).splitlines()[0]
    return None


@cache
def _redis_problem() -> str | None:
    try:
        redis.Redis.from_url(REDIS_URL, socket_connect_timeout=5).ping()
    except redis.ConnectionError as error:
        return str(error)
    return None


def _require(service: str, problem: str | None) -> None:
    if problem is None:
        return
    if os.environ.get("CI"):
        pytest.fail(f"{service} does not answer, and CI requires it: {problem}")
    pytest.skip(f"{service} {NO_ANSWER}{problem}")


def require_redis() -> str:
    """Return the URL of a Redis that answers, or skip the test."""
    _require("Redis", _redis_problem())
    return REDIS_URL


def require_notice_parser() -> Path:
    """Return the Python that has the independent parser of maintenance notices, or skip."""
    python = Path(__file__).resolve().parents[1] / ".venv-parser" / "bin" / "python"
    _require("The notice parser", None if python.exists() else "make .venv-parser/.installed")
    return python


@contextmanager
def fresh_postgresql_database(template: str | None = None) -> Iterator[str]:
    """
    Yield the SQLAlchemy URL of a new database that is dropped afterwards.

    Args:
        template: The URL of a database that nobody is connected to, to copy; empty without one.
    """
    _require("PostgreSQL", _postgres_problem())
    base = make_url(POSTGRES_URL)
    name = f"mobile_plans_test_{uuid.uuid4().hex[:12]}"
    admin = base.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(admin, autocommit=True) as connection:
        copied = "" if template is None else f' TEMPLATE "{make_url(template).database}"'
        connection.execute(f'CREATE DATABASE "{name}"{copied}')
    try:
        yield base.set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
