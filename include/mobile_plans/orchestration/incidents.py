"""What the tasks of the incident DAGs do; the DAG files only name and order them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from airflow.sdk import Param, get_current_context

from include.mobile_plans import incidents
from include.mobile_plans.errors import BadInput, MobilePlansError
from include.mobile_plans.incidents import Incident, Post, Report
from include.mobile_plans.instants import parse_instant, require_utc
from include.mobile_plans.orchestration.forms import mobile_operator_field
from include.mobile_plans.orchestration.obstacle_sensor import ObstacleSensor
from include.mobile_plans.orchestration.phone import phone_calls
from include.mobile_plans.orchestration.runs import start_run
from include.mobile_plans.orchestration.sign_off import SignOff
from include.mobile_plans.questions import Run
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment

clock = SystemClock()
ESCALATION = "incident_escalation"
MOST_RUNS_AT_ONCE = 100
"""Runs started by one task, so that it ends within seconds; the next one starts the others."""


def report_form() -> dict[str, Param]:
    """Return the six fields of ``incident_report``."""
    return {
        "mobile_operator": mobile_operator_field("Who reports it, or whose service is hit."),
        "channel": _choice("How it came up", "Who is to act follows from it.", incidents.CHANNELS),
        "service": _choice("What is hit", "As far as known.", incidents.SERVICES),
        "what": _text("What happened", "In a few words; the mails carry them.", lines=True),
        "since": _instant("Since when", "Empty: just now."),
        "call_back": _text(
            "Who reports it, and a call-back",
            "Name, and a number or address. Needed when the mobile operator reports it.",
        ),
    }


def record_report(form: Mapping[str, Any]) -> str:
    """
    Write a report down and start the run that carries it; returns what came of it, in words.

    Raises:
        BadInput: Something of the least that is needed is missing; nothing was written.
    """
    run, now = get_current_context()["dag_run"], clock.now()
    given = Report(
        source=f"run:{run.run_id}",
        slugs=(form["mobile_operator"],),
        channel=form["channel"],
        service=form["service"],
        what=form["what"] or "",
        since=_at(form["since"], "since when", now),
        received_at=now,
        caller=form["call_back"] or "",
    )
    if given.is_ours:
        msg = "an outage of our own services is told with service_outage_notice"
        raise BadInput(msg)
    return _record(given, run.triggering_user_name, now)


def outage_form() -> dict[str, Param]:
    """Return the fields of ``service_outage_notice``."""
    ours = {name: incidents.SERVICES[name] for name in incidents.PROGRAM_SERVICES}
    return {
        "service": _choice("What is out", "A service of the program.", ours),
        "what": _text(
            "What happened",
            "Every mobile operator reads it: name none of them.",
            lines=True,
        ),
        "since": _instant("Since when", "Empty: just now."),
        "aware_at": _instant("We know it since", "The 30 minutes run from here. Empty: just now."),
        "mobile_operators": _text(
            "Which mobile operators it affects",
            "Their slugs between commas, such as contoso, tailspin. Empty: every live one.",
        ),
    }


def record_outage(form: Mapping[str, Any]) -> str:
    """
    Tell every mobile operator affected by an outage of ours, and start the runs of their calls.

    Raises:
        BadInput: Something cannot be, or the words name a mobile operator; nothing was written.
    """
    run, now = get_current_context()["dag_run"], clock.now()
    named = (form["mobile_operators"] or "").split(",")
    given = Report(
        source=f"run:{run.run_id}",
        slugs=tuple(slug.strip() for slug in named if slug.strip()),
        channel="program",
        service=form["service"],
        what=form["what"] or "",
        since=_at(form["since"], "since when", now),
        received_at=_at(form["aware_at"], "we know it since", now),
    )
    return _record(given, run.triggering_user_name, now)


def update_form() -> dict[str, Param]:
    """Return the six fields of ``incident_update``."""
    return {
        "incident": Param(
            type="string",
            title="Incident",
            pattern=r"^INC-\d{4,}$",
            description="Its number, such as INC-0042.",
        ),
        "what": _choice("What to post", "Both parties are told.", incidents.CHOICES),
        "by": _text("By", "The named person whose word or decision it is."),
        "text": _text("Text", "What was said or decided, or for whom a pause waits.", lines=True),
        "received_at": _instant(
            "Received at", "When it reached us; clocks use it. Empty: just now."
        ),
        "evidence": _text(
            "Evidence",
            "A Message-ID, or who was on the telephone. What we say counts when our mail is taken, "
            "or at 'Received at' when this names who heard it.",
        ),
    }


def check_update(form: Mapping[str, Any]) -> list[str]:
    """
    Refuse what cannot be posted, and return whom it would be told to.

    Raises:
        BadInput: One line per problem; nothing was written.
    """
    del form
    now = clock.now()
    with store_from_environment().snapshot() as connection:
        wanted = post_of(_run())
        incident = incidents.find_incident(connection, wanted.incident_id)
        incidents.require_possible(connection, incident, wanted, now)
        people = incidents.told_to(connection, incident, now)
    return [f"{name}: {person}" for name, person in people]


def post_of(run: Run) -> Post:
    """Read the post of a run from its form."""
    del run
    given = get_current_context()["dag_run"]
    form = {name: str(value or "") for name, value in (given.conf or {}).items()}
    user = given.triggering_user_name or "unknown"
    return Post(
        incident_id=form["incident"],
        what=form["what"],
        by=form.get("by", ""),
        text=form.get("text", ""),
        received_at=_at(form.get("received_at"), "received at", require_utc(given.run_after)),
        recorded_by=user,
        evidence=form.get("evidence", ""),
    )


def confirm_update() -> SignOff:
    """Show mobile operator and recipients before a post is sent."""
    return SignOff(
        asker=incidents.PostQuestion(post_of),
        task_id="confirm_update",
        task_display_name="Confirm what is sent, and to whom",
    )


def assess_severity() -> SignOff:
    """Ask for the facts the severity follows from, where nobody stated them yet (E2)."""
    return SignOff(
        asker=incidents.SeverityQuestion(),
        task_id=incidents.ASSESS_TASK,
        task_display_name="Assess the severity",
    )


def calls() -> list[SignOff]:
    """Make the phone tasks: the contacts in order, until one is reached (E3, O1)."""
    return phone_calls(call_of, on_attempt=incidents.on_attempt)


def call_of(run: Run) -> str:
    """
    Name the call of a run.

    Raises:
        DoesNotApply: Nobody is to be called.
    """
    with store_from_environment().snapshot() as connection:
        return incidents.call_of_run(connection, run.run_id)


def await_reached() -> ObstacleSensor:
    """Make the sensor that ends a run when its escalation is done."""
    return ObstacleSensor(
        task_id="await_reached",
        task_display_name="Wait until the escalation reached them",
        obstacles=unreached,
        retries=3,
        trigger_rule="none_failed",
    )


def unreached(run_id: str) -> list[str]:
    """List what the end of an escalation waits for."""
    with store_from_environment().snapshot() as connection:
        number = incidents.incident_of_run(run_id)
        return incidents.unreached(incidents.find_incident(connection, number))


def open_for_outages() -> list[str]:
    """
    Open an incident for each outage that monitoring escalated, and note recoveries.

    Any DAG may call it as often as it likes.

    Raises:
        MobilePlansError: One could not be taken; all others were.
    """
    done, problems = incidents.open_for_outages(store_from_environment(), clock)
    if problems:
        raise MobilePlansError("; ".join(problems))
    return done


def tend() -> list[str]:
    """
    Look after all incidents: outages, mails that were taken, runs that are to be started.

    Raises:
        MobilePlansError: An outage could not be taken; everything else was done.
    """
    store = store_from_environment()
    done, problems = incidents.open_for_outages(store, clock)
    done += [f"{number} reached by mail" for number in incidents.hear(store, clock)]
    done += [f"started {run_id}" for run_id in start_runs()]
    if problems:
        raise MobilePlansError("; ".join(problems))
    return done


def start_runs() -> list[str]:
    """Start the runs that incidents want, and write down that they carry them."""
    store = store_from_environment()
    with store.snapshot() as connection:
        wanted = incidents.runs_to_start(connection, MOST_RUNS_AT_ONCE)
    for number, run_id in wanted:
        with store.snapshot() as connection:
            told = incidents.about_id(connection, number, clock.now())
        start_run(ESCALATION, run_id, f"{told.name}: {incidents.headline(told.incident)}")
        with store.transaction() as connection:
            incidents.note_run(connection, number, run_id, clock.now())
    return [run_id for _, run_id in wanted]


def _record(given: Report, user: str | None, now: datetime) -> str:
    with store_from_environment().transaction() as connection:
        incident = incidents.report(connection, given, by=user or "unknown", now=now)
    start_runs()
    return _came_of(incident, given)


def _came_of(incident: Incident, given: Report) -> str:
    if incident.opening.source != given.source:
        return f"joined {incident.incident_id}, which is still running"
    return f"{incident.incident_id} is {incident.state.replace('_', ' ')}"


def _run() -> Run:
    return Run(run_id=get_current_context()["dag_run"].run_id)


def _at(text: str | None, name: str, otherwise: datetime) -> datetime:
    return parse_instant(text, name) if text and text.strip() else otherwise


def _choice(title: str, description: str, allowed: Mapping[Any, str]) -> Param:
    return Param(
        type="string",
        enum=list(allowed),
        values_display=dict(allowed),
        title=title,
        description=description,
    )


def _text(title: str, description: str, *, lines: bool = False) -> Param:
    more: dict[str, Any] = {"format": "multiline"} if lines else {}
    return Param("", type=["null", "string"], title=title, description=description, **more)


def _instant(title: str, description: str) -> Param:
    return _text(title, f"{description} With its offset, such as 2026-12-01T10:00:00Z.")
