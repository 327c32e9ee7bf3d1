"""Telling people from a DAG: the notice is queued with the change it tells of, or not at all."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from sqlalchemy import Connection

from include.mobile_plans.errors import BadInput, DoesNotApply, MobilePlansError
from include.mobile_plans.notices import Notice, queue_notice
from include.mobile_plans.policy import program_policy
from include.mobile_plans.questions import Run
from include.mobile_plans.simulation.clock import Clock, SystemClock
from include.mobile_plans.store import store_from_environment


class SendNoticeOperator(BaseOperator):
    """
    Change the store and queue the notices that tell of it, in one transaction.

    The mails leave by ``obligation_clock`` over the connection ``smtp_mobile_plans``; a task that
    is tried again queues nothing twice, because a notice's key is queued once.

    Args:
        change: Given a write transaction and the run, changes what has to be changed and returns
            the notices that tell of it.
        **kwargs: Passed to Airflow's operator.
    """

    def __init__(
        self, *, change: Callable[[Connection, Run], Iterable[Notice]], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.change = change
        self.clock: Clock = SystemClock()

    def execute(self, context: Context) -> Sequence[str]:
        """Do both, and return the keys of the notices that are new."""
        instance = context["task_instance"]
        map_index = -1 if instance.map_index is None else instance.map_index
        run = Run(run_id=str(context["dag_run"].run_id), map_index=map_index)
        try:
            return self._queue(run)
        except DoesNotApply as reason:
            raise AirflowSkipException(str(reason)) from None
        except BadInput as mistake:
            raise AirflowFailException(str(mistake)) from None
        except MobilePlansError as trouble:
            raise AirflowException(str(trouble)) from None

    def _queue(self, run: Run) -> list[str]:
        sender = program_policy().contacts.sender.email
        with store_from_environment().transaction() as connection:
            wanted = list(self.change(connection, run))
            now = self.clock.now()
            return [
                notice.key
                for notice in wanted
                if queue_notice(connection, notice, sender=sender, now=now)
            ]
