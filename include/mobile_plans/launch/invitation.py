"""The go-live of a launch as a calendar entry, which every new date replaces (L10)."""

from datetime import datetime, timedelta

from icalendar import Calendar, Event

from include.mobile_plans.launch.asked import Asked
from include.mobile_plans.notices import Attachment

_DURATION = timedelta(minutes=30)
_PRODUCT = "-//Mobile Plans program//Operations//EN"


def invitation(asked: Asked, at: datetime) -> Attachment:
    """
    Return the calendar file of a launch's go-live.

    Its UID stays the same for the whole launch and its SEQUENCE rises with every change of the
    date, so that a calendar replaces what it had.

    Args:
        asked: The launch as it stands; a cancelled one cancels the entry.
        at: When it goes live, or went live.
    """
    launch = asked.launch
    is_cancelled = launch.state == "cancelled"
    domain = asked.policy.contacts.sender.email.rpartition("@")[2]
    name = asked.mobile_operator.name
    entry = Event()
    entry.add("uid", f"{launch.launch_id}@{domain}")
    entry.add("sequence", launch.date_sequence)
    entry.add("dtstamp", asked.now)
    entry.add("dtstart", at)
    entry.add("duration", _DURATION)
    entry.add("summary", f"Go-live of {name} on Mobile Plans")
    entry.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
    entry.add("description", f"Launch {launch.launch_id}")
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if is_cancelled else "PUBLISH")
    calendar.add_component(entry)
    return Attachment(
        filename="go-live.ics", content_type="text/calendar", content=calendar.to_ical()
    )
