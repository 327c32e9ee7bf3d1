"""
An incident is assessed, escalated, and found to have reached the other party (E2 to E5, O1).

Its promises follow from how it stands: after each change, whatever is called for is opened, met,
paused or released, so that a repeated change or a restarted task does nothing twice.
"""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection

from include.mobile_plans.errors import DoesNotApply
from include.mobile_plans.incidents.about import About, about
from include.mobile_plans.incidents.mails import (
    headline,
    notice_key,
    tell,
    tell_severity,
)
from include.mobile_plans.incidents.records import (
    SYSTEM,
    append,
    find_incident,
    lock_incident,
    select_incidents,
)
from include.mobile_plans.incidents.rules import (
    Clock,
    calls_for_phone,
    clocks,
    positions_unheard,
)
from include.mobile_plans.incidents.state import ASSESSED, REACHED, Incident
from include.mobile_plans.incidents.statements import Decision
from include.mobile_plans.notices import Recipient, list_notices
from include.mobile_plans.obligations import (
    Call,
    CallAttempt,
    CallWanted,
    Obligation,
    PhoneContact,
    Wanted,
    call_task,
    cancel,
    end_alert,
    list_obligations,
    meet,
    open_call,
    open_obligation,
    pause,
    resume,
)
from include.mobile_plans.policy import program_policy
from include.mobile_plans.simulation.clock import Clock as TimeSource
from include.mobile_plans.store import Store
from include.mobile_plans.store.tables import incident as table

ASSESS_TASK = "assess_severity"
"""The task that asks for the severity."""


def assess(
    connection: Connection,
    incident: Incident,
    decision: Decision,
    *,
    by: str,
    now: datetime,
    received_at: datetime | None = None,
) -> Incident:
    """
    Assign a severity and do at once what it asks for: mails, a call to be made, clocks.

    The same severity as before changes nothing.

    Args:
        connection: The write transaction, which holds the incident.
        incident: As it stands.
        decision: The severity, and how it was decided (E2).
        by: The named person or the part of the system that assesses it.
        now: The current instant, aware UTC.
        received_at: From when it counts, where that is not now.
    """
    if decision.severity == incident.severity:
        return incident
    data = asdict(decision)
    after = append(connection, incident, ASSESSED, data, by=by, now=now, received_at=received_at)
    keep_clocks(connection, after, by=by, now=now)
    _tell(connection, about(connection, after, now))
    return after


def _tell(connection: Connection, told: About) -> None:
    """Queue the mails of a new severity and open its call; the mail never waits for the call."""
    if told.incident.slug is not None:
        tell_severity(connection, told)
    if calls_for_phone(told.incident):
        ranks = told.policy.promises.most_phone_ranks
        open_call(connection, _call(told), most_ranks=ranks, now=told.now)


def keep_clocks(connection: Connection, incident: Incident, *, by: str, now: datetime) -> None:
    """Open, meet, pause and release the promises of an incident as it now calls for."""
    found = {one.key: one for one in list_obligations(connection, subject=incident.stream)}
    resumed = incident.last_update("resume")
    resumed_at = now if resumed is None else resumed.effective_at
    known = {key: one.promise.since for key, one in found.items()}
    for clock in clocks(incident, known):
        promise = found.get(clock.key)
        if promise is None:
            if clock.answer is None and clock.released is not None:
                continue
            wanted = _wanted(incident, clock)
            promise = open_obligation(connection, wanted, program_policy(), by=by, now=now)
        _bring_to(connection, promise, clock, resumed_at, by=by, now=now)
    _end_searches(connection, incident, by=by, now=now)


def _end_searches(connection: Connection, incident: Incident, *, by: str, now: datetime) -> None:
    """Look no longer for somebody to do what is done, or asks for nothing any more."""
    keys = []
    if incident.severity is not None or incident.is_ended:
        keys.append(f"{incident.incident_id}:{ASSESS_TASK}")
    calling = calls_for_phone(incident) and not incident.is_ended
    for event in incident.all(ASSESSED):
        if not calling or incident.reached_at(event.position, "call") is not None:
            ranks = range(1, program_policy().promises.most_phone_ranks + 1)
            call = f"{incident.incident_id}:call:{event.position}"
            keys += [f"{call}:{call_task(rank)}" for rank in ranks]
    for key in keys:
        end_alert(connection, key, by=by, now=now)


def _wanted(incident: Incident, clock: Clock) -> Wanted:
    number = clock.number
    return Wanted(
        kind=clock.kind,
        key=clock.key if number is None else clock.key.removesuffix(f":{number}"),
        subject=incident.stream,
        slug=incident.slug,
        debtor=clock.debtor,
        since=clock.since,
        number=number,
    )


def _bring_to(
    connection: Connection,
    promise: Obligation,
    clock: Clock,
    resumed_at: datetime,
    *,
    by: str,
    now: datetime,
) -> None:
    """Bring one promise to what its clock says; what came before it began keeps it at once."""
    answer, key, began = clock.answer, promise.key, promise.promise.since
    may_be_met = promise.answer is None or (
        answer is not None and not promise.answer.in_time and promise.is_in_time(answer.at)
    )
    if answer is not None and may_be_met and promise.state != "cancelled":
        meet(
            connection,
            key,
            by=answer.by,
            evidence=answer.evidence,
            received_at=max(answer.at, began),
            now=now,
            recorded_by=answer.recorded_by,
        )
    elif promise.is_closed:
        return
    elif clock.released is not None:
        cancel(connection, key, by=by, reason=clock.released, now=now)
    elif clock.pause is not None and promise.pause is None:
        told = clock.pause.data
        at = max(clock.pause.effective_at, began)
        pause(connection, key, by=told["by"], waiting_for=told["text"], received_at=at, now=now)
    elif clock.pause is None and promise.pause is not None:
        resume(connection, key, by=by, received_at=resumed_at, now=now)


def hear(store: Store, clock: TimeSource) -> list[str]:
    """
    Learn which mails the mobile operators' servers took, and start what runs from then.

    Returns:
        The numbers of the incidents of which something was heard.
    """
    with store.snapshot() as connection:
        waiting = select_incidents(connection, table.c.awaits_mail)
    heard = []
    for incident_id in (one.incident_id for one in waiting):
        with store.transaction() as connection:
            incident = lock_incident(connection, incident_id)
            before, now = incident, clock.now()
            for position, who, at in _mails_taken(connection, incident):
                incident = _reached(connection, incident, position, "mail", who, at, now)
            if incident is not before:
                keep_clocks(connection, incident, by=SYSTEM, now=now)
                heard.append(incident_id)
    return heard


def on_attempt(connection: Connection, call: Call, attempt: CallAttempt) -> None:
    """Take an attempt of a call of ours into account, in the transaction that records it."""
    incident_id, _, position = call.wanted.key.partition(":call:")
    incident = lock_incident(connection, incident_id)
    now, by = attempt.recorded_at, attempt.recorded_by
    end_alert(connection, alert_of(call, attempt.rank), by=by, now=now)
    if attempt.reached:
        who, at = str(attempt.spoke_to), attempt.called_at
        incident = _reached(connection, incident, int(position), "call", who, at, now)
        keep_clocks(connection, incident, by=by, now=now)
    elif call.is_exhausted:
        _tell_nobody_answered(connection, about(connection, incident, now), call)


def _tell_nobody_answered(connection: Connection, told: About, call: Call) -> None:
    """Queue the mail that tells the program's own people that no contact was reached."""
    role, team = "program.mobile_plans_team", told.policy.contacts.duty_roster.mobile_plans_team
    people = tuple(Recipient(name=one.name, email=one.email, role=role) for one in team.persons)
    tried = [call.wanted.contacts[one.rank - 1].name for one in call.attempts]
    context = {"tried": list(dict.fromkeys(tried))}
    part = call.wanted.key.removeprefix(f"{told.incident.incident_id}:")
    tell(connection, told, "program", "incident_not_reached", context, part=part, to=people)


def alert_of(call: Call, rank: int) -> str:
    """Name the search for somebody who calls the contact of a rank."""
    return f"{call.wanted.alert}:{call_task(rank)}"


def call_key(incident: Incident) -> str:
    """Name the call that the newest severity of an incident asks for."""
    return f"{incident.incident_id}:call:{incident.all(ASSESSED)[-1].position}"


def incident_of_run(run_id: str) -> str:
    """Return the number of the incident a run carries: ``INC-0042`` and ``INC-0042-7`` alike."""
    return "-".join(run_id.split("-")[:2])


def call_of_run(connection: Connection, run_id: str) -> str:
    """
    Name the call a run of Airflow is to make: that of the escalation it carries.

    Raises:
        NotFound: The run carries no incident.
        DoesNotApply: Nobody is to be called, or no longer.
    """
    incident = find_incident(connection, incident_of_run(run_id))
    name = incident.incident_id
    if incident.is_ended or incident.severity is None:
        msg = f"{name} is {incident.state.replace('_', ' ')}"
        raise DoesNotApply(msg)
    if not calls_for_phone(incident):
        msg = f"{name} is not escalated by telephone"
        raise DoesNotApply(msg)
    raised = incident.all(ASSESSED)[1:]
    makes_it = f"{name}-{raised[-1].position}" if raised else name
    if run_id != makes_it:
        msg = f"run {makes_it} makes the call"
        raise DoesNotApply(msg)
    return call_key(incident)


def unreached(incident: Incident) -> list[str]:
    """List what the end of an escalation waits for: the other party is reached in either way."""
    if incident.is_ended:
        return []
    assigned = incident.last(ASSESSED)
    if assigned is None:
        return ["it has no severity yet"]
    if incident.reached_at(assigned.position) is not None:
        return []
    nobody = ["nobody answered the telephone yet"] if calls_for_phone(incident) else []
    return ["their server has not taken our mail yet", *nobody]


def _reached(
    connection: Connection,
    incident: Incident,
    of: int,
    by: str,
    who: str,
    at: datetime,
    now: datetime,
) -> Incident:
    data = {"of": of, "by": by, "who": who}
    return append(connection, incident, REACHED, data, now=now, received_at=at)


def _mails_taken(connection: Connection, incident: Incident) -> list[tuple[int, str, datetime]]:
    """Return which of the mails a clock waits for were taken, for whom first, and when."""
    notices = list_notices(connection, key_prefix=f"{incident.incident_id}:")
    found = {row.key: row.deliveries for row in notices}
    taken = []
    for position in positions_unheard(incident):
        deliveries = found.get(f"{notice_key(incident, position)}:mobile_operator", ())
        sent = [(one.sent_at, one.recipient) for one in deliveries if one.sent_at is not None]
        taken += [(position, who, at) for at, who in sorted(sent)[:1]]
    return taken


def _call(told: About) -> CallWanted:
    incident, opening, record = told.incident, told.incident.opening, told.mobile_operator
    assert record is not None  # noqa: S101 - a parent of many is not called for
    ask = (
        "Tell them that we keep them informed by mail."
        if opening.is_notice
        else "Ask for a first response, and for the number of their ticket."
    )
    reason: str = incident.all(ASSESSED)[-1].data["reason"]
    return CallWanted(
        key=call_key(incident),
        about=f"{told.name}, {incident.incident_id}: {headline(incident)}",
        message=(
            f"**{incident.incident_id}**, High, since {opening.since:%Y-%m-%d %H:%M} UTC: "
            f"{opening.what}\n\nHigh because: {reason}. A mail with all of it is on its way. {ask}"
        ),
        contacts=tuple(
            PhoneContact(name=one.name, phone=one.phone, languages=one.languages)
            for one in record.contacts_of("incident")
            if one.phone is not None
        ),
        deadline=told.notice_due,
        alert=incident.parent or call_key(incident),
    )
