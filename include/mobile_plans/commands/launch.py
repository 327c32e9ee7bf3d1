"""``launch``: start, look at, postpone, cancel, verify and export launches."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from include.mobile_plans.commands import launch_issues
from include.mobile_plans.commands.airflow_api import AirflowApi
from include.mobile_plans.commands.output import (
    AsJson,
    found_wanting,
    new_group,
    print_json,
    print_table,
    write_new_file,
)
from include.mobile_plans.errors import BadInput, Conflict
from include.mobile_plans.instants import parse_instant
from include.mobile_plans.launch import (
    Launch,
    LaunchRequest,
    cancel_launch,
    export_launch,
    find_launch,
    list_launches,
    next_id,
    postpone_launch,
    redo_checks,
    request_from_form,
    request_problems,
    step_to_do,
    weeks_ahead,
)
from include.mobile_plans.policy import mobile_operator_in_force, program_policy
from include.mobile_plans.questions import Run
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment, stream_head, verify_events

DAG_ID = "mobile_operator_launch"
_MOST_NAMES = 20
app = new_group()
LaunchId = Annotated[str, typer.Argument(metavar="LAUNCH", help="Such as launch-contoso-...-1.")]
app.add_typer(launch_issues.app, name="issues")


@app.command()
def start(
    *,
    mobile_operator: Annotated[str, typer.Option(help="The slug of who goes live.")],
    target: Annotated[str, typer.Option(help="Day, time, zone: '2026-12-14 09:00 Europe/London'.")],
    iccid_range: Annotated[str, typer.Option(help="test or full.")] = "test",
    staging: Annotated[bool, typer.Option(help="Integrated against a staging endpoint.")] = False,
    note: Annotated[str, typer.Option(help="Anything else worth knowing.")] = "",
    trigger: Annotated[bool, typer.Option(help="Start the run in Airflow too.")] = False,
) -> None:
    """
    Check a request, print the launch's name, and with --trigger start its run in Airflow.

    Airflow and its user come from MOBILE_PLANS_AIRFLOW_URL and MOBILE_PLANS_AIRFLOW_TOKEN, or
    MOBILE_PLANS_AIRFLOW_USER and MOBILE_PLANS_AIRFLOW_PASSWORD.
    """
    day, _, at = target.strip().partition(" ")
    form = {
        "mobile_operator": mobile_operator,
        "target_date": day,
        "target_time": at,
        "iccid_range": iccid_range,
        "staging_endpoint": staging,
        "note": note,
    }
    now = SystemClock().now()
    request = request_from_form(form, "command line")
    name, tight = _checked(request, now)
    if tight is not None:
        typer.echo(f"the weeks ahead may take until {tight:%Y-%m-%d %H:%M} UTC", err=True)
    typer.echo(_triggered(name, form) if trigger else name)


def _checked(request: LaunchRequest, now: datetime) -> tuple[str, datetime | None]:
    """Refuse what the first task would refuse; return the name, and a date later than asked for."""
    policy = program_policy()
    with store_from_environment().snapshot() as connection:
        version = mobile_operator_in_force(connection, request.slug, now)
        problems = request_problems(request, version.mobile_operator, policy, now)
        active = [
            row["launch_id"]
            for row in list_launches(connection)
            if row["active_slug"] == request.slug
        ]
        problems += [f"{request.slug} already has an active launch, {one}" for one in active]
        if problems:
            raise BadInput(*problems)
        earliest = now + weeks_ahead(request, policy)
        return next_id(connection, request), earliest if request.target_at < earliest else None


def _triggered(name: str, form: dict[str, object]) -> str:
    """Start the run; Airflow keeps a name for one run, so a name that is taken gives the next."""
    airflow = AirflowApi.from_environment()
    prefix, _, first = name.rpartition("-")
    for number in range(int(first), int(first) + _MOST_NAMES):
        try:
            airflow.start(DAG_ID, f"{prefix}-{number}", form)
        except Conflict:
            continue
        return f"{prefix}-{number}"
    msg = f"Airflow has runs named {name} and the {_MOST_NAMES - 1} after it: give another day"
    raise Conflict(msg)


@app.command("list")
def list_all(*, as_json: AsJson = False) -> None:
    """List all launches, newest first."""
    with store_from_environment().snapshot() as connection:
        launches = list_launches(connection)
    if as_json:
        print_json({"launches": launches})
        return
    columns = ("launch_id", "state", "started_at", "ended_at", "requested_by")
    print_table(columns, (tuple(row[name] for name in columns) for row in launches))


@app.command()
def show(launch_id: LaunchId, *, as_json: AsJson = False) -> None:
    """Show one launch with every check and answer."""
    with store_from_environment().snapshot() as connection:
        found = find_launch(connection, launch_id)
    if as_json:
        print_json(_document(found))
        return
    typer.echo(f"{found.launch_id}: {found.state}, to go live {found.target_at}")
    rows = [
        *(
            (check.at, check.name, "passed" if check.passed else "failed", check.detail)
            for check in found.checks.values()
        ),
        *(
            (answer.recorded_at, name, answer.option, answer.signed_by)
            for name, answers in found.answers.items()
            for answer in answers
        ),
    ]
    print_table(("at", "what", "result", "detail or signer"), sorted(rows))
    for title, step in _steps_to_do(found):
        typer.echo(f"to be done next in {title}: {step}")


@app.command()
def check(launch_id: LaunchId) -> None:
    """Do the checks of a readiness review now (exit 1 if one fails)."""
    store = store_from_environment()
    with store.snapshot() as connection:
        run = Run(run_id=find_launch(connection, launch_id).run_id)
    findings = redo_checks(store, run, SystemClock())
    rows = [(one.name, "ok" if one.passed else "not ok", one.detail) for one in findings]
    print_table(("check", "result", "found"), rows)
    if not all(one.passed for one in findings):
        raise found_wanting()


@app.command()
def postpone(
    launch_id: LaunchId,
    *,
    to: Annotated[str, typer.Option(help="The new date, such as 2026-12-16T09:00:00Z.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    program: Annotated[str, typer.Option(help="The named person of the program who agreed.")],
    mobile_operator: Annotated[str, typer.Option(help="The one of the mobile operator.")],
    evidence: Annotated[str, typer.Option(help="The mobile operator's own mail or answer.")],
    by: Annotated[str, typer.Option(help="Who writes it down.")],
) -> None:
    """Agree on another date; both parties get the new calendar entry."""
    now, target_at = SystemClock().now(), parse_instant(to, "--to")
    with store_from_environment().transaction() as connection:
        moved = postpone_launch(
            connection,
            launch_id,
            target_at,
            by=by,
            reason=reason,
            agreed={"program": program, "mobile_operator": mobile_operator},
            evidence=evidence,
            now=now,
        )
    typer.echo(f"{launch_id} is to go live {moved.target_at:%Y-%m-%d %H:%M} UTC")


@app.command()
def export(
    launch_id: LaunchId,
    file: Annotated[Path, typer.Argument(help="The HTML file to write; it must not exist.")],
) -> None:
    """Write everything about a launch into one HTML file for a partner or an auditor."""
    with store_from_environment().snapshot() as connection:
        page = export_launch(connection, launch_id, SystemClock().now())
    write_new_file(file, page)


@app.command()
def verify(launch_id: LaunchId, *, as_json: AsJson = False) -> None:
    """Recompute the chain of a launch's events (exit 1 if it was changed)."""
    with store_from_environment().snapshot() as connection:
        found = find_launch(connection, launch_id)
        findings = verify_events(connection, found.stream)
        head = stream_head(connection, found.stream)
    if as_json:
        problems = [{"position": f.position, "problem": f.problem} for f in findings]
        print_json({"launch": launch_id, "head_hash": head, "findings": problems})
    else:
        for finding in findings:
            typer.echo(f"event {finding.position}: {finding.problem}")
        typer.echo(f"{len(findings)} breaks found" if findings else f"whole, head {head}")
    if findings:
        raise found_wanting()


@app.command()
def cancel(
    launch_id: LaunchId,
    *,
    by: Annotated[str, typer.Option(help="The named person who decides it.")],
    reason: Annotated[str, typer.Option(help="Why.")],
) -> None:
    """Cancel an active launch, so that its mobile operator can be launched anew."""
    now = SystemClock().now()
    with store_from_environment().transaction() as connection:
        cancelled = cancel_launch(connection, launch_id, by=by, reason=reason, now=now)
    typer.echo(f"{cancelled.launch_id} is {cancelled.state}")


def _steps_to_do(found: Launch) -> list[tuple[str, str]]:
    """Name the step of each scenario that is to be done next."""
    if found.state != "active":
        return []
    return [
        (scenario.title, step.title)
        for scenario in found.all_scenarios
        for step in [step_to_do(found, scenario, scenario.steps[-1].name)]
        if not found.is_passed(scenario, step)
    ]


def _document(found: Launch) -> dict[str, object]:
    return {
        "launch": found.launch_id,
        "run": found.run_id,
        "mobile_operator": found.slug,
        "state": found.state,
        "started_at": found.started_at,
        "ended_at": found.ended_at,
        "target_at": found.target_at,
        "request": found.request.document(),
        "steps_to_do": [{"scenario": title, "step": step} for title, step in _steps_to_do(found)],
        "issues": [
            {"issue": one.number, "state": one.state(SystemClock().now()), "title": one.title}
            for one in found.issues.values()
        ],
        "checks": [
            {"name": c.name, "passed": c.passed, "detail": c.detail, "at": c.at}
            for c in found.checks.values()
        ],
        "answers": [
            {
                "question": a.question,
                "option": a.option,
                "values": dict(a.values),
                "voids": list(a.voids),
                "recorded_by": a.recorded_by,
                "recorded_at": a.recorded_at,
            }
            for answers in found.answers.values()
            for a in answers
        ],
    }
