"""The trigger that probes: made again, cancelled, restarted, and quiet while nothing changes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from airflow.sdk._shared.module_loading import import_string

from include.mobile_plans.errors import StoreUnavailable
from include.mobile_plans.monitoring import RoundReport
from include.mobile_plans.orchestration import portal_probe_trigger as module
from include.mobile_plans.orchestration.portal_probe_trigger import PortalProbeTrigger

Script = Callable[[], AsyncIterator[RoundReport]]


def report(number: int, **changes: object) -> RoundReport:
    fields = {
        "slot": datetime(2026, 11, 23, 10, 0, 30 * (number % 2), tzinfo=UTC),
        "good": 3,
        "bad": 0,
        "excluded": 0,
        "unknown": 0,
        "is_cut_off": False,
        "opened": (),
        "escalated": (),
        "closed": (),
        "findings": (),
    }
    return RoundReport(**(fields | changes))


@pytest.fixture
def watch_as(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Script], list[dict]]:
    """Let the watcher do what a script says; the list tells how it was made, each time."""
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", f"sqlite:///{tmp_path}/store.db")
    monkeypatch.setattr(module, "AGAIN_AFTER_S", 0.01)

    def use(script: Script) -> list[dict]:
        made: list[dict] = []

        class Scripted:
            def __init__(self, store: object, policies: object, clock: object, **options: int):
                made.append(options)

            def rounds(self) -> AsyncIterator[RoundReport]:
                return script()

        monkeypatch.setattr(module, "Watch", Scripted)
        return made

    return use


def events(trigger: PortalProbeTrigger, number: int, within_s: float = 5) -> list[dict]:
    async def collect() -> list[dict]:
        found = []
        async for event in trigger.run():
            found.append(event.payload)
            if len(found) == number:
                break
        return found

    return asyncio.run(asyncio.wait_for(collect(), within_s))


def test_it_can_be_made_again_from_what_it_serializes() -> None:
    """
    Trap 1 and 4: the triggerer imports the class by its path; only the shard is an argument.

    Mobile operators are no argument: a change of theirs must not cancel and restart the trigger.
    """
    path, arguments = PortalProbeTrigger(shard=1, shards=3).serialize()

    again = import_string(path)(**arguments)

    assert arguments == {"shard": 1, "shards": 3}
    assert again.serialize() == (path, arguments)


def test_only_a_round_with_news_wakes_the_dag(watch_as: Callable[[Script], list[dict]]) -> None:
    """One event per round, and none for the thousands of rounds in which nothing changed."""

    async def script() -> AsyncIterator[RoundReport]:
        yield report(0)
        yield report(1, opened=("contoso/portal:2026-11-23T10:00:30Z",))
        yield report(2, bad=1)
        yield report(3, closed=("contoso/portal:2026-11-23T10:00:30Z",), findings=("x:unstable",))
        await asyncio.Event().wait()

    made = watch_as(script)
    found = events(PortalProbeTrigger(shard=1, shards=2), 2)

    assert made == [{"shard": 1, "shards": 2}]
    assert found == [
        {
            "slot": "2026-11-23T10:00:30Z",
            "opened": ["contoso/portal:2026-11-23T10:00:30Z"],
            "escalated": [],
            "closed": [],
            "findings": [],
        },
        {
            "slot": "2026-11-23T10:00:30Z",
            "opened": [],
            "escalated": [],
            "closed": ["contoso/portal:2026-11-23T10:00:30Z"],
            "findings": ["x:unstable"],
        },
    ]


def test_whatever_ends_the_watch_begins_it_anew(
    watch_as: Callable[[Script], list[dict]], caplog: pytest.LogCaptureFixture
) -> None:
    """A store that is away, an engine that died: the trigger itself never ends."""
    troubles = [StoreUnavailable("the store is away"), MemoryError("no more"), None]

    async def script() -> AsyncIterator[RoundReport]:
        trouble = troubles.pop(0)
        if trouble is not None:
            raise trouble
        yield report(0, opened=("a",))

    made = watch_as(script)
    assert events(PortalProbeTrigger(), 1)[0]["opened"] == ["a"]
    assert len(made) == 3
    assert "the store is away" in caplog.text


def test_it_can_be_cancelled_at_any_time(watch_as: Callable[[Script], list[dict]]) -> None:
    """Stopping the triggerer ends it at once, and its watch is closed."""
    closed = []

    async def script() -> AsyncIterator[RoundReport]:
        try:
            yield report(0)
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    watch_as(script)

    async def cancelled() -> bool:
        task = asyncio.create_task(anext(PortalProbeTrigger().run()))
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return task.cancelled()

    assert asyncio.run(cancelled())
    assert closed == [True]


def test_a_process_without_a_store_keeps_trying(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A triggerer that was started before its environment was right says so, again and again."""
    monkeypatch.delenv("MOBILE_PLANS_DATABASE_URL", raising=False)
    monkeypatch.setattr(module, "AGAIN_AFTER_S", 0.01)
    with pytest.raises(TimeoutError):
        events(PortalProbeTrigger(), 1, within_s=0.3)
    assert "MOBILE_PLANS_DATABASE_URL is not set" in caplog.text
