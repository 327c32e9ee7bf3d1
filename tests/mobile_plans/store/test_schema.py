"""Models and migrations agree, on both databases."""

from pathlib import Path

import pytest
from sqlalchemy import text

from include.mobile_plans.errors import StoreUnavailable
from include.mobile_plans.store import Store, store_from_environment, verify_events
from include.mobile_plans.store.schema import check, expected_revision, upgrade


def test_migrations_lead_to_the_models(empty_store: Store) -> None:
    """After an upgrade the database has exactly the tables of this release."""
    assert not check(empty_store).is_current

    assert upgrade(empty_store) == expected_revision()

    state = check(empty_store)
    assert state.differences == ()
    assert state.is_current


def test_upgrading_twice_changes_nothing(store: Store) -> None:
    """An upgrade of a current store is harmless."""
    assert upgrade(store) == expected_revision()


def test_a_difference_is_named(store: Store) -> None:
    """A column that somebody dropped is named."""
    with store.transaction() as connection:
        connection.execute(text("ALTER TABLE launch DROP COLUMN ended_at"))

    state = check(store)
    assert not state.is_current
    assert "ended_at" in " ".join(state.differences)


def test_an_unprepared_store_says_what_to_run(empty_store: Store) -> None:
    """Using a store without tables names the command that makes them."""
    with pytest.raises(StoreUnavailable, match="db upgrade"), empty_store.snapshot() as connection:
        verify_events(connection)


def test_foreign_keys_hold(store: Store) -> None:
    """A row that points nowhere is refused on both databases."""
    statement = text(
        "INSERT INTO delivery (notice_key, recipient, role, state, attempts, due_at)"
        " VALUES ('none', 'a@b.example', 'launches', 'queued', 0, '2026-11-23T10:00:00.000000Z')"
    )
    with pytest.raises(Exception, match=r"(?i)foreign key"), store.transaction() as connection:
        connection.execute(statement)


def test_sqlite_waits_for_the_other_writer(tmp_path: Path) -> None:
    """SQLite runs in WAL mode with a busy timeout and foreign keys."""
    with Store(f"sqlite:///{tmp_path}/store.db").snapshot() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA busy_timeout")) >= 10_000
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (None, "not set"),
        ("mysql://x/y", "sqlite and postgresql"),
        ("nonsense", "not a database URL"),
        ("postgresql+psycopg://u:secret@127.0.0.1:1/x", "cannot be used"),
    ],
)
def test_a_store_that_cannot_be_used_says_why(
    monkeypatch: pytest.MonkeyPatch, url: str | None, words: str
) -> None:
    """A wrong or absent database is one plain sentence without its password."""
    monkeypatch.delenv("MOBILE_PLANS_DATABASE_URL", raising=False)
    if url:
        monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", url)

    def use() -> None:
        with store_from_environment().snapshot() as connection:
            verify_events(connection)

    with pytest.raises(StoreUnavailable, match=words) as caught:
        use()
    assert "secret" not in str(caught.value)
