"""What every DAG and every task of ours has in common."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from include.mobile_plans.errors import BadInput, DoesNotApply, MobilePlansError

AREAS = frozenset(
    {"launch", "records", "monitoring", "incident", "maintenance", "xdr", "sla", "platform"}
)
"""The closed vocabulary of tags: every DAG has exactly one, ``area:<name>``."""

OWNER = "Mobile Plans operations"
FIRST = {"priority_weight": 1000, "weight_rule": "absolute"}
"""Tasks that go before all others when a slot is free: no mail waits for hundreds of runs."""
_FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def mobile_plans_dag(
    *,
    display_name: str,
    description: str,
    area: str,
    doc_md: str,
    schedule: Any = None,
    params: Mapping[str, Any] | None = None,
    max_active_runs: int = 1,
    task_defaults: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """
    Make a DAG of a function; its id is the function's name.

    Args:
        display_name: What the UI calls it.
        description: One sentence, visible in the list of DAGs.
        area: One of ``AREAS``.
        doc_md: The file's docstring: what it promises, when it runs, what it needs, what to do
            when it fails.
        schedule: As Airflow's; None for a DAG that people start.
        params: Its trigger form.
        max_active_runs: How many runs may be under way at once.
        task_defaults: What its tasks have in common besides, such as ``FIRST``.
    """
    if area not in AREAS:
        msg = f"{area!r} is not an area: allowed are {', '.join(sorted(AREAS))}"
        raise BadInput(msg)
    return dag(
        dag_display_name=display_name,
        description=description,
        doc_md=doc_md,
        tags=[f"area:{area}"],
        schedule=schedule,
        start_date=_FIRST_DAY,
        catchup=False,
        max_active_runs=max_active_runs,
        params=dict(params or {}),
        default_args={
            "owner": OWNER,
            "retries": 2,
            "retry_delay": timedelta(seconds=30),
            **(task_defaults or {}),
        },
        render_template_as_native_obj=False,
    )


def plain_task(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """
    Make a task of a function whose failures end in one plain sentence.

    A user's mistake fails at once; trouble of ours (the store is away) is retried; a step that does
    not apply is skipped with its reason.

    Args:
        **options: Passed to Airflow's ``task``.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        @wraps(function)
        def told_plainly(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except DoesNotApply as reason:
                raise AirflowSkipException(str(reason)) from None
            except BadInput as mistake:
                raise AirflowFailException(str(mistake)) from None
            except MobilePlansError as trouble:
                raise AirflowException(str(trouble)) from None

        return task(**options)(told_plainly)

    return decorate
