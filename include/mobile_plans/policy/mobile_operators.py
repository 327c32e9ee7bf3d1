"""
A mobile operator as typed data: what its YAML file says and its versions in the store keep.

Airflow owns the bare word operator, so ours is always called mobile operator.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from include.mobile_plans.iccid import IccidRange, parse_ranges
from include.mobile_plans.instants import require_utc
from include.mobile_plans.policy.expectations import Expectation
from include.mobile_plans.policy.scenarios import Scenario, SimKind
from include.mobile_plans.policy.validation import to_data
from include.mobile_plans.policy.values import (
    FORBID_UNKNOWN,
    Country,
    Email,
    HttpsUri,
    Instant,
    Language,
    Line,
    PartyCalendar,
    Phone,
    Prose,
    Slug,
)
from include.mobile_plans.store.types import canonical_json

State = Literal["draft", "live", "suspended", "withdrawn"]
ContactRole = Literal["operations", "incident", "launch_manager", "maintenance", "reports"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """One MO Direct portal; ``expectation`` replaces the one of monitoring policy."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    uri: HttpsUri
    expectation: Expectation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Portals:
    """The portals by environment; without a staging one, a launch skips the migration (L2)."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    production: Portal
    staging: Portal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """The name and logo the app shows."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    display_name: Line
    logo: HttpsUri | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredRange:
    """
    ICCIDs as the mobile operator registered them, in its own notation.

    Attributes:
        notation: One range or several, ``start-end; start-end``.
        length: Digits of the full number, 18 to 20, registered and never guessed.
        has_check_digit: Whether the last digit is a Luhn digit, registered and never guessed.
        valid_from: From when on its cards exist, or always.
        valid_to: Until when, or for good.
        ticket: The request that registered it.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    notation: Prose
    length: Annotated[int, Field(ge=18, le=20)]
    has_check_digit: bool
    valid_from: Instant | None = None
    valid_to: Instant | None = None
    ticket: Line | None = None

    @property
    def ranges(self) -> tuple[IccidRange, ...]:
        """
        The ranges it names.

        Raises:
            BadInput: The notation names none; never so in a record, which was checked.
        """
        return _ranges(self.notation, self.length, self.has_check_digit)

    def is_valid_at(self, instant: datetime) -> bool:
        """Tell whether its cards exist at an instant; the end does not belong to it."""
        begun = self.valid_from is None or self.valid_from <= instant
        return begun and (self.valid_to is None or instant < self.valid_to)


@lru_cache(maxsize=20_000)
def _ranges(notation: str, length: int, has_check_digit: bool) -> tuple[IccidRange, ...]:  # noqa: FBT001 - a cache key
    return parse_ranges(notation, length=length, has_check_digit=has_check_digit)


@dataclass(frozen=True, slots=True, kw_only=True)
class IccidRanges:
    """
    The ranges by purpose (L3, L4).

    Attributes:
        production: The full production range.
        test: A true subset of it for end-to-end validation; empty where the full range is used.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    production: Annotated[tuple[RegisteredRange, ...], Field(min_length=1)]
    test: tuple[RegisteredRange, ...] = ()

    def at(
        self, purpose: Literal["production", "test"], instant: datetime
    ) -> tuple[IccidRange, ...]:
        """
        Return the ranges of a purpose that are valid at an instant.

        Raises:
            NaiveDatetime: The instant has no time zone.
        """
        instant = require_utc(instant)
        registered = self.production if purpose == "production" else self.test
        return tuple(
            one for entry in registered if entry.is_valid_at(instant) for one in entry.ranges
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person or desk of the mobile operator; ``languages`` are those it can be called in."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    name: Line
    email: Email
    phone: Phone | None = None
    languages: tuple[Language, ...] = ()


Contacts = Annotated[tuple[Contact, ...], Field(min_length=1, max_length=20)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactsByRole:
    """The contacts of each role, in the order they are tried."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    operations: Contacts
    incident: Contacts
    launch_manager: Contacts
    maintenance: Contacts
    reports: Contacts


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportContact:
    """Where customers get support: the mobile operator alone is responsible for it (C1)."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    name: Line
    phone: Phone | None = None
    email: Email | None = None
    website: HttpsUri | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class XdrFeed:
    """
    A feed of detail records and how it differs from the feed contract (X1).

    Attributes:
        feed: Call, subscription or transaction detail records.
        cadence: The period of one file.
        format: How its files are written.
        manifest: Whether a manifest comes with each file.
        delimiter: Between the columns of CSV.
        time_zone: In which its times are, where they carry no offset.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    feed: Literal["CDR", "SDR", "TDR"]
    cadence: Literal["PT1H", "P1D"]
    format: Literal["csv.gz", "parquet"] = "csv.gz"
    manifest: bool = True
    delimiter: Literal[",", ";", "|", "\t"] = ","
    time_zone: Line = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringFlags:
    """Whether the portal is probed while the mobile operator is live; off needs a reason."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    probed: bool = True
    reason: Line | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileOperator:
    """
    Everything the program knows of a mobile operator.

    Attributes:
        slug: What names it everywhere.
        state: Draft until its launch ends; changed by launches and decisions, not by import.
        name: What people call it.
        legal_name: As contracts name it.
        other_names: Further names it is known by.
        countries: Where it offers Mobile Plans.
        sim_kinds: What it offers; the scenarios that apply follow from it (L8).
        language: In which it is written to.
        report_frequency: How often it gets its SLA report (M4).
        brand: What the app shows.
        portals: By environment.
        notification_uri: Where it takes notifications of the Mobile Plans services.
        iccid_ranges: By purpose.
        contacts: By role.
        customer_support: Where customers get support (C1).
        calendar: Whose working days count for it.
        xdr_feeds: The feeds it delivers.
        scenarios: End-to-end scenarios it adds to the program's (L8).
        monitoring: Whether it is probed.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    slug: Slug
    state: State = "draft"
    name: Line
    legal_name: Line
    other_names: tuple[Line, ...] = ()
    countries: Annotated[tuple[Country, ...], Field(min_length=1)]
    sim_kinds: Annotated[tuple[SimKind, ...], Field(min_length=1)]
    language: Language
    report_frequency: Literal["daily", "monthly"]
    brand: Brand
    portals: Portals
    notification_uri: HttpsUri
    iccid_ranges: IccidRanges
    contacts: ContactsByRole
    customer_support: SupportContact
    calendar: PartyCalendar
    xdr_feeds: tuple[XdrFeed, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    monitoring: MonitoringFlags = MonitoringFlags()

    def contacts_of(self, role: ContactRole) -> tuple[Contact, ...]:
        """Return the contacts of a role in order."""
        contacts: tuple[Contact, ...] = getattr(self.contacts, role)
        return contacts


def document_of(mobile_operator: MobileOperator) -> dict[str, Any]:
    """Write a mobile operator as the JSON document its versions keep."""
    document: dict[str, Any] = to_data(MobileOperator, mobile_operator)
    return document


def document_hash(document: dict[str, Any]) -> str:
    """SHA-256 over the canonical form of a document: equal exactly for equal documents."""
    return sha256(canonical_json(document).encode()).hexdigest()
