"""Waits for the file of one period of a feed until it is there or missing, in no slot (X1)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseSensorOperator, Context, PokeReturnValue
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from include.mobile_plans.errors import BadInput, DoesNotApply

_LOOK_EVERY = timedelta(minutes=1)
_LONGEST = timedelta(days=60)


class FeedFileSensor(BaseSensorOperator):
    """
    Succeed once the file of a period is there completely, or was checked already.

    What it returns names the files to check. A period that is missing is skipped with the reason:
    what follows from it is told elsewhere, and a file that comes later is found all the same.

    Args:
        period: A period as ``list_periods`` returns it; its ``name`` is what Airflow shows.
        look: Given a period, returns the files to check, or None while it is waited for.
    """

    template_fields = ("period",)

    def __init__(
        self, *, period: Any, look: Callable[[dict[str, Any]], list[str] | None], **kwargs: Any
    ) -> None:
        super().__init__(
            mode="reschedule",
            poke_interval=_LOOK_EVERY.total_seconds(),
            timeout=_LONGEST.total_seconds(),
            **kwargs,
        )
        self.period = period
        self.look = look

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once."""
        del context
        try:
            found = self.look(self.period)
        except DoesNotApply as reason:
            raise AirflowSkipException(str(reason)) from None
        except BadInput as mistake:
            raise AirflowFailException(str(mistake)) from None
        self.log.info("%s: %s", self.period["name"], "not there yet" if found is None else found)
        return PokeReturnValue(is_done=found is not None, xcom_value=found)
