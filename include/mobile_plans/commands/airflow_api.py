"""Starting a run in Airflow from the command line, as a user of its REST API."""

import os
from collections.abc import Mapping
from typing import Any

import requests

from include.mobile_plans.errors import BadInput, Conflict, MobilePlansError

URL_VARIABLE = "MOBILE_PLANS_AIRFLOW_URL"
TOKEN_VARIABLE = "MOBILE_PLANS_AIRFLOW_TOKEN"  # noqa: S105 - its name, not its value
USER_VARIABLE = "MOBILE_PLANS_AIRFLOW_USER"
PASSWORD_VARIABLE = "MOBILE_PLANS_AIRFLOW_PASSWORD"  # noqa: S105 - its name, not its value
_TIMEOUT_S = 30
_TAKEN = 409
_SHOWN = 500


class AirflowApi:
    """
    Airflow's REST API, signed in.

    Args:
        url: Where Airflow is, such as ``https://airflow.example``.
        token: What the API takes as proof of the user.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._token = token

    @classmethod
    def from_environment(cls) -> "AirflowApi":
        """
        Sign in as the environment says: with a token, or with a user's name and password.

        Raises:
            BadInput: The environment names no Airflow or no user, or Airflow refuses the user.
            MobilePlansError: Airflow cannot be reached.
        """
        given = os.environ.get
        url, token = given(URL_VARIABLE), given(TOKEN_VARIABLE)
        user, password = given(USER_VARIABLE), given(PASSWORD_VARIABLE)
        if not url or not (token or (user and password)):
            msg = (
                f"Airflow is not named: set {URL_VARIABLE}, and {TOKEN_VARIABLE} or "
                f"{USER_VARIABLE} and {PASSWORD_VARIABLE}"
            )
            raise BadInput(msg)
        if token:
            return cls(url, token)
        answer = _post(f"{url.rstrip('/')}/auth/token", {"username": user, "password": password})
        return cls(url, str(answer["access_token"]))

    def start(self, dag_id: str, run_id: str, form: Mapping[str, Any]) -> None:
        """
        Start a run of a DAG under a name.

        Raises:
            Conflict: A run of that name exists.
            BadInput: Airflow refuses the form or the user.
            MobilePlansError: Airflow cannot be reached.
        """
        request = {"dag_run_id": run_id, "logical_date": None, "conf": dict(form)}
        _post(f"{self._url}/api/v2/dags/{dag_id}/dagRuns", request, token=self._token)


def _post(url: str, body: Mapping[str, Any], *, token: str | None = None) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        answer = requests.post(url, json=body, headers=headers, timeout=_TIMEOUT_S)
    except requests.RequestException as error:
        msg = f"Airflow cannot be reached: {type(error).__name__}"
        raise MobilePlansError(msg) from error
    if answer.status_code == _TAKEN:
        msg = f"Airflow has a run of that name already: {answer.text[:_SHOWN]}"
        raise Conflict(msg)
    if not answer.ok:
        msg = f"Airflow answered {answer.status_code}: {answer.text[:_SHOWN]}"
        raise BadInput(msg)
    return answer.json()
