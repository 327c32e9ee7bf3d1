"""
The program's policy as it is in force now in this process, re-read when its files change.

Cheap enough to ask in every round: a look at a dozen file dates. Policy that becomes invalid while
running does not take effect: the last valid one stays, and ``problems`` says so. A process that
starts then takes the last valid one that was kept in the store.
"""

import contextlib
import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path

from include.mobile_plans.errors import BadInput, StoreUnavailable
from include.mobile_plans.policy.kept import kept_policy
from include.mobile_plans.policy.loading import load_policy, policy_directory, policy_files
from include.mobile_plans.policy.program import ProgramPolicy
from include.mobile_plans.store import store_from_environment

log = logging.getLogger(__name__)
Signature = tuple[tuple[str, int, int], ...]


class PolicySource:
    """
    One directory of policy, kept current.

    Args:
        directory: Where the files are.
        last_valid: Returns the policy to begin with while the files are invalid, if there is one.
    """

    def __init__(
        self, directory: Path, last_valid: Callable[[], ProgramPolicy | None] = lambda: None
    ) -> None:
        self.directory = directory
        self.problems: tuple[str, ...] = ()
        self._last_valid = last_valid
        self._signature: Signature | None = None
        self._policy: ProgramPolicy | None = None

    def current(self) -> ProgramPolicy:
        """
        Return the newest valid policy.

        Raises:
            BadInput: It is invalid, and none was valid before.
        """
        signature = self._look()
        if signature != self._signature or self._policy is None:
            self._reload(signature)
        if self._policy is None:
            raise BadInput(*self.problems)
        return self._policy

    def _look(self) -> Signature:
        found = []
        for path in policy_files(self.directory):
            with contextlib.suppress(FileNotFoundError):  # gone since it was listed
                stat = path.stat()
                found.append((str(path), stat.st_mtime_ns, stat.st_size))
        return tuple(found)

    def _reload(self, signature: Signature) -> None:
        try:
            self._policy = load_policy(self.directory)
            self.problems = ()
        except BadInput as error:
            if self._policy is None:
                self._policy = self._last_valid()
            if self._policy is not None and error.problems != self.problems:
                log.error(  # noqa: TRY400 - the problems say it all
                    "the changed policy is invalid, the last valid one stays in force: %s", error
                )
            self.problems = error.problems
        self._signature = signature


@cache
def _source(directory: Path) -> PolicySource:
    return PolicySource(directory, _kept)


def _kept() -> ProgramPolicy | None:
    """Return the last valid policy that the store keeps, None where there is no store yet."""
    try:
        with store_from_environment().snapshot() as connection:
            return kept_policy(connection)
    except StoreUnavailable:
        return None


def policy_source() -> PolicySource:
    """Return this process's source of policy, for the directory the environment names."""
    return _source(policy_directory())


def program_policy() -> ProgramPolicy:
    """
    Return the program's policy in force now.

    Raises:
        BadInput: It is invalid, and none was valid before.
    """
    return policy_source().current()
