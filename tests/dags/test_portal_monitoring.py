"""The traps that watchers of assets have on Airflow 3.3, each kept shut by a check."""

import ast

import pytest
import yaml

from tests.dags.conftest import ROOT

DAG_ID = "portal_monitoring"
TRIGGERS = ("portal_probe_trigger", "due_work_trigger")


def test_events_that_are_stranded_are_swept_up(dag_bag: object) -> None:
    """Trap 1: Airflow strands events that arrive together; the store is read every minute."""
    schedule = dag_bag.dags[DAG_ID].schedule

    assert schedule.timetable.expression == "* * * * *"
    assert schedule.asset_condition.name == "mobile_plans.portals.0"


@pytest.mark.parametrize("name", TRIGGERS)
def test_a_trigger_asks_airflow_for_nothing(name: str) -> None:
    """Trap 2: the first connection, variable or state read in a trigger stops its heartbeat."""
    source = ROOT / "include" / "mobile_plans" / "orchestration" / f"{name}.py"
    imported = {
        node.module
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module
    }
    assert {module for module in imported if module.startswith("airflow")} == {
        "airflow.triggers.base"
    }


def test_runs_come_one_after_another(dag_bag: object) -> None:
    """Trap 3: what opened and what closed could be told in the wrong order."""
    assert dag_bag.dags[DAG_ID].max_active_runs == 1


def test_nobody_pauses_it_unawares(dag_bag: object) -> None:
    """Trap 4: a paused DAG has no watchers, so its page says so, and no DAG begins paused."""
    dag = dag_bag.dags[DAG_ID]

    assert "Never pause it: that stops the probing." in " ".join(dag.doc_md.split())
    assert not dag.is_paused_upon_creation
    compose = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
    for service in ("scheduler", "dag-processor"):
        environment = compose["services"][service]["environment"]
        assert environment["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] == "False"


def test_a_silent_watcher_is_looked_for_whatever_else_fails(dag_bag: object) -> None:
    """Trap 5: it looks healthy in the UI; the first task of each run looks for itself."""
    dag = dag_bag.dags[DAG_ID]

    assert [task.task_id for task in dag.roots] == ["look_after_the_prober"]
    assert dag.get_task("tell_of_the_portals").trigger_rule == "all_done"
    assert {task.retries for task in dag.tasks} == {0}
