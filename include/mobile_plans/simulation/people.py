"""
People at work in Airflow, through its REST API: they start runs and answer human tasks.

Used by the demo and the end-to-end tests; they wait before answering as a person would, because
an answer within a second of being asked can fail the task.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from include.mobile_plans.errors import MobilePlansError

THINKING_S = 6
"""Seconds a person takes before answering; under five, Airflow may trip over the answer."""
_TIMEOUT_S = 60
"""Longer than Airflow itself waits for its database, so that it always gets to answer."""


class AirflowRefused(MobilePlansError):
    """
    Airflow answered a request with an error.

    Attributes:
        status: The HTTP status.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"Airflow answered {status}: {text}")
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestion:
    """A human task that waits for an answer."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    subject: str
    body: str
    options: tuple[str, ...]
    fields: Mapping[str, Any]


class Person:
    """
    A user of Airflow who is signed in.

    Args:
        base_url: Where Airflow's UI is, such as ``http://localhost:8080``.
        name: The user's name.
        password: The user's password.

    Raises:
        AirflowRefused: The name and password are not a user's.
    """

    def __init__(self, base_url: str, name: str, password: str) -> None:
        self.base_url = base_url.rstrip("/")
        self.name = name
        self._session = requests.Session()
        token = self._call("POST", "/auth/token", {"username": name, "password": password})
        self._session.headers["Authorization"] = f"Bearer {token['access_token']}"

    def start(self, dag_id: str, form: Mapping[str, Any], *, run_id: str | None = None) -> str:
        """
        Fill in a DAG's trigger form and return the run's id.

        Raises:
            AirflowRefused: The form or the user is refused.
        """
        request: dict[str, Any] = {"logical_date": None, "conf": dict(form)}
        if run_id:
            request["dag_run_id"] = run_id
        return str(self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", request)["dag_run_id"])

    def known_dags(self) -> set[str]:
        """
        Name the DAGs Airflow has read.

        Raises:
            AirflowRefused: A DAG file cannot be imported; the text is Airflow's.
        """
        errors = self._call("GET", "/api/v2/importErrors")["import_errors"]
        if errors:
            raise AirflowRefused(500, errors[0]["stack_trace"])
        found = self._call("GET", "/api/v2/dags?limit=100")["dags"]
        return {str(dag["dag_id"]) for dag in found}

    def run_state(self, dag_id: str, run_id: str) -> str:
        """Return the state of a run: ``queued``, ``running``, ``success`` or ``failed``."""
        return str(self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def tasks(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        """Return the state of each task of a run, by its id."""
        found = self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=500")
        return {task["task_id"]: task["state"] for task in found["task_instances"]}

    def task_log(self, dag_id: str, run_id: str, task_id: str) -> str:
        """Return the log of a task's first try, as the UI's log tab has it."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/1"
        return str(self._call("GET", path)["content"])

    def open_questions(self) -> list[OpenQuestion]:
        """List every human task that waits for an answer, of all runs."""
        found = self._call(
            "GET",
            "/api/v2/dags/~/dagRuns/~/hitlDetails"
            "?response_received=false&state=awaiting_input&limit=500",
        )
        return [_question(detail) for detail in found["hitl_details"]]

    def answer(self, question: OpenQuestion, option: str, values: Mapping[str, str]) -> None:
        """
        Answer a human task; what is not filled in stays empty.

        Raises:
            AirflowRefused: This user may not answer, or somebody already did.
        """
        self._call(
            "PATCH",
            f"/api/v2/dags/{question.dag_id}/dagRuns/{question.run_id}/taskInstances/"
            f"{question.task_id}/{question.map_index}/hitlDetails",
            {
                "chosen_options": [option],
                "params_input": {name: values.get(name) for name in question.fields},
            },
        )

    def wait_until(
        self, check: Callable[[], bool], *, sleep: Callable[[float], None], at_most_s: float
    ) -> bool:
        """Look again every few seconds until a check holds; return whether it did in time."""
        waited = 0.0
        while not check():
            if waited >= at_most_s:
                return False
            sleep(2)
            waited += 2
        return True

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        response = self._session.request(
            method, f"{self.base_url}{path}", json=body, timeout=_TIMEOUT_S
        )
        if not response.ok:
            raise AirflowRefused(response.status_code, response.text)
        return response.json()


def _question(detail: Mapping[str, Any]) -> OpenQuestion:
    instance = detail["task_instance"]
    return OpenQuestion(
        dag_id=instance["dag_id"],
        run_id=instance["dag_run_id"],
        task_id=instance["task_id"],
        map_index=instance["map_index"],
        subject=detail["subject"],
        body=detail["body"] or "",
        options=tuple(detail["options"]),
        fields=detail["params"],
    )
