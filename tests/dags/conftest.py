"""The DAGs as Airflow's own parser reads them, without a store, a connection or a network."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def dag_bag(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """Every DAG of the project, parsed in an Airflow home of its own."""
    before = dict(os.environ)
    home = tmp_path_factory.mktemp("airflow")
    os.environ.update(
        AIRFLOW_HOME=str(home),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__UNIT_TEST_MODE="False",
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{home}/airflow.db",
    )
    os.environ.pop("MOBILE_PLANS_DATABASE_URL", None)
    # Airflow reads its settings on first import, so it is imported here and nowhere above.
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415

    yield DagBag(str(ROOT / "dags"))
    os.environ.clear()
    os.environ.update(before)
