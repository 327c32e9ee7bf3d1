"""The documentation is complete: what it names exists, and what exists is named."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
README = (ROOT / "README.md").read_text()
MAKE_TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_decisions_are_numbered_without_gaps() -> None:
    """Each decision has its own number, in its file's name and in its title."""
    assert [path.name[:4] for path in DECISIONS] == [
        f"{number:04}" for number in range(1, len(DECISIONS) + 1)
    ]


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_says_what_it_costs(path: Path) -> None:
    """Context, decision, wins, costs and what was rejected."""
    text = path.read_text()
    assert text.startswith(f"# {path.name[:4]} ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "Context",
        "Decision",
        "Wins",
        "Costs",
        "Rejected",
    ]


def test_every_make_command_of_the_readme_exists() -> None:
    """A newcomer's commands are always true."""
    named = set(re.findall(r"`?make ([a-z-]+)", README))
    assert named
    assert named <= MAKE_TARGETS


def test_every_path_of_the_readme_exists() -> None:
    """What the README points to is there."""
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
    places = README.partition("## Where things live")[2]
    for target in re.findall(r"^\| `([a-z_/.]+)` \|", places, re.MULTILINE):
        assert (ROOT / target).exists(), target


def test_every_dag_is_in_the_readme() -> None:
    """The README's table names every DAG."""
    for path in (ROOT / "dags").glob("*.py"):
        assert f"`{path.stem}`" in README, path.stem
