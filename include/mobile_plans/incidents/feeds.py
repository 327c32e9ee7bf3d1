"""
Low incidents about feeds of detail records: one open at a time for each feed (E4, X1).

A feed that fails is a reporting failure: users are not hit, and the severity follows from that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from include.mobile_plans.incidents.about import about
from include.mobile_plans.incidents.escalation import assess
from include.mobile_plans.incidents.mails import story, tell
from include.mobile_plans.incidents.records import (
    SERIES,
    SYSTEM,
    append,
    list_incidents,
    lock_incident,
    open_incident,
)
from include.mobile_plans.incidents.state import RECOVERED, TROUBLE, Incident, Opening
from include.mobile_plans.incidents.statements import REACHABLE, USABLE, decide
from include.mobile_plans.store import hold_numbers

_USERS_ARE_WELL = {"portal": REACHABLE[0], "purchased_data": USABLE[0]}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedTrouble:
    """
    Something wrong with a feed.

    Attributes:
        key: Its name for good; the same one again changes nothing.
        what: In one sentence, for both parties.
        since: Since when.
    """

    key: str
    what: str
    since: datetime


def open_for_feed(
    connection: Connection, slug: str, feed: str, troubles: Sequence[FeedTrouble], now: datetime
) -> list[tuple[str, FeedTrouble]]:
    """
    Open the incident of a feed for the first of its troubles, or add them to the one that is open.

    What belongs to an incident that a person resolved opens no other (X1).

    Args:
        connection: A write transaction; openers wait for each other.
        slug: Whose feed.
        feed: ``CDR``, ``SDR`` or ``TDR``.
        troubles: What is wrong.
        now: The current instant, aware UTC.

    Returns:
        The troubles that are news, each with the number of its incident.
    """
    hold_numbers(connection, SERIES)
    of_feed = _incidents(connection, slug, feed)
    known = {key for one in of_feed for key in one.troubles}
    news = [trouble for trouble in troubles if trouble.key not in known]
    if not news:
        return []
    found = next((one for one in of_feed if not one.is_ended), None)
    if found is None:
        found = _open(connection, slug, feed, news[0], now)
    incident = lock_incident(connection, found.incident_id)
    for trouble in news:
        data = {"trouble": trouble.key, "what": trouble.what}
        incident = append(connection, incident, TROUBLE, data, now=now)
    if incident.severity is None:
        decision = decide(_USERS_ARE_WELL, since=news[0].since, now=now)
        assess(connection, incident, decision, by=SYSTEM, now=now)
    return [(incident.incident_id, trouble) for trouble in news]


def _open(
    connection: Connection, slug: str, feed: str, trouble: FeedTrouble, now: datetime
) -> Incident:
    opening = Opening(
        source=f"{_prefix(slug, feed)}{trouble.key}",
        told_by="program",
        service="xdr",
        slug=slug,
        what=trouble.what,
        since=trouble.since,
        aware_at=now,
        channel="monitoring",
    )
    incident, _ = open_incident(connection, opening, by=SYSTEM, now=now)
    return incident


def feed_incident(connection: Connection, slug: str, feed: str) -> Incident | None:
    """Return the open incident of a feed, or None."""
    return next(iter(_incidents(connection, slug, feed, only_open=True)), None)


def _incidents(
    connection: Connection, slug: str, feed: str, *, only_open: bool = False
) -> list[Incident]:
    prefix = _prefix(slug, feed)
    found = list_incidents(connection, slug=slug, only_open=only_open)
    return [one for one in found if one.opening.source.startswith(prefix)]


def note_feed_is_whole(
    connection: Connection, incident_id: str, at: datetime, now: datetime
) -> bool:
    """
    Note that nothing is wrong with a feed any more, and propose to the program to resolve it.

    Args:
        connection: A write transaction.
        incident_id: Its incident.
        at: Since when it is whole; never before the trouble began, whatever a file's time says.
        now: The current instant, aware UTC.

    Returns:
        Whether that is news.
    """
    incident = lock_incident(connection, incident_id)
    if incident.is_ended or incident.recovered_at is not None:
        return False
    since = min(max(at, incident.opening.since), now)
    incident = append(connection, incident, RECOVERED, {"seen": None}, now=now, received_at=since)
    told, part = about(connection, incident, now), incident.events[-1].position
    tell(connection, told, "program", "incident_recovered", story(told), part=part)
    return True


def _prefix(slug: str, feed: str) -> str:
    return f"xdr:{slug}:{feed}:"
