"""Numbers that people say: each once, in order, without gaps."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from include.mobile_plans.store import Store, hold_numbers, next_number


def test_each_series_counts_by_itself(store: Store) -> None:
    """INC-0001, INC-0002, BUG-0001; beyond 9999 it has more digits."""
    with store.transaction() as connection:
        assert hold_numbers(connection, "INC") == 0
        assert [next_number(connection, "INC") for _ in range(2)] == ["INC-0001", "INC-0002"]
        assert next_number(connection, "BUG") == "BUG-0001"
        assert hold_numbers(connection, "INC") == 2


def test_what_is_undone_gives_its_number_back(store: Store) -> None:
    """A transaction that fails leaves no gap."""

    def fail() -> None:
        with store.transaction() as connection:
            next_number(connection, "INC")
            msg = "as a problem would"
            raise RuntimeError(msg)

    with pytest.raises(RuntimeError):
        fail()
    with store.transaction() as connection:
        assert next_number(connection, "INC") == "INC-0001"


def test_nobody_gets_a_number_twice(store: Store) -> None:
    """Many at once wait for each other."""
    url = store.url.render_as_string(hide_password=False)

    def take(_: int) -> str:
        with Store(url).transaction() as connection:
            return next_number(connection, "INC")

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(take, range(40)))
    assert sorted(taken) == [f"INC-{number:04d}" for number in range(1, 41)]
