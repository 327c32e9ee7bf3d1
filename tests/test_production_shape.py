"""``docker-compose.yaml``, ``.env.example`` and the image, held against what the code reads."""

import importlib.util
import os
import re
import runpy
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.mobile_plans.simulation.local_world import LocalWorld
from include.mobile_plans.simulation.loopback import Ports

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
EXAMPLE = (ROOT / ".env.example").read_text()
OURS = ("migrate", "api-server", "scheduler", "dag-processor", "triggerer", "worker")
NOT_IN_PRODUCTION = {
    "MOBILE_PLANS_ALLOW_LOOPBACK_PORTALS": "development only: portals there have real names",
    "MOBILE_PLANS_CONTROL_TARGETS": "policy names them: addresses that everybody knows",
    "MOBILE_PLANS_CA_FILE": "portals there are signed by authorities the system knows",
    "MOBILE_PLANS_AIRFLOW_URL": "for a person's command line, `launch start --trigger`",
    "MOBILE_PLANS_AIRFLOW_TOKEN": "the same; no process of ours signs in",
    "MOBILE_PLANS_AIRFLOW_USER": "the same",
    "MOBILE_PLANS_AIRFLOW_PASSWORD": "the same",
}
"""What the code reads and production leaves unset on purpose, each with the reason."""


def read_by_the_code() -> set[str]:
    files = [
        file for room in ("include", "dags", "plugins") for file in (ROOT / room).rglob("*.py")
    ]
    # A name that ends with an underscore is a prefix in code that passes all of them on.
    whole_name = re.compile(r"(?<![A-Z_])MOBILE_PLANS_[A-Z_]*[A-Z]\b")
    return {name for file in files for name in whole_name.findall(file.read_text())}


def environment_of(service: str) -> dict[str, Any]:
    return COMPOSE["services"][service].get("environment", {})


@pytest.mark.parametrize("service", OURS)
def test_every_variable_the_code_reads_is_set_or_left_out_on_purpose(service: str) -> None:
    """A new variable cannot be forgotten in production."""
    assert read_by_the_code() - set(environment_of(service)) == set(NOT_IN_PRODUCTION)


@pytest.mark.parametrize("service", OURS)
def test_every_connection_is_there(service: str, tmp_path: Path) -> None:
    """Each Airflow connection that ``make run`` has, production has too."""
    local = LocalWorld(tmp_path, Ports.free()).airflow.environment
    connections = {name for name in local if name.startswith("AIRFLOW_CONN_")}
    assert connections <= set(environment_of(service))


@pytest.mark.parametrize("service", OURS)
def test_nothing_is_set_that_nobody_reads(service: str) -> None:
    ours = {name for name in environment_of(service) if name.startswith("MOBILE_PLANS_")}
    assert ours <= read_by_the_code()


def airflow_options() -> set[str]:
    """Every option of Airflow and the providers we configure, as its environment variable."""
    spec = importlib.util.find_spec("airflow")
    assert spec
    assert spec.origin
    airflow = Path(spec.origin).parent
    sections: dict[str, Any] = dict(
        yaml.safe_load((airflow / "config_templates/config.yml").read_text())
    )
    for provider in ("celery", "fab"):
        info = runpy.run_path(str(airflow / "providers" / provider / "get_provider_info.py"))
        sections |= info["get_provider_info"]()["config"]
    return {
        f"AIRFLOW__{section}__{option}".upper()
        for section, content in sections.items()
        for option in content["options"]
    }


def test_every_airflow_setting_exists(tmp_path: Path) -> None:
    """Airflow ignores a setting it does not know, so a misspelt one would be silent."""
    local = LocalWorld(tmp_path, Ports.free()).airflow.environment
    used = {*local, *(name for service in OURS for name in environment_of(service))}
    assert {name for name in used if name.startswith("AIRFLOW__")} <= airflow_options()


def test_secrets_come_from_the_env_file_only() -> None:
    """Every password and key is a variable without a default; the example file holds none."""
    text = (ROOT / "docker-compose.yaml").read_text()
    variables = dict(re.findall(r"\$\{(\w+)(:[?-][^}]*)?\}", text))
    secret = {name for name in variables if re.search(r"PASSWORD|KEY|SECRET|LOGIN", name)}
    assert secret
    assert all(variables[name].startswith(":?") for name in secret)
    example = dict(re.findall(r"^(\w+)=(.*)$", EXAMPLE, flags=re.MULTILINE))
    assert set(example) == set(variables)
    assert {name for name in secret if example[name]} == set()
    for service in COMPOSE["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|_KEY", name):
                assert str(value).startswith("${"), name


def test_every_process_has_a_health_check_and_waits_for_the_migration() -> None:
    for name in OURS[1:]:
        service = COMPOSE["services"][name]
        assert "healthcheck" in service, name
        assert service["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_the_image_holds_what_the_processes_need() -> None:
    """What the image copies is what the context lets through, and all of it exists."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    ignored = (ROOT / ".dockerignore").read_text()
    copied = re.findall(r"^COPY (\S+) ", dockerfile, flags=re.MULTILINE)
    allowed = re.findall(r"^!(\S+)$", ignored, flags=re.MULTILINE)
    assert {path.rstrip("/") for path in copied} == set(allowed)
    assert all((ROOT / path).exists() for path in allowed)


def compose_config(env_file: Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("docker-compose")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("docker-compose is not installed, and CI requires it")
        pytest.skip("docker-compose is not installed")
    return subprocess.run(
        [program, "--env-file", str(env_file), "config"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_filled_in_env_file_is_accepted(tmp_path: Path) -> None:
    """``docker-compose config`` passes once every line of the example is filled in."""
    filled = tmp_path / "env"
    filled.write_text(re.sub(r"=$", "=filled-in_1", EXAMPLE, flags=re.MULTILINE))
    answer = compose_config(filled)
    assert answer.returncode == 0, answer.stderr
    services = yaml.safe_load(answer.stdout)["services"]
    store = services["worker"]["environment"]["MOBILE_PLANS_DATABASE_URL"]
    assert store == "postgresql+psycopg://mobile_plans:filled-in_1@postgres:5432/mobile_plans"


def test_a_forgotten_secret_is_named(tmp_path: Path) -> None:
    """Starting with an empty secret is refused, and the message says which one."""
    filled = re.sub(r"=$", "=filled-in_1", EXAMPLE, flags=re.MULTILINE)
    forgetful = tmp_path / "env"
    forgetful.write_text(filled.replace("JWT_SECRET=filled-in_1", "JWT_SECRET="))
    answer = compose_config(forgetful)
    assert answer.returncode != 0
    assert "set JWT_SECRET in .env" in answer.stderr
