"""A row that somebody changed behind the events' back is found."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from include.mobile_plans.obligations import Obligation, SweepReport, verify_obligations
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store, tables
from tests.mobile_plans.obligations.conftest import NOON

Give = Callable[..., Obligation]
TABLE = tables.obligation
STREAM = "obligation:INC-0042:initial_response"


def problems(store: Store) -> list[str]:
    with store.snapshot() as connection:
        return [f"{one.key}: {one.problem}" for one in verify_obligations(connection)]


def test_every_row_follows_from_its_events(
    records: Store, promise: Give, sweep_now: Callable[[], SweepReport], clock: VirtualClock
) -> None:
    """E6: state is replayed, never counted."""
    promise()
    promise(key="week", kind="iccid_configuration", debtor="program")
    clock.advance(timedelta(days=6))
    sweep_now()

    assert problems(records) == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": "at_risk"}, "its row says state is at_risk, its events say open"),
        ({"due_at": NOON}, "its row says due_at is 2026-11-23 12:00:00+00:00, its events say"),
        ({"next_at": None}, "its row says next_at is None, its events say"),
        ({"acts": "program.platform"}, "its events say mobile_operator.incident"),
    ],
)
def test_a_changed_row_is_named(
    records: Store, promise: Give, values: dict[str, object], words: str
) -> None:
    """Each column that differs is one line."""
    promise()
    with records.transaction() as connection:
        connection.execute(update(TABLE).values(values))

    (problem,) = problems(records)
    assert problem.startswith("INC-0042:initial_response: ")
    assert words in problem


def test_a_row_without_events_and_events_without_a_row(records: Store, promise: Give) -> None:
    """Neither can stand without the other."""
    promise()
    promise(key="other")
    with records.transaction() as connection:
        connection.execute(delete(TABLE).where(TABLE.c.obligation_key == "other"))
        connection.execute(delete(tables.event).where(tables.event.c.stream == STREAM))
        connection.execute(
            delete(tables.event_stream).where(tables.event_stream.c.stream == STREAM)
        )

    assert problems(records) == [
        "INC-0042:initial_response: it has a row, but no events",
        "other: it has events, but no row",
    ]


def test_events_that_are_none_of_a_promise_are_named(records: Store, promise: Give) -> None:
    """A changed event does not end the comparison."""
    promise()
    with records.transaction() as connection:
        connection.execute(
            update(tables.event).where(tables.event.c.stream == STREAM).values(kind="x")
        )

    (problem,) = problems(records)
    assert problem.endswith("begins with 'x', not with 'obligation.opened'")
