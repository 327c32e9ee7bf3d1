"""Deadlines in business days: every vector of the domain notes, then the properties."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from include.mobile_plans.calendar import (
    Party,
    after_business_days,
    business_days_of_notice,
    calendar_version,
    deadline,
    is_working_day,
)
from include.mobile_plans.errors import BadInput, NaiveDatetime
from tests.mobile_plans.calendar.samples import (
    PARTIES,
    business_days,
    instants,
    parties,
    party_lists,
)

FIVE = 5
ONE_DAY = timedelta(days=1)
LOS_ANGELES = Party(country="US", zone="America/Los_Angeles")
LONDON = Party(country="GB", region="ENG", zone="Europe/London")
TOKYO = Party(country="JP", zone="Asia/Tokyo")
NEW_YEAR = {"2026-12-25", "2027-01-01"}
GOLDEN_WEEK = {"2026-04-29", "2026-05-04", "2026-05-05", "2026-05-06"}

VECTORS = [
    ("US", "2026-12-01", "2026-11-23", {"2026-11-26"}),
    ("US", "2026-11-29", "2026-11-20", {"2026-11-26"}),
    ("US", "2026-11-26", "2026-11-19", set()),
    ("US", "2027-01-04", "2026-12-24", NEW_YEAR),
    ("US GB-ENG", "2027-01-04", "2026-12-23", {*NEW_YEAR, "2026-12-28"}),
    ("US GB-SCT", "2027-01-05", "2026-12-23", {*NEW_YEAR, "2026-12-28", "2027-01-04"}),
    ("GB-ENG", "2026-05-26", "2026-05-18", {"2026-05-25"}),
    ("GB-ENG", "2026-04-07", "2026-03-27", {"2026-04-03", "2026-04-06"}),
    ("JP", "2026-05-08", "2026-04-27", GOLDEN_WEEK),
    ("US JP", "2026-05-08", "2026-04-27", GOLDEN_WEEK),
    ("JP", "2026-09-25", "2026-09-15", {"2026-09-21", "2026-09-22", "2026-09-23"}),
    ("SA", "2026-12-06", "2026-11-29", set()),
    ("SA US", "2026-12-07", "2026-11-25", {"2026-11-26"}),
    ("AE", "2026-12-07", "2026-11-26", {"2026-12-02", "2026-12-03"}),
    ("AE", "2021-06-13", "2021-06-06", set()),
    ("US", "2026-08-15", "2026-08-10", set()),
    ("US", "2026-08-17", "2026-08-10", set()),
]
"""Calendars, date of the event, latest date of the notice, holidays passed over."""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("calendars", "event", "latest", "skipped"),
    VECTORS,
    ids=[f"{row[0]} {row[1]}" for row in VECTORS],
)
def test_five_business_days_before(
    calendars: str, event: str, latest: str, skipped: set[str]
) -> None:
    """P1, P2: a notice is due five business days before the event, at the event's local time."""
    both = [Party.parse(f"{name}/UTC") for name in calendars.split()]
    found = deadline(utc(f"{event}T12:34:56"), FIVE, both)
    assert found.instant == utc(f"{latest}T12:34:56")
    assert found.counted[0] == date.fromisoformat(latest)
    assert len(found.counted) == FIVE
    assert list(found.counted) == sorted(found.counted)
    assert {day.date.isoformat() for day in found.skipped} == skipped


@pytest.mark.parametrize(
    ("party", "expected"),
    [
        (LOS_ANGELES, "2026-11-03T02:00:00"),
        (LONDON, "2026-11-02T02:00:00"),
        (TOKYO, "2026-10-30T02:00:00"),
    ],
    ids=str,
)
def test_each_zone_has_its_own_deadline(party: Party, expected: str) -> None:
    """P1: one event is another local date elsewhere, so its deadline is another instant."""
    found = deadline(utc("2026-11-09T02:00:00"), FIVE, [party])
    assert found.instant == utc(expected)
    assert found.zone == party.zone


def test_the_earliest_zone_decides() -> None:
    """P1: computed once in each party's zone, the earlier of the two instants is the deadline."""
    event = utc("2026-11-09T02:00:00")
    found = deadline(event, FIVE, [LOS_ANGELES, TOKYO])
    assert found.zone == "Asia/Tokyo"
    assert found.instant == utc("2026-10-30T02:00:00")
    assert [day.names for day in found.skipped] == [("Culture Day (JP)",)]
    assert found == deadline(event, FIVE, [TOKYO, LOS_ANGELES])


def test_the_result_says_how_it_was_counted() -> None:
    """P1: the counted days, the holidays passed over by name, and the library's version."""
    found = deadline(utc("2026-12-01T10:00:00"), FIVE, [LOS_ANGELES, LONDON])
    assert [day.day for day in found.counted] == [23, 24, 25, 27, 30]
    assert [(day.date, day.names) for day in found.skipped] == [
        (date(2026, 11, 26), ("Thanksgiving Day (US)",))
    ]
    assert found.calendar_version == calendar_version() == "holidays 0.109"


def test_a_holiday_of_both_is_named_for_both() -> None:
    """P1: nobody has to guess whose holiday moved a deadline."""
    found = deadline(utc("2026-12-28T10:00:00"), 1, [LOS_ANGELES, LONDON])
    assert found.skipped[-1].names == ("Christmas Day (US)", "Christmas Day (GB-ENG)")


def test_one_calendar_is_named_once() -> None:
    """P1: two zones of one country have the same holiday."""
    two_zones = [LOS_ANGELES, Party(country="US", zone="America/New_York")]
    found = deadline(utc("2026-12-28T10:00:00"), 1, two_zones)
    assert found.skipped[-1].names == ("Christmas Day (US)",)


def test_the_wall_clock_is_kept_when_clocks_change() -> None:
    """P1: 09:30 stays 09:30, so five business days may be 167 hours."""
    event = datetime(2026, 3, 13, 9, 30, tzinfo=ZoneInfo("America/Los_Angeles"))
    found = deadline(event, FIVE, [LOS_ANGELES])
    assert found.instant == utc("2026-03-06T17:30:00")
    assert event - found.instant == timedelta(hours=167)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("2026-03-09T02:30:00-07:00", "2026-03-08T02:30:00-08:00"),
        ("2026-11-02T01:30:00-08:00", "2026-11-01T01:30:00-07:00"),
    ],
    ids=["a time that does not exist", "a time that exists twice"],
)
def test_awkward_times_take_the_earlier_reading(event: str, expected: str) -> None:
    """P1: a missing or doubled wall-clock time is read with the offset before the change."""
    works_sundays = Party(
        country="US",
        zone="America/Los_Angeles",
        extra_working_days=frozenset({date(2026, 3, 8), date(2026, 11, 1)}),
    )
    found = deadline(datetime.fromisoformat(event), 1, [works_sundays])
    assert found.instant == datetime.fromisoformat(expected)


def test_the_second_reading_of_a_doubled_event_is_not_carried_over() -> None:
    """P1: an event in the doubled hour is due at its wall-clock time, whichever pass it is in."""
    first, second = utc("2026-11-01T08:30:00"), utc("2026-11-01T09:30:00")
    assert deadline(first, 1, [LOS_ANGELES]) == deadline(second, 1, [LOS_ANGELES])


def test_a_doubled_event_may_be_due_at_a_time_that_does_not_exist() -> None:
    """P1: even months apart, the missing time is read with the offset before its own change."""
    changes_on = date(2026, 3, 29)
    party = Party(country="GB", zone="Europe/London", extra_working_days=frozenset({changes_on}))
    second_pass = utc("2026-10-25T01:30:00")
    days = business_days_of_notice(utc("2026-03-29T00:30:00"), second_pass, [party])
    found = deadline(second_pass, days, [party])
    assert found.counted[0] == changes_on
    assert found.instant == utc("2026-03-29T01:30:00")


def test_a_weekend_event_is_later_due_than_the_monday_after_it() -> None:
    """P1: the rule keeps the event's own time of day, so it is not monotonic over a weekend."""
    saturday, monday = utc("2026-08-15T18:00:00"), utc("2026-08-17T09:00:00")
    party = Party(country="US", zone="UTC")
    assert deadline(saturday, FIVE, [party]).instant == utc("2026-08-10T18:00:00")
    assert deadline(monday, FIVE, [party]).instant == utc("2026-08-10T09:00:00")


@pytest.mark.parametrize(
    ("since", "party", "expected"),
    [
        ("2026-11-23T17:00:00", LONDON, "2026-11-24T17:00:00"),
        ("2026-11-20T17:00:00", LONDON, "2026-11-23T17:00:00"),
        ("2026-11-21T03:00:00", LONDON, "2026-11-23T03:00:00"),
        ("2026-11-25T20:00:00", LOS_ANGELES, "2026-11-27T20:00:00"),
        ("2026-11-20T01:00:00", TOKYO, "2026-11-24T01:00:00"),
        ("2026-03-06T18:00:00", LOS_ANGELES, "2026-03-09T17:00:00"),
    ],
    ids=["weekday", "friday", "saturday", "thanksgiving", "Labour Thanksgiving", "clocks change"],
)
def test_one_business_day_later(since: str, party: Party, expected: str) -> None:
    """E4: within one business day is the same local time on the owing party's next working day."""
    assert after_business_days(utc(since), 1, party).instant == utc(expected)


def test_forward_counts_are_told_like_backward_ones() -> None:
    """E3: the days counted ahead and the holidays passed over are named, earliest first."""
    found = after_business_days(utc("2026-12-23T12:00:00"), 2, LONDON)
    assert found.counted == (date(2026, 12, 24), date(2026, 12, 29))
    assert [day.names for day in found.skipped] == [
        ("Christmas Day (GB-ENG)",),
        ("Boxing Day (observed) (GB-ENG)",),
    ]


@given(instants, business_days, party_lists)
def test_more_days_are_earlier(event: datetime, days: int, both: list[Party]) -> None:
    """P1: each further business day moves the deadline back, and all lie before the event."""
    later, earlier = (deadline(event, n, both).instant for n in (days, days + 1))
    assert earlier < later < event


@given(instants, business_days, party_lists)
def test_a_later_date_is_never_due_earlier(event: datetime, days: int, both: list[Party]) -> None:
    """P1: moving an event to the next local date never moves the date of its deadline back."""
    zone = both[0].zone
    in_one_zone = [Party(country=one.country, region=one.region, zone=zone) for one in both]
    first, second = event.astimezone(ZoneInfo(zone)), event.astimezone(ZoneInfo(zone)) + ONE_DAY
    due_first, due_second = (deadline(one, days, in_one_zone) for one in (first, second))
    assert due_first.counted[0] <= due_second.counted[0]


@given(instants, business_days, party_lists, parties)
def test_another_party_never_makes_it_later(
    event: datetime, days: int, both: list[Party], third: Party
) -> None:
    """P1: whoever else must be told, the deadline can only come earlier."""
    alone, together = deadline(event, days, both), deadline(event, days, [*both, third])
    assert together.instant <= alone.instant


@given(instants, business_days, party_lists)
def test_the_deadline_shows_the_events_local_time(
    event: datetime, days: int, both: list[Party]
) -> None:
    """P1: in the zone that decided, notice and event show one time, whatever the clocks did."""
    found = deadline(event, days, both)
    zone = ZoneInfo(found.zone)
    wall, shown = event.astimezone(zone), found.instant.astimezone(zone)
    kept = wall.replace(year=shown.year, month=shown.month, day=shown.day, fold=0)
    assert found.instant == kept.astimezone(UTC)
    assert shown.date() == found.counted[0]
    assert len(found.counted) == days
    assert all(is_working_day(day, party) for day in found.counted for party in both)


@given(instants, business_days, parties)
def test_later_starts_are_due_later_by_date(since: datetime, days: int, party: Party) -> None:
    """E4: an answer is due after its period starts, further days later."""
    first, second = (after_business_days(since, n, party).instant for n in (days, days + 1))
    assert since < first < second


@pytest.mark.parametrize("days", [0, -1, 1001])
def test_absurd_numbers_of_days_are_refused(days: int) -> None:
    """A number of business days below 1 or of many years is a mistake."""
    event = utc("2026-12-01T10:00:00")
    with pytest.raises(BadInput, match="business days are not allowed: 1 to 1000"):
        deadline(event, days, [LONDON])
    with pytest.raises(BadInput, match="business days are not allowed: 1 to 1000"):
        after_business_days(event, days, LONDON)


def test_naive_instants_are_refused() -> None:
    """A time without a zone could be several instants."""
    naive = datetime(2026, 12, 1, 10)  # noqa: DTZ001 - that is the point
    with pytest.raises(NaiveDatetime, match="the event"):
        deadline(naive, FIVE, [LONDON])
    with pytest.raises(NaiveDatetime, match="the start"):
        after_business_days(naive, FIVE, LONDON)


def test_somebody_must_count() -> None:
    """A deadline in business days needs at least one calendar."""
    with pytest.raises(BadInput, match="no party is given"):
        deadline(utc("2026-12-01T10:00:00"), FIVE, [])


@pytest.mark.parametrize(
    "event", ["0001-01-01T00:00:00", "1850-06-01T10:00:00", "2200-06-01T10:00:00"]
)
def test_years_without_a_calendar_are_refused(event: str) -> None:
    """Beyond what is known about working days there is no silent guess."""
    with pytest.raises(BadInput, match="is outside"):
        deadline(utc(event), FIVE, [LOS_ANGELES, Party.parse("AE/Asia/Dubai")])


def test_the_samples_are_awkward() -> None:
    """The parties drawn by the properties include weekends other than Saturday and Sunday."""
    friday = date(2026, 11, 20)
    assert {is_working_day(friday, party) for party in PARTIES} == {True, False}
