"""
What follows from how feeds stand: a Low incident each, a daily digest, a proposal to resolve (X1).

Everything here may be done as often as wanted: what was told once is not told again.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Connection

from include.mobile_plans.errors import BadInput
from include.mobile_plans.incidents import (
    TROUBLE,
    FeedTrouble,
    Incident,
    Post,
    feed_incident,
    find_incident,
    note_feed_is_whole,
    open_for_feed,
    post,
)
from include.mobile_plans.instants import format_instant, parse_instant
from include.mobile_plans.notices import others_named_in
from include.mobile_plans.policy import (
    ProgramPolicy,
    mobile_operator_versions,
    mobile_operators_in_force,
)
from include.mobile_plans.simulation.clock import Clock
from include.mobile_plans.store import Store
from include.mobile_plans.xdr.feed_rules import completeness, freshness, incompleteness
from include.mobile_plans.xdr.model import Finding
from include.mobile_plans.xdr.periods import (
    PeriodState,
    PeriodStatus,
    owed_periods,
    status_of,
)
from include.mobile_plans.xdr.records import CheckedFile, checked_files, written_off

ACTOR = "xDR feed checks"
UNNAMED = "files"
"""The feed of files whose name does not say which."""
Lying: TypeAlias = Collection[datetime]
"""Begins of periods whose files lie in the folder and are not checked yet."""
_DIGEST = "digest until "
"""What the evidence of a digest begins with; its end follows."""
_MISSING = "missing"
_LEFT_OUT = "A finding whose words cannot be repeated here: ask us for it"
_MOST_LINES = 40
_SHOWN_FINDINGS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedView:
    """
    How one feed stands.

    Attributes:
        slug: Whose.
        feed: Kind of records, or ``UNNAMED``.
        statuses: Its periods, oldest first.
        files: What was checked of it, in order.
        stale: That nothing was accepted for too long (T01), or None.
    """

    slug: str
    feed: str
    statuses: tuple[PeriodStatus, ...]
    files: tuple[CheckedFile, ...]
    stale: Finding | None

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing, refused or stale, and the newest file is good."""
        wrong = (PeriodState.MISSING, PeriodState.REJECTED)
        newest = self.files[-1] if self.files else None
        return (
            self.stale is None
            and self.feed != UNNAMED
            and not any(one.state in wrong for one in self.statuses)
            and (newest is None or (newest.state != "rejected" and not newest.serious))
        )


def view_feed(
    connection: Connection, slug: str, feed: str, policy: ProgramPolicy, now: datetime
) -> FeedView:
    """
    Read how a feed stands: as far back as closed periods are looked at, and its open incident.

    Raises:
        NotFound: There is no such mobile operator.
    """
    lasting = feed_incident(connection, slug, feed)
    told = [] if lasting is None else list(map(_period_in, lasting.troubles))
    begin = min([now - policy.xdr.gap_filling, *told])
    versions = mobile_operator_versions(connection, slug)
    if feed == UNNAMED:
        found = checked_files(connection, slug, None, checked_from=begin)
        files = [one for one in found if one.feed is None]
    else:
        files = checked_files(connection, slug, feed, checked_from=begin)
    production = [one for one in files if one.environment == "P"]
    given_up = written_off(connection, slug, feed)
    statuses = tuple(
        status_of(period, production, given_up, now)
        for period in owed_periods(versions, begin, now, policy.xdr)
        if period.feed == feed
    )
    return FeedView(
        slug=slug,
        feed=feed,
        statuses=statuses,
        files=tuple(files),
        stale=_stale(statuses, policy, now),
    )


def _stale(
    statuses: Sequence[PeriodStatus], policy: ProgramPolicy, now: datetime
) -> Finding | None:
    owed = [one for one in statuses if one.state is not PeriodState.WRITTEN_OFF]
    if not owed:
        return None
    cadence, since = owed[-1].period.cadence, owed[0].period.end
    return freshness(_accepted_last(owed), since, cadence, now, policy.xdr)


def _accepted_last(statuses: Sequence[PeriodStatus]) -> datetime | None:
    accepted = (one.counted.received_at for one in statuses if one.counted is not None)
    return max(accepted, default=None)


def troubles(view: FeedView, lying: Lying | None) -> Iterator[FeedTrouble]:
    """
    Yield what is wrong with a feed, each with a name for good.

    Args:
        view: How it stands.
        lying: The periods whose files lie there and are not checked yet: they are not missing, and
            a feed that has any is not stale. None where nobody looked: only files are judged then.
    """
    for one in view.statuses:
        is_missing = one.state is PeriodState.MISSING
        if is_missing and lying is not None and one.period.start not in lying:
            due = f"{one.period.due_at:%Y-%m-%d %H:%M} UTC"
            what = f"The {view.feed} file of {one.period.words} is missing: it was due {due}"
            yield _trouble(one.period.start, _MISSING, what, one.period.due_at)
    for file in view.files:
        if file.serious:
            start, name = file.period_start or file.received_at, f"{file.file_id}:{file.state}"
            yield _trouble(start, name, _sentence(file), file.received_at)
    if view.stale is not None and lying is not None and not lying:
        since = _accepted_last(view.statuses) or view.statuses[0].period.end
        yield _trouble(since, "stale", f"{view.feed} feed: {view.stale.message}", since)


def _trouble(start: datetime, name: str, what: str, since: datetime) -> FeedTrouble:
    """Name a trouble for good, with the period it is about, from which on a feed is looked at."""
    key = f"{format_instant(start)} {name}"
    return FeedTrouble(key=key, what=what, since=since)


def _period_in(trouble: str) -> datetime:
    return parse_instant(trouble.partition(" ")[0], "the period of a trouble")


def _sentence(file: CheckedFile) -> str:
    """
    Say what is wrong with a file: what happened to it, and its first findings.

    A name that is none of the contract's, or another's, is not repeated: it may say anything.
    """
    if file.feed is None:
        when = f"{file.received_at:%Y-%m-%d %H:%M} UTC"
        return f"A file received {when} was refused: its name is none of this contract's (F01)"
    what = "was refused" if file.state == "rejected" else f"has {file.quarantined:,} rows set aside"
    found = [_said(one) for one in file.serious]
    more = len(found) - _SHOWN_FINDINGS
    shown = [*found[:_SHOWN_FINDINGS], *([f"and {more} more"] if more > 0 else [])]
    return f"{file.name} {what}: {'; '.join(shown)}"


def tend_feed(
    connection: Connection,
    slug: str,
    feed: str,
    policy: ProgramPolicy,
    now: datetime,
    *,
    lying: Lying | None = None,
) -> list[str]:
    """
    Open the incident of a feed, add to it, or propose to resolve it, as the feed stands.

    Args:
        connection: A write transaction.
        slug: Whose feed.
        feed: Kind of records, or ``UNNAMED``.
        policy: The program's policy.
        now: The current instant, aware UTC.
        lying: See ``troubles``.

    Returns:
        What was done, in words.
    """
    view = view_feed(connection, slug, feed, policy, now)
    found = [
        replace(one, what=_discreet(connection, slug, one.what)) for one in troubles(view, lying)
    ]
    news = open_for_feed(connection, slug, feed, found, now)
    done = [f"{number}: {trouble.what}" for number, trouble in news]
    lasting = feed_incident(connection, slug, feed)
    if lasting is not None and view.is_whole:
        at = _whole_since(lasting, view, now)
        is_news = note_feed_is_whole(connection, lasting.incident_id, at, now)
        done += [f"{lasting.incident_id}: the feed is whole"] if is_news else []
    if lasting is not None and lying is not None:
        done += _digest(connection, lasting, view, policy, now)
    return done


def tend_feeds(
    store: Store, clock: Clock, policy: ProgramPolicy, lying: Mapping[tuple[str, str], Lying]
) -> tuple[list[str], list[str]]:
    """
    Look after the feeds of every mobile operator.

    Args:
        store: The store.
        clock: The current time.
        policy: The program's policy.
        lying: By mobile operator and feed, the periods whose files lie there unchecked.

    Returns:
        What was done, in words; and one line for each feed that could not be looked after.

    Raises:
        StoreUnavailable: The store cannot be read or written.
    """
    with store.snapshot() as connection:
        wanted = sorted(feeds_on_record(connection, clock.now()))
    done, problems = [], []
    for slug, feed in wanted:
        try:
            with store.transaction() as connection:
                found = tend_feed(
                    connection,
                    slug,
                    feed,
                    policy,
                    clock.now(),
                    lying=lying.get((slug, feed), frozenset()),
                )
            done += [f"{slug} {words}" for words in found]
        except BadInput as problem:
            problems.append(f"{slug} {feed}: {problem}")
    return done, problems


def feeds_on_record(connection: Connection, now: datetime) -> set[tuple[str, str]]:
    """Return the feeds of every mobile operator that is or was live, as its record names them."""
    found = set()
    for version in mobile_operators_in_force(connection, now):
        if version.live_since is not None:
            feeds = {one.feed for one in version.mobile_operator.xdr_feeds}
            found |= {(version.slug, feed) for feed in (*feeds, UNNAMED)}
    return found


def _discreet(connection: Connection, slug: str, words: str) -> str:
    """Leave out what names another mobile operator: a file may hold any words, a mail may not."""
    return _LEFT_OUT if others_named_in(connection, slug, words) else words


def _whole_since(incident: Incident, view: FeedView, now: datetime) -> datetime:
    """Return when the file came that made a feed whole; now, where none came since the trouble."""
    newest = view.files[-1] if view.files else None
    trouble = incident.last(TROUBLE)
    if newest is None or (trouble is not None and newest.checked_at <= trouble.recorded_at):
        return now
    return newest.received_at


def _digest(
    connection: Connection,
    incident: Incident,
    view: FeedView,
    policy: ProgramPolicy,
    now: datetime,
) -> list[str]:
    """Tell both parties once a day what was found up to midnight and no mail has told yet."""
    incident = find_incident(connection, incident.incident_id)
    until = now.replace(hour=0, minute=0, second=0, microsecond=0)
    evidence = f"{_DIGEST}{format_instant(until)}"
    lines = [
        _discreet(connection, view.slug, line)
        for line in digest_lines(incident, view, policy, until)
    ]
    told = any(event.data.get("evidence") == evidence for event in incident.events)
    if told or not lines or incident.is_ended:
        return []
    more = len(lines) - _MOST_LINES
    shown = [*lines[:_MOST_LINES], *([f"and {more} more"] if more > 0 else [])]
    first = f"Found by {until - timedelta(days=1):%Y-%m-%d} (UTC) in the {view.feed} feed:"
    wanted = Post(
        incident_id=incident.incident_id,
        what="message",
        by=ACTOR,
        text="\n".join([first, *shown]),
        received_at=now,
        recorded_by=ACTOR,
        evidence=evidence,
    )
    post(connection, wanted, now)
    return [f"{incident.incident_id}: {evidence}"]


def digest_lines(
    incident: Incident, view: FeedView, policy: ProgramPolicy, until: datetime
) -> Iterator[str]:
    """
    Yield what was found of a feed up to an instant and no mail has told yet, a line each.

    That is every trouble but the one the opening mail told, and the warnings; then how complete the
    days were of which files are missing (T02).
    """
    since = _told_until(incident)
    found = [
        event.data
        for event in incident.all(TROUBLE)
        if (since is None or since < event.recorded_at) and event.recorded_at <= until
    ]
    later = [one for one in found if not incident.opening.source.endswith(one["trouble"])]
    yield from (f"- {one['what']}" for one in later)
    for file in view.files:
        is_new = incident.opened_at <= file.checked_at if since is None else since < file.checked_at
        if is_new and file.checked_at <= until:
            warnings = [one for one in file.findings if one["severity"] == "W"]
            yield from (f"- {file.name}: {_said(one)}" for one in warnings)
    missing = [one["trouble"] for one in later if one["trouble"].endswith(_MISSING)]
    days = {_period_in(trouble).date() for trouble in missing}
    due = [one.period.start for one in view.statuses if one.period.missing_at <= until]
    there = [one.period.start for one in view.statuses if one.counted is not None]
    of_days = [one for one in completeness(due, there) if one.day in days]
    incomplete = incompleteness(of_days, policy.xdr)
    if incomplete is not None:
        yield f"- {incomplete.message} ({incomplete.check})"


def _told_until(incident: Incident) -> datetime | None:
    """Return up to when digests have told what was found, None before the first."""
    texts = [str(event.data.get("evidence", "")) for event in incident.events]
    told = [text.removeprefix(_DIGEST) for text in texts if text.startswith(_DIGEST)]
    return parse_instant(told[-1], "the end of a digest") if told else None


def _said(finding: Mapping[str, Any]) -> str:
    return f"{finding['message']} ({finding['check']})"
