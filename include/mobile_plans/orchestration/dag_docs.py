"""
Write ``docs/DAGs.md`` from the DAGs themselves, or compare it with them.

``python -m include.mobile_plans.orchestration.dag_docs --write`` or ``--check``.
"""

import sys
from pathlib import Path

from airflow.dag_processing.dagbag import DagBag

from include.mobile_plans.errors import MobilePlansError

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "DAGs.md"
HEAD = """# DAGs

Generated from the DAG files by `make docs`; `make check` compares it.

"""


def render_page(dags_folder: Path) -> str:
    """
    Render the page: a table of every DAG, then each one's own words.

    Raises:
        MobilePlansError: A DAG file cannot be imported.
    """
    bag = DagBag(str(dags_folder))
    if bag.import_errors:
        files = "; ".join(f"{name}: {error}" for name, error in bag.import_errors.items())
        msg = f"DAG files with import errors: {files}"
        raise MobilePlansError(msg)
    dags = [bag.dags[dag_id] for dag_id in sorted(bag.dags)]
    table = ["| DAG | What it is | When it runs | Area |", "|---|---|---|---|"]
    sections = []
    for dag in dags:
        schedule = str(dag.schedule or "by hand")
        area = ", ".join(sorted(tag.removeprefix("area:") for tag in dag.tags))
        table.append(
            f"| [`{dag.dag_id}`](#{dag.dag_id}) | {dag.description} | {schedule} | {area} |"
        )
        words = f"\n{(dag.doc_md or '').strip()}".replace("\n## ", "\n### ")
        sections.append(f"## {dag.dag_id}\n\n**{dag.dag_display_name}**\n{words}\n")
    return HEAD + "\n".join(table) + "\n\n" + "\n".join(sections)


def main(arguments: list[str]) -> int:
    """Write the page or compare it; return the exit code."""
    page = render_page(ROOT / "dags")
    if arguments == ["--write"]:
        PAGE.write_text(page)
        return 0
    if arguments == ["--check"]:
        if PAGE.exists() and PAGE.read_text() == page:
            return 0
        sys.stderr.write("docs/DAGs.md does not match the DAGs: run `make docs`\n")
        return 1
    sys.stderr.write("say --write or --check\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
