"""
How every command answers: one JSON document or a few lines, and an exit code that means something.

Exit 0 is done and fine, 1 is done and found wanting, 2 is bad input.
"""

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import format_instant, seconds

FOUND_WANTING = 1
BAD_INPUT = 2


def new_group() -> typer.Typer:
    """Return an empty group of commands with the help style of this command line."""
    return typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def jsonable(value: object) -> Any:
    """
    Turn a value of ours into what JSON knows: instants with ``Z``, durations in seconds.

    Raises:
        TypeError: The value has no agreed form in JSON.
    """
    match value:
        case datetime():
            return format_instant(value)
        case date():
            return value.isoformat()
        case timedelta():
            return seconds(value)
        case Enum():
            return value.value
        case Path():
            return str(value)
        case set() | frozenset():
            return sorted(value)
    msg = f"{type(value).__name__} has no agreed form in JSON"
    raise TypeError(msg)


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document on standard output."""
    typer.echo(json.dumps(document, default=jsonable, indent=2, ensure_ascii=False))


def print_table(header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    """Print rows as aligned columns under a header, or only the header when there are none."""
    cells = [header, *(tuple("-" if cell is None else str(cell) for cell in row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    for row in cells:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo(line.rstrip())


def write_new_file(file: Path, content: str | bytes, *, quietly: bool = False) -> None:
    """
    Write a file that does not exist yet, and say how long it is, unless quietly.

    Raises:
        BadInput: It exists, or cannot be written.
    """
    raw = content.encode() if isinstance(content, str) else content
    try:
        with file.open("xb") as output:
            output.write(raw)
    except OSError as error:
        msg = f"{file} cannot be written: {error.strerror}"
        raise BadInput(msg) from None
    if not quietly:
        typer.echo(f"{file}: {len(raw)} bytes")


def found_wanting() -> typer.Exit:
    """Return the exit that says: done, and something is not as it should be."""
    return typer.Exit(FOUND_WANTING)
