"""Phone tasks: one per contact, in order, each skipped once somebody was reached."""

from collections.abc import Callable

from airflow.sdk import chain
from sqlalchemy import Connection

from include.mobile_plans.obligations import Call, CallAttempt, PhoneCall, call_task
from include.mobile_plans.orchestration.sign_off import SignOff
from include.mobile_plans.policy import program_policy
from include.mobile_plans.questions import Run


def phone_calls(
    key_of: Callable[[Run], str],
    *,
    on_attempt: Callable[[Connection, Call, CallAttempt], None] | None = None,
    duty_role: str | None = "operations_centre",
) -> list[SignOff]:
    """
    Make the phone tasks of one call, chained by rank, as many as policy allows.

    Args:
        key_of: Names the call of a run.
        on_attempt: Told of each attempt in the transaction that records it.
        duty_role: Who is looked for to make the calls.

    Returns:
        The tasks; what follows them runs with the trigger rule ``none_failed``.
    """
    tasks = [
        SignOff(
            asker=PhoneCall(rank, key_of, on_attempt=on_attempt, duty_role=duty_role),
            task_id=call_task(rank),
            task_display_name=f"Call contact {rank}",
            trigger_rule="none_failed",
        )
        for rank in range(1, program_policy().promises.most_phone_ranks + 1)
    ]
    chain(*tasks)
    return tasks
