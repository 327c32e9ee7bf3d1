"""One running installation for the tests that need real Airflow processes."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from include.mobile_plans.simulation.local_airflow import PROJECT
from include.mobile_plans.simulation.local_world import LocalWorld
from tests.edited_policy import edited_policy


@pytest.fixture(scope="module")
def policy_edits() -> Mapping[str, Mapping[str, str]]:
    """What a module's policy says differently: by file, patterns and what replaces each."""
    return {
        "launch.yaml": {r"consecutive_good_answers: \d+": "consecutive_good_answers: 1"},
    }


@pytest.fixture(scope="module")
def environment() -> Mapping[str, str]:
    """What a module's processes find in their environment besides."""
    return {}


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory,
    policy_edits: Mapping[str, Mapping[str, str]],
    environment: Mapping[str, str],
) -> Iterator[LocalWorld]:
    """Airflow, store, mail catcher and portals, with the module's policy."""
    folder = tmp_path_factory.mktemp("world")
    home = folder / "home"
    policy = edited_policy(folder, policy_edits)
    with LocalWorld(home, policy=policy, environment=environment, say=print) as started:
        yield started


@pytest.fixture(scope="module")
def project() -> Path:
    """Root of the project."""
    return PROJECT
