"""Parties and instants to draw from, chosen where calendars and clocks are awkward."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from include.mobile_plans.calendar import Party

PARTIES = (
    *(
        Party.parse(notation)
        for notation in (
            "US/America/Los_Angeles",
            "US-CA/America/New_York",
            "GB-ENG/Europe/London",
            "GB-SCT/Europe/London",
            "JP/Asia/Tokyo",
            "SA/Asia/Riyadh",
            "AE/Asia/Dubai",
            "CN/Asia/Shanghai",
            "CL/America/Santiago",
            "AU-NSW/Australia/Lord_Howe",
            "EG/Africa/Cairo",
            "NP/Asia/Kathmandu",
        )
    ),
    # Its clocks change on days it works, at midnight and by one hour.
    Party(
        country="US",
        zone="Africa/Cairo",
        extra_working_days=frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(365)),
    ),
    Party(
        country="GB",
        zone="America/New_York",
        extra_holidays=frozenset({date(2026, 3, 9), date(2026, 11, 2)}),
        extra_working_days=frozenset({date(2026, 3, 8), date(2026, 11, 1)}),
    ),
)

CHANGES_OF_CLOCKS = (
    datetime(2026, 3, 8, 10, tzinfo=UTC),
    datetime(2026, 11, 1, 9, tzinfo=UTC),
    datetime(2026, 4, 23, 22, tzinfo=UTC),
    datetime(2026, 10, 29, 21, tzinfo=UTC),
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
)

parties = st.sampled_from(PARTIES)
party_lists = st.lists(parties, min_size=1, max_size=3)
business_days = st.integers(min_value=1, max_value=12)

_anywhere = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis wants them naive
    max_value=datetime(2027, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
_near_a_change = st.builds(
    lambda change, hours, seconds: change + timedelta(days=hours // 4, seconds=seconds),
    st.sampled_from(CHANGES_OF_CLOCKS),
    st.integers(min_value=-40, max_value=40),
    st.integers(min_value=-3 * 3600, max_value=3 * 3600),
)
instants = _anywhere | _near_a_change
