"""
Run one launch by ``dag.test()``, its people answering at once, and print how its tasks ended.

A program of its own: Airflow reads its settings when it is first imported.
"""

import json
import sys
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import DagBag
from airflow.providers.standard.operators.hitl import HITLOperator

from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.simulation.launch_people import LaunchPeople
from include.mobile_plans.simulation.people import OpenQuestion
from include.mobile_plans.store import store_from_environment


def answering(people: LaunchPeople) -> Any:
    """Return what a human task does instead of parking: the people of the launch answer it."""

    def execute(task: HITLOperator, context: Any) -> Any:
        instance = context["task_instance"]
        people.run_id = str(context["dag_run"].run_id)
        question = OpenQuestion(
            dag_id=instance.dag_id,
            run_id=people.run_id,
            task_id=instance.task_id,
            map_index=instance.map_index,
            subject=task.subject,
            body=task.body or "",
            options=tuple(task.options),
            fields=task.serialized_params,
        )
        option, values = people.answer_to(question)
        people.answered(question)
        return task.execute_complete(
            context,
            {
                "chosen_options": [option],
                "params_input": {name: values.get(name) for name in question.fields},
                "responded_at": SystemClock().now(),
                "responded_by_user": {"id": "ops", "name": "ops"},
                "timedout": False,
            },
        )

    return execute


def main() -> None:
    """Read form and mistakes, run the launch, print its tasks as JSON."""
    told = json.loads(sys.argv[1])
    people = LaunchPeople(
        store_from_environment(), told["form"]["mobile_operator"], "", told["mistakes"]
    )
    HITLOperator.execute = answering(people)  # type: ignore[method-assign]
    dag = DagBag(str(Path(__file__).parents[2] / "dags")).dags["mobile_operator_launch"]
    run = dag.test(run_conf=told["form"])
    tasks = [
        {
            "task": instance.task_id,
            "state": str(instance.state),
            "named": instance.rendered_map_index,
            "ended": None if instance.end_date is None else instance.end_date.isoformat(),
        }
        for instance in run.get_task_instances()
    ]
    print(json.dumps({"run": run.run_id, "state": str(run.state), "tasks": tasks}))  # noqa: T201


if __name__ == "__main__":
    main()
