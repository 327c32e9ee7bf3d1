"""How results are kept: as JSON for programs, as a table for people, as the page in docs."""

import inspect
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType

from tests.benchmarks.harness import Result

HEADER = ("name", "figure", "unit", "peer", "ratio", "limit", "holds")

PAGE = """\
# Benchmarks

What the product costs beside a peer that does the same work. `make bench` measures all of it again
and writes `build/benchmarks.json`; `make bench ONLY=iccid` measures one. This page is written by
`python -m tests.benchmarks --write-docs`.

- A **figure** is a cost, so less is better: processor seconds of all threads, the least of several
  runs. Wall time on a shared machine proves little.
- A **ratio** is our cost divided by the peer's. Both work on the same input and must give the same
  answer; in turn and in one process, unless the text below says otherwise.
- A **limit** bounds the ratio, or the figure where there is no peer. A benchmark above its limit
  ends `make bench` with exit code 1.

Measured on {machine}.

{table}

{descriptions}
"""


def as_document(results: Iterable[Result]) -> list[dict[str, object]]:
    """Return the results as JSON knows them, one object each."""
    return [{name: getattr(result, name) for name in HEADER} for result in results]


def write_json(results: Iterable[Result], path: Path) -> None:
    """Write the results as one JSON list."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(as_document(results), indent=2) + "\n")


def rows(results: Iterable[Result]) -> list[tuple[str, ...]]:
    """Return the results as rows of a table, figures rounded to what a run can tell."""
    return [
        (
            result.name,
            f"{result.figure:.3g}",
            result.unit,
            result.peer or "-",
            "-" if result.ratio is None else f"{result.ratio:.2f}",
            f"{result.limit:g}",
            "yes" if result.holds else "NO",
        )
        for result in results
    ]


def page(results: Sequence[Result], modules: Iterable[ModuleType], machine: str) -> str:
    """Return the page for docs: the machine, the table, and what each benchmark measures."""
    table = [HEADER, tuple("---" for _ in HEADER), *rows(results)]
    descriptions = "\n\n".join(
        f"## {module.__name__.rpartition('.')[2]}\n\n{inspect.getdoc(module)}" for module in modules
    )
    return PAGE.format(
        machine=machine,
        table="\n".join(f"| {' | '.join(row)} |" for row in table),
        descriptions=descriptions,
    )
