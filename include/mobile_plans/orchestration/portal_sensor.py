"""Looks at a production portal now and then until it answers as expected, holding no slot (L2)."""

from collections.abc import Callable
from datetime import timedelta
from os import environ
from typing import Any

import requests
from airflow.providers.http.hooks.http import HttpHook
from airflow.sdk import BaseSensorOperator, Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from include.mobile_plans.errors import BadInput
from include.mobile_plans.monitoring import follows_redirects, judge_response
from include.mobile_plans.policy import Expectation

CONNECTION_ID = "http_mobile_plans_portal"
CERTIFICATES_VARIABLE = "MOBILE_PLANS_CA_FILE"
_TIMEOUT_S = 10


class PortalSensor(BaseSensorOperator):
    """
    Succeed once a portal has answered as expected often enough in a row.

    Between two looks the task is given back to the scheduler, so a week of waiting costs nothing.

    Args:
        portal: Given the run's id, returns the portal's URI and the answer expected of it.
        report: Given the run's id and the problems of one look, keeps them and returns whether
            the portal has now answered well often enough.
        interval: From one look to the next, at least a minute.
    """

    def __init__(
        self,
        *,
        portal: Callable[[str], tuple[str, Expectation]],
        report: Callable[[str, list[str]], bool],
        interval: timedelta,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            mode="reschedule",
            poke_interval=interval.total_seconds(),
            timeout=timedelta(days=365).total_seconds(),
            **kwargs,
        )
        self.portal = portal
        self.report = report

    def poke(self, context: Context) -> bool:
        """Look once."""
        run_id = str(context["dag_run"].run_id)
        try:
            uri, expectation = self.portal(run_id)
            problems = look(uri, expectation)
            settled = self.report(run_id, problems)
        except BadInput as mistake:
            raise AirflowFailException(str(mistake)) from None
        self.log.info("%s: %s", uri, "; ".join(problems) or "answered as expected")
        return settled


def look(uri: str, expectation: Expectation) -> list[str]:
    """Ask a portal once over the http provider's hook; list how its answer differs from ours."""
    hook = HttpHook(method="GET", http_conn_id=CONNECTION_ID)
    try:
        answer = hook.run(
            endpoint=uri.removeprefix("https://"),
            extra_options={
                "timeout": _TIMEOUT_S,
                "check_response": False,
                "allow_redirects": follows_redirects(expectation),
                "verify": environ.get(CERTIFICATES_VARIABLE) or True,
            },
        )
    except (requests.RequestException, AirflowException) as error:
        return [f"no answer: {type(error).__name__}: {error}"]
    return judge_response(expectation, answer)
