"""The mails of a launch, each party its own."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from include.mobile_plans.iccid import mask_iccid
from include.mobile_plans.launch.questions import Asked, iccid_deadline
from include.mobile_plans.launch.rules import signed_steps
from include.mobile_plans.notices import Notice, Recipient, queue_notice
from include.mobile_plans.policy import PartyName


def request_iccid_configuration(connection: Connection, asked: Asked, now: datetime) -> None:
    """Queue the mail that asks the program to configure the ICCID range (L3)."""
    launch = asked.launch
    context = {
        "purpose": launch.request.range_choice,
        "due_at": iccid_deadline(launch, asked.policy),
        "ranges": [
            {
                "start": mask_iccid(r.start),
                "end": mask_iccid(r.end),
                "size": r.size,
                "length": r.length,
            }
            for r in asked.ranges.asked_for(launch.request)
        ],
        "requested_by": launch.request.requested_by,
        "target_at": launch.request.target_at,
    }
    _queue(connection, asked, "program", "launch_iccid_configuration_requested", context, now)


def announce_live(connection: Connection, asked: Asked, now: datetime) -> None:
    """Queue the mails that tell both parties of the go-live (L10)."""
    launch, mobile_operator = asked.launch, asked.mobile_operator
    signed = launch.latest("final_sign_off")
    probe = asked.policy.monitoring.probe
    support = mobile_operator.customer_support
    ways = (support.phone, support.email, support.website)
    context = {
        "live_at": now,
        "portal_uri": mobile_operator.portals.production.uri,
        "probes_per_minute": round(60 / probe.interval.total_seconds()),
        "user_agent": probe.user_agent,
        "signed_off_by": signed.signed_by if signed else "",
        "signed_off_at": signed.recorded_at if signed else now,
        "support": ", ".join([support.name, *filter(None, ways)]),
        "steps": [
            {
                "scenario": scenario.title,
                "title": title,
                "signed_by": answer.signed_by,
                "signed_at": answer.recorded_at,
            }
            for scenario, title, answer in signed_steps(launch)
        ],
    }
    parties: tuple[PartyName, ...] = ("program", "mobile_operator")
    for party in parties:
        _queue(connection, asked, party, "launch_live", context, now)


def _queue(
    connection: Connection,
    asked: Asked,
    party: PartyName,
    kind: str,
    context: Mapping[str, Any],
    now: datetime,
) -> None:
    launch, contacts = asked.launch, asked.policy.contacts
    recipients = _recipients(asked, party)
    queue_notice(
        connection,
        Notice(
            key=f"{launch.launch_id}:{kind}",
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
        ),
        sender=contacts.sender.email,
        now=now,
    )


def _recipients(asked: Asked, party: PartyName) -> tuple[Recipient, ...]:
    if party == "program":
        lists, name = asked.policy.contacts.mailing_lists, asked.policy.contacts.program_name
        return (Recipient(name=name, email=lists.launches, role="launches"),)
    return tuple(
        Recipient(name=c.name, email=c.email, role="launch_manager", slug=asked.launch.slug)
        for c in asked.mobile_operator.contacts_of("launch_manager")
    )
