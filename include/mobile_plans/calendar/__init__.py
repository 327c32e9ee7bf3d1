"""Business time: working days of real calendars, and the deadlines counted in them."""

from include.mobile_plans.calendar.deadlines import (
    Deadline,
    SkippedDay,
    after_business_days,
    deadline,
)
from include.mobile_plans.calendar.party import Party, is_working_day
from include.mobile_plans.calendar.working_days import calendar_version

__all__ = [
    "Deadline",
    "Party",
    "SkippedDay",
    "after_business_days",
    "calendar_version",
    "deadline",
    "is_working_day",
]
