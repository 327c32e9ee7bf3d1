"""What happened in an incident, in words both parties may read, and how long it lasted."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from include.mobile_plans.incidents.about import About
from include.mobile_plans.incidents.state import ASSESSED, REACHED, UPDATED
from include.mobile_plans.obligations import Obligation

Entry = tuple[datetime, str]
_SAID = {
    "first_response": "first response of {by}: {text}",
    "update": "update of {by}: {text}",
    "details": "details from {by}: {text}",
    "second_notice": "told in the other way too, {by}: {text}",
    "awareness": "{by}: first known at that time",
    "pause": "clocks paused by {by}, waiting for {text}",
    "resume": "clocks run again, {by}: {text}",
    "resolution": "resolved, {by}: {text}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Downtime:
    """
    How long an incident lasted.

    Attributes:
        ended: When service was back: seen by monitoring, or when it was resolved; None before.
        lasted: From its beginning, as far as known, to then.
        at_least: From its first bad slot to its last, where monitoring saw both edges.
        at_most: From the good slot before it to the good slot after.
        our_delay: From when the program knew to when the mobile operator was reached: never
            charged to it.
    """

    ended: datetime | None
    lasted: timedelta | None
    at_least: timedelta | None
    at_most: timedelta | None
    our_delay: timedelta | None


def downtime(told: About) -> Downtime:
    """Say how long an incident lasted, with bounds where monitoring saw its edges."""
    incident, opening, seen = told.incident, told.incident.opening, told.incident.seen
    back = incident.recovered_at
    ended = back or incident.ended_at
    reached = min((event.effective_at for event in incident.all(REACHED)), default=None)
    knew = opening.aware_at if opening.told_by == "program" else None
    good_before = seen and seen.good_before
    return Downtime(
        ended=ended,
        lasted=ended - opening.since if ended else None,
        at_least=seen.last_bad - seen.first_bad if seen and back else None,
        at_most=back - good_before if back and good_before else None,
        our_delay=max(reached - knew, timedelta(0)) if reached and knew else None,
    )


def timeline(told: About) -> list[Entry]:
    """Tell what happened, oldest first; nothing in it names another mobile operator."""
    return sorted(_entries(told), key=lambda entry: entry[0])


def _entries(told: About) -> Iterator[Entry]:
    incident, opening = told.incident, told.incident.opening
    yield opening.since, f"began: {opening.what}"
    if incident.aware_at is not None:
        yield incident.aware_at, f"{told.name_of(opening.told_by)} knew of it"
    if opening.channel in ("call", "mail"):
        yield incident.received_at, f"reported by {opening.channel} of {told.name}"
    for event in incident.all(ASSESSED):
        severity, reason = event.data["severity"].title(), event.data["reason"]
        yield event.effective_at, f"severity {severity}: {reason}"
    for event in incident.all(REACHED):
        how = {"call": "reached by telephone", "mail": "had our mail"}[event.data["by"]]
        yield event.effective_at, f"{told.name} {how}: {event.data['who']}"
    for event in incident.all(UPDATED):
        yield event.effective_at, _SAID[event.data["what"]].format(**event.data)
    if incident.recovered_at is not None:
        is_feed = opening.service == "xdr"
        yield incident.recovered_at, "the feed is whole" if is_feed else "the portal answers again"


def verdict(promise: Obligation) -> str:
    """Say in words whether a promise was kept, with the times that decide it."""
    due = f"due {promise.due_at:%Y-%m-%d %H:%M} UTC"
    if promise.answer is not None:
        how = "in time" if promise.answer.in_time else "late"
        return f"met {how}, {promise.answer.received_at:%Y-%m-%d %H:%M} UTC ({due})"
    if promise.breached_at is not None:
        return f"missed, {due}"
    return f"no longer owed ({due})" if promise.is_closed else f"owed, {due}"
