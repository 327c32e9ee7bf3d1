"""
The words policy and records are made of: durations, shares, addresses, and who may contain what.

Two kinds of time are two types: ``PT1H`` is elapsed, ``{business_days: 1}`` is counted on a
calendar; a bare number is neither. Text that ends in mails holds no line breaks.
"""

import contextlib
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, ClassVar
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

import phonenumbers
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)

from include.mobile_plans.calendar import Party
from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import parse_instant

FORBID_UNKNOWN = {"extra": "forbid"}
"""What every policy class carries as ``__pydantic_config__``."""
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")
LOOPBACK_VARIABLE = "MOBILE_PLANS_ALLOW_LOOPBACK_PORTALS"
MOST_BUSINESS_DAYS = 250
"""A year of them; more is a typing error."""
_ANY_DURATION = TypeAdapter(timedelta)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessDays:
    """
    A period counted in working days of a calendar, another type than elapsed time.

    Attributes:
        business_days: How many, from 1.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    business_days: Annotated[int, Field(ge=1, le=MOST_BUSINESS_DAYS)]


def _one_line(text: str) -> str:
    if _CONTROL.search(text):
        msg = "must be one line, without control characters"
        raise ValueError(msg)
    if text != text.strip() or not text:
        msg = "must not be empty, nor begin or end with blanks"
        raise ValueError(msg)
    return text


def _duration(value: object) -> timedelta:
    duration = elapsed(value)
    if duration is None:
        msg = (
            f"{value!r} is not a duration: write elapsed time as ISO 8601 text, "
            "such as PT30S, PT1H or P7D"
        )
        raise ValueError(msg)
    if duration <= timedelta(0):
        msg = f"{value} must be longer than nothing"
        raise ValueError(msg)
    return duration


def _period(value: object) -> timedelta | BusinessDays:
    if isinstance(value, BusinessDays):
        return value
    if isinstance(value, dict) and set(value) == {"business_days"}:
        days = value["business_days"]
        if type(days) is int and 1 <= days <= MOST_BUSINESS_DAYS:
            return BusinessDays(business_days=days)
    duration = elapsed(value)
    if duration is None or duration <= timedelta(0):
        msg = (
            f"{value!r} is not a period: write elapsed time as PT1H, or working days as "
            f"{{business_days: 1}} with 1 to {MOST_BUSINESS_DAYS} of them"
        )
        raise ValueError(msg)
    return duration


def elapsed(value: object) -> timedelta | None:
    """Read ISO 8601 text; a bare number is no duration."""
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not value.startswith("P"):
        return None
    try:
        return _ANY_DURATION.validate_python(value)
    except ValidationError:
        return None


def _instant(value: Any) -> datetime:
    if isinstance(value, datetime):
        value = value.isoformat()
    if not isinstance(value, str):
        msg = f"{value!r} is not text: write an ISO 8601 time such as 2026-12-01T10:00:00Z"
        raise ValueError(msg)  # noqa: TRY004 - pydantic collects ValueError only
    try:
        return parse_instant(value, "the time")
    except BadInput as error:
        raise ValueError(str(error)) from None


def _day(value: object) -> date:
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        with contextlib.suppress(ValueError):
            return date.fromisoformat(value)
    msg = f"{value!r} is not a date: write it as 2026-12-01"
    raise ValueError(msg)


def _email(text: str) -> str:
    if len(text) > 254 or not _EMAIL.fullmatch(text):  # noqa: PLR2004 - RFC 5321's longest path
        msg = f"{text!r} is not an e-mail address such as noc@contoso.example"
        raise ValueError(msg)
    return text


def _phone(text: str) -> str:
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not text.startswith("+") or not phonenumbers.is_possible_number(number):
        msg = (
            f"{text!r} is not a telephone number: write it with + and the country, "
            "such as +1 425 555 0100"
        )
        raise ValueError(msg)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _country(text: str) -> str:
    if text not in phonenumbers.SUPPORTED_REGIONS:
        msg = f"{text!r} is not a country: write its two-letter ISO 3166 code, such as US or SA"
        raise ValueError(msg)
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        msg = f"{text!r} is not a time zone: write an IANA name such as Europe/London"
        raise ValueError(msg) from None
    return text


def _split(uri: str) -> SplitResult:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        msg = f"{uri!r} is not a URI such as https://portal.contoso.example/"
        raise ValueError(msg) from None
    return parts


def _https_uri(uri: str, info: ValidationInfo) -> str:
    parts = _split(uri)
    loopback = parts.hostname in LOOPBACK_HOSTS
    if loopback and parts.scheme == "https" and (info.context or {}).get("allow_loopback"):
        return uri
    faults = [
        fault
        for fault, is_so in (
            ("is not https", parts.scheme != "https"),
            ("carries a port", parts.port is not None),
            ("carries a user name", parts.username is not None or "@" in parts.netloc),
            ("carries a fragment", bool(parts.fragment)),
            (f"names this machine (only in development, with {LOOPBACK_VARIABLE}=1)", loopback),
            ("has no public host name", not loopback and not _HOST.fullmatch(parts.hostname or "")),
            ("holds blanks or control characters", bool(re.search(r"[\s\x00-\x1f]", uri))),
        )
        if is_so
    ]
    if faults:
        msg = (
            f"{uri} {' and '.join(faults)}: allowed is https, without port and user name, "
            "such as https://portal.contoso.example/"
        )
        raise ValueError(msg)
    return uri


Line = Annotated[str, StringConstraints(max_length=200), AfterValidator(_one_line)]
"""One line of text that may stand in a subject or a table."""
Prose = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
"""Text of several sentences."""
Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""Elapsed time, longer than nothing."""
Period = Annotated[timedelta | BusinessDays, BeforeValidator(_period)]
"""Elapsed time or working days."""
Instant = Annotated[datetime, BeforeValidator(_instant)]
"""A point in time, aware UTC."""
Day = Annotated[date, BeforeValidator(_day)]
"""A calendar day."""
Share = Annotated[float, Field(gt=0, le=1)]
"""A part of a whole, above 0 and at most 1."""
Count = Annotated[int, Field(ge=1)]
Email = Annotated[str, AfterValidator(_email)]
Phone = Annotated[str, AfterValidator(_phone)]
"""A telephone number, kept in E.164."""
Country = Annotated[str, AfterValidator(_country)]
Zone = Annotated[str, AfterValidator(_zone)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
HttpsUri = Annotated[str, AfterValidator(_https_uri)]
"""An https address without port and user name; loopback only under the development switch."""
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
"""A name inside policy, such as of a gate or a step."""
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{2,32}$")]
"""What names a mobile operator everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyCalendar:
    """
    Whose working days count: the calendar of one party, as policy writes it.

    Attributes:
        country: Two-letter ISO 3166 code.
        region: A region of that country as the ``holidays`` library names it, or None.
        zone: IANA time zone of its people.
        extra_holidays: Days off that only this party has.
        extra_working_days: Days it works although its calendar has them off.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    country: Country
    region: Line | None = None
    zone: Zone
    extra_holidays: tuple[Day, ...] = ()
    extra_working_days: tuple[Day, ...] = ()

    @property
    def party(self) -> Party:
        """The same as the calendar room knows it."""
        return Party(
            country=self.country,
            region=self.region,
            zone=self.zone,
            extra_holidays=frozenset(self.extra_holidays),
            extra_working_days=frozenset(self.extra_working_days),
        )
