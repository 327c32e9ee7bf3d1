"""Launches in the store, on both databases."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import update

from include.mobile_plans.errors import BadInput, Conflict, NotFound
from include.mobile_plans.launch import (
    Launch,
    cancel_launch,
    end_launch,
    find_launch,
    launch_of_run,
    list_launches,
    record_check,
)
from include.mobile_plans.store import Store, tables, verify_events

Start = Callable[..., Launch]


def test_a_launch_is_replayed_from_its_events(records: Store, start: Start, now: datetime) -> None:
    """Request, scenarios and checks come back as they were written."""
    begun = start()
    with records.transaction() as connection:
        for passed in (False, True, True):
            record_check(connection, begun, "portal", passed=passed, detail=str(passed), now=now)

    with records.snapshot() as connection:
        launch = find_launch(connection, "launch-tailspin-2026-12-14-1")
        assert verify_events(connection) == []
    assert launch.request == begun.request
    assert [s.name for s in launch.scenarios] == ["esim_first_run"]
    assert launch.checks["portal"].streak == 2
    assert launch.state == "active"


def test_a_restarted_task_finds_its_launch(records: Store, start: Start) -> None:
    """Starting again in the same run begins nothing new."""
    assert start().launch_id == start().launch_id

    with records.snapshot() as connection:
        assert len(list_launches(connection)) == 1


def test_one_active_launch_per_mobile_operator(start: Start) -> None:
    """A second launch is refused and names the first; another mobile operator is free."""
    start()

    with pytest.raises(Conflict, match="launch-tailspin-2026-12-14-1"):
        start(run_id="second")
    assert start(run_id="third", slug="contoso", uses_staging=False).slug == "contoso"


def test_a_race_of_two_triggers_starts_one(records: Store, start: Start) -> None:
    """The store decides when two runs start at the same moment."""
    barrier, outcomes = Barrier(4), []

    def race(number: int) -> None:
        barrier.wait()
        try:
            outcomes.append(start(run_id=f"run {number}").launch_id)
        except Conflict:
            outcomes.append(None)

    threads = [Thread(target=race, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(outcomes) == 4
    assert len([launch_id for launch_id in outcomes if launch_id]) == 1
    with records.snapshot() as connection:
        assert len(list_launches(connection)) == 1


def test_cancelling_frees_the_mobile_operator(records: Store, start: Start, now: datetime) -> None:
    """A cancelled launch keeps its record; the next one has the next number."""
    first = start()
    with records.transaction() as connection:
        cancelled = cancel_launch(
            connection, first.launch_id, by="Laura Chen", reason="postponed", now=now
        )

    assert cancelled.state == "cancelled"
    assert start(run_id="second").launch_id == "launch-tailspin-2026-12-14-2"


def test_a_readable_run_id_is_the_launch_id(start: Start) -> None:
    """The board and the command line name the run; the launch takes that name."""
    assert start(run_id="launch-tailspin-2026-12-14-7").launch_id == "launch-tailspin-2026-12-14-7"


def test_only_an_active_launch_ends(records: Store, start: Start, now: datetime) -> None:
    """Going live twice changes nothing, cancelling a live one is refused, and so is no reason."""
    launch = start()
    with records.transaction() as connection:
        with pytest.raises(BadInput, match="reason"):
            cancel_launch(connection, launch.launch_id, by="Laura Chen", reason=" ", now=now)
        assert end_launch(connection, launch, "live", by="x", reason="go-live", now=now) is True
        later = now + timedelta(days=1)
        assert end_launch(connection, launch, "live", by="x", reason="again", now=later) is False
        with pytest.raises(Conflict, match="is live"):
            cancel_launch(connection, launch.launch_id, by="x", reason="why", now=now)

    with records.snapshot() as connection:
        assert find_launch(connection, launch.launch_id).ended_at == now


def test_what_does_not_exist_is_not_found(records: Store) -> None:
    """An unknown launch or run is named."""
    with records.snapshot() as connection:
        with pytest.raises(NotFound, match="launch list"):
            find_launch(connection, "launch-nobody-2026-01-01-1")
        with pytest.raises(NotFound, match="carries no launch"):
            launch_of_run(connection, "run")


def test_a_changed_row_breaks_the_launch(records: Store, start: Start) -> None:
    """Editing an event of a launch is found."""
    launch = start()
    with records.transaction() as connection:
        connection.execute(
            update(tables.event).where(tables.event.c.stream == launch.stream).values(actor="Eve")
        )

    with records.snapshot() as connection:
        assert len(verify_events(connection, launch.stream)) == 1
