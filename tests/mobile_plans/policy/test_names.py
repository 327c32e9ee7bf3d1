"""The names of mobile operators, for forms."""

import logging
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from include.mobile_plans.policy import change_state, record_version
from include.mobile_plans.policy.names import mobile_operator_names
from include.mobile_plans.store import Store
from tests.mobile_plans.policy.examples import example


def ours(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Leave out what alembic says while it prepares a store."""
    return [record for record in caplog.records if record.name.startswith("include.")]


def test_names_are_listed_in_their_order(store: Store, now: datetime) -> None:
    """The newest name of each mobile operator that is not withdrawn, sorted by name."""
    with store.transaction() as connection:
        for slug in ("tailspin", "contoso", "fabrikam"):
            record_version(
                connection, example(slug), author="A", approver=None, reason="r", now=now
            )
        renamed = replace(example("contoso"), name="Zeta")
        record_version(connection, renamed, author="A", approver=None, reason="r", now=now)
        change_state(
            connection, "fabrikam", "withdrawn", author="A", approver=None, reason="r", now=now
        )
    assert list(mobile_operator_names(store).items()) == [
        ("tailspin", "Tailspin"),
        ("contoso", "Zeta"),
    ]


def test_a_store_that_is_away_gives_what_was_known(
    tmp_path: Path, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    """DAG files parse without the store: with the names known last, said once in the log."""
    store = Store(f"sqlite:///{tmp_path}/away/store.db")
    assert mobile_operator_names(store) == {}
    assert mobile_operator_names(store) == {}
    assert [record.levelno for record in ours(caplog)] == [logging.WARNING]
    assert "is not prepared" in caplog.text
    prepared(store, now)
    assert mobile_operator_names(store) == {"contoso": "Contoso Mobile"}
    for file in (tmp_path / "away").iterdir():
        file.unlink()
    assert mobile_operator_names(store) == {"contoso": "Contoso Mobile"}
    assert len(ours(caplog)) == 2


def prepared(store: Store, now: datetime) -> None:
    from include.mobile_plans.store.schema import upgrade  # noqa: PLC0415 - alembic logs on import

    upgrade(store)
    with store.transaction() as connection:
        record_version(
            connection, example("contoso"), author="A", approver=None, reason="r", now=now
        )
