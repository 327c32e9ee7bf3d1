"""Starting runs of Airflow under a name of ours, as many as wanted from one task."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk.exceptions import AirflowRuntimeError
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import ErrorResponse, TriggerDagRun

from include.mobile_plans.errors import MobilePlansError


def start_run(dag_id: str, run_id: str, note: str, form: Mapping[str, Any] | None = None) -> bool:
    """
    Start a run, as ``TriggerDagRunOperator`` does for one; an existing one is left alone.

    Args:
        dag_id: The DAG.
        run_id: The name of the run, such as ``INC-0042``.
        note: What people read at the top of it.
        form: What its trigger form would be filled in with, where it has one.

    Returns:
        Whether it is new.

    Raises:
        MobilePlansError: Airflow did not start it.
    """
    conf = None if form is None else dict(form)
    wanted = TriggerDagRun(dag_id=dag_id, run_id=run_id, note=note, conf=conf)
    try:
        answer = task_runner.SUPERVISOR_COMMS.send(wanted)
    except AirflowRuntimeError as error:
        msg = f"Airflow did not start {run_id} of {dag_id}: {error}"
        raise MobilePlansError(msg) from None
    return not isinstance(answer, ErrorResponse)
