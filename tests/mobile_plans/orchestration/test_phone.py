"""Phone tasks in a graph: one per rank, in order, as many as policy allows."""

from datetime import UTC, datetime

import pytest
from airflow.sdk import DAG

from include.mobile_plans.orchestration.phone import phone_calls
from include.mobile_plans.orchestration.sign_off import TAKE_IT
from include.mobile_plans.policy import program_policy
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.questions import Run


def key_of(run: Run) -> str:
    return run.run_id


def test_contacts_are_called_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """E3: each rank waits for the one before, and a skipped one lets the next decide for itself."""
    monkeypatch.setenv("MOBILE_PLANS_POLICY_DIR", str(SHIPPED_POLICY))
    monkeypatch.setenv("MOBILE_PLANS_ALLOW_LOOPBACK_PORTALS", "1")
    with DAG("calls", start_date=datetime(2026, 1, 1, tzinfo=UTC), schedule=None):
        tasks = phone_calls(key_of)

    assert len(tasks) == program_policy().promises.most_phone_ranks == 4
    assert [task.task_display_name for task in tasks[:2]] == ["Call contact 1", "Call contact 2"]
    assert [sorted(task.upstream_task_ids) for task in tasks] == [
        [],
        ["call_contact_1"],
        ["call_contact_2"],
        ["call_contact_3"],
    ]
    for task in tasks:
        assert task.trigger_rule == "none_failed"
        assert task.retries == 0
        assert task.options == ["Reached", "Not reached", TAKE_IT]
        assert task.duty_role == "operations_centre"
