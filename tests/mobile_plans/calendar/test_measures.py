"""What lies between two instants in business time: each measure inverts a deadline exactly."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.mobile_plans.calendar import (
    Party,
    after_business_days,
    after_business_time,
    business_days_of_notice,
    deadline,
    earliest_event,
    elapsed_business_days,
    elapsed_business_time,
    is_working_day,
)
from include.mobile_plans.errors import BadInput, NaiveDatetime
from tests.mobile_plans.calendar.samples import business_days, instants, parties, party_lists

LOS_ANGELES = Party(country="US", zone="America/Los_Angeles")
LONDON = Party(country="GB", region="ENG", zone="Europe/London")
ONE_MICROSECOND = timedelta(microseconds=1)
gaps = st.integers(min_value=1, max_value=40 * 86_400).map(lambda s: timedelta(seconds=s))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("notice_at", "given_days"),
    [
        ("2026-11-23T10:00:00", 5),
        ("2026-11-23T10:00:00.000001", 4),
        ("2026-11-30T10:00:01", 0),
        ("2026-12-02T10:00:00", 0),
    ],
    ids=["in time to the instant", "a microsecond late", "under a day", "after the event"],
)
def test_business_days_of_notice(notice_at: str, given_days: int) -> None:
    """P1, P2: how many business days of notice were given, to the instant."""
    event = utc("2026-12-01T10:00:00")
    assert business_days_of_notice(utc(notice_at), event, [LOS_ANGELES, LONDON]) == given_days


@given(instants, gaps, business_days, party_lists)
def test_notice_given_inverts_the_deadline(
    notice_at: datetime, gap: timedelta, days: int, both: list[Party]
) -> None:
    """P1: a notice is in time for N days exactly when at least N days of notice were given."""
    event = notice_at + gap
    in_time = notice_at <= deadline(event, days, both).instant
    assert in_time == (days <= business_days_of_notice(notice_at, event, both))


@given(instants, business_days, party_lists)
def test_a_notice_at_the_deadline_gives_exactly_its_days(
    event: datetime, days: int, both: list[Party]
) -> None:
    """P1: at the deadline the notice is in time, a microsecond later it is one day short."""
    last = deadline(event, days, both).instant
    assert business_days_of_notice(last, event, both) == days
    assert business_days_of_notice(last + ONE_MICROSECOND, event, both) == days - 1


@pytest.mark.parametrize(
    ("notice_at", "expected"),
    [
        ("2026-08-10T12:00:00", "2026-08-15T12:00:00"),
        ("2026-08-08T12:00:00", "2026-08-15T00:00:00"),
        ("2026-11-20T08:00:00", "2026-11-28T08:00:00"),
    ],
    ids=["monday", "saturday", "over Thanksgiving"],
)
def test_earliest_event(notice_at: str, expected: str) -> None:
    """P1: the earliest event a notice is in time for; on a day off it counts from midnight."""
    party = Party(country="US", zone="UTC")
    assert earliest_event(utc(notice_at), 5, [party]) == utc(expected)


def test_the_earliest_event_skips_a_time_its_clocks_skip() -> None:
    """P1: a local time that the day of the event does not have begins when the clocks change."""
    sunday = Party(country="US", zone="America/Los_Angeles")
    notice_at = datetime.fromisoformat("2026-03-02T02:30:00-08:00")
    assert earliest_event(notice_at, 5, [sunday]) == datetime.fromisoformat(
        "2026-03-07T02:30:00-08:00"
    )
    one_more = Party(
        country="US",
        zone="America/Los_Angeles",
        extra_working_days=frozenset({date(2026, 3, 7)}),
    )
    assert earliest_event(notice_at, 6, [one_more]) == datetime.fromisoformat(
        "2026-03-08T03:00:00-07:00"
    )


@pytest.mark.parametrize(
    ("notice_at", "expected"),
    [
        ("2026-11-01T01:30:00-05:00", "2026-11-02T02:00:00-05:00"),
        ("2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"),
        ("2026-03-08T03:15:00-04:00", "2026-03-09T02:15:00-04:00"),
        ("2026-03-08T01:15:00-05:00", "2026-03-09T01:15:00-04:00"),
    ],
    ids=["second pass", "first pass", "just after a gap", "before a gap"],
)
def test_the_earliest_event_of_a_notice_while_clocks_change(notice_at: str, expected: str) -> None:
    """P1: a deadline in a doubled hour is its first pass, so a notice in the second is too late."""
    party = Party(
        country="US",
        zone="America/New_York",
        extra_working_days=frozenset({date(2026, 3, 8), date(2026, 11, 1)}),
    )
    notice = datetime.fromisoformat(notice_at)
    assert earliest_event(notice, 1, [party]) == datetime.fromisoformat(expected)


def test_the_earliest_event_may_lie_in_the_second_pass_of_an_hour() -> None:
    """P1: where one clock opens at midnight within the doubled hour of another."""
    works_saturday = frozenset({date(2026, 10, 31)})
    parties = [
        Party(country="US", zone=zone, extra_working_days=works_saturday)
        for zone in ("America/Los_Angeles", "Pacific/Gambier")
    ]
    notice_at = datetime.fromisoformat("2026-10-26T01:30:00-07:00")
    assert earliest_event(notice_at, 6, parties) == datetime.fromisoformat(
        "2026-11-01T01:30:00-08:00"
    )


def test_the_earliest_event_where_clocks_fell_back_past_midnight() -> None:
    """P1: until 2011 Newfoundland repeated the end of a day; there the next day is sure."""
    worked = frozenset({date(2010, 11, 6), date(2010, 11, 7)})
    party = Party(country="CA", zone="America/St_Johns", extra_working_days=worked)
    second_pass = utc("2010-11-07T03:00:00")
    event = earliest_event(second_pass, 1, [party])
    assert second_pass <= deadline(event, 1, [party]).instant
    assert event == datetime.fromisoformat("2010-11-09T00:00:00-03:30")


@given(instants, business_days, party_lists)
def test_the_earliest_event_is_in_time(notice_at: datetime, days: int, both: list[Party]) -> None:
    """P1: for the earliest event the notice is in time, and a microsecond before it is not."""
    event = earliest_event(notice_at, days, both)
    assert notice_at <= deadline(event, days, both).instant
    assert deadline(event - ONE_MICROSECOND, days, both).instant < notice_at


@given(instants, business_days, party_lists, st.floats(min_value=0, max_value=1))
def test_no_earlier_event_is_in_time(
    notice_at: datetime, days: int, both: list[Party], share: float
) -> None:
    """P1: between the notice and the earliest event there is none it would be in time for."""
    event = earliest_event(notice_at, days, both)
    earlier = notice_at + (event - notice_at) * share
    assert earlier == event or deadline(earlier, days, both).instant < notice_at


@given(instants, business_days, party_lists)
def test_an_events_deadline_leads_back_to_it_or_before(
    event: datetime, days: int, both: list[Party]
) -> None:
    """P1: a notice sent at an event's deadline is in time for that event."""
    assert earliest_event(deadline(event, days, both).instant, days, both) <= event


@given(instants, gaps, business_days, parties)
def test_elapsed_days_invert_the_forward_count(
    since: datetime, gap: timedelta, days: int, party: Party
) -> None:
    """E4: what is due within N business days is due exactly when N of them have passed."""
    until = since + gap
    is_due = after_business_days(since, days, party).instant <= until
    assert is_due == (days <= elapsed_business_days(since, until, party))


@given(instants, business_days, parties)
def test_elapsed_days_are_whole_at_the_instant(since: datetime, days: int, party: Party) -> None:
    """E4: at the instant something is due its days have passed, not a microsecond before."""
    due = after_business_days(since, days, party).instant
    assert elapsed_business_days(since, due, party) == days
    assert elapsed_business_days(since, due - ONE_MICROSECOND, party) == days - 1


def test_elapsed_days_of_no_time() -> None:
    """E4: no business day has passed at the start, nor before it."""
    start = utc("2026-11-23T10:00:00")
    assert elapsed_business_days(start, start, LONDON) == 0
    assert elapsed_business_days(start, start - timedelta(days=9), LONDON) == 0


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        ("2026-11-20T17:00:00", "2026-11-23T09:00:00", 16),
        ("2026-11-21T00:00:00", "2026-11-23T00:00:00", 0),
        ("2026-12-24T12:00:00", "2026-12-29T12:00:00", 24),
        ("2026-11-23T09:00:00", "2026-11-23T10:30:00", 1.5),
        ("2026-11-23T09:00:00", "2026-11-23T09:00:00", 0),
    ],
    ids=["over a weekend", "weekend only", "over Christmas", "within a day", "nothing"],
)
def test_elapsed_business_time(since: str, until: str, hours: float) -> None:
    """E4: time counts while it falls on working days, from midnight to midnight."""
    assert elapsed_business_time(utc(since), utc(until), LONDON) == timedelta(hours=hours)


def test_a_day_of_changing_clocks_has_its_real_length() -> None:
    """E4: a working day on which the clocks go forward has 23 hours."""
    works_sundays = Party(
        country="GB", zone="Europe/London", extra_working_days=frozenset({date(2026, 3, 29)})
    )
    start, end = utc("2026-03-28T00:00:00"), utc("2026-03-29T23:00:00")
    assert elapsed_business_time(start, end, works_sundays) == timedelta(hours=23)


@given(instants, gaps, gaps, parties)
def test_elapsed_business_time_adds_up(
    since: datetime, first: timedelta, second: timedelta, party: Party
) -> None:
    """E4: two stretches together hold as much business time as each of them."""
    middle, end = since + first, since + first + second
    whole = elapsed_business_time(since, end, party)
    assert whole == elapsed_business_time(since, middle, party) + elapsed_business_time(
        middle, end, party
    )
    assert timedelta() <= whole <= end - since


@given(instants, parties)
def test_business_time_passes_on_working_days_only(since: datetime, party: Party) -> None:
    """E4: within one minute, business time passes at full speed or not at all."""
    local = since.astimezone(party.zone_info).replace(hour=12)
    minute = timedelta(minutes=1)
    passed = elapsed_business_time(local, local.astimezone(UTC) + minute, party)
    assert passed == (minute if is_working_day(local.date(), party) else timedelta())


def test_a_reversed_stretch_is_refused() -> None:
    """Business time does not run backwards."""
    start = utc("2026-11-23T10:00:00")
    with pytest.raises(BadInput, match="lies before the start"):
        elapsed_business_time(start, start - ONE_MICROSECOND, LONDON)


def test_naive_instants_are_refused() -> None:
    """A time without a zone could be several instants."""
    naive, aware = datetime(2026, 12, 1, 10), utc("2026-12-01T10:00:00")  # noqa: DTZ001 - the point
    for call in (
        lambda: business_days_of_notice(naive, aware, [LONDON]),
        lambda: business_days_of_notice(aware, naive, [LONDON]),
        lambda: earliest_event(naive, 1, [LONDON]),
        lambda: elapsed_business_days(naive, aware, LONDON),
        lambda: elapsed_business_time(aware, naive, LONDON),
    ):
        with pytest.raises(NaiveDatetime):
            call()


def test_somebody_must_count() -> None:
    """Notice is counted on at least one calendar, and over at least one day."""
    aware = utc("2026-12-01T10:00:00")
    with pytest.raises(BadInput, match="no party is given"):
        business_days_of_notice(aware, aware, [])
    with pytest.raises(BadInput, match="no party is given"):
        earliest_event(aware, 1, [])
    with pytest.raises(BadInput, match="0 business days are not allowed"):
        earliest_event(aware, 0, [LONDON])


@given(instants, st.timedeltas(timedelta(0), timedelta(days=12)), parties)
def test_business_time_passes_exactly_by_then(
    since: datetime, business_time: timedelta, party: Party
) -> None:
    """E4: what is left of a business period has passed at that instant, and not before it."""
    end = after_business_time(since, business_time, party)

    assert elapsed_business_time(since, end, party) == business_time
    if business_time:
        assert elapsed_business_time(since, end - ONE_MICROSECOND, party) < business_time
    else:
        assert end == since


def test_business_time_waits_over_the_weekend() -> None:
    """Six hours before Saturday in London and three after it are nine."""
    end = after_business_time(utc("2026-11-27T18:00:00"), timedelta(hours=9), LONDON)

    assert end == utc("2026-11-30T03:00:00")


def test_business_time_is_refused_without_a_zone_or_below_nothing() -> None:
    """A naive start is ambiguous; time does not pass backwards."""
    with pytest.raises(NaiveDatetime):
        after_business_time(datetime(2026, 11, 27), timedelta(), LONDON)  # noqa: DTZ001
    with pytest.raises(BadInput, match="of business time is negative"):
        after_business_time(utc("2026-11-27T18:00:00"), -ONE_MICROSECOND, LONDON)
