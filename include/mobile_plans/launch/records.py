"""Launches in the store: started once, answered, checked, ended once."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from include.mobile_plans.errors import Conflict, NotFound
from include.mobile_plans.launch.requests import LaunchRequest
from include.mobile_plans.launch.rules import scenarios_for
from include.mobile_plans.launch.state import (
    ANSWERED,
    CANCELLED,
    CHECKED,
    LIVE,
    STARTED,
    Launch,
    replay,
    stream_of,
)
from include.mobile_plans.policy import MobileOperatorVersion, ProgramPolicy
from include.mobile_plans.questions import Answer
from include.mobile_plans.store import Event, append_event, read_events
from include.mobile_plans.store.tables import launch

SYSTEM = "mobile-plans"
"""Who acts where no person did."""


def start_launch(
    connection: Connection,
    request: LaunchRequest,
    version: MobileOperatorVersion,
    policy: ProgramPolicy,
    *,
    run_id: str,
    now: datetime,
) -> Launch:
    """
    Begin a launch; the store lets one mobile operator have one active launch, also under a race.

    Args:
        connection: The write transaction.
        request: What was asked for, already checked.
        version: The mobile operator's record in force.
        policy: The program's policy; its scenarios are copied into the launch.
        run_id: The Airflow run; a restarted task finds the launch it began.
        now: The current instant, aware UTC.

    Raises:
        Conflict: Another launch of this mobile operator is active.
    """
    begun = connection.execute(select(launch.c.launch_id).where(launch.c.run_id == run_id)).first()
    if begun:
        return launch_of_run(connection, run_id)
    launch_id = run_id if _is_readable(run_id, request.slug) else next_id(connection, request)
    try:
        with connection.begin_nested():
            connection.execute(
                launch.insert().values(
                    launch_id=launch_id,
                    run_id=run_id,
                    slug=request.slug,
                    record_version=version.version,
                    state="active",
                    active_slug=request.slug,
                    requested_by=request.requested_by,
                    started_at=now,
                )
            )
    except IntegrityError:
        raise Conflict(_already_active(connection, request.slug)) from None
    mobile_operator = version.mobile_operator
    append_to(
        connection,
        launch_id,
        STARTED,
        actor=request.requested_by,
        now=now,
        data={
            "request": request.document(),
            "record_version": version.version,
            "scenarios": [asdict(s) for s in scenarios_for(mobile_operator, policy)],
            "own_scenarios": [asdict(s) for s in mobile_operator.scenarios],
            "gates": [asdict(gate) for gate in policy.launch.readiness_gates],
        },
    )
    return launch_of_run(connection, run_id)


def launch_of_run(connection: Connection, run_id: str) -> Launch:
    """
    Return the launch an Airflow run carries.

    Raises:
        NotFound: The run carries none.
    """
    row = connection.execute(select(launch).where(launch.c.run_id == run_id)).mappings().first()
    if row is None:
        msg = f"run {run_id} carries no launch: its first task did not start one"
        raise NotFound(msg)
    return replay(dict(row), read_events(connection, stream_of(row["launch_id"])))


def find_launch(connection: Connection, launch_id: str) -> Launch:
    """
    Return the launch of that id.

    Raises:
        NotFound: There is none.
    """
    run_id = connection.scalar(select(launch.c.run_id).where(launch.c.launch_id == launch_id))
    if run_id is None:
        msg = f"there is no launch {launch_id!r}: `launch list` shows them"
        raise NotFound(msg)
    return launch_of_run(connection, run_id)


def list_launches(connection: Connection) -> list[Mapping[str, Any]]:
    """Return the rows of all launches, newest first."""
    rows = connection.execute(select(launch).order_by(launch.c.started_at.desc()))
    return [dict(row) for row in rows.mappings()]


def lock_launch(connection: Connection, launch_id: str) -> Launch:
    """
    Return an active launch that nobody else changes until this transaction ends.

    Raises:
        NotFound: There is none of that id.
        Conflict: It is live or cancelled.
    """
    wanted = select(launch.c.launch_id).where(launch.c.launch_id == launch_id)
    connection.execute(wanted.with_for_update())
    found = find_launch(connection, launch_id)
    if found.state != "active":
        msg = f"launch {launch_id} is {found.state}: only an active launch can be changed"
        raise Conflict(msg)
    return found


def record_answer(
    connection: Connection,
    of: Launch,
    question: str,
    answer: Answer,
    *,
    voids: tuple[str, ...] = (),
    facts: Mapping[str, Any] | None = None,
) -> Event:
    """
    Add an answer to the launch's events.

    Args:
        connection: The write transaction.
        of: The launch.
        question: Which question it answers.
        answer: The answer.
        voids: The questions of the earlier passes it takes back.
        facts: What was found while judging it, such as the ranges a file held.
    """
    data = {"question": question, "option": answer.option, "values": dict(answer.values)}
    return append_to(
        connection,
        of.launch_id,
        ANSWERED,
        actor=answer.recorded_by,
        now=answer.recorded_at,
        data=data | {"voids": list(voids), "facts": dict(facts or {})},
    )


def record_check(
    connection: Connection, of: Launch, name: str, *, passed: bool, detail: str, now: datetime
) -> None:
    """Add what a check of ours found to the launch's events."""
    append_to(
        connection,
        of.launch_id,
        CHECKED,
        actor=SYSTEM,
        now=now,
        data={"name": name, "passed": passed, "detail": detail},
    )


def end_launch(
    connection: Connection, of: Launch, state: str, *, by: str, reason: str, now: datetime
) -> bool:
    """
    Close an active launch as ``live`` or ``cancelled`` and free its mobile operator.

    Returns:
        Whether it was still active; a restarted task finds it closed and changes nothing.

    Raises:
        Conflict: It was already closed in the other way.
    """
    current = connection.scalar(
        select(launch.c.state).where(launch.c.launch_id == of.launch_id).with_for_update()
    )
    if current == state:
        return False
    if current != "active":
        msg = f"launch {of.launch_id} is {current}: only an active launch can become {state}"
        raise Conflict(msg)
    connection.execute(
        launch.update()
        .where(launch.c.launch_id == of.launch_id)
        .values(state=state, active_slug=None, ended_at=now)
    )
    kind = {"live": LIVE, "cancelled": CANCELLED}[state]
    append_to(connection, of.launch_id, kind, actor=by, now=now, data={"reason": reason})
    return True


def next_id(connection: Connection, request: LaunchRequest) -> str:
    """Return the first free ``launch-<slug>-<target day>-<n>``, the day in the zone asked in."""
    day = request.target_at.astimezone(ZoneInfo(request.zone)).date()
    prefix = f"launch-{request.slug}-{day}-"
    taken = set(
        connection.scalars(
            select(launch.c.launch_id).where(launch.c.launch_id.startswith(prefix, autoescape=True))
        )
    )
    return next(name for name in (f"{prefix}{number}" for number in count(1)) if name not in taken)


def append_to(
    connection: Connection,
    launch_id: str,
    kind: str,
    *,
    actor: str,
    now: datetime,
    data: Mapping[str, Any],
) -> Event:
    """Add one event to a launch's stream."""
    return append_event(
        connection,
        stream=stream_of(launch_id),
        kind=kind,
        recorded_at=now,
        actor=actor,
        data=data,
    )


def _is_readable(run_id: str, slug: str) -> bool:
    """Tell whether a run was named as launches are, by the board or the command line."""
    return bool(re.fullmatch(rf"launch-{re.escape(slug)}-\d{{4}}-\d\d-\d\d-\d{{1,6}}", run_id))


def _already_active(connection: Connection, slug: str) -> str:
    other = connection.scalar(select(launch.c.launch_id).where(launch.c.active_slug == slug))
    if other is None:
        return f"the name of this launch of {slug} is taken: start it anew with another one"
    return f"{slug} already has an active launch, {other}: finish or cancel it first"
