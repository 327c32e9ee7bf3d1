"""The one loader of policy, at the edge: files in, typed policy or every problem out."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from include.mobile_plans.errors import BadInput
from include.mobile_plans.policy.contacts import ContactPolicy
from include.mobile_plans.policy.documents import Document, read_document
from include.mobile_plans.policy.incidents import IncidentPolicy
from include.mobile_plans.policy.notices import NoticePolicy
from include.mobile_plans.policy.program import (
    CalendarPolicy,
    LaunchPolicy,
    MaintenancePolicy,
    MonitoringPolicy,
    ProgramPolicy,
    SlaPolicy,
)
from include.mobile_plans.policy.promises import PromisePolicy, kind_problems
from include.mobile_plans.policy.severity import SeverityEdition
from include.mobile_plans.policy.severity_coverage import edition_problems
from include.mobile_plans.policy.sources import without_sources
from include.mobile_plans.policy.validation import did_you_mean, validated
from include.mobile_plans.policy.values import LOOPBACK_VARIABLE
from include.mobile_plans.policy.xdr import XdrPolicy

T = TypeVar("T")
POLICY_DIR_VARIABLE = "MOBILE_PLANS_POLICY_DIR"
SHIPPED_POLICY = Path(__file__).resolve().parents[2] / "policy"
MOBILE_OPERATORS = "mobile_operators"
SEVERITY = "severity"

FILES: dict[str, type] = {
    "sla": SlaPolicy,
    "monitoring": MonitoringPolicy,
    "maintenance": MaintenancePolicy,
    "incidents": IncidentPolicy,
    "promises": PromisePolicy,
    "notices": NoticePolicy,
    "launch": LaunchPolicy,
    "contacts": ContactPolicy,
    "calendars": CalendarPolicy,
    "xdr": XdrPolicy,
}
"""Each file of the directory, without ``.yaml``, and what it holds."""


def policy_directory() -> Path:
    """Return the directory named by ``MOBILE_PLANS_POLICY_DIR``, or the shipped one."""
    named = os.environ.get(POLICY_DIR_VARIABLE)
    return Path(named) if named else SHIPPED_POLICY


def loopback_allowed() -> bool:
    """Tell whether the development switch for portals on this machine is on."""
    return os.environ.get(LOOPBACK_VARIABLE) == "1"


def policy_files(directory: Path) -> list[Path]:
    """List the YAML files of the program's policy in a directory, mobile operators left out."""
    return sorted([*directory.glob("*.yaml"), *(directory / SEVERITY).glob("*.yaml")])


@dataclass(slots=True, kw_only=True)
class LoadedParts:
    """What could be read of a directory, and every problem with the rest."""

    parts: dict[str, Any] = field(default_factory=dict)
    editions: dict[str, SeverityEdition] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def load_policy(directory: Path, *, allow_loopback: bool | None = None) -> ProgramPolicy:
    """
    Read the program's policy.

    Args:
        directory: Holds the files of ``FILES`` and ``severity/<edition>.yaml``.
        allow_loopback: Whether addresses on this machine are allowed; the environment's
            ``MOBILE_PLANS_ALLOW_LOOPBACK_PORTALS`` where not given.

    Raises:
        BadInput: One line per problem, all of them.
    """
    loaded = load_parts(directory, allow_loopback=allow_loopback)
    if loaded.problems:
        raise BadInput(*loaded.problems)
    return ProgramPolicy(
        **loaded.parts,
        severity_editions=loaded.editions,
        sources=loaded.sources,
        fingerprint=_fingerprint(directory),
    )


def load_parts(directory: Path, *, allow_loopback: bool | None = None) -> LoadedParts:
    """Read what can be read of a directory, collecting problems instead of raising."""
    allow = loopback_allowed() if allow_loopback is None else allow_loopback
    loaded = LoadedParts()
    if not directory.is_dir():
        loaded.problems.append(f"{directory}: is no directory")
        return loaded
    loaded.problems += _directory_problems(directory)
    for name, kind in FILES.items():
        path = directory / f"{name}.yaml"
        if path.exists():
            with_problems_in(loaded.problems, lambda: _part(path, name, kind, loaded, allow=allow))  # noqa: B023 - called at once
    for path in sorted((directory / SEVERITY).glob("*.yaml")):
        with_problems_in(loaded.problems, lambda: _edition(path, loaded))  # noqa: B023 - called at once
    if not loaded.editions and not loaded.problems:
        loaded.problems.append(f"{directory / SEVERITY}: holds no severity edition")
    return loaded


def with_problems_in(problems: list[str], read: Callable[[], T]) -> T | None:
    """Call something that may refuse its input, and keep its problems instead of raising."""
    try:
        return read()
    except BadInput as error:
        problems.extend(error.problems)
        return None


def _directory_problems(directory: Path) -> Iterator[str]:
    names = [path.stem for path in directory.glob("*.yaml")]
    for name in FILES:
        if name not in names:
            yield f"{directory / name}.yaml: is missing"
    for path in sorted(directory.glob("*.y*ml")):
        if path.stem not in FILES or path.suffix != ".yaml":
            allowed = [f"{name}.yaml" for name in FILES]
            yield (
                f"{path}: unknown file; allowed are {', '.join(allowed)}"
                f"{did_you_mean(path.name, allowed)}"
            )


def _part(path: Path, name: str, kind: type, loaded: LoadedParts, *, allow: bool) -> None:
    document, sources = without_sources(read_document(path))
    part: object = validated(kind, document, context={"allow_loopback": allow})
    problems = [*_part_problems(part, document)]
    if isinstance(part, PromisePolicy):
        problems += [document.problem(path, text) for path, text in kind_problems(part)]
    if isinstance(part, XdrPolicy):
        problems += [document.problem(("severities",), text) for text in part.severity_problems()]
    if problems:
        raise BadInput(*problems)
    loaded.parts[name] = part
    loaded.sources |= {f"{name}.{key}" if key else name: value for key, value in sources.items()}


def _part_problems(part: object, document: Document) -> Iterator[str]:
    if isinstance(part, LaunchPolicy):
        for position, scenario in enumerate(part.scenarios):
            problem = scenario.problem()
            if problem:
                yield document.problem(("scenarios", position), problem)
        for position, freeze in enumerate(part.freezes):
            if freeze.last_day < freeze.first_day:
                text = f"{freeze.last_day} is before first_day {freeze.first_day}"
                yield document.problem(("freezes", position, "last_day"), text)
        for key in ("readiness_gates", "scenarios"):
            names = [item.name for item in getattr(part, key)]
            for name in sorted({name for name in names if names.count(name) > 1}):
                yield document.problem((key,), f"{name!r} is named twice: give each its own name")
    if isinstance(part, MonitoringPolicy) and part.probe.timeout >= part.probe.interval:
        text = f"{part.probe.timeout} must be shorter than the interval {part.probe.interval}"
        yield document.problem(("probe", "timeout"), text)
    if isinstance(part, NoticePolicy):
        yield from _wait_problems(part, document)


def _wait_problems(part: NoticePolicy, document: Document) -> Iterator[str]:
    for key, waits in (("try_again", part.try_again), ("in_doubt", part.in_doubt)):
        if waits.longest < waits.first:
            text = f"{waits.longest} is shorter than first {waits.first}"
            yield document.problem((key, "longest"), text)


def _edition(path: Path, loaded: LoadedParts) -> None:
    document, sources = without_sources(read_document(path))
    edition = validated(SeverityEdition, document)
    problems = [f"{path}: {problem}" for problem in edition_problems(edition)]
    if edition.edition != path.stem:
        problems.append(
            document.problem(("edition",), f"{edition.edition!r} is not the file's name")
        )
    if problems:
        raise BadInput(*problems)
    loaded.editions[edition.edition] = edition
    prefix = f"severity.{edition.edition}"
    loaded.sources |= {f"{prefix}.{key}": value for key, value in sources.items()}


def _fingerprint(directory: Path) -> str:
    digest = sha256()
    for path in policy_files(directory):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
