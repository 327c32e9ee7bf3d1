"""What the mails, questions and pages of an incident are about, read from the store at once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from include.mobile_plans.incidents.records import find_incident
from include.mobile_plans.incidents.state import Incident, Service
from include.mobile_plans.notices import Recipient
from include.mobile_plans.obligations import Obligation, list_obligations
from include.mobile_plans.policy import (
    ContactRole,
    MobileOperator,
    PartyName,
    ProgramPolicy,
    mobile_operator_in_force,
    program_policy,
)

SERVICES: dict[Service, str] = {
    "core_network": "Core Network Services",
    "walled_garden": "walled garden",
    "portal": "MO Direct portal",
    "xdr": "detail records (CDR, SDR, TDR)",
    "network": "network of the program",
    "mobile_plans": "Mobile Plans services",
    "store": "Store",
    "customer_support": "customer support",
    "other": "another service, or a question",
}
"""What can be hit, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """
    An incident with everything around it.

    Attributes:
        incident: As it stands.
        mobile_operator: Its record in force; None for a parent of many.
        policy: The program's policy in force.
        promises: Every promise of it, in the order their time began.
        now: The instant it was read at.
    """

    incident: Incident
    mobile_operator: MobileOperator | None
    policy: ProgramPolicy
    promises: tuple[Obligation, ...]
    now: datetime

    def name_of(self, party: PartyName) -> str:
        """Return the name of a party."""
        if party == "program":
            return self.policy.contacts.program_name
        return self.mobile_operator.name if self.mobile_operator else "several mobile operators"

    @property
    def name(self) -> str:
        """Whose incident it is."""
        return self.name_of("mobile_operator")

    @property
    def service(self) -> str:
        """What is hit, in words."""
        return SERVICES[self.incident.opening.service]

    def zone_of(self, party: PartyName) -> str:
        """Return the time zone of a party."""
        record = self.mobile_operator if party == "mobile_operator" else None
        return (record.calendar if record else self.policy.calendars.program).zone

    @property
    def running(self) -> list[Obligation]:
        """The promises that are still owed, soonest due first."""
        owed = [one for one in self.promises if not one.is_closed]
        return sorted(owed, key=lambda one: one.due_at)

    @property
    def notice_due(self) -> datetime | None:
        """When the mobile operator must have been told by telephone and mail, while it is owed."""
        due = [one.due_at for one in self.running if one.promise.kind == "outage_notice"]
        return due[0] if due and self.incident.opening.told_by == "program" else None

    @property
    def reach_us(self) -> str:
        """How the mobile operator reaches us: High by telephone, Low by mail (E3 to E5)."""
        contacts = self.policy.contacts
        centre, desk = contacts.operations_centre, contacts.low_severity_desk
        if self.incident.severity == "low":
            return f"write to {desk.name}, {desk.email},"
        return f"call {centre.name} at {centre.phone}"

    def recipients(self, party: PartyName) -> tuple[Recipient, ...]:
        """Return whom of a party mails go to: the first, and who follows where it is refused."""
        high = self.incident.severity != "low"
        if party == "program":
            contacts = self.policy.contacts
            desk = contacts.operations_centre if high else contacts.low_severity_desk
            return (Recipient(name=desk.name, email=desk.email, role="program.incident_desk"),)
        role: ContactRole = "incident" if high else "operations"
        return tuple(
            Recipient(
                name=contact.name,
                email=contact.email,
                role=f"mobile_operator.{role}",
                slug=self.incident.slug,
            )
            for contact in (self.mobile_operator.contacts_of(role) if self.mobile_operator else ())
        )


def about(connection: Connection, incident: Incident, now: datetime) -> About:
    """Read what is around an incident."""
    slug = incident.slug
    record = None if slug is None else mobile_operator_in_force(connection, slug, now)
    promises = list_obligations(connection, subject=incident.stream)
    return About(
        incident=incident,
        mobile_operator=record.mobile_operator if record else None,
        policy=program_policy(),
        promises=tuple(sorted(promises, key=lambda one: (one.promise.since, one.key))),
        now=now,
    )


def about_id(connection: Connection, incident_id: str, now: datetime) -> About:
    """
    Read an incident and what is around it.

    Raises:
        NotFound: There is none of that number.
    """
    return about(connection, find_incident(connection, incident_id), now)
