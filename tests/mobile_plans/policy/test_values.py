"""The words of policy: each accepts its own form only, and says what that is."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

import pytest

from include.mobile_plans.errors import BadInput
from include.mobile_plans.policy.validation import to_data, validated
from include.mobile_plans.policy.values import (
    BusinessDays,
    Country,
    Day,
    Duration,
    Email,
    HttpsUri,
    Instant,
    Language,
    Line,
    PartyCalendar,
    Period,
    Phone,
    Share,
    Slug,
    Zone,
)
from tests.mobile_plans.policy.examples import document


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """One field of each kind."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    line: Line | None = None
    duration: Duration | None = None
    period: Period | None = None
    instant: Instant | None = None
    day: Day | None = None
    share: Share | None = None
    email: Email | None = None
    phone: Phone | None = None
    country: Country | None = None
    zone: Zone | None = None
    language: Language | None = None
    uri: HttpsUri | None = None
    slug: Slug | None = None
    calendar: PartyCalendar | None = None


def read(field: str, value: object, *, allow_loopback: bool = False) -> Any:
    found = validated(
        Everything, document({field: value}), context={"allow_loopback": allow_loopback}
    )
    return getattr(found, field)


@pytest.mark.parametrize(
    ("field", "written", "meant"),
    [
        ("duration", "PT0.4S", timedelta(milliseconds=400)),
        ("duration", "P7D", timedelta(days=7)),
        ("period", "PT1H", timedelta(hours=1)),
        ("period", {"business_days": 1}, BusinessDays(business_days=1)),
        ("instant", "2026-12-01T11:00:00+01:00", datetime(2026, 12, 1, 10, tzinfo=UTC)),
        ("day", "2026-12-01", date(2026, 12, 1)),
        ("share", 1, 1.0),
        ("email", "o'neil+noc@mail.contoso.example", "o'neil+noc@mail.contoso.example"),
        ("phone", "+1 (425) 538-9336", "+14255389336"),
        ("phone", "+88247 1234567", "+882471234567"),
        ("country", "SA", "SA"),
        ("zone", "Asia/Riyadh", "Asia/Riyadh"),
        ("language", "en-GB", "en-GB"),
        ("uri", "https://portal.contoso.example/a?b=c", "https://portal.contoso.example/a?b=c"),
        ("slug", "contoso-2", "contoso-2"),
    ],
)
def test_each_form_is_read(field: str, written: object, meant: object) -> None:
    """What is allowed is read as what it means, and writing it reads back the same."""
    assert read(field, written) == meant
    data = to_data(Everything, Everything(**{field: meant}))
    assert read(field, data[field]) == meant


@pytest.mark.parametrize(
    ("field", "written", "words"),
    [
        ("duration", 30, "30 is not a duration: write elapsed time as ISO 8601 text"),
        ("duration", "30", "'30' is not a duration"),
        ("duration", "00:30:00", "is not a duration"),
        ("duration", "P1X", "'P1X' is not a duration"),
        ("duration", "PT0S", "must be longer than nothing"),
        ("duration", {"business_days": 1}, "is not a duration"),
        ("period", 1, "1 is not a period"),
        ("period", {"business_days": "1"}, "is not a period"),
        ("period", {"business_days": True}, "is not a period"),
        ("period", {"business_days": 0}, "with 1 to 250 of them"),
        ("period", "-PT1H", "is not a period"),
        ("instant", "2026-12-01T10:00:00", "has no time zone"),
        ("instant", "tomorrow", "is not an ISO 8601 time"),
        ("instant", 1764583200, "is not text"),
        ("day", "1.12.2026", "is not a date: write it as 2026-12-01"),
        ("day", "2026-02-30", "is not a date"),
        ("day", 20261201, "is not a date"),
        ("share", 0, "must be more than 0"),
        ("share", 99.9, "must be at most 1.0, not 99.9"),
        ("share", "0.9", 'must be a number, not "0.9"'),
        ("email", "noc@contoso", "is not an e-mail address such as"),
        ("email", "noc@contoso.example\nBcc: x@y.example", "is not an e-mail address"),
        ("email", "a@b.example,c@d.example", "is not an e-mail address"),
        ("email", "x" * 250 + "@b.example", "is not an e-mail address"),
        ("phone", "425 538 9336", "write it with + and the country"),
        ("phone", "+1 12", "is not a telephone number"),
        ("phone", 14255389336, "must be text: put a number in quotes"),
        ("country", "UK", "'UK' is not a country"),
        ("zone", "Riyadh", "'Riyadh' is not a time zone"),
        ("language", "english", "does not have the form"),
        ("slug", "Contoso_Mobile", "does not have the form"),
        ("line", "two\nlines", "must be one line, without control characters"),
        ("line", "a\u2028b", "must be one line"),
        ("line", " ", "must not be empty"),
        ("line", "x" * 201, "must have at most 200 characters"),
    ],
)
def test_each_other_form_is_refused(field: str, written: object, words: str) -> None:
    """A bare number as a duration, a header in an address: refused with what is allowed."""
    with pytest.raises(BadInput) as refused:
        read(field, written)
    assert str(refused.value).startswith(f"test.yaml: {field}")
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("http://portal.contoso.example/", "is not https"),
        ("https://portal.contoso.example:8443/", "carries a port"),
        ("https://user:secret@portal.contoso.example/", "carries a user name"),
        ("https://portal.contoso.example/#x", "carries a fragment"),
        ("https://localhost:8843/contoso/", "carries a port and names this machine"),
        ("https://localhost/contoso/", "only in development, with MOBILE_PLANS_ALLOW_LOOPBACK"),
        ("https://contoso/", "has no public host name"),
        ("https://10.0.0.1/", "has no public host name"),
        ("https://portal.contoso.example/a b", "holds blanks"),
        ("portal.contoso.example", "is not https"),
        ("https://[::1", "is not a URI"),
        ("https://portal.contoso.example:99999/", "is not a URI"),
    ],
)
def test_a_portal_is_https_without_port_and_user(uri: str, words: str) -> None:
    """Any other address is refused, and the error says what is allowed."""
    with pytest.raises(BadInput) as refused:
        read("uri", uri)
    assert words in str(refused.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_a_portal_on_this_machine_needs_the_development_switch(host: str) -> None:
    """With the switch a loopback address may carry a port, but is still https."""
    uri = f"https://{host}:8843/contoso/"
    assert read("uri", uri, allow_loopback=True) == uri
    with pytest.raises(BadInput, match="is not https"):
        read("uri", f"http://{host}:8843/", allow_loopback=True)
    with pytest.raises(BadInput, match="carries a port"):
        read("uri", "https://portal.contoso.example:8843/", allow_loopback=True)


def test_a_calendar_becomes_a_party() -> None:
    """The calendar of policy is the one the calendar room counts with."""
    data = {"country": "DE", "region": "BE", "zone": "Europe/Berlin"}
    calendar = read("calendar", data | {"extra_holidays": ["2026-12-24"]})
    assert str(calendar.party) == "DE-BE/Europe/Berlin"
    assert calendar.party.extra_holidays == {date(2026, 12, 24)}
