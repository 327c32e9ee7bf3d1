"""How the program itself is reached, and who of it is on duty (E3, E5, O2, B1)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from include.mobile_plans.policy.values import FORBID_UNKNOWN, Email, Line, Phone, Zone


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsCentre:
    """Where High incidents and outages are told, by phone and mail (E5, O2)."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    name: Line
    phone: Phone
    email: Email


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A mailbox of the program with a name."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    name: Line
    email: Email


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingLists:
    """The program's own lists: announcements of launches, and SLA reports (L10, M4)."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    launches: Email
    reports: Email


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyPerson:
    """Somebody of the program who can be called and mailed."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    name: Line
    phone: Phone
    email: Email


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyRole:
    """A role of the program: its persons in the order they are asked, and their time zone."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    title: Line
    time_zone: Zone
    persons: Annotated[tuple[DutyPerson, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyRoster:
    """Every role of the program that acts."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    operations_centre: DutyRole
    mobile_plans_team: DutyRole
    launch_manager: DutyRole
    maintenance_coordinator: DutyRole
    platform: DutyRole


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPolicy:
    """
    How the program is reached and signs its mails, and who is on duty.

    Attributes:
        program_name: What mails call it.
        operations_centre: Where High incidents and outages are told.
        low_severity_desk: Where Low ones are.
        bug_desk: Where bugs are reported.
        mailing_lists: Who of the program is told what.
        sender: Whom mails come from.
        duty_roster: Who acts, by role.
        duty_paging: Whether duty persons are paged besides, over ``http_mobile_plans_pager``.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    program_name: Line
    operations_centre: OperationsCentre
    low_severity_desk: Desk
    bug_desk: Desk
    mailing_lists: MailingLists
    sender: Desk
    duty_roster: DutyRoster
    duty_paging: bool = False
