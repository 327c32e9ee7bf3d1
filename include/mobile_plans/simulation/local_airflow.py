"""
Airflow on this machine: SQLite, LocalExecutor, three named users, its own home and ports.

The same processes as in production, one of each; only the environment differs. ``make run``, the
demos and the end-to-end tests all start it through this class.
"""

import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import requests
from cryptography.fernet import Fernet

from include.mobile_plans.simulation import loopback
from include.mobile_plans.simulation.loopback import ADDRESS, Ports
from include.mobile_plans.simulation.processes import ManagedProcess

PROJECT = Path(__file__).resolve().parents[3]
ROLES = {"admin": "admin", "ops": "user", "viewer": "viewer"}
"""The local users, each with its role: all, run DAGs and answer tasks, look."""
COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
WATCHED = ("metadatabase", "scheduler", "dag_processor", "triggerer")
"""What Airflow's health page reports on."""
TASKS_AT_ONCE = 4
ANSWER_WITHIN_S = 10.0
_SQLITE_PATIENCE = f"{loopback.__name__}.SQLITE_PATIENCE"
_FOREIGN = ("AIRFLOW", "MOBILE_PLANS_", "PYTHONPATH")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSecrets:
    """What must stay the same from start to start, kept in one file only its owner reads."""

    fernet_key: str
    jwt_secret: str
    api_secret: str
    passwords: Mapping[str, str]

    @classmethod
    def kept_in(cls, file: Path) -> "LocalSecrets":
        """Return what a file keeps, generated and written when there is none."""
        if not file.exists():
            generated = {
                "fernet_key": Fernet.generate_key().decode(),
                "jwt_secret": secrets.token_urlsafe(48),
                "api_secret": secrets.token_urlsafe(48),
                "passwords": {name: secrets.token_urlsafe(9) for name in ROLES},
            }
            write_private(file, json.dumps(generated, indent=2))
        return cls(**json.loads(file.read_text(encoding="utf-8")))


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, from its first moment on."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as output:
        output.write(text)


class LocalAirflow:
    """
    One Airflow of its own.

    Args:
        home: Where its database, logs, secrets live; made when missing, kept when stopped.
        ports: Where it listens.
        extra: Environment of every process beside Airflow's own settings.
        project: Root of the project whose ``dags``, ``plugins`` and ``include`` it runs.
    """

    def __init__(
        self,
        home: Path,
        ports: Ports,
        *,
        extra: Mapping[str, str],
        project: Path = PROJECT,
    ) -> None:
        self.home = home.resolve()
        self.url = f"http://localhost:{ports.web}"
        self.logs = self.home / "logs"
        self._ports = ports
        self._project = project.resolve()
        self._secrets = LocalSecrets.kept_in(self.home / "secrets.json")
        self._passwords_file = self.home / "passwords.json"
        self.environment = self._environment(extra)
        self.components = [self.process(name, ["airflow", name]) for name in COMPONENTS]

    @property
    def passwords(self) -> Mapping[str, str]:
        """The password of each local user."""
        return self._secrets.passwords

    def process(self, name: str, module_and_arguments: list[str]) -> ManagedProcess:
        """Return a process, not started, that runs a Python module in this environment."""
        return ManagedProcess(
            name,
            [sys.executable, "-m", *module_and_arguments],
            environment=self.environment,
            folder=self._project,
            logs=self.logs,
        )

    def migration(self) -> ManagedProcess | None:
        """Return what prepares its database, or nothing when this release already did."""
        if self._prepared_by.exists() and self._prepared_by.read_text() == _release():
            return None
        return self.process("airflow-db-migrate", ["airflow", "db", "migrate"])

    def note_migrated(self) -> None:
        """Remember that this release prepared its database."""
        self._prepared_by.write_text(_release())

    def write_passwords(self) -> None:
        """Write the users' passwords where Airflow reads them."""
        write_private(self._passwords_file, json.dumps(dict(self.passwords)))

    def health(self) -> dict[str, str]:
        """Return the state of each part Airflow reports on; empty while it does not answer."""
        try:
            answer = requests.get(
                f"http://{ADDRESS}:{self._ports.web}/api/v2/monitor/health",
                timeout=ANSWER_WITHIN_S,
            )
            answer.raise_for_status()
        except requests.RequestException:
            return {}
        document: dict[str, dict[str, str | None]] = answer.json()
        return {part: document.get(part, {}).get("status") or "starting" for part in WATCHED}

    def is_healthy(self) -> bool:
        """Tell whether every part of it reports that it is well."""
        health = self.health()
        return bool(health) and all(state == "healthy" for state in health.values())

    @property
    def _prepared_by(self) -> Path:
        return self.home / "airflow-release.txt"

    def _environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """Build the whole environment: this machine's, without settings meant for others."""
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)
        }
        bypass = f"{inherited.get('NO_PROXY', '')},localhost,{ADDRESS}".lstrip(",")
        ours = {
            "AIRFLOW_HOME": str(self.home / "airflow"),
            "PYTHONPATH": str(self._project),
            "PYTHONUNBUFFERED": "1",
            "NO_PROXY": bypass,
            "no_proxy": bypass,
        }
        return inherited | ours | self._settings() | dict(extra)

    def _settings(self) -> dict[str, str]:
        inside = f"http://{ADDRESS}:{self._ports.web}"
        sections: dict[str, dict[str, object]] = {
            "CORE": {
                "DAGS_FOLDER": self._project / "dags",
                "PLUGINS_FOLDER": self._project / "plugins",
                "EXECUTOR": "LocalExecutor",
                "PARALLELISM": TASKS_AT_ONCE,
                "LOAD_EXAMPLES": False,
                "DAGS_ARE_PAUSED_AT_CREATION": False,
                "FERNET_KEY": self._secrets.fernet_key,
                "EXECUTION_API_SERVER_URL": f"{inside}/execution/",
                "HOSTNAME_CALLABLE": f"{loopback.__name__}.{loopback.hostname.__name__}",
                "AUTH_MANAGER": (
                    "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
                ),
                "SIMPLE_AUTH_MANAGER_USERS": ",".join(
                    f"{name}:{role}" for name, role in ROLES.items()
                ),
                "SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": self._passwords_file,
            },
            "DATABASE": {
                "SQL_ALCHEMY_CONN": f"sqlite:///{self.home / 'airflow.db'}",
                "SQL_ALCHEMY_CONNECT_ARGS": _SQLITE_PATIENCE,
                "SQL_ALCHEMY_CONNECT_ARGS_ASYNC": _SQLITE_PATIENCE,
            },
            "API": {
                "HOST": ADDRESS,
                "PORT": self._ports.web,
                "BASE_URL": self.url,
                "WORKERS": 1,
                "SECRET_KEY": self._secrets.api_secret,
            },
            "API_AUTH": {"JWT_SECRET": self._secrets.jwt_secret},
            "LOGGING": {
                "BASE_LOG_FOLDER": self.logs / "tasks",
                "DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": self.logs / "dag-files",
                "WORKER_LOG_SERVER_PORT": self._ports.worker_log,
                "TRIGGER_LOG_SERVER_PORT": self._ports.trigger_log,
                "COLORED_CONSOLE_LOG": False,
            },
            # A person who changes a DAG file sees it within seconds, not after five minutes.
            "DAG_PROCESSOR": {"REFRESH_INTERVAL": 20, "MIN_FILE_PROCESS_INTERVAL": 20},
        }
        return {
            f"AIRFLOW__{section}__{name}": str(value)
            for section, names in sections.items()
            for name, value in names.items()
        }


def _release() -> str:
    return version("apache-airflow")
