"""The mails of a launch, each party its own; tasks only queue them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from include.mobile_plans.iccid import mask_iccid, mask_iccids
from include.mobile_plans.launch.asked import Asked
from include.mobile_plans.launch.invitation import invitation
from include.mobile_plans.launch.requests import RangeChoice
from include.mobile_plans.launch.rules import FINAL_SIGN_OFF, PARTIES, signed_steps
from include.mobile_plans.notices import Attachment, Notice, Recipient, queue_notice
from include.mobile_plans.policy import PartyName, Scenario, ScenarioStep
from include.mobile_plans.questions import Answer
from include.mobile_plans.store import Event, stream_head

FailedStep = tuple[Scenario, ScenarioStep, Sequence[ScenarioStep]]
"""The scenario, the step that failed, and the earlier steps whose passes it voids."""


def request_iccid_configuration(
    connection: Connection, asked: Asked, choice: RangeChoice, due_at: datetime
) -> None:
    """Queue the mail that asks the program to configure an ICCID range (L3, L4)."""
    context = {
        "purpose": choice,
        "due_at": due_at,
        "ranges": [
            {
                "start": mask_iccid(r.start),
                "end": mask_iccid(r.end),
                "size": r.size,
                "length": r.length,
            }
            for r in asked.ranges.of(choice)
        ],
        "requested_by": asked.launch.request.requested_by,
        "target_at": asked.launch.target_at,
    }
    kind = "launch_iccid_configuration_requested"
    _tell(connection, asked, "program", kind, context, part=choice)


def request_migration(connection: Connection, asked: Asked, staging: str, due_at: datetime) -> None:
    """Queue the mail that asks the mobile operator to leave staging (L2)."""
    context = {
        "due_at": due_at,
        "staging_uri": staging,
        "production_uri": asked.mobile_operator.portals.production.uri,
        "target_at": asked.launch.target_at,
    }
    _tell(connection, asked, "mobile_operator", "launch_migration_requested", context)


def tell_date(connection: Connection, asked: Asked) -> None:
    """Queue the mails that give both parties the date of the go-live, as a calendar entry (L10)."""
    target_at = asked.launch.target_at
    for party in PARTIES:
        _tell(
            connection,
            asked,
            party,
            "launch_date_set",
            {"target_at": target_at, "zone": asked.launch.request.zone},
            attachments=(invitation(asked, target_at),),
        )


def tell_postponement(connection: Connection, asked: Asked, before: datetime) -> None:
    """Queue the mails that give both parties the new date."""
    launch = asked.launch
    latest = launch.postponements[-1]
    context = {
        "before": before,
        "target_at": latest.target_at,
        "zone": launch.request.zone,
        "reason": mask_iccids(latest.reason),
        "agreed": " and ".join(latest.agreed[party] for party in PARTIES),
    }
    for party in PARTIES:
        _tell(
            connection,
            asked,
            party,
            "launch_postponed",
            context,
            part=str(len(launch.postponements)),
            attachments=(invitation(asked, latest.target_at),),
        )


def tell_cancellation(connection: Connection, asked: Asked, *, by: str, reason: str) -> None:
    """Queue the mails that tell both parties of the end of a launch."""
    for party in PARTIES:
        _tell(
            connection,
            asked,
            party,
            "launch_cancelled",
            {"by": by, "reason": mask_iccids(reason), "cancelled_at": asked.now},
            attachments=(invitation(asked, asked.launch.target_at),),
        )


def tell_failed_step(
    connection: Connection, asked: Asked, answer: Answer, recorded: Event, failed: FailedStep
) -> None:
    """Queue the mails that tell both parties of a failed step and what follows (L5)."""
    scenario, step, voided = failed
    context = {
        "scenario": scenario.title,
        "step": step.title,
        "evidence": mask_iccids(answer.values["evidence"]),
        "device": mask_iccids(answer.values["device"]),
        "signed_by": answer.values["signed_by"],
        "failed_at": answer.recorded_at,
        "what_next": answer.values["what_next"],
        "voided": [one.title for one in voided],
    }
    for party in PARTIES:
        _tell(
            connection,
            asked,
            party,
            "launch_step_failed",
            context,
            part=str(recorded.position),
        )


def announce_live(connection: Connection, asked: Asked) -> None:
    """Queue the mails that tell both parties of the go-live, with the record's last hash (L10)."""
    launch, mobile_operator, now = asked.launch, asked.mobile_operator, asked.now
    signed = launch.latest(FINAL_SIGN_OFF)
    probe = asked.policy.monitoring.probe
    support = mobile_operator.customer_support
    ways = (support.phone, support.email, support.website)
    context = {
        "live_at": now,
        "portal_uri": mobile_operator.portals.production.uri,
        "probes_per_minute": round(60 / probe.interval.total_seconds()),
        "probe_addresses": ", ".join(map(str, asked.policy.launch.probe_addresses)),
        "user_agent": probe.user_agent,
        "signed_off_by": signed.signed_by if signed else "",
        "signed_off_at": signed.recorded_at if signed else now,
        "support": ", ".join([support.name, *filter(None, ways)]),
        "head_hash": stream_head(connection, launch.stream),
        "steps": [
            {
                "scenario": scenario.title,
                "title": step.title,
                "signed_by": answer.signed_by,
                "signed_at": answer.recorded_at,
            }
            for scenario, step, answer in signed_steps(launch)
        ],
    }
    for party in PARTIES:
        entry = invitation(asked, now)
        _tell(connection, asked, party, "launch_live", context, attachments=(entry,))


def _tell(
    connection: Connection,
    asked: Asked,
    party: PartyName,
    kind: str,
    context: Mapping[str, Any],
    *,
    part: str | None = None,
    attachments: tuple[Attachment, ...] = (),
) -> None:
    launch, contacts = asked.launch, asked.policy.contacts
    recipients = _recipients(asked, party)
    queue_notice(
        connection,
        Notice(
            key=":".join(filter(None, (launch.launch_id, kind, part))),
            kind=kind,
            party=party,
            slug=launch.slug,
            recipients=recipients[:1],
            fallbacks=recipients[1:],
            thread=launch.launch_id,
            context={
                "launch_id": launch.launch_id,
                "mobile_operator_name": asked.mobile_operator.name,
                "program_name": contacts.program_name,
                **context,
            },
            attachments=attachments,
        ),
        sender=contacts.sender.email,
        now=asked.now,
    )


def _recipients(asked: Asked, party: PartyName) -> tuple[Recipient, ...]:
    if party == "program":
        lists, name = asked.policy.contacts.mailing_lists, asked.policy.contacts.program_name
        return (Recipient(name=name, email=lists.launches, role="launches"),)
    return tuple(
        Recipient(name=c.name, email=c.email, role="launch_manager", slug=asked.launch.slug)
        for c in asked.mobile_operator.contacts_of("launch_manager")
    )
