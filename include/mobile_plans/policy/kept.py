"""
The policies this installation took up, whole, in the event stream ``policy``.

A process that starts while the files are invalid takes the last valid policy from here, and what
was judged under a policy can be judged under it again.
"""

import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection

from include.mobile_plans.policy.loading import load_policy, policy_files
from include.mobile_plans.policy.program import ProgramPolicy
from include.mobile_plans.store import Event, append_event, newest_event, read_events

STREAM = "policy"
ACTOR = "portal_monitoring"
_TAKEN_UP, _REFUSED = "policy.taken_up", "policy.refused"


def keep_policy(
    connection: Connection,
    policy: ProgramPolicy,
    directory: Path,
    problems: Sequence[str],
    now: datetime,
) -> int | None:
    """
    Keep the policy in force where it is new, or that its files have become invalid.

    Args:
        connection: A write transaction.
        policy: The policy in force in this process.
        directory: Where its files are.
        problems: Why these files are not in force; empty where they are.
        now: The current instant.

    Returns:
        The number of the refusal that lasts, None while the files are in force.
    """
    last = newest_event(connection, STREAM)
    if problems:
        if last is None or last.kind != _REFUSED:
            last = _append(connection, _REFUSED, {"problems": list(problems)}, now)
        return last.position
    if last is None or last.data.get("fingerprint") != policy.fingerprint:
        files = {
            str(path.relative_to(directory)): path.read_text() for path in policy_files(directory)
        }
        if _loaded(tuple(files.items())).fingerprint == policy.fingerprint:
            data = {"fingerprint": policy.fingerprint, "files": files}
            _append(connection, _TAKEN_UP, data, now)
    return None


def kept_policy(connection: Connection) -> ProgramPolicy | None:
    """Return the policy taken up last, None before the first."""
    event = newest_event(connection, STREAM, _TAKEN_UP)
    return None if event is None else _policy_of(event)


def policies_in_force(
    connection: Connection, since: datetime, until: datetime
) -> list[tuple[datetime, ProgramPolicy]]:
    """Return the policies in force between two instants, each with when it was taken up."""
    found = policies_taken_up(connection, since, until)
    return [(event.recorded_at, _policy_of(event)) for event in found]


def policies_taken_up(connection: Connection, since: datetime, until: datetime) -> list[Event]:
    """Return the events that took up those policies, each with the texts of its ``files``."""
    found: list[Event] = []
    for event in read_events(connection, STREAM):
        if event.kind == _TAKEN_UP and event.recorded_at < until:
            found = [*found, event] if event.recorded_at > since else [event]
    return found


def _policy_of(event: Event) -> ProgramPolicy:
    return _loaded(tuple(event.data["files"].items()))


@lru_cache(maxsize=8)
def _loaded(files: tuple[tuple[str, str], ...]) -> ProgramPolicy:
    """Read a policy from the texts of its files."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files:
            path = Path(folder) / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return load_policy(Path(folder))


def _append(connection: Connection, kind: str, data: Mapping[str, object], now: datetime) -> Event:
    return append_event(
        connection, stream=STREAM, kind=kind, recorded_at=now, actor=ACTOR, data=data
    )
