"""What the tasks of ``xdr_feed_checks`` do; the DAG file only names and orders them."""

import logging
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import CronTriggerTimetable, get_current_context

from include.mobile_plans import xdr
from include.mobile_plans.errors import BadInput, DoesNotApply, MobilePlansError
from include.mobile_plans.instants import format_instant, parse_instant, require_utc
from include.mobile_plans.monitoring import Archive
from include.mobile_plans.orchestration.feed_sensor import FeedFileSensor
from include.mobile_plans.policy import program_policy
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment

log = logging.getLogger(__name__)
clock = SystemClock()
_HOUR = timedelta(hours=1)
_MOST_MAPPED = 1000
"""Airflow maps a task 1,024 times at most; what is left out is found by *Find other files*."""
SHOWN = "{{ task.period['name'] }}"


def schedule() -> CronTriggerTimetable:
    """Run every hour, when its periods have just ended."""
    return CronTriggerTimetable("2 * * * *", timezone="UTC")


def list_periods() -> list[dict[str, str]]:
    """Name the periods that ended in the hour before this run, as owed by records in force."""
    run = get_current_context()["dag_run"]
    end = require_utc(run.run_after)
    with store_from_environment().snapshot() as connection:
        periods = xdr.periods_ended(connection, end - _HOUR, end, program_policy().xdr)
    found = [
        {
            "name": one.name,
            "slug": one.slug,
            "feed": one.feed,
            "start": format_instant(one.start),
        }
        for one in periods
    ]
    if not found:
        msg = "no feed owes a file of the hour before this run"
        raise DoesNotApply(msg)
    return found[:_MOST_MAPPED]


def await_file(period: Any) -> FeedFileSensor:
    """Make the sensor of one period."""
    return FeedFileSensor(
        task_id="await_file",
        task_display_name="Wait for the file",
        period=period,
        look=look_for,
        map_index_template=SHOWN,
        retries=3,
    )


def look_for(period: dict[str, str]) -> list[str] | None:
    """
    Return the files of a period that are to be checked, none where one counts already.

    Returns:
        None while the period is waited for.

    Raises:
        DoesNotApply: It is missing, refused or written off: waiting longer helps nobody.
    """
    slug, feed = period["slug"], period["feed"]
    start = parse_instant(period["start"], "the period")
    found = xdr.waiting(store_from_environment(), folder(), clock, slug=slug)
    places = [
        one.place
        for one in found
        if one.name and (one.slug, one.name.feed, one.name.period_start) == (slug, feed, start)
    ]
    if places:
        return places
    with store_from_environment().snapshot() as connection:
        status = xdr.period_status(connection, slug, feed, start, program_policy(), clock.now())
    if status is None:
        msg = f"{period['name']} is no longer owed"
        raise DoesNotApply(msg)
    if status.counted is not None:
        return []
    if status.state in (xdr.PeriodState.AWAITED, xdr.PeriodState.LATE):
        return None
    msg = f"{period['name']} is {status.state.value}"
    raise DoesNotApply(msg)


def find_other_files() -> list[dict[str, Any]]:
    """
    Name all other files that are there completely and were not checked: late, resent, misnamed.

    Files of periods that still have a sensor are left to it for an hour.

    Returns:
        One entry for each feed: its ``name``, as Airflow shows it, and its ``places``.
    """
    run = get_current_context()["dag_run"]
    recent = require_utc(run.run_after) - _HOUR
    by_feed: dict[str, list[str]] = {}
    for one in xdr.waiting(store_from_environment(), folder(), clock):
        if one.name is None or not _is_awaited(one.name, recent):
            feed = f"{one.slug or 'nobody'} {one.name.feed if one.name else 'misnamed'}"
            by_feed.setdefault(feed, []).append(one.place)
    if not by_feed:
        msg = "no other file is waiting"
        raise DoesNotApply(msg)
    found = [
        {"name": f"{feed}, {len(places)} file{'s' * (len(places) != 1)}", "places": places}
        for feed, places in sorted(by_feed.items())
    ]
    return found[:_MOST_MAPPED]


def _is_awaited(name: xdr.FeedFileName, recent: datetime) -> bool:
    return name.revision == 0 and name.environment == "P" and name.period_end > recent


def check_files(places: list[str]) -> list[str]:
    """
    Check files; one that another task has checked meanwhile is left alone.

    Returns:
        What became of each, in words.

    Raises:
        MobilePlansError: One could not be checked; all others were.
    """
    done, problems = [], []
    for place in places:
        try:
            done.append(check_file(place))
            log.info("%s", done[-1])
        except MobilePlansError as problem:
            problems.append(f"{place}: {problem}")
    if problems:
        raise MobilePlansError("; ".join(problems))
    return done


def check_file(place: str) -> str:
    """
    Check one file, keep what became of it, and tell of it where it is serious (X1).

    Raises:
        MobilePlansError: The folder or the archive cannot be used; nothing is recorded then.
    """
    store, drop = store_from_environment(), folder()
    slug = place.rpartition("/")[0] or None
    found = [one for one in xdr.waiting(store, drop, clock, slug=slug) if one.place == place]
    if not found:
        return f"{place} was checked by another task, or is gone"
    return xdr.check_arrival(store, clock, drop, Archive.from_environment(), found[0])


def tend() -> list[str]:
    """Tell what is missing or stale, send daily digests, propose to resolve what is whole."""
    store = store_from_environment()
    lying = xdr.lying_unchecked(store, folder(), clock)
    done, problems = xdr.tend_feeds(store, clock, program_policy(), lying)
    if problems:
        raise MobilePlansError("; ".join(problems))
    return done


def folder() -> xdr.FeedFolder:
    """
    Return the folder of feeds.

    Raises:
        MobilePlansError: It is not named, which is no user's mistake.
    """
    try:
        return xdr.FeedFolder.from_environment()
    except BadInput as problem:
        raise MobilePlansError(str(problem)) from None
