"""Business time: working days of real calendars, and the deadlines counted in them."""

from include.mobile_plans.calendar.deadlines import (
    Deadline,
    SkippedDay,
    after_business_days,
    deadline,
)
from include.mobile_plans.calendar.measures import (
    after_business_time,
    business_days_of_notice,
    earliest_event,
    elapsed_business_days,
    elapsed_business_time,
)
from include.mobile_plans.calendar.party import Party, is_working_day
from include.mobile_plans.calendar.working_days import calendar_version, holiday_names

__all__ = [
    "Deadline",
    "Party",
    "SkippedDay",
    "after_business_days",
    "after_business_time",
    "business_days_of_notice",
    "calendar_version",
    "deadline",
    "earliest_event",
    "elapsed_business_days",
    "elapsed_business_time",
    "holiday_names",
    "is_working_day",
]
