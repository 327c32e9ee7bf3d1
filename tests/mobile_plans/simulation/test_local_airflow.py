import json
import stat
from pathlib import Path

import pytest

from include.mobile_plans.simulation.local_airflow import COMPONENTS, PROJECT, LocalAirflow
from include.mobile_plans.simulation.loopback import Ports


@pytest.fixture
def ports() -> Ports:
    return Ports.free()


@pytest.fixture
def airflow(tmp_path: Path, ports: Ports) -> LocalAirflow:
    return LocalAirflow(tmp_path / "home", ports, extra={"MOBILE_PLANS_INBOX": "/inbox"})


def test_it_is_the_embedded_default(airflow: LocalAirflow, ports: Ports) -> None:
    """SQLite, LocalExecutor, no examples, our DAGs unpaused, loopback only (design 1)."""
    environment = airflow.environment
    home = airflow.home
    web = ports.web
    assert (
        environment
        | {
            "AIRFLOW_HOME": f"{home}/airflow",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": f"{PROJECT}/dags",
            "AIRFLOW__CORE__PLUGINS_FOLDER": f"{PROJECT}/plugins",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin,ops:user,viewer:viewer",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{ports.tasks}/execution/",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(web),
            "AIRFLOW__API__BASE_URL": f"http://localhost:{web}",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(ports.worker_log),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(ports.trigger_log),
            "PYTHONPATH": str(PROJECT),
            "MOBILE_PLANS_INBOX": "/inbox",
        }
        == environment
    )
    assert home.is_absolute()


def test_settings_of_another_installation_are_left_out(
    tmp_path: Path, ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What this machine says about another Airflow or another store is not inherited."""
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_MOBILE_PLANS", "smtp://mail.example")
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", "postgresql://production.example/x")
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    environment = LocalAirflow(tmp_path, ports, extra={}).environment
    assert environment["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert environment["NO_PROXY"] == "intranet.example,localhost,127.0.0.1"
    assert "AIRFLOW_CONN_SMTP_MOBILE_PLANS" not in environment
    assert "MOBILE_PLANS_DATABASE_URL" not in environment


def test_secrets_are_generated_once_and_private(airflow: LocalAirflow, ports: Ports) -> None:
    """A second start has the same keys and passwords; nobody else may read them."""
    airflow.write_passwords()
    again = LocalAirflow(airflow.home, ports, extra={})
    assert again.passwords == airflow.passwords
    for name in ("FERNET_KEY", "SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"):
        setting = f"AIRFLOW__CORE__{name}"
        assert again.environment[setting] == airflow.environment[setting]
    other = LocalAirflow(airflow.home / "other", ports, extra={})
    assert other.passwords != airflow.passwords
    passwords = Path(airflow.environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    assert json.loads(passwords.read_text()) == dict(airflow.passwords)
    assert sorted(airflow.passwords) == ["admin", "ops", "viewer"]
    for file in (passwords, airflow.home / "secrets.json"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_every_component_is_there(airflow: LocalAirflow, ports: Ports) -> None:
    """People and tasks are served by two processes, each where the others look for it."""
    assert [process.name for process in airflow.components] == list(COMPONENTS)
    for_tasks = airflow.components[1]
    assert for_tasks.command[-5:] == (
        "api-server",
        "--apps",
        "execution",
        "--port",
        f"{ports.tasks}",
    )


def test_the_database_is_prepared_once_per_release(airflow: LocalAirflow) -> None:
    assert airflow.migration() is not None
    airflow.note_migrated()
    assert airflow.migration() is None


def test_while_nothing_runs_it_is_not_healthy(airflow: LocalAirflow) -> None:
    assert airflow.health() == {}
    assert not airflow.is_healthy()
