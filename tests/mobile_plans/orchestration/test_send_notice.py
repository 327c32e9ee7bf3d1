"""A notice leaves with the change it tells of, or not at all."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from sqlalchemy import Connection

from include.mobile_plans.errors import BadInput, DoesNotApply
from include.mobile_plans.notices import Notice, Recipient, list_notices
from include.mobile_plans.orchestration.send_notice import SendNoticeOperator
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.questions import Run
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store, append_event, read_events
from include.mobile_plans.store.schema import upgrade


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A prepared store that the operator finds by its environment."""
    url = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", url)
    monkeypatch.setenv("MOBILE_PLANS_POLICY_DIR", str(SHIPPED_POLICY))
    upgrade(Store(url))
    return Store(url)


class Change:
    """Writes an event and returns a notice of it, then does as it is told."""

    def __init__(self, now: datetime, ends_with: Exception | None = None) -> None:
        self.now = now
        self.ends_with = ends_with
        self.runs: list[Run] = []

    def __call__(self, connection: Connection, run: Run) -> Iterable[Notice]:
        self.runs.append(run)
        append_event(
            connection, stream="x", kind="x.done", recorded_at=self.now, actor="a", data={}
        )
        if self.ends_with is not None:
            raise self.ends_with
        return [
            Notice(
                key=f"{run.run_id}:told",
                kind="duty_alert",
                party="program",
                slug=None,
                recipients=(Recipient(name="Desk", email="desk@mobileplans.example", role="d"),),
                context={
                    "headline": "h",
                    "link": "l",
                    "person": "p",
                    "told": 0,
                    "raised_at": self.now,
                    "claim_within": self.now - self.now,
                    "program_name": "Mobile Plans program",
                },
                thread="x",
            )
        ]


def execute(change: Change, map_index: int | None = None) -> Any:
    operator = SendNoticeOperator(task_id="tell", change=change)
    operator.clock = VirtualClock(change.now)
    context: Any = {
        "dag_run": SimpleNamespace(run_id="run-1"),
        "task_instance": SimpleNamespace(map_index=map_index),
    }
    return operator.execute(context)


def facts(store: Store) -> tuple[int, int]:
    with store.snapshot() as connection:
        return len(read_events(connection, "x")), len(list_notices(connection))


def test_change_and_notice_are_one_transaction(store: Store, now: datetime) -> None:
    """Both are there, and the change learnt which run and which of its like tasks it was."""
    change = Change(now)

    assert execute(change, map_index=3) == ["run-1:told"]

    assert facts(store) == (1, 1)
    assert change.runs == [Run(run_id="run-1", map_index=3)]


def test_a_task_that_is_tried_again_tells_nothing_twice(store: Store, now: datetime) -> None:
    """The notice's key is queued once, however often the task runs."""
    execute(Change(now))
    assert execute(Change(now)) == []

    assert facts(store)[1] == 1


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (BadInput("the range is reversed"), AirflowFailException),
        (DoesNotApply("nobody to tell"), AirflowSkipException),
    ],
)
def test_a_change_that_fails_leaves_nothing(
    store: Store, now: datetime, error: Exception, raised: type[Exception]
) -> None:
    """Neither event nor notice is left behind, and the task ends with one plain sentence."""
    with pytest.raises(raised, match=str(error)):
        execute(Change(now, ends_with=error))

    assert facts(store) == (0, 0)
