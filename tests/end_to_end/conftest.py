"""One running installation for the tests that need real Airflow processes."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.mobile_plans.simulation.local_airflow import PROJECT
from include.mobile_plans.simulation.local_world import LocalWorld


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalWorld]:
    """Airflow, store, mail catcher and portals, with one good look at a portal being enough."""
    folder = tmp_path_factory.mktemp("world")
    policy = folder / "policy"
    shutil.copytree(PROJECT / "include" / "policy", policy)
    launch = policy / "launch.yaml"
    text, count = re.subn(
        r"consecutive_good_answers: \d+", "consecutive_good_answers: 1", launch.read_text()
    )
    assert count == 1
    launch.write_text(text)
    with LocalWorld(folder / "home", policy=policy, say=print) as started:
        yield started


@pytest.fixture(scope="module")
def project() -> Path:
    """Root of the project."""
    return PROJECT
