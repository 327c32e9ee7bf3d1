"""Waits as long as something is in the way: of a go-live (L1, L10), of the end of an escalation."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseSensorOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from include.mobile_plans.errors import BadInput

_LOOK_EVERY = timedelta(minutes=1)


class ObstacleSensor(BaseSensorOperator):
    """
    Succeed once nothing is in the way.

    The store is read anew at each look, so a change there moves the wait within a minute; between
    two looks the task holds no slot.

    Args:
        obstacles: Given the run's id, lists what is in the way now; ``BadInput`` ends the wait.
    """

    def __init__(self, *, obstacles: Callable[[str], list[str]], **kwargs: Any) -> None:
        super().__init__(
            mode="reschedule",
            poke_interval=_LOOK_EVERY.total_seconds(),
            timeout=timedelta(days=3650).total_seconds(),
            **kwargs,
        )
        self.obstacles = obstacles

    def poke(self, context: Context) -> bool:
        """Look once."""
        try:
            found = self.obstacles(str(context["dag_run"].run_id))
        except BadInput as mistake:
            raise AirflowFailException(str(mistake)) from None
        self.log.info("%s", "; ".join(found) or "nothing is in the way")
        return not found
