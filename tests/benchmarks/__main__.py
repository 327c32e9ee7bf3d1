"""``python -m tests.benchmarks``: measure, write ``build/benchmarks.json``, print a table."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from include.mobile_plans.commands.output import BAD_INPUT, FOUND_WANTING, print_table
from include.mobile_plans.errors import BadInput
from tests.benchmarks.harness import benchmark_names, load, machine, measure
from tests.benchmarks.report import HEADER, page, rows, write_json

ROOT = Path(__file__).resolve().parents[2]
JSON = Path("build/benchmarks.json")
PAGE = Path("docs/benchmarks.md")


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Measure what is asked for and return 0, or 1 where a limit is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", metavar="NAME", help="measure one benchmark")
    parser.add_argument("--write-docs", action="store_true", help=f"write {PAGE} again")
    given = parser.parse_args(arguments)
    if given.only and given.write_docs:
        parser.error("--write-docs writes all benchmarks: leave --only out")
    names = [given.only] if given.only else benchmark_names()
    try:
        results = measure(names)
    except BadInput as error:
        sys.stderr.write(f"{error}\n")
        return BAD_INPUT
    write_json(results, root / JSON)
    print_table(HEADER, rows(results))
    if given.write_docs:
        (root / PAGE).parent.mkdir(exist_ok=True)
        (root / PAGE).write_text(page(results, map(load, names), machine()))
    return 0 if all(result.holds for result in results) else FOUND_WANTING


if __name__ == "__main__":
    sys.exit(main())
