"""
Reading and writing YAML, strictly: what is written is what is meant.

Only null, true, false and numbers are more than text: ``NO`` is Norway, ``08:30`` is no number and
a date stays text until a field asks for one. A key written twice and an alias are refused. Every
value remembers its line, so that a problem can point at it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml

from include.mobile_plans.errors import BadInput

KeyPath = tuple[str | int, ...]
LONGEST_DOCUMENT = 1_000_000
"""Characters; a mobile operator with a thousand ranges stays below a tenth of it."""
DEEPEST_DOCUMENT = 20


class _StrictLoader(yaml.CSafeLoader):
    """YAML of which only null, true, false and decimal numbers are more than text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own class attribute


_TAG = "tag:yaml.org,2002:"
for _kind, _pattern, _first in (
    ("null", r"(?:null|~|)", ["n", "~", ""]),
    ("bool", r"(?:true|false)", ["t", "f"]),
    ("int", r"-?(?:0|[1-9][0-9]*)", list("-0123456789")),
    ("float", r"-?(?:0|[1-9][0-9]*)\.[0-9]+", list("-0123456789")),
):
    _StrictLoader.add_implicit_resolver(_TAG + _kind, re.compile(f"^{_pattern}$"), _first)

_SCALARS: dict[str, Callable[[str], Any]] = {
    _TAG + "null": lambda _: None,
    _TAG + "bool": lambda text: text == "true",
    _TAG + "int": int,
    _TAG + "float": float,
    _TAG + "str": str,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """
    One YAML document as JSON knows it.

    Attributes:
        name: How problems call it: its path, or where its text came from.
        data: Mappings with text keys, lists, text, numbers, booleans and None.
        lines: The line, from 1, on which each value begins.
    """

    name: str
    data: Any
    lines: Mapping[KeyPath, int] = field(default_factory=dict)

    def problem(self, path: KeyPath, text: str) -> str:
        """Write one line that names the document, the line where known, the key path, the fault."""
        known = next(
            (path[:end] for end in range(len(path), -1, -1) if path[:end] in self.lines), None
        )
        place = self.name if known is None else f"{self.name}:{self.lines[known]}"
        return f"{place}: {dotted(path)}: {text}" if path else f"{place}: {text}"

    def with_data(self, data: Any) -> Self:
        """Return the same document with other content, lines kept."""
        return type(self)(name=self.name, data=data, lines=self.lines)


def dotted(path: KeyPath) -> str:
    """Write a key path as people do: ``contacts.incident[0].phone``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def read_document(path: Path, name: str | None = None) -> Document:
    """
    Read one YAML file.

    Args:
        path: The file.
        name: How problems call it, its path where not given.

    Raises:
        BadInput: It cannot be read, or is not YAML as this product writes it.
    """
    name = name or str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        msg = f"{name}: is not text in UTF-8"
        raise BadInput(msg) from None
    except OSError as error:
        msg = f"{name}: cannot be read: {error.strerror}"
        raise BadInput(msg) from None
    return parse_document(text, name)


def parse_document(text: str, name: str) -> Document:
    """
    Read YAML text.

    Raises:
        BadInput: Every key written twice and every alias, or the place where it is not YAML.
    """
    if len(text) > LONGEST_DOCUMENT:
        msg = f"{name}: is longer than {LONGEST_DOCUMENT} characters"
        raise BadInput(msg)
    try:
        loader = _StrictLoader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise BadInput(_not_yaml(error, name)) from None
    reader = _Reader(name)
    data = None if node is None else reader.value_of(node, ())
    if reader.problems:
        raise BadInput(*reader.problems)
    return Document(name=name, data=data, lines=reader.lines)


def _not_yaml(error: yaml.YAMLError, name: str) -> str:
    mark = getattr(error, "problem_mark", None)
    place = name if mark is None else f"{name}:{mark.line + 1}"
    reason = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"{place}: is not YAML: {reason}"


class _Reader:
    """Turns PyYAML's nodes into values, collecting lines and problems on the way."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[KeyPath, int] = {}
        self.problems: list[str] = []
        self._seen: set[int] = set()

    def value_of(self, node: yaml.Node, path: KeyPath) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        if id(node) in self._seen:
            # Aliases of aliases grow without limit, and hide what a value is.
            return self._refuse(line, path, "an alias is not allowed: write the value out")
        self._seen.add(id(node))
        if len(path) > DEEPEST_DOCUMENT:
            return self._refuse(line, path, f"is nested deeper than {DEEPEST_DOCUMENT} levels")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value_of(item, (*path, i)) for i, item in enumerate(node.value)]
        if node.tag not in _SCALARS:
            return self._refuse(line, path, f"the tag {node.tag} is not allowed")
        return _SCALARS[node.tag](node.value)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse(line, path, "a key is a word, not a list or mapping")
                continue
            key = key_node.value
            if key in result:
                self._refuse(line, (*path, key), "the key is written twice: keep one")
            self.lines[(*path, key)] = line
            result[key] = self.value_of(value_node, (*path, key))
        return result

    def _refuse(self, line: int, path: KeyPath, text: str) -> None:
        place = f"{dotted(path)}: {text}" if path else text
        self.problems.append(f"{self.name}:{line}: {place}")


def write_document(data: Mapping[str, Any] | Sequence[Any]) -> str:
    """Write YAML that ``parse_document`` reads back to the same data."""
    return yaml.dump(
        data,
        Dumper=yaml.CSafeDumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=100,
    )
