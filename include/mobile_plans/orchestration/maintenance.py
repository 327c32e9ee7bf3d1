"""What the tasks of the maintenance DAGs do; the DAG files only name and order them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import (
    Asset,
    AssetOrTimeSchedule,
    AssetWatcher,
    CronTriggerTimetable,
    Param,
    get_current_context,
)

from include.mobile_plans import maintenance
from include.mobile_plans.errors import BadInput, MobilePlansError, NotFound
from include.mobile_plans.maintenance import Word
from include.mobile_plans.orchestration.due_work_trigger import DueWorkTrigger
from include.mobile_plans.orchestration.forms import names_on_record
from include.mobile_plans.orchestration.maintenance_outlook import OUTLOOK, desk_at
from include.mobile_plans.orchestration.maintenance_questions import FIELDS, own
from include.mobile_plans.orchestration.obstacle_sensor import ObstacleSensor
from include.mobile_plans.policy import program_policy
from include.mobile_plans.questions import Run
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment

clock = SystemClock()
DAG_ID = "planned_maintenance"


class MaintenanceWorkTrigger(DueWorkTrigger):
    """Wake ``maintenance_notices`` for a file in the inbox, or when something is to be told."""

    def instants(self, now: datetime) -> list[datetime]:
        """Return since when a file waits, and when the next maintenance is to be looked at."""
        with store_from_environment().snapshot() as connection:
            due = maintenance.next_due(connection)
        waiting = [now] if maintenance.waiting_files(now) else []
        return waiting if due is None else [due, *waiting]


def schedule() -> AssetOrTimeSchedule:
    """Run when the watcher sees something, and every hour in case it saw nothing."""
    work = Asset(
        name="mobile_plans.maintenance_work",
        uri="x-mobile-plans://maintenance_work",
        watchers=[
            AssetWatcher(name="mobile_plans_maintenance_work", trigger=MaintenanceWorkTrigger())
        ],
    )
    hourly = CronTriggerTimetable("7 * * * *", timezone="UTC")
    return AssetOrTimeSchedule(timetable=hourly, assets=work)


def plan_form() -> dict[str, Param]:
    """Return the six fields of a plan; a run that carries one on record is started without them."""
    policy = program_policy()
    parties = {maintenance.PROGRAM: policy.contacts.program_name, **names_on_record()}
    return {
        "maintained_by": _choice("maintained_by", parties, default=maintenance.PROGRAM),
        "service": _choice(
            "service",
            maintenance.service_names(policy),
            default=next(iter(policy.maintenance.program_services)),
        ),
        **{name: _text(name) for name in ("objects", "window", "recipients", "summary")},
    }


def update_form() -> dict[str, Param]:
    """Return the six fields of what the maintaining party says later."""
    return {
        "maintenance": Param(
            type="string",
            title="Maintenance",
            pattern=r"^MNT-\d{4,9}$",
            description="Which one, such as MNT-0007; its mails name it.",
        ),
        "change": Param(
            type="string",
            title="What happened",
            enum=list(maintenance.CHANGES),
            description="Another window, more time, completion, or cancellation.",
        ),
        **{name: _text(name) for name in ("window", "signed_by", "evidence", "received_at")},
    }


def record_plan(form: Mapping[str, Any]) -> list[str]:
    """
    Record the plan of the form and announce it where nobody has to confirm it.

    Returns:
        The run that carries it from now on; none in that run itself.

    Raises:
        BadInput: The plan is not possible; nothing was written.
    """
    run = get_current_context()["dag_run"]
    with store_from_environment().transaction() as connection:
        desk = desk_at(connection, clock.now())
        try:
            found = desk.of_run(run.run_id)
        except NotFound:
            word = Word(by=run.triggering_user_name or "unknown", at=desk.now)
            found = desk.record(None, maintenance.REQUESTED, word, {"run_id": run.run_id})
            plan = maintenance.plan_from_form(form, desk.policy)
            found = maintenance.propose(desk, plan, word, found)
            proposal = found.proposal
            if (
                proposal
                and proposal.plan.party == "program"
                and not maintenance.reservations(proposal, desk.now)
            ):
                maintenance.announce(desk, found.maintenance_id, word)
        if found.maintenance_id != run.run_id:
            return [found.maintenance_id]
        if not found.carried:
            desk.record(found, maintenance.CARRIED, desk.clock, {"carried": True})
    return []


def record_update(form: Mapping[str, Any]) -> str:
    """
    Record what the maintaining party says; a run that is started again changes nothing.

    Returns:
        How the maintenance stands.

    Raises:
        BadInput: It does not hold; nothing was written.
    """
    run = get_current_context()["dag_run"]
    with store_from_environment().transaction() as connection:
        desk = desk_at(connection, clock.now())
        try:
            return desk.of_run(run.run_id).state
        except NotFound:
            word = Word(by=run.triggering_user_name or "unknown", at=desk.now)
            before = desk.lock(form["maintenance"])
            desk.record(before, maintenance.REQUESTED, word, {"run_id": run.run_id})
            return maintenance.update(desk, form["maintenance"], form["change"], form).state


def runs_to_start() -> list[str]:
    """Name the runs of maintenances that none carries yet, because they came without a form."""
    with store_from_environment().snapshot() as connection:
        found = desk_at(connection, clock.now()).all(only_open=True)
    return [one.maintenance_id for one in found if not one.carried]


def start_runs(run_ids: Any) -> Any:
    """Start a run of ``planned_maintenance`` for each maintenance, named after it."""
    return TriggerDagRunOperator.partial(
        task_id="start_runs",
        task_display_name="Start the run that carries it",
        trigger_dag_id=DAG_ID,
        logical_date=None,
        skip_when_already_exists=True,
    ).expand(trigger_run_id=run_ids)


def take_in_files() -> list[str]:
    """
    Take the notices in the inbox in, each once; return what became of them.

    Raises:
        MobilePlansError: A file could not be taken; all others were, and it stays where it is.
    """
    done, problems = [], []
    for file in maintenance.waiting_files(clock.now()):
        try:
            content, received_at = maintenance.read_file(file, clock.now())
            with store_from_environment().transaction() as connection:
                desk = desk_at(connection, clock.now())
                outcome, _ = maintenance.take_in(desk, file.name, content, received_at)
            file.unlink(missing_ok=True)
            done.append(outcome)
        except (BadInput, OSError) as error:
            problems.append(f"{file.name} stays in the inbox: {error}")
    if problems:
        raise MobilePlansError("; ".join(problems))
    return done


def tell_what_is_due() -> list[str]:
    """
    Tell what is due and was not told; return what was done.

    Raises:
        MobilePlansError: Something could not be told; everything else was.
    """
    done, problems = maintenance.sweep(store_from_environment(), clock, program_policy(), OUTLOOK)
    if problems:
        raise MobilePlansError("; ".join(problems))
    return done


def await_end() -> ObstacleSensor:
    """Make the sensor that waits for the end of the window, wherever that moves (P3)."""
    return ObstacleSensor(
        task_id="await_end",
        task_display_name="Wait for the end of the window",
        obstacles=_time_left,
        trigger_rule="none_failed",
        retries=3,
    )


def _time_left(run_id: str) -> list[str]:
    """Say until when a maintenance is to last; nothing once it ended or is closed."""
    now = clock.now()
    with store_from_environment().snapshot() as connection:
        found = own(desk_at(connection, now), Run(run_id=run_id))
    if found.plan is None or not found.is_open or maintenance.end_of(found) <= now:
        return []
    return [f"it is to end {maintenance.end_of(found):%Y-%m-%d %H:%M} UTC"]


def _text(name: str) -> Param:
    """Turn what people fill in into a field of a trigger form, which may be empty."""
    wanted = FIELDS[name]
    schema: dict[str, Any] = {"format": "multiline"} if wanted.kind == "long text" else {}
    title, description = wanted.title, wanted.description
    return Param("", type=["null", "string"], title=title, description=description, **schema)


def _choice(name: str, choices: Mapping[str, str], *, default: str) -> Param:
    return Param(
        default,
        type="string",
        title=FIELDS[name].title,
        description=FIELDS[name].description,
        enum=list(choices),
        values_display=dict(choices),
    )
