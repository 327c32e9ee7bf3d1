"""What the tasks of ``bug_fix_request`` do: one run logs a bug, another one carries it."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Param, get_current_context

from include.mobile_plans.incidents import APPROVAL, DEPLOYMENT, TRIAGE, report_bug
from include.mobile_plans.orchestration.forms import mobile_operator_field
from include.mobile_plans.orchestration.runs import start_run
from include.mobile_plans.orchestration.sign_off import SignOff
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment

clock = SystemClock()
DAG_ID = "bug_fix_request"
_PARTIES = {"mobile_operator": "The mobile operator", "program": "The program"}


def form() -> dict[str, Param]:
    """Return the six fields of the trigger form."""
    return {
        "mobile_operator": mobile_operator_field("Who reports it, or with whom it was logged."),
        "party": Param(
            type="string",
            enum=list(_PARTIES),
            values_display=_PARTIES,
            title="Who reports it",
            description="The party.",
        ),
        "reported_by": _text("Reported by", "The named person."),
        "counterpart": _text("Counterpart", "The named person of the other party who logged it."),
        "what": _text("What is wrong", "The first line is its title.", format="multiline"),
        "incident": _text("Incident", "The one it came up in, such as INC-0042, if any."),
    }


def log_bug(values: Mapping[str, Any]) -> str:
    """
    Log a bug and start the run that carries it; that run finds it logged.

    Raises:
        BadInput: Something needed is missing; nothing was written.
    """
    run = get_current_context()["dag_run"]
    if run.run_id.startswith("BUG-"):
        return str(run.run_id)
    source, user = f"run:{run.run_id}", run.triggering_user_name or "unknown"
    with store_from_environment().transaction() as connection:
        bug = report_bug(connection, source, values, by=user, now=clock.now())
    start_run(DAG_ID, bug.bug_id, bug.report["title"], values)
    return bug.bug_id


def triage() -> SignOff:
    """Ask for the business justification and impact, or why it is declined (B2)."""
    return SignOff(asker=TRIAGE, task_id="triage", task_display_name="Triage")


def approval() -> SignOff:
    """Ask whether it is to be fixed (B3)."""
    return SignOff(asker=APPROVAL, task_id="approve_fix", task_display_name="Approve the fix")


def deployment() -> SignOff:
    """Ask for the schedule, as often as it changes, and for the deployment (B3)."""
    name = "Schedule and deployment"
    return SignOff(asker=DEPLOYMENT, task_id="confirm_deployment", task_display_name=name)


def _text(title: str, description: str, **more: Any) -> Param:
    return Param("", type=["null", "string"], title=title, description=description, **more)
