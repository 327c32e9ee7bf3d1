"""The wiring of a launch, run to its end by Airflow's own ``dag.test()`` (L1 to L10)."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from include.mobile_plans.launch import REPEAT, launch_of_run
from include.mobile_plans.policy import mobile_operator_in_force
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.simulation.demo_launch import launch_form
from include.mobile_plans.simulation.local_world import LocalWorld
from include.mobile_plans.store import Store
from tests.dags.conftest import ROOT
from tests.edited_policy import edited_policy

PHASES = (
    "readiness_review",
    "iccid_configuration",
    "staging_to_production",
    "end_to_end_validation",
    "go_live_phase",
)
MISTAKES = {
    "end_to_end_validation.esim_first_run.sign_off_launch_portal": [
        ("Fail", {"evidence": "blank page", "what_next": REPEAT})
    ],
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalWorld]:
    """A prepared store, Airflow's database and a portal to look at, without Airflow's processes."""
    folder = tmp_path_factory.mktemp("dag-test")
    policy = edited_policy(
        folder,
        {
            "launch.yaml": {
                r"consecutive_good_answers: \d+": "consecutive_good_answers: 1",
                r"  - name: cosa_update\n(?:.*\n)*?(?=  - name: customer_support)": "",
                r"\nfreezes:\n(?:  .*\n)*": "\nfreezes: []\n",
            },
        },
    )
    started = LocalWorld(folder / "home", policy=policy)
    try:
        yield started.start(with_airflow=False)
    finally:
        started.stop()


@pytest.fixture(scope="module")
def played(world: LocalWorld) -> Mapping[str, Any]:
    """Contoso's launch on its test range, with one step that fails first."""
    told = {
        # The form takes whole minutes, and the date must not be past when it is checked.
        "form": launch_form("contoso", SystemClock().now() + timedelta(minutes=2)),
        "mistakes": MISTAKES,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.dags.launch_by_dag_test", json.dumps(told)],
        check=False,
        cwd=ROOT,
        env=world.airflow.environment,
        capture_output=True,
        text=True,
        timeout=500,
    )
    (Path(world.home) / "dag-test.log").write_text(done.stdout + done.stderr)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_the_run_brings_the_record_live(world: LocalWorld, played: Mapping[str, Any]) -> None:
    """L10: at the end of the wiring the launch and the record are live."""
    assert played["state"] == "success"
    with Store(world.database_url).snapshot() as connection:
        launch = launch_of_run(connection, played["run"])
        record = mobile_operator_in_force(connection, "contoso", SystemClock().now())
    assert (launch.state, record.state) == ("live", "live")
    attempts = launch.answers["step.esim_first_run.launch_portal"]
    assert [answer.option for answer in attempts] == ["Fail", "Pass"]


def test_one_phase_follows_the_other(played: Mapping[str, Any]) -> None:
    """L1, L3: no task of a phase ends before all of the phase before it have."""
    ends = {
        phase: [
            task["ended"]
            for task in played["tasks"]
            if task["task"].startswith(f"{phase}.") and task["state"] == "success"
        ]
        for phase in PHASES
    }
    for before, after in pairwise(PHASES):
        assert max(ends[before]) <= min(ends[after]), after


def test_what_does_not_apply_is_skipped(played: Mapping[str, Any]) -> None:
    """L2, L8: no staging, no SIM, no scenarios of its own; nothing else is left out."""
    skipped = {task["task"] for task in played["tasks"] if task["state"] == "skipped"}
    assert {name.rpartition(".")[0] for name in skipped} == {
        "staging_to_production",
        "end_to_end_validation",
        "end_to_end_validation.sim_first_run",
        "end_to_end_validation.own_scenario",
    }
    assert {task["state"] for task in played["tasks"]} == {"success", "skipped"}


def test_gates_are_named_in_the_grid(played: Mapping[str, Any]) -> None:
    """A mapped human task shows which gate it is about, and whose."""
    named = {task["named"] for task in played["tasks"] if task["task"].endswith("confirm_gate")}
    assert len(named) > 1
    assert all(name.endswith(")") and "gate" not in name for name in named), named
