"""What the tasks of the incident DAGs do with their forms, and the runs they start."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowRuntimeError
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import ErrorResponse, OKResponse

from include.mobile_plans.errors import BadInput, DoesNotApply, MobilePlansError, NotFound
from include.mobile_plans.incidents import find_bug
from include.mobile_plans.orchestration import bugs, incidents
from include.mobile_plans.orchestration.runs import start_run
from include.mobile_plans.questions import Run
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store
from tests.mobile_plans.conftest import PreparedStores
from tests.mobile_plans.incidents import conftest as day
from tests.mobile_plans.incidents.conftest import NOON, World

clock, world = day.clock, day.world
REPORT = {
    "mobile_operator": "contoso",
    "channel": "call",
    "service": "mobile_plans",
    "what": "Plans cannot be bought",
    "since": "2026-11-23T11:00:00Z",
    "call_back": "Chris Wong",
}
UPDATE = {
    "incident": "INC-0001",
    "what": "update",
    "by": "Olivia Stone",
    "text": "found it",
    "received_at": "",
    "evidence": "",
}
OUTAGE = {"service": "store", "what": "The Store is down", "since": "", "aware_at": ""}
BUG = {
    "mobile_operator": "contoso",
    "party": "mobile_operator",
    "reported_by": "Chris Wong",
    "counterpart": "Maya Patel",
    "what": "Wrong price",
    "incident": None,
}


class Airflow:
    """What Airflow's supervisor was told to start, by its run id; some runs exist already."""

    def __init__(self) -> None:
        self.started: dict[str, Any] = {}
        self.exists: set[str] = set()
        self.is_away = False

    def send(self, wanted: Any) -> Any:
        if self.is_away:
            raise AirflowRuntimeError(ErrorResponse(detail={"status_code": 500}))
        if wanted.run_id in self.exists:
            return ErrorResponse(error="DAGRUN_ALREADY_EXISTS")
        self.started[wanted.run_id] = wanted
        return OKResponse(ok=True)


@pytest.fixture
def store(tmp_path: Path, prepared_stores: PreparedStores) -> Store:
    """A store on SQLite."""
    return prepared_stores.sqlite(tmp_path / "store.db")


@pytest.fixture
def airflow(
    world: World, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Airflow]:
    """An Airflow that starts what it is told, and the clock of the tests."""
    told = Airflow()
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", told, raising=False)
    for room in (incidents, bugs):
        monkeypatch.setattr(room, "clock", clock)
    return told


def run_as(
    monkeypatch: pytest.MonkeyPatch, run_id: str, conf: dict | None = None, at: datetime = NOON
) -> None:
    """Let the tasks of a run be what runs."""
    run = SimpleNamespace(run_id=run_id, triggering_user_name="ops", conf=conf, run_after=at)
    for room in (incidents, bugs):
        monkeypatch.setattr(room, "get_current_context", lambda: {"dag_run": run})


def test_a_report_starts_the_run_of_its_number(
    world: World, airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E5: the intake allocates the number; the run that carries it is named after it, once."""
    run_as(monkeypatch, "manual__1")
    assert incidents.record_report(REPORT) == "INC-0001 is unassessed"
    started = airflow.started["INC-0001"]
    assert (started.dag_id, started.note) == (
        "incident_escalation",
        "Contoso Mobile: Plans cannot be bought",
    )
    assert incidents.record_report(REPORT) == "INC-0001 is unassessed"
    assert list(airflow.started) == ["INC-0001"]
    assert world.incident("INC-0001").events[0].actor == "ops"
    assert incidents.unreached("INC-0001") == ["it has no severity yet"]


def test_a_report_of_a_running_outage_starts_no_run(
    world: World, airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It joins the incident there is."""
    world.outage("contoso")
    incidents.tend()
    run_as(monkeypatch, "manual__1")
    words = incidents.record_report(REPORT | {"service": "portal"})
    assert words == "joined INC-0001, which is still running"
    assert list(airflow.started) == ["INC-0001"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"what": None}, "what happened is empty"),
        ({"call_back": None}, "the call-back is empty"),
        ({"since": "noon"}, "since when 'noon' is not an ISO 8601 time"),
        ({"channel": "program", "service": "store"}, "told with service_outage_notice"),
    ],
)
def test_a_form_that_is_not_enough(
    airflow: Airflow, monkeypatch: pytest.MonkeyPatch, changes: dict, words: str
) -> None:
    """Each refused form has its sentence; no run is started."""
    run_as(monkeypatch, "manual__1")
    with pytest.raises(BadInput, match=words):
        incidents.record_report(REPORT | changes)
    assert airflow.started == {}


def test_an_outage_of_ours_starts_a_run_for_each(
    world: World, airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O1: the calls are made side by side, one run for each mobile operator."""
    run_as(monkeypatch, "manual__1")
    form = OUTAGE | {"mobile_operators": " contoso, tailspin "}
    assert incidents.record_outage(form) == "INC-0001 is open"
    assert list(airflow.started) == ["INC-0002", "INC-0003"]
    run_as(monkeypatch, "manual__2")
    aware = OUTAGE | {"mobile_operators": None, "aware_at": "2026-11-23T11:50:00Z"}
    aware["since"] = "2026-11-23T11:40:00Z"
    incidents.record_outage(aware)
    assert len(airflow.started) == 6
    assert world.promises("INC-0005")["outage_notice"].due_at == NOON + timedelta(minutes=20)


def test_an_update_is_checked_shown_and_read_from_its_form(
    world: World, airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recipients are listed; an empty time of receipt is that of the form."""
    world.report()
    run_as(monkeypatch, "manual__1", UPDATE, NOON + timedelta(seconds=3))
    with pytest.raises(BadInput, match="lies in the future"):
        incidents.check_update(UPDATE)
    world.clock.advance(timedelta(minutes=1))
    assert incidents.check_update(UPDATE) == [
        "Contoso Mobile: Contoso NOC <noc@contoso.example>",
        "Mobile Plans program: One Store Operations Center (OSOC) <osoc@microsoft.com>",
    ]
    wanted = incidents.post_of(Run(run_id="manual__1"))
    assert (wanted.received_at, wanted.recorded_by) == (NOON + timedelta(seconds=3), "ops")
    run_as(monkeypatch, "manual__2", UPDATE | {"incident": "INC-0099"})
    with pytest.raises(NotFound, match="INC-0099"):
        incidents.check_update(UPDATE)


def test_incidents_are_looked_after(
    world: World, airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outages opened, mails heard of, runs started; each once, and said in words."""
    world.outage("tailspin")
    assert incidents.tend() == [
        "INC-0001 opened for tailspin/portal:2026-11-23T11:29:30Z",
        "started INC-0001",
    ]
    world.deliver()
    assert incidents.tend() == ["INC-0001 reached by mail"]
    assert incidents.tend() == []
    assert incidents.call_of(Run(run_id="INC-0001")) == "INC-0001:call:3"
    world.report()
    incidents.tend()
    with pytest.raises(DoesNotApply, match="not escalated by telephone"):
        incidents.call_of(Run(run_id="INC-0002"))


def test_a_problem_keeps_back_nothing(
    world: World, airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage of nobody on record fails the task after everything else was done."""
    world.outage("nobody")
    world.outage("tailspin")
    for look in (incidents.tend, incidents.open_for_outages):
        with pytest.raises(MobilePlansError, match="mobile operator 'nobody' is unknown"):
            look()
    assert list(airflow.started) == ["INC-0001"]


def test_runs_are_started_in_portions(
    world: World, airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task ends within seconds; what it leaves, the next one starts."""
    monkeypatch.setattr(incidents, "MOST_RUNS_AT_ONCE", 2)
    for slug in day.SLUGS:
        world.outage(slug)
    airflow.exists = {"INC-0002"}
    incidents.tend()
    assert list(airflow.started) == ["INC-0001"]
    incidents.tend()
    assert list(airflow.started) == ["INC-0001", "INC-0003", "INC-0005"]
    assert incidents.start_runs() == []


def test_airflow_is_away(airflow: Airflow) -> None:
    """The task fails in one sentence and is tried again; the wish for the run stays."""
    airflow.is_away = True
    with pytest.raises(MobilePlansError, match="Airflow did not start INC-0001 of incident_esc"):
        start_run("incident_escalation", "INC-0001", "note")


def test_the_end_of_an_escalation_is_waited_for(world: World, airflow: Airflow) -> None:
    """A run of no incident fails plainly; one that was reached goes on."""
    world.outage("tailspin")
    incidents.tend()
    sensor = incidents.await_reached()
    context = {"dag_run": SimpleNamespace(run_id="INC-0001")}
    assert sensor.poke(context) is False
    world.deliver()
    incidents.tend()
    assert sensor.poke(context) is True
    with pytest.raises(AirflowFailException, match="INC-0099"):
        sensor.poke({"dag_run": SimpleNamespace(run_id="INC-0099")})


def test_a_bug_is_carried_by_the_run_of_its_number(
    world: World, airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B1: the run of the form logs it and starts another one with the same form, once."""
    run_as(monkeypatch, "manual__1")
    assert bugs.log_bug(BUG) == "BUG-0001"
    assert bugs.log_bug(BUG) == "BUG-0001"
    started = airflow.started["BUG-0001"]
    assert (started.dag_id, started.conf) == ("bug_fix_request", BUG)
    run_as(monkeypatch, "BUG-0001")
    assert bugs.log_bug(BUG) == "BUG-0001"
    with world.store.snapshot() as connection:
        assert find_bug(connection, "BUG-0001").report["reported_by"] == "Chris Wong"
