"""Check a whole directory of policy and name all of its errors at once."""

from dataclasses import dataclass
from pathlib import Path

from include.mobile_plans.policy.consistency import calendar_problems
from include.mobile_plans.policy.files import read_files
from include.mobile_plans.policy.loading import MOBILE_OPERATORS, load_parts, policy_files
from include.mobile_plans.policy.program import CalendarPolicy, LaunchPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyCheck:
    """
    What a check of a directory found.

    Attributes:
        directory: What was checked.
        files: How many files were read.
        severity_editions: The editions proved to cover every input exactly once.
        mobile_operators: The slugs of those without problems of their own.
        problems: One line each; none when all is well.
    """

    directory: Path
    files: int
    severity_editions: tuple[str, ...]
    mobile_operators: tuple[str, ...]
    problems: tuple[str, ...]


def check_policy(directory: Path, *, allow_loopback: bool) -> PolicyCheck:
    """
    Read everything in a directory of policy and hold it against itself.

    Args:
        directory: As ``load_policy`` reads it, with ``mobile_operators/<slug>.yaml`` in it.
        allow_loopback: Whether addresses on this machine are allowed.
    """
    loaded = load_parts(directory, allow_loopback=allow_loopback)
    problems = list(loaded.problems)
    calendars = loaded.parts.get("calendars")
    if isinstance(calendars, CalendarPolicy):
        path = directory / "calendars.yaml"
        problems += [
            f"{path}: program: {text}" for _, text in calendar_problems(calendars.program, ())
        ]
    launch = loaded.parts.get("launch")
    scenarios = launch.scenarios if isinstance(launch, LaunchPolicy) else ()
    paths = sorted((directory / MOBILE_OPERATORS).glob("*.y*ml"))
    files = read_files(paths, allow_loopback=allow_loopback, scenarios=scenarios)
    return PolicyCheck(
        directory=directory,
        files=len(policy_files(directory)) + len(paths),
        severity_editions=tuple(sorted(loaded.editions)),
        mobile_operators=tuple(sorted(file.mobile_operator.slug for file in files.read)),
        problems=(*problems, *files.problems),
    )
