"""Writing down what is found in a launch, who must act, and how it ends."""

from datetime import datetime

from sqlalchemy import Connection

from include.mobile_plans.errors import BadInput, Conflict, NotFound
from include.mobile_plans.instants import format_instant, require_utc
from include.mobile_plans.launch.issues import ASSIGNED, OPENED, RESOLVED, WAIVED, Issue
from include.mobile_plans.launch.records import append_to, lock_launch
from include.mobile_plans.launch.state import Launch
from include.mobile_plans.policy import PartyName


def open_issue(
    connection: Connection,
    launch_id: str,
    title: str,
    *,
    party: PartyName,
    by: str,
    now: datetime,
    found_in: str | None = None,
) -> Issue:
    """
    Open an issue of an active launch.

    Args:
        connection: The write transaction.
        launch_id: The launch.
        title: What is wrong, in one line.
        party: Which party must act.
        by: Who found it.
        now: The current instant, aware UTC.
        found_in: The question or check that found it.

    Raises:
        NotFound: There is no such launch.
        BadInput: Title or finder is empty.
        Conflict: The launch is live or cancelled.
    """
    of = lock_launch(connection, launch_id)
    _require(title=title, by=by)
    number = max(of.issues, default=0) + 1
    data = {
        "issue": number,
        "title": " ".join(title.split()),
        "party": party,
        "found_in": found_in,
        "by": by,
    }
    append_to(connection, launch_id, OPENED, actor=by, now=now, data=data)
    return _reread(connection, launch_id, number)


def assign_issue(
    connection: Connection, launch_id: str, number: int, party: PartyName, *, by: str, now: datetime
) -> Issue:
    """
    Say which party must act on an issue.

    Raises:
        NotFound: There is no such launch or issue.
        BadInput: Nobody decides it.
        Conflict: It is resolved, or the launch ended.
    """
    _unresolved(lock_launch(connection, launch_id), number)
    _require(by=by)
    data = {"issue": number, "party": party, "by": by}
    append_to(connection, launch_id, ASSIGNED, actor=by, now=now, data=data)
    return _reread(connection, launch_id, number)


def resolve_issue(
    connection: Connection, launch_id: str, number: int, *, by: str, how: str, now: datetime
) -> Issue:
    """
    Write down that an issue was put right.

    Raises:
        NotFound: There is no such launch or issue.
        BadInput: It is not said by whom or how.
        Conflict: It is resolved already, or the launch ended.
    """
    _unresolved(lock_launch(connection, launch_id), number)
    _require(by=by, how=how)
    data = {"issue": number, "by": by, "how": how}
    append_to(connection, launch_id, RESOLVED, actor=by, now=now, data=data)
    return _reread(connection, launch_id, number)


def waive_issue(
    connection: Connection,
    launch_id: str,
    number: int,
    *,
    by: str,
    reason: str,
    until: datetime,
    now: datetime,
) -> Issue:
    """
    Let an issue stand until an instant (L1).

    Raises:
        NotFound: There is no such launch or issue.
        BadInput: It is not said by whom or why, or the instant is past.
        NaiveDatetime: The instant has no time zone.
        Conflict: It is resolved already, or the launch ended.
    """
    _unresolved(lock_launch(connection, launch_id), number)
    _require(by=by, reason=reason)
    ends = format_instant(until)
    if require_utc(until) <= now:
        msg = f"a waiver until {ends} has expired already: it is {format_instant(now)}"
        raise BadInput(msg)
    data = {"issue": number, "by": by, "reason": reason, "until": ends}
    append_to(connection, launch_id, WAIVED, actor=by, now=now, data=data)
    return _reread(connection, launch_id, number)


def _unresolved(of: Launch, number: int) -> Issue:
    issue = of.issues.get(number)
    if issue is None:
        known = ", ".join(map(str, of.issues)) or "none"
        msg = f"launch {of.launch_id} has no issue {number}: it has {known}"
        raise NotFound(msg)
    if issue.resolution is not None:
        msg = f"issue {number} was resolved by {issue.resolution.by}: open another one"
        raise Conflict(msg)
    return issue


def _require(**given: str) -> None:
    for name, text in given.items():
        if not text.strip():
            msg = f"an issue needs {name!r}: it is empty"
            raise BadInput(msg)


def _reread(connection: Connection, launch_id: str, number: int) -> Issue:
    return lock_launch(connection, launch_id).issues[number]
