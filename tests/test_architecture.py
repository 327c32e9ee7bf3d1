"""The direction of dependencies between the rooms of the house, and what each may import."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "include" / "mobile_plans"
PREFIX = "include.mobile_plans"

LAYERS = [
    {"errors"},
    {"instants"},
    {"questions"},
    {"simulation.clock"},
    {"calendar", "iccid"},
    {"store"},
    {"policy"},
    {"notices"},
    {"obligations"},
    {"maintenance"},
    {"monitoring"},
    {"incidents"},
    {"launch", "sla", "xdr"},
    {"orchestration", "board"},
    {"simulation"},
    {"commands"},
    {"cli"},
    {"__main__"},
]
"""From the bottom up: a room may import rooms of lower layers only, never one of its own layer."""

AIRFLOW_ROOMS = ("orchestration",)
ENGINE_ROOMS = ("store",)


def room_of(dotted: str) -> str:
    """Name the room a dotted module name of the package belongs to."""
    parts = dotted.removeprefix(PREFIX).strip(".").split(".")
    if parts[:2] == ["simulation", "clock"]:
        return "simulation.clock"
    return parts[0]


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def dotted_name(path: Path) -> str:
    relative = path.relative_to(ROOT).with_suffix("")
    return ".".join(relative.parts).removesuffix(".__init__")


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write {PREFIX}..."
            found.add(node.module or "")
            if node.module in {PREFIX, f"{PREFIX}.simulation"}:
                found.discard(node.module)
                found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def rank(room: str) -> int:
    return next(i for i, layer in enumerate(LAYERS) if room in layer)


def wrong_imports(name: str, imported: set[str]) -> list[str]:
    """Name each import of ours that points upwards or sideways."""
    room = room_of(name)
    ours = {target for target in imported if target.startswith(f"{PREFIX}.")}
    return sorted(
        f"{name} imports {target}"
        for target in ours
        if room_of(target) != room and rank(room_of(target)) >= rank(room)
    )


@pytest.mark.parametrize("path", modules(), ids=dotted_name)
def test_dependencies_run_one_way(path: Path) -> None:
    """A room imports only rooms below it (design 2)."""
    assert wrong_imports(dotted_name(path), imports_of(path)) == []


def test_a_wrong_import_is_found() -> None:
    """The check itself can fail: a rule that imported orchestration would be named."""
    assert wrong_imports(f"{PREFIX}.launch.rules", {f"{PREFIX}.orchestration.sign_off"})
    assert wrong_imports(f"{PREFIX}.iccid", {f"{PREFIX}.calendar"})
    assert not wrong_imports(f"{PREFIX}.launch.rules", {f"{PREFIX}.policy"})


@pytest.mark.parametrize("path", modules(), ids=dotted_name)
def test_only_orchestration_knows_airflow(path: Path) -> None:
    """Airflow is imported in orchestration and in the board's security module only (design 2)."""
    name = dotted_name(path)
    allowed = room_of(name) in AIRFLOW_ROOMS or name == f"{PREFIX}.board.security"
    uses = any(target.split(".")[0] == "airflow" for target in imports_of(path))
    assert allowed or not uses


@pytest.mark.parametrize("path", modules(), ids=dotted_name)
def test_only_the_store_knows_the_engine(path: Path) -> None:
    """No room but the store creates engines or migrations (design 2)."""
    engine = {"sqlalchemy.engine", "sqlalchemy.orm", "alembic", "sqlite3", "psycopg"}
    imported = imports_of(path)
    uses = {target for target in imported if target in engine or target.startswith("alembic")}
    source = path.read_text()
    if "create_engine" in source:
        uses.add("create_engine")
    assert room_of(dotted_name(path)) in ENGINE_ROOMS or not uses


@pytest.mark.parametrize("path", modules(), ids=dotted_name)
def test_rules_are_pure(path: Path) -> None:
    """A rules module does no reading and writing: no store, no clock, no files (design 2)."""
    if path.name != "rules.py":
        return
    forbidden = {"sqlalchemy", "os", "pathlib", "requests", "smtplib", "socket"}
    imported = imports_of(path)
    assert not {target.split(".")[0] for target in imported} & forbidden
    assert not {room_of(t) for t in imported if t.startswith(f"{PREFIX}.")} & {
        "store",
        "simulation.clock",
    }


@pytest.mark.parametrize("path", modules(), ids=dotted_name)
def test_only_the_clock_reads_the_time(path: Path) -> None:
    """The time of day is read in one module (design 4)."""
    if dotted_name(path) == f"{PREFIX}.simulation.clock":
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in {"utcnow", "today"}, f"{path}:{node.lineno}"
            assert ast.unparse(node.func) not in {"datetime.now", "time.time"}, (
                f"{path}:{node.lineno} reads the time: ask a clock"
            )


@pytest.mark.parametrize("path", sorted((ROOT / "dags").glob("*.py")), ids=lambda p: p.name)
def test_dags_hold_wiring_only(path: Path) -> None:
    """A DAG file imports the task SDK and orchestration, no SQL, no mail text (design 2)."""
    allowed = ("airflow.sdk", f"{PREFIX}.orchestration", "__future__", "datetime", "pendulum")
    for target in imports_of(path):
        assert target.startswith(allowed), f"{path.name} imports {target}"
