"""The mails about promises, each party its own: reminder, breach, escalation, how it ended."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast, get_args

from sqlalchemy import Connection

from include.mobile_plans.notices import Notice, Recipient, queue_notice
from include.mobile_plans.obligations.rules import Step
from include.mobile_plans.obligations.state import Obligation
from include.mobile_plans.policy import (
    BusinessDays,
    ContactRole,
    MobileOperator,
    PartyName,
    ProgramPolicy,
    mobile_operator_in_force,
    party_of,
)

KINDS = {
    "warn": "promise_at_risk",
    "breach": "promise_breached",
    "escalate": "promise_escalated",
    "settle": "promise_settled",
}
"""The kind of notice of each step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is told: a promise after a step, the step, and when it was done."""

    obligation: Obligation
    step: Step
    now: datetime


def tell(connection: Connection, told: Told, policy: ProgramPolicy) -> None:
    """
    Queue the mails of a step, one for each party that is told.

    Raises:
        NotFound: The mobile operator is unknown.
        BadInput: A mail cannot be rendered or addressed.
    """
    promise = told.obligation.promise
    mobile_operator = (
        None
        if promise.slug is None
        else mobile_operator_in_force(connection, promise.slug, told.now).mobile_operator
    )
    people = people_told(told.obligation, told.step, policy, mobile_operator)
    for party in cast("tuple[PartyName, ...]", get_args(PartyName)):
        contacts = [one for one in people if party_of(one[0].role) == party]
        first = tuple(one[0] for one in contacts)
        if first:
            queue_notice(
                connection,
                Notice(
                    key=f"promise:{promise.key}:{told.obligation.length:04d}",
                    kind=KINDS[told.step.name],
                    party=party,
                    slug=promise.slug,
                    recipients=first,
                    fallbacks=tuple(person for one in contacts for person in one[1:]),
                    context=_context(told, party, policy, mobile_operator),
                    thread=promise.subject.partition(":")[2] or promise.subject,
                ),
                sender=policy.contacts.sender.email,
                now=told.now,
            )


def people_told(
    obligation: Obligation,
    step: Step,
    policy: ProgramPolicy,
    mobile_operator: MobileOperator | None,
) -> list[tuple[Recipient, ...]]:
    """
    Return whom a step is told to: of each role its people in the order they are tried.

    The acting role of the debtor is reminded; a breach is told to it and to the other party; an
    escalation to the role of its rank, there to somebody who has not heard of it where there is
    one; how a breach ended to all who were told of it.
    """
    roles = obligation.promise.roles
    chain = [roles.acts, roles.breach_told_to, *(one.to for one in roles.escalations)]
    places = {
        "warn": range(1),
        "breach": range(2),
        "escalate": range(1 + step.rank, 2 + step.rank),
        "settle": range(2 + obligation.ranks_told),
    }[step.name]
    told: set[str] = set()
    people = []
    for place, role in enumerate(chain):
        contacts = contacts_of(role, policy, mobile_operator)
        fresh_first = sorted(contacts, key=lambda person: person.email in told)
        if fresh_first:
            told.add(fresh_first[0].email)
            if place in places:
                people.append(tuple(fresh_first))
    return people


def contacts_of(
    role: str, policy: ProgramPolicy, mobile_operator: MobileOperator | None
) -> tuple[Recipient, ...]:
    """Return the people of a role in the order they are tried, none of an absent party."""
    name = role.partition(".")[2]
    if party_of(role) == "program":
        persons = getattr(policy.contacts.duty_roster, name).persons
        return tuple(Recipient(name=p.name, email=p.email, role=role) for p in persons)
    if mobile_operator is None:
        return ()
    return tuple(
        Recipient(name=c.name, email=c.email, role=role, slug=mobile_operator.slug)
        for c in mobile_operator.contacts_of(cast("ContactRole", name))
    )


def _context(
    told: Told, party: PartyName, policy: ProgramPolicy, mobile_operator: MobileOperator | None
) -> dict[str, Any]:
    obligation, step = told.obligation, told.step
    promise = obligation.promise
    names = {
        "program": policy.contacts.program_name,
        "mobile_operator": mobile_operator.name if mobile_operator else "the mobile operators",
    }
    zones = {"program": policy.calendars.program.zone}
    if mobile_operator is not None:
        zones["mobile_operator"] = mobile_operator.calendar.zone
    late_by = told.now - step.at
    return {
        "key": promise.key,
        "subject_name": promise.subject.partition(":")[2] or promise.subject,
        "title": promise.title,
        "clause": promise.clause,
        "program_name": names["program"],
        "debtor_name": names[promise.debtor],
        "creditor_name": names[promise.creditor],
        "owes": party == promise.debtor,
        "zone": zones[party],
        "since": promise.since,
        "due_at": obligation.due_at,
        "elapsed": promise.within if isinstance(promise.within, timedelta) else None,
        "counted": list(_counted_words(obligation)),
        "now": told.now,
        "late_by": late_by if late_by > policy.promises.late_after else None,
        "step_at": step.at,
        "rank": step.rank,
        "told_before": _titles(obligation, step, policy),
        "state": obligation.state,
        "answer": obligation.answer,
        "pause": obligation.pause,
    }


def _titles(obligation: Obligation, step: Step, policy: ProgramPolicy) -> list[str]:
    """Say in words who was told of a breach before a further role is."""
    roles = obligation.promise.roles
    ranks = roles.escalations[: max(step.rank - 1, 0)]
    told = (roles.acts, roles.breach_told_to, *(one.to for one in ranks))
    return [_title(role, policy) for role in told]


def _title(role: str, policy: ProgramPolicy) -> str:
    name = role.partition(".")[2]
    if party_of(role) == "program":
        title: str = getattr(policy.contacts.duty_roster, name).title
        return title
    return f"{name.replace('_', ' ')} contact of the mobile operator"


def _counted_words(obligation: Obligation) -> Iterator[str]:
    """Say how the time was counted: business days, holidays passed over, pauses."""
    promise = obligation.promise
    within, counted = promise.within, promise.counted
    if isinstance(within, BusinessDays):
        days = within.business_days
        yield f"{days} business day{'s' * (days != 1)} of {promise.calendar.party}"
    if counted is not None:
        for day in counted.skipped:
            yield f"{day.date:%a %d %b %Y} not counted: {', '.join(day.names)}"
    for pause in obligation.pauses:
        if pause.resumed_at is not None:
            yield (
                f"paused from {pause.paused_at:%a %d %b %Y %H:%M} to "
                f"{pause.resumed_at:%a %d %b %Y %H:%M} UTC"
            )
