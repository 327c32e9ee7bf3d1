"""
Mobile operators in YAML files: their import and export format.

Several files are read as one: a slug given twice and ICCIDs claimed twice are problems of them,
and either all of them are imported or none.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection

from include.mobile_plans.errors import BadInput
from include.mobile_plans.policy.consistency import (
    overlaps_between,
    read_mobile_operator,
    scenario_clashes,
)
from include.mobile_plans.policy.documents import (
    Document,
    read_document,
    write_document,
)
from include.mobile_plans.policy.mobile_operators import MobileOperator, Portal, document_of
from include.mobile_plans.policy.records import record_versions
from include.mobile_plans.policy.scenarios import Scenario
from include.mobile_plans.policy.values import LOOPBACK_HOSTS
from include.mobile_plans.policy.versions import MobileOperatorVersion, newest_versions


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """A mobile operator and the document it was read from."""

    document: Document
    mobile_operator: MobileOperator

    @property
    def names_state(self) -> bool:
        """Whether the file says which state the mobile operator has."""
        return "state" in self.document.data


@dataclass(slots=True, kw_only=True)
class ReadFiles:
    """What could be read, and every problem with the rest."""

    read: list[ReadFile] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """One mobile operator after an import: its newest version, and whether the import added it."""

    version: MobileOperatorVersion
    is_new: bool


def mobile_operator_paths(paths: Iterable[Path]) -> list[Path]:
    """
    List the YAML files that are named, or lie in the directories that are named.

    Raises:
        BadInput: One line for each path that is neither, and for each directory without any.
    """
    found: list[Path] = []
    problems = []
    for path in paths:
        inside = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
        found += inside
        if not inside:
            problems.append(f"{path}: holds no mobile operator; a file is called <slug>.yaml")
        elif not path.exists():
            problems.append(f"{path}: does not exist")
    if problems:
        raise BadInput(*problems)
    return found


def read_files(
    paths: Iterable[Path], *, allow_loopback: bool, scenarios: Iterable[Scenario] = ()
) -> ReadFiles:
    """
    Read files of mobile operators and hold them against each other, collecting every problem.

    Args:
        paths: The files.
        allow_loopback: Whether portals may be on this machine.
        scenarios: The program's own, whose names are taken.
    """
    files = ReadFiles()
    taken = tuple(scenarios)
    for path in paths:
        try:
            document = read_document(path)
            mobile_operator = read_mobile_operator(document, allow_loopback=allow_loopback)
        except BadInput as error:
            files.problems.extend(error.problems)
            continue
        files.problems += [
            document.problem(place, text)
            for place, text in scenario_clashes(mobile_operator, taken)
        ]
        files.read.append(ReadFile(document=document, mobile_operator=mobile_operator))
    files.problems += _problems_between(files.read)
    return files


def _problems_between(read: Sequence[ReadFile]) -> Iterator[str]:
    by_slug: dict[str, ReadFile] = {}
    for file in read:
        slug = file.mobile_operator.slug
        if slug in by_slug:
            other = by_slug[slug].document.name
            yield file.document.problem(("slug",), f"{slug!r} is the slug of {other} already")
        else:
            by_slug[slug] = file
    for found in overlaps_between(file.mobile_operator for file in by_slug.values()):
        path, text = found.problem_of(found.second)
        yield by_slug[found.second].document.problem(path, text)


def import_files(
    connection: Connection,
    files: Sequence[ReadFile],
    *,
    author: str,
    approver: str | None,
    reason: str,
    now: datetime,
) -> list[Imported]:
    """
    Record every mobile operator of some files, or none of them.

    A file that does not name the state leaves it as it is; a new mobile operator is a draft.

    Args:
        connection: A write transaction of the store, undone when this raises.
        files: What was read, without problems.
        author: The named person who imports.
        approver: A second named person, or None.
        reason: Why.
        now: When it is recorded.

    Raises:
        BadInput: A name or reason is empty, or author and approver are one person.
        Conflict: Every contradiction of every file to what the store holds.
    """
    before = {version.slug: version for version in newest_versions(connection)}
    wanted = {}
    for file in files:
        one = file.mobile_operator
        if one.slug in before and not file.names_state:
            one = replace(one, state=before[one.slug].state)
        wanted[file.document.name] = one
    versions = record_versions(
        connection, wanted, author=author, approver=approver, reason=reason, now=now
    )
    return [Imported(version=one, is_new=one != before.get(one.slug)) for one in versions]


def with_portal_base(mobile_operator: MobileOperator, base: str) -> MobileOperator:
    """
    Move the portals that are on this machine to another port of it, for development.

    Args:
        mobile_operator: Its other portals stay where they are.
        base: Such as ``https://localhost:8843``.

    Raises:
        BadInput: The base is no https address of this machine, or has a path.
    """
    parts = urlsplit(base)
    if parts.scheme != "https" or parts.hostname not in LOOPBACK_HOSTS or parts.path.strip("/"):
        msg = f"portal base {base} is not allowed: write https://localhost:PORT"
        raise BadInput(msg)

    def moved(portal: Portal) -> Portal:
        old = urlsplit(portal.uri)
        if old.hostname not in LOOPBACK_HOSTS:
            return portal
        return replace(portal, uri=old._replace(netloc=parts.netloc).geturl())

    portals = mobile_operator.portals
    staging = None if portals.staging is None else moved(portals.staging)
    portals = replace(portals, production=moved(portals.production), staging=staging)
    return replace(mobile_operator, portals=portals)


def export_text(mobile_operator: MobileOperator) -> str:
    """Write a mobile operator as YAML that imports to the same record, nothing empty in it."""
    return write_document(_without_empty(document_of(mobile_operator)))


def _without_empty(value: Any) -> Any:
    """Leave out None and empty lists: every field that may hold them has them as its default."""
    if isinstance(value, dict):
        kept = {key: _without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not None and item != []}
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    return value
