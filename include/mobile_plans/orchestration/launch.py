"""What the tasks of ``mobile_operator_launch`` do; the DAG file only names and orders them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from airflow.sdk import Param, get_current_context

from include.mobile_plans import launch
from include.mobile_plans.errors import BadInput, DoesNotApply
from include.mobile_plans.launch import Asked, asked_about
from include.mobile_plans.orchestration.forms import mobile_operator_field
from include.mobile_plans.orchestration.obstacle_sensor import ObstacleSensor
from include.mobile_plans.orchestration.portal_sensor import PortalSensor
from include.mobile_plans.policy import (
    Expectation,
    mobile_operator_in_force,
    program_policy,
)
from include.mobile_plans.questions import Run
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment

clock = SystemClock()


def form() -> dict[str, Param]:
    """Return the six fields of the trigger form; mobile operators are offered by name."""
    return {
        "mobile_operator": mobile_operator_field(
            "Who goes live. Not listed? Import its record first."
        ),
        "target_date": Param(
            type="string",
            format="date",
            title="Target launch date",
            description="The day it is to go live.",
        ),
        "target_time": Param(
            "09:00 UTC",
            type="string",
            title="Target time and zone",
            pattern=r"^([01]\d|2[0-3]):[0-5]\d [A-Za-z0-9_+/-]+$",
            description="The time of that day and its zone, such as 09:00 Europe/London.",
        ),
        "iccid_range": Param(
            "test",
            type="string",
            enum=list(launch.RANGE_CHOICES),
            values_display=dict(launch.RANGE_CHOICES),
            title="ICCID range for end-to-end validation",
            description="The mobile operator chooses.",
        ),
        "staging_endpoint": Param(
            default=False,
            type="boolean",
            title="Integrated against a staging endpoint",
            description="Then it is migrated to production first, which may take up to a week.",
        ),
        "note": Param(
            "",
            type=["null", "string"],
            title="Note",
            description="Anything else the people of this launch should know.",
        ),
    }


def check_request(form_values: Mapping[str, Any]) -> str:
    """
    Check the request and begin the launch; returns the launch's id.

    Raises:
        BadInput: It cannot be granted; nothing was written.
    """
    run = get_current_context()["dag_run"]
    now = clock.now()
    request = launch.request_from_form(form_values, run.triggering_user_name or "unknown")
    policy = program_policy()
    with store_from_environment().transaction() as connection:
        version = mobile_operator_in_force(connection, request.slug, now)
        problems = launch.request_problems(request, version.mobile_operator, policy, now)
        if problems:
            raise BadInput("; ".join(problems))
        started = launch.start_launch(
            connection, request, version, policy, run_id=run.run_id, now=now
        )
    return started.launch_id


def check_readiness() -> list[str]:
    """Do the checks of a review now, and return what each found; a failed one opens an issue."""
    findings = launch.redo_checks(store_from_environment(), _run(), clock)
    return [
        f"{finding.name}: {'ok' if finding.passed else 'NOT OK'}, {finding.detail}"
        for finding in findings
    ]


def list_gates() -> list[str]:
    """
    Name the gates to be confirmed, each with its owner (L1).

    Raises:
        DoesNotApply: Policy had none when the launch began.
    """
    with store_from_environment().snapshot() as connection:
        asked = _asked(connection, clock.now())
    names = [
        f"{gate.title} ({asked.whose(party)})"
        for gate, party in launch.gate_questions(asked.launch)
    ]
    if not names:
        msg = "policy had no gates when this launch began"
        raise DoesNotApply(msg)
    return names


def announce_date() -> None:
    """Give both parties the date they approved, as a calendar entry (L10)."""
    with store_from_environment().transaction() as connection:
        launch.tell_date(connection, _asked(connection, clock.now()))


def request_iccid_configuration(*, after_sign_off: bool) -> None:
    """
    Ask the program by mail to configure a range; its week starts here (L3, L4).

    Raises:
        DoesNotApply: The full range was configured before the validation.
    """
    now = clock.now()
    with store_from_environment().transaction() as connection:
        asked = _asked(connection, now)
        choice = launch.configuration_choice(asked, after_sign_off=after_sign_off)
        due_at = launch.promise_configuration(connection, asked, choice, now)
        launch.request_iccid_configuration(connection, asked, choice, due_at)


def request_migration() -> None:
    """
    Ask the mobile operator by mail to leave staging; its week starts here (L2).

    Raises:
        DoesNotApply: It integrated without a staging endpoint.
    """
    now = clock.now()
    with store_from_environment().transaction() as connection:
        asked = _asked(connection, now)
        staging = launch.require_staging(asked)
        due_at = launch.promise_migration(connection, asked, now)
        launch.request_migration(connection, asked, staging, due_at)


def portal_of_run(run_id: str) -> tuple[str, Expectation]:
    """Return the production portal of a run's mobile operator and what it must answer."""
    with store_from_environment().snapshot() as connection:
        asked = asked_about(connection, Run(run_id=run_id), clock.now())
    portal = asked.mobile_operator.portals.production
    return portal.uri, portal.expectation or asked.policy.monitoring.expectation


def report_portal(run_id: str, problems: list[str]) -> bool:
    """Keep what one look at the portal found; return whether it has answered well enough."""
    now = clock.now()
    with store_from_environment().transaction() as connection:
        asked = asked_about(connection, Run(run_id=run_id), now)
        return launch.record_look(connection, asked, problems, now)


def list_own_scenarios() -> list[str]:
    """
    Name the scenarios the mobile operator added, each to be validated as the program's are (L8).

    Raises:
        DoesNotApply: It added none.
    """
    now = clock.now()
    with store_from_environment().snapshot() as connection:
        names = [scenario.title for scenario in _asked(connection, now).launch.own_scenarios]
    if not names:
        msg = "the mobile operator added no scenarios"
        raise DoesNotApply(msg)
    return names


def go_live() -> None:
    """
    Turn the record live, close the launch and tell both parties, all or nothing (L10).

    Raises:
        BadInput: Something is in the way.
    """
    with store_from_environment().transaction() as connection:
        launch.bring_live(connection, _run(), clock.now())


def obstacles_of_run(run_id: str) -> list[str]:
    """List what keeps the launch of a run from going live now."""
    with store_from_environment().transaction() as connection:
        return launch.may_go_live(connection, Run(run_id=run_id), clock.now())


def await_go_live() -> ObstacleSensor:
    """Make the sensor that waits for the agreed date and until nothing is in the way (L1, L10)."""
    return ObstacleSensor(
        task_id="await_launch_date",
        task_display_name="Wait for the agreed date, and until nothing is in the way",
        obstacles=obstacles_of_run,
        retries=3,
    )


def await_production_portal() -> PortalSensor:
    """Make the sensor that waits until the production portal answers as expected (L2)."""
    return PortalSensor(
        task_id="await_production_portal",
        task_display_name="Production portal answers as expected",
        portal=portal_of_run,
        report=report_portal,
        interval=program_policy().launch.portal_look.interval,
        retries=3,
        # A launch without staging skips the cut-over, and looks at the portal all the same.
        trigger_rule="none_failed",
    )


def _run() -> Run:
    return Run(run_id=get_current_context()["dag_run"].run_id)


def _asked(connection: Any, now: datetime) -> Asked:
    return asked_about(connection, _run(), now)
