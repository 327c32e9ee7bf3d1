"""Every DAG explains itself, and parsing it needs nothing but its file."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.dags.conftest import ROOT

EXPECTED = {
    "bug_fix_request",
    "housekeeping",
    "incident_escalation",
    "incident_report",
    "incident_update",
    "maintenance_notices",
    "maintenance_update",
    "mobile_operator_change",
    "mobile_operator_launch",
    "obligation_clock",
    "planned_maintenance",
    "portal_monitoring",
    "service_outage_notice",
    "sla_report",
    "xdr_feed_checks",
}
AREAS = {"launch", "records", "monitoring", "incident", "maintenance", "xdr", "sla", "platform"}
HEADINGS = ["What it promises", "When it runs", "What it needs", "When it fails"]


@pytest.mark.parametrize("dag_id", sorted(EXPECTED))
def test_a_dag_explains_itself(dag_bag: object, dag_id: str) -> None:
    """Display name, one sentence, documentation, owner, one tag of the vocabulary."""
    dag = dag_bag.dags[dag_id]

    assert dag.dag_display_name != dag_id
    assert dag.description.endswith(".")
    assert dag.description.count(". ") == 0
    assert len(dag.description) <= 100
    assert re.findall(r"^## (.+)$", dag.doc_md, flags=re.MULTILINE) == HEADINGS
    assert len(dag.tags) == 1
    assert next(iter(dag.tags)).removeprefix("area:") in AREAS
    assert dag.catchup is False
    assert dag.max_active_runs >= 1
    assert {task.owner for task in dag.tasks} == {"Mobile Plans operations"}


@pytest.mark.parametrize("dag_id", sorted(EXPECTED))
def test_tasks_are_named_for_people(dag_bag: object, dag_id: str) -> None:
    """Each task and group has a name in plain words; human tasks never ask twice by retry."""
    dag = dag_bag.dags[dag_id]
    for task in dag.tasks:
        assert task.task_display_name != task.task_id
        if type(task).__name__ == "SignOff":
            assert task.retries == 0
            assert not task.defaults
    for group in dag.task_group_dict.values():
        if group.group_id is not None:
            assert group.group_display_name


@pytest.mark.parametrize("dag_id", sorted(EXPECTED))
def test_forms_are_short_and_explained(dag_bag: object, dag_id: str) -> None:
    """A trigger form has at most six flat fields, each with a title and words (ui 4)."""
    params = dag_bag.dags[dag_id].params
    assert len(params) <= 6
    for name in params:
        schema = params.get_param(name)
        assert schema.schema["title"]
        assert schema.description
        assert "object" not in schema.schema["type"]
        assert "array" not in schema.schema["type"]


def test_exactly_these_dags_exist(dag_bag: object) -> None:
    """
    No DAG file fails to import, none is forgotten, and each file names its DAG.

    Airflow passes over files that do not contain the words "airflow" and "dag".
    """
    assert dag_bag.import_errors == {}
    assert set(dag_bag.dags) == EXPECTED
    assert {path.stem for path in (ROOT / "dags").glob("*.py")} == EXPECTED


def test_the_phases_of_a_launch(dag_bag: object) -> None:
    """The graph of a launch tells its story in the program's words (L1 to L10)."""
    dag = dag_bag.dags["mobile_operator_launch"]
    phases = [
        group.group_display_name
        for group in dag.task_group.children.values()
        if hasattr(group, "group_display_name")
    ]

    assert phases == [
        "Readiness review",
        "ICCID configuration",
        "Staging to production",
        "End-to-end validation",
        "Go-live",
    ]


def test_the_steps_of_the_scenarios(dag_bag: object) -> None:
    """L6 has five steps and L7 three, in order and one after the other."""
    dag = dag_bag.dags["mobile_operator_launch"]

    def steps(group: str) -> list[str]:
        tasks = [t for t in dag.topological_sort() if f".{group}." in f".{t.task_id}"]
        for before, after in pairwise(tasks):
            assert after.upstream_task_ids == {before.task_id}
        return [task.task_display_name for task in tasks]

    assert steps("esim_first_run") == [
        "Phone number lookup verification",
        "Launch the MO Direct web portal",
        "Complete a transaction in the portal",
        "eSIM profile is installed and activated",
        "Device is connected",
    ]
    assert steps("sim_first_run") == [
        "Launch the MO Direct web portal",
        "Complete a transaction in the portal",
        "Device is connected",
    ]


def test_nobody_is_called_before_there_is_a_severity(dag_bag: object) -> None:
    """E2, E3: assessed, then the contacts in order; a skipped step lets the next one decide."""
    dag = dag_bag.dags["incident_escalation"]
    ranks = [f"call_contact_{rank}" for rank in range(1, 5)]
    order = ["assess_severity", *ranks, "await_reached"]

    assert [task.task_id for task in dag.topological_sort()] == order
    for before, after in pairwise(order):
        assert dag.get_task(after).upstream_task_ids == {before}
    assert {dag.get_task(task).trigger_rule for task in order[1:]} == {"none_failed"}
    assert dag.max_active_runs == 500
    rules = {str(task.weight_rule) for task in dag.tasks}
    assert rules == {"upstream"}, "depth first: no call waits until every run was looked at"


def test_a_mail_waits_for_nothing_that_may_fail(dag_bag: object) -> None:
    """E6: mails are sent whether or not promises and incidents could be looked after."""
    send = dag_bag.dags["obligation_clock"].get_task("send_notices")
    assert send.upstream_task_ids == {"tend_incidents", "keep_promises"}
    assert send.trigger_rule == "all_done"
    clock = dag_bag.dags["obligation_clock"].tasks
    assert {(task.priority_weight, str(task.weight_rule)) for task in clock} == {(1000, "absolute")}


def test_plugins_load_only_what_is_allowed() -> None:
    """Every file below plugins/ is ignored unless the ignore file names it (design 2)."""
    rules = [
        line
        for line in (ROOT / "plugins" / ".airflowignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert rules[0] == "*.py"
    allowed = {rule.removeprefix("!") for rule in rules[1:]}
    assert all(rule.startswith("!") for rule in rules[1:])
    present = {path.name for path in Path(ROOT / "plugins").rglob("*.py")}
    assert present == allowed, (
        "a plugin is one registration file, allowed in plugins/.airflowignore"
    )
