"""Launches in the store: started once, answered, checked, brought live or cancelled."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError

from include.mobile_plans.errors import BadInput, Conflict, NotFound
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
from include.mobile_plans.store import append_event, read_events
from include.mobile_plans.store.tables import launch


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
    launch_id = _readable_id(connection, request, run_id)
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
    _append(
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


def record_answer(connection: Connection, of: Launch, question: str, answer: Answer) -> None:
    """Add an answer to the launch's events."""
    _append(
        connection,
        of.launch_id,
        ANSWERED,
        actor=answer.recorded_by,
        now=answer.recorded_at,
        data={"question": question, "option": answer.option, "values": dict(answer.values)},
    )


def record_check(
    connection: Connection, of: Launch, name: str, *, passed: bool, detail: str, now: datetime
) -> None:
    """Add what a check of ours found to the launch's events."""
    _append(
        connection,
        of.launch_id,
        CHECKED,
        actor="mobile-plans",
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
    _append(connection, of.launch_id, kind, actor=by, now=now, data={"reason": reason})
    return True


def cancel_launch(
    connection: Connection, launch_id: str, *, by: str, reason: str, now: datetime
) -> Launch:
    """
    Cancel an active launch, as a named person with a reason.

    Raises:
        NotFound: There is no such launch.
        BadInput: The reason is empty.
        Conflict: It is live.
    """
    if not reason.strip() or not by.strip():
        msg = "a launch is cancelled by a named person with a reason: give both"
        raise BadInput(msg)
    found = find_launch(connection, launch_id)
    end_launch(connection, found, "cancelled", by=by, reason=reason, now=now)
    return find_launch(connection, launch_id)


def _readable_id(connection: Connection, request: LaunchRequest, run_id: str) -> str:
    """Use the run's own id where it is already readable, else count within the target day."""
    if run_id.startswith(f"launch-{request.slug}-"):
        return run_id
    day = request.target_at.astimezone(ZoneInfo(request.zone)).date()
    prefix = f"launch-{request.slug}-{day}-"
    taken = connection.scalar(
        select(func.count()).where(launch.c.launch_id.startswith(prefix, autoescape=True))
    )
    return f"{prefix}{(taken or 0) + 1}"


def _already_active(connection: Connection, slug: str) -> str:
    other = connection.scalar(select(launch.c.launch_id).where(launch.c.active_slug == slug))
    return f"{slug} already has an active launch, {other}: finish or cancel it first"


def _append(
    connection: Connection,
    launch_id: str,
    kind: str,
    *,
    actor: str,
    now: datetime,
    data: Mapping[str, Any],
) -> None:
    append_event(
        connection,
        stream=stream_of(launch_id),
        kind=kind,
        recorded_at=now,
        actor=actor,
        data=data,
    )
