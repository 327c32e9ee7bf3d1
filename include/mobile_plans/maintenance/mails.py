"""The mails about maintenance: one thread for each organisation that is told, each its own."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from include.mobile_plans.errors import BadInput
from include.mobile_plans.maintenance.calendar_files import calendar_file
from include.mobile_plans.maintenance.desk import Desk
from include.mobile_plans.maintenance.plans import PROGRAM, Plan, service_names
from include.mobile_plans.maintenance.rules import end_of
from include.mobile_plans.maintenance.state import Maintenance
from include.mobile_plans.notices import Attachment, Notice, Recipient, find_notice, queue_notice
from include.mobile_plans.obligations import contacts_of
from include.mobile_plans.policy import MobileOperator, ProgramPolicy

IMPACT_WORDS = {
    "NO-IMPACT": "nothing is noticed",
    "REDUCED-REDUNDANCY": "works, without its usual reserve",
    "DEGRADED": "works worse than usual",
    "OUTAGE": "completely out of service",
}
COORDINATOR = "program.maintenance_coordinator"


def tell(desk: Desk, maintenance: Maintenance, kind: str, **more: Any) -> None:
    """Queue what happened for every recipient, each with the calendar entry as it is now."""
    for recipient in plan_of(maintenance).recipients:
        entry = Attachment(
            filename=f"{maintenance.maintenance_id}.ics",
            content_type="text/calendar",
            content=calendar_file(desk, maintenance, recipient),
        )
        _queue(desk, maintenance, kind, recipient, more, (entry,))


def tell_maintainer(desk: Desk, maintenance: Maintenance, kind: str, **more: Any) -> None:
    """Queue a mail for the party that maintains: an acknowledgement, a question, a hold-up."""
    _queue(desk, maintenance, kind, plan_of(maintenance).maintained_by, more)


def told_at(desk: Desk, maintenance: Maintenance, recipient: str) -> datetime | None:
    """Return when a mail server took a mobile operator's notice, or None while none has."""
    key = _key(maintenance.maintenance_id, maintenance.announced, recipient)
    notice = find_notice(desk.connection, f"{key}:mobile_operator")
    sent = (one.sent_at for one in notice.deliveries)
    return min((at for at in sent if at is not None), default=None)


def tell_unreadable(desk: Desk, maintenance: Maintenance, original: Attachment) -> None:
    """Queue the mail that asks the program to read a notice by hand, the original attached."""
    people = contacts_of(COORDINATOR, desk.policy, None)
    sender = desk.policy.contacts.sender.email
    notice = Notice(
        key=_key(maintenance.maintenance_id, maintenance.length, PROGRAM),
        kind="maintenance_unreadable",
        party="program",
        slug=None,
        recipients=people[:1],
        fallbacks=people[1:],
        context={
            "maintenance_id": maintenance.maintenance_id,
            "program_name": desk.policy.contacts.program_name,
            "name": original.filename,
            "problems": maintenance.problems,
            "received_at": maintenance.received_at,
            "zone": desk.policy.calendars.program.zone,
            "attached": True,
        },
        thread=maintenance.maintenance_id,
        attachments=(original,),
    )
    try:
        queue_notice(desk.connection, notice, sender=sender, now=desk.now)
    except BadInput:
        # What no mail may hold, such as whole ICCIDs, stays where it is kept.
        hidden = {"attached": False, "problems": ("it holds what no mail may: see the task",)}
        bare = replace(notice, attachments=(), context=notice.context | hidden)
        queue_notice(desk.connection, bare, sender=sender, now=desk.now)


def plan_of(maintenance: Maintenance) -> Plan:
    """Return the plan of a maintenance that was told."""
    assert maintenance.plan is not None  # noqa: S101 - mails tell of what was told
    return maintenance.plan


def _queue(
    desk: Desk,
    maintenance: Maintenance,
    kind: str,
    reader: str,
    more: Mapping[str, Any],
    attachments: tuple[Attachment, ...] = (),
) -> None:
    plan, policy = plan_of(maintenance), desk.policy
    known = desk.mobile_operators()
    people = _people(reader, plan, policy, known)
    queue_notice(
        desk.connection,
        Notice(
            key=_key(maintenance.maintenance_id, maintenance.length, reader),
            kind=f"maintenance_{kind}",
            party="program" if reader == PROGRAM else "mobile_operator",
            slug=plan.slug if reader == PROGRAM else reader,
            recipients=people[:1],
            fallbacks=people[1:],
            context=_context(desk, maintenance, reader, known) | dict(more),
            thread=maintenance.maintenance_id,
            attachments=attachments,
        ),
        sender=policy.contacts.sender.email,
        now=desk.now,
    )


def _people(
    reader: str, plan: Plan, policy: ProgramPolicy, known: Mapping[str, MobileOperator]
) -> tuple[Recipient, ...]:
    if reader != PROGRAM:
        return contacts_of("mobile_operator.maintenance", policy, known[reader])
    if plan.party == "program":
        return contacts_of(COORDINATOR, policy, None)
    centre = policy.contacts.operations_centre
    return (Recipient(name=centre.name, email=centre.email, role="operations_centre"),)


def _context(
    desk: Desk, maintenance: Maintenance, reader: str, known: Mapping[str, MobileOperator]
) -> dict[str, Any]:
    plan, policy = plan_of(maintenance), desk.policy
    maintainer = known.get(plan.maintained_by)
    contact = maintainer.contacts.operations[0] if maintainer else policy.contacts.operations_centre
    calendar = policy.calendars.program if reader == PROGRAM else known[reader].calendar
    told = reader if reader in maintenance.verdicts else PROGRAM
    verdict = maintenance.verdicts.get(told)
    return {
        "maintenance_id": maintenance.maintenance_id,
        "program_name": policy.contacts.program_name,
        "maintainer": maintainer.name if maintainer else policy.contacts.program_name,
        "service": service_names(policy)[plan.service]
        + (f" of {maintainer.name}" if maintainer and reader == PROGRAM else ""),
        "objects": [f"{one.name}: {IMPACT_WORDS[one.impact]}" for one in plan.objects],
        "window": plan.window,
        "ends_at": end_of(maintenance),
        "closed_at": maintenance.closed_at,
        "zone": calendar.zone,
        "summary": plan.summary,
        "reference": plan.reference,
        "reason": maintenance.reason,
        "verdict": verdict,
        "notice_late_by": verdict.late_by(desk.now) if verdict else None,
        "confirmed_by": maintenance.confirmed_by,
        "grace": policy.maintenance.completion_grace,
        "contact": f"{contact.name}, {contact.phone}",
        "late_by": None,
        "warnings": (),
    }


def _key(maintenance_id: str, position: int, reader: str) -> str:
    """Name a mail by the event it tells of and its reader."""
    return f"{maintenance_id}:{position:04d}:{reader}"
