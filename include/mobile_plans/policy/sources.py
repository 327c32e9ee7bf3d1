"""
Where each number of policy comes from: its clause, written beside it.

A number is written as ``{value: PT30S, source: M1}``, or its mapping has a ``source`` that covers
everything in it. A number without one is refused: nobody may invent one silently.
"""

import re
from typing import Any

from include.mobile_plans.errors import BadInput
from include.mobile_plans.policy.documents import Document, KeyPath, dotted

_SOURCE = re.compile(
    r"(?:[LMEOPBCX]\d{1,2}|decision|ours)(?:, (?:[LMEOPBCX]\d{1,2}|decision|ours))*"
)
_DURATION = re.compile(r"P(?:\d|T\d)[0-9DHMSWT.]*")


def without_sources(document: Document) -> tuple[Document, dict[str, str]]:
    """
    Take the sources out of a document.

    Returns:
        The document with bare values, and the source of each key path that names one.

    Raises:
        BadInput: A number or duration without a source, or a source that is no clause.
    """
    stripper = _Stripper(document)
    data = stripper.strip(document.data, (), covered=False)
    if stripper.problems:
        raise BadInput(*stripper.problems)
    return document.with_data(data), stripper.sources


class _Stripper:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[str] = []
        self.sources: dict[str, str] = {}

    def strip(self, value: Any, path: KeyPath, *, covered: bool) -> Any:
        if isinstance(value, dict):
            return self._mapping(value, path, covered=covered)
        if isinstance(value, list):
            return [self.strip(v, (*path, i), covered=covered) for i, v in enumerate(value)]
        if not covered and _is_quantity(value):
            self._refuse(path, f"{value!r} names no source: write {{value: {value}, source: ...}}")
        return value

    def _mapping(self, value: dict[str, Any], path: KeyPath, *, covered: bool) -> Any:
        if "source" in value:
            covered = True
            self._keep(value["source"], path)
        rest = {key: item for key, item in value.items() if key != "source"}
        if set(rest) == {"value"}:
            return self.strip(rest["value"], path, covered=covered)
        return {k: self.strip(v, (*path, k), covered=covered) for k, v in rest.items()}

    def _keep(self, source: Any, path: KeyPath) -> None:
        if not isinstance(source, str) or not _SOURCE.fullmatch(source):
            text = f"{source!r} is no source: write clause ids such as M3 or P1, decision, or ours"
            self._refuse((*path, "source"), text)
            return
        self.sources[dotted(path)] = source

    def _refuse(self, path: KeyPath, text: str) -> None:
        self.problems.append(self.document.problem(path, text))


def _is_quantity(value: Any) -> bool:
    if isinstance(value, str):
        return _DURATION.fullmatch(value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)
