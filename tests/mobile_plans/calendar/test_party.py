"""Parties: their notation, their validation, their own days."""

import subprocess
import sys
from datetime import date, timedelta

import holidays
import pytest

from include.mobile_plans.calendar import Party, is_working_day, working_days
from include.mobile_plans.errors import BadInput

CHRISTMAS = date(2026, 12, 25)


@pytest.mark.parametrize("notation", ["US/America/Los_Angeles", "GB-ENG/Europe/London", "JP/UTC"])
def test_a_party_is_written_as_it_is_read(notation: str) -> None:
    """The notation of the command line survives the round trip."""
    assert str(Party.parse(notation)) == notation


def test_the_parts_of_a_party() -> None:
    """Country, region and zone are told apart although zones hold slashes too."""
    party = Party.parse(" US-CA/America/Argentina/Salta ")
    assert (party.country, party.region, party.zone) == ("US", "CA", "America/Argentina/Salta")
    assert party.calendar == "US-CA"


@pytest.mark.parametrize(
    ("notation", "problem"),
    [
        ("US", "is not COUNTRY[-REGION]/ZONE"),
        ("/Europe/London", "is not COUNTRY[-REGION]/ZONE"),
        ("US/", "is not COUNTRY[-REGION]/ZONE"),
        (
            "UK/Europe/London",
            "country 'UK' is unknown: use a two-letter ISO 3166 code; did you mean GB?",
        ),
        ("us/UTC", "did you mean US?"),
        ("Germany/Europe/Berlin", "did you mean DE?"),
        ("Untied Kingdom/Europe/London", "did you mean GB?"),
        ("QQ/UTC", "country 'QQ' is unknown: use a two-letter ISO 3166 code"),
        ("GB-EN/Europe/London", "allowed are ENG, NIR, SCT, WLS; did you mean ENG?"),
        ("JP-13/Asia/Tokyo", "the calendar of JP has no regions"),
        (
            "GB/Europe/Londn",
            "use an IANA zone such as Europe/London; did you mean Europe/London?",
        ),
        ("GB/europe/london", "did you mean Europe/London?"),
        ("GB/../etc/passwd", "zone '../etc/passwd' is unknown"),
        ("GB/Europe", "zone 'Europe' is unknown"),
    ],
)
def test_an_unknown_party_is_refused(notation: str, problem: str) -> None:
    """What is unknown is named with what is allowed, and the likeliest meaning is suggested."""
    with pytest.raises(BadInput) as refused:
        Party.parse(notation)
    assert problem in str(refused.value)


def test_every_problem_is_named_at_once() -> None:
    """Nobody repairs a party one error at a time."""
    day = date(2026, 7, 3)
    party = Party(
        country="UK",
        zone="London",
        extra_holidays=frozenset({day}),
        extra_working_days=frozenset({day}),
    )
    with pytest.raises(BadInput) as refused:
        party.validated()
    assert len(refused.value.problems) == 3
    assert "both an extra holiday and an extra working day" in refused.value.problems[-1]


def test_an_unknown_party_is_refused_at_its_first_question_too() -> None:
    """A party that was never validated gives no wrong answer."""
    with pytest.raises(BadInput, match="country 'QQ' is unknown"):
        is_working_day(CHRISTMAS, Party(country="QQ", zone="UTC"))
    with pytest.raises(BadInput, match="zone 'Nowhere' is unknown"):
        _ = Party(country="US", zone="Nowhere").zone_info


def test_a_partys_own_days() -> None:
    """Policy may add days off and working days to a calendar."""
    plain = Party(country="US", zone="UTC")
    own = Party(
        country="US",
        zone="UTC",
        extra_holidays=frozenset({date(2026, 11, 27)}),
        extra_working_days=frozenset({CHRISTMAS, date(2026, 11, 28)}),
    )
    days = [date(2026, 11, 27), date(2026, 11, 28), CHRISTMAS]
    assert [is_working_day(day, plain) for day in days] == [True, False, False]
    assert [is_working_day(day, own) for day in days] == [False, True, True]


@pytest.mark.parametrize(
    ("notation", "day", "works"),
    [
        ("AE/Asia/Dubai", date(2021, 6, 11), False),
        ("AE/Asia/Dubai", date(2021, 6, 13), True),
        ("AE/Asia/Dubai", date(2022, 6, 10), True),
        ("AE/Asia/Dubai", date(2022, 6, 12), False),
        ("SA/Asia/Riyadh", date(2012, 5, 10), False),
        ("SA/Asia/Riyadh", date(2014, 5, 8), True),
        ("CN/Asia/Shanghai", date(2026, 1, 4), True),
        ("CN/Asia/Shanghai", date(2026, 2, 14), True),
        ("CN/Asia/Shanghai", date(2026, 2, 28), True),
        ("CN/Asia/Shanghai", date(2026, 5, 9), True),
        ("CN/Asia/Shanghai", date(2026, 9, 20), True),
        ("CN/Asia/Shanghai", date(2026, 10, 10), True),
        ("CN/Asia/Shanghai", date(2026, 10, 17), False),
        ("GB-SCT/Europe/London", date(2026, 6, 15), False),
        ("GB-ENG/Europe/London", date(2026, 6, 15), True),
        ("US/America/New_York", date(2026, 11, 23), True),
        ("JP/Asia/Tokyo", date(2026, 11, 23), False),
    ],
)
def test_working_days_follow_history(notation: str, day: date, works: bool) -> None:  # noqa: FBT001 - a case
    """Weekends moved, Saturdays are worked in China, Scotland has a day of its own in 2026."""
    assert is_working_day(day, Party.parse(notation)) is works


@pytest.mark.parametrize("country", ["US", "GB", "JP", "CN", "AE", "SA", "KR", "BR", "ES", "NZ"])
def test_years_alone_know_what_the_library_knows(country: str) -> None:
    """A year held by itself misses no holiday that another year's rules move into it."""
    together = holidays.country_holidays(country, years=range(2019, 2030))
    party = Party(country=country, zone="UTC")
    first = date(2020, 1, 1)
    days = [first + timedelta(days=n) for n in range(9 * 365)]
    assert [is_working_day(day, party) for day in days] == [
        together.is_working_day(day) for day in days
    ]


def test_importing_the_calendar_is_cheap() -> None:
    """DAG files import this room, so the holiday library waits for the first question."""
    code = (
        "import sys, include.mobile_plans.calendar as room; "
        "party = room.Party(country='US', zone='UTC'); room.calendar_version(); "
        "sys.exit('holidays' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_holiday_names_do_not_follow_the_machines_language(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A deadline reads the same on every machine."""
    monkeypatch.setenv("LANGUAGE", "ja")
    working_days._calendar_of.cache_clear()
    assert working_days.holiday_names(date(2028, 11, 3), "JP", None) == ("Culture Day",)
