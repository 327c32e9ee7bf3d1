"""The trigger that wakes the clock: it looks, it wakes, it survives."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from airflow.sdk._shared.module_loading import import_string

from include.mobile_plans.orchestration.due_work_trigger import DueWorkTrigger
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store, tables
from include.mobile_plans.store.schema import upgrade


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A prepared store that the trigger finds by its environment."""
    url = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", url)
    prepared = Store(url)
    upgrade(prepared)
    return prepared


def put(store: Store, at: datetime) -> None:
    """Make a mail due."""
    with store.transaction() as connection:
        connection.execute(
            tables.notice.insert().values(
                notice_key=f"key {at}",
                kind="x",
                party="program",
                thread=f"t {at}",
                thread_position=1,
                message_id=f"<{at}>",
                queued_at=at,
                sender="a@b.example",
                subject="s",
                message=b"m",
                contacts={},
            )
        )
        connection.execute(
            tables.delivery.insert().values(
                notice_key=f"key {at}",
                recipient="a@b.example",
                role="r",
                state="queued",
                attempts=0,
                due_at=at,
            )
        )


def trigger(now: datetime) -> DueWorkTrigger:
    quick = DueWorkTrigger(look_every_s=0.01, rest_after_event_s=0.01)
    quick.clock = VirtualClock(now)
    return quick


async def first_event(of: DueWorkTrigger) -> dict:
    async for event in of.run():
        return event.payload
    raise AssertionError


def run(awaitable: Awaitable[dict], within_s: float = 5) -> dict:
    return asyncio.run(asyncio.wait_for(awaitable, within_s))


def test_it_can_be_made_again_from_what_it_serializes() -> None:
    """The triggerer imports the class by its path and makes it of its arguments."""
    path, arguments = DueWorkTrigger(look_every_s=3, rest_after_event_s=4).serialize()

    again = import_string(path)(**arguments)

    assert again.serialize() == (path, {"look_every_s": 3, "rest_after_event_s": 4})


def test_it_fires_when_a_mail_is_due(store: Store, now: datetime) -> None:
    """Overdue work wakes the DAG, and the event says since when it is due."""
    put(store, now)
    put(store, now - timedelta(minutes=3))

    assert run(first_event(trigger(now))) == {"due_since": "2026-11-23T09:57:00Z"}


def test_it_does_not_fire_before(store: Store, now: datetime) -> None:
    """Work that is due later wakes nobody yet."""
    put(store, now + timedelta(seconds=1))
    waiting = trigger(now)

    with pytest.raises(TimeoutError):
        run(first_event(waiting), within_s=0.3)

    waiting.clock.advance(timedelta(seconds=1))
    assert run(first_event(waiting))


def test_it_fires_again_while_work_is_left(store: Store, now: datetime) -> None:
    """A wake-up that led to nothing is repeated."""
    put(store, now)

    async def two_events() -> dict:
        seen = []
        async for event in trigger(now).run():
            seen.append(event.payload)
            if len(seen) == 2:
                break
        return seen

    assert len(run(two_events())) == 2


def test_it_survives_a_store_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    """A store that is not prepared is looked at again, and found once it is."""
    url = f"sqlite:///{tmp_path}/late.db"
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", url)

    async def prepared_later() -> dict:
        waiting = asyncio.create_task(first_event(trigger(now)))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await asyncio.to_thread(upgrade, Store(url))
        await asyncio.to_thread(put, Store(url), now)
        return await waiting

    assert run(prepared_later(), within_s=10)


def test_it_can_be_cancelled_at_any_time(store: Store, now: datetime) -> None:
    """Stopping the triggerer ends it at once, in a look or between two."""

    async def cancelled() -> bool:
        task = asyncio.create_task(first_event(trigger(now)))
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return task.cancelled()

    assert asyncio.run(cancelled())
