"""What of a day is counted for each target: who was live, what is excluded, what was decided."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil

from sqlalchemy import Connection, select

from include.mobile_plans.maintenance import Desk, Maintenance, Outlook, overruns
from include.mobile_plans.monitoring import (
    bounds_of,
    portal_target,
    slot_at,
    start_of,
    whole_seconds,
)
from include.mobile_plans.policy import ProgramPolicy, live_spans, policies_in_force
from include.mobile_plans.sla.rollup import Attribution, Day, Piece, Scope, Span, clipped
from include.mobile_plans.store.tables import exclusion, sla_dispute

_PORTAL = "portal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """
    All that decides what of some days is counted; read once, cut to each day.

    Attributes:
        live: When each mobile operator was live.
        excluded: Planned maintenance told in time, by mobile operator.
        overrun: The time after such a window until completion, likewise.
        decisions: Disputes that were accepted, by target.
        policies: The policies in force, each with since when; at least one.
        until: The end of the last slot that is over.
        maintenances: All that there are.
    """

    live: Mapping[str, list[tuple[datetime, datetime]]]
    excluded: Mapping[str, tuple[Span, ...]]
    overrun: Mapping[str, tuple[Span, ...]]
    decisions: Mapping[str, tuple[tuple[int, int, Attribution], ...]]
    policies: tuple[tuple[datetime, ProgramPolicy], ...]
    until: int
    maintenances: tuple[Maintenance, ...]

    def policy_on(self, day: date) -> ProgramPolicy:
        """Return the policy in force at the end of a day."""
        begun = [one for since, one in self.policies if since < start_of(bounds_of(day)[1])]
        return begun[-1] if begun else self.policies[0][1]

    def day(self, day: date, lengths: Iterable[tuple[datetime, int]] | None = None) -> Day | None:
        """
        Return how a day is counted, None while none of its slots is over.

        Args:
            day: Which.
            lengths: Since when slots had which length; without, as policy says.
        """
        policy = self.policy_on(day)
        latency = policy.sla.services.portal.latency
        if lengths is None:
            lengths = [
                (since, whole_seconds(one.monitoring.probe.interval))
                for since, one in self.policies
            ]
        begin, end = bounds_of(day)
        if begin >= self.until:
            return None
        return Day(
            day=day,
            pieces=tuple(_pieces(lengths, begin, min(end, self.until))),
            limit_us=0 if latency is None else round(latency.limit.total_seconds() * 1_000_000),
            policy=policy.fingerprint,
        )

    def scopes(self, day: Day) -> dict[str, Scope]:
        """Return what of a day is counted, by target; who was not live in it is left out."""
        whole, length_s = Scope(spans=(day.span,)), day.pieces[0].length_s
        found = {}
        for slug, spans in self.live.items():
            target = portal_target(slug)
            live = clipped(
                (
                    (int(since.timestamp()) // length_s * length_s, ceil(until.timestamp()))
                    for since, until in spans
                ),
                day.span,
            )
            if live:
                scope = Scope(
                    spans=live,
                    excluded=clipped(self.excluded.get(slug, ()), day.span),
                    overrun=clipped(self.overrun.get(slug, ()), day.span),
                    decisions=tuple(
                        (begin, end, attribution)
                        for *span, attribution in self.decisions.get(target, ())
                        for begin, end in clipped([(span[0], span[1])], day.span)
                    ),
                )
                found[target] = whole if scope == whole else scope
        return found


def _pieces(lengths: Iterable[tuple[datetime, int]], begin: int, end: int) -> Iterator[Piece]:
    """Cut a day where the length of its slots was changed."""
    changes = [(ceil(since.timestamp()), length_s) for since, length_s in lengths]
    begun = [length_s for since, length_s in changes if since <= begin]
    at, current = begin, begun[-1] if begun else changes[0][1]
    for since, length_s in changes:
        if at < since < end and length_s != current:
            yield Piece(at, since, current)
            at, current = since, length_s
    yield Piece(at, end, current)


def circumstances(
    connection: Connection,
    days: Collection[date],
    policy: ProgramPolicy,
    now: datetime,
    slugs: Collection[str] | None = None,
) -> Circumstances:
    """
    Read what decides over some days.

    Args:
        connection: A read.
        days: Which.
        policy: The policy in force now; counts for times before the first that was kept.
        now: The current instant.
        slugs: Only these mobile operators.
    """
    begin, end = start_of(bounds_of(min(days))[0]), start_of(bounds_of(max(days))[1])
    probe = policy.monitoring.probe
    desk = Desk(connection=connection, policy=policy, now=now, outlook=_NOTHING_ABOVE)
    live = live_spans(connection, begin, end, slugs)
    maintenances = tuple(desk.all())
    return Circumstances(
        live=live,
        excluded=_excluded(connection, begin, end),
        overrun=_overrun(maintenances, live),
        decisions=_decisions(connection, begin, end),
        policies=tuple(policies_in_force(connection, begin, end)) or ((begin, policy),),
        until=slot_at(now - probe.interval - probe.timeout, probe.interval),
        maintenances=maintenances,
    )


_NOTHING_ABOVE = Outlook(launch_days=lambda _: {}, failing=lambda _, __, ___: {})
"""What rooms above know is of no matter here: nothing is planned."""


def _excluded(
    connection: Connection, begin: datetime, end: datetime
) -> dict[str, tuple[Span, ...]]:
    rows = connection.execute(
        select(exclusion.c.slug, exclusion.c.starts_at, exclusion.c.ends_at)
        .where(exclusion.c.starts_at < end, exclusion.c.ends_at > begin)
        .order_by(exclusion.c.slug, exclusion.c.starts_at)
    )
    found: dict[str, list[Span]] = defaultdict(list)
    for row in rows:
        # In whole seconds: a slot is excluded if its start lies in the window.
        start, until = ceil(row.starts_at.timestamp()), ceil(row.ends_at.timestamp())
        spans = found[row.slug]
        if spans and start <= spans[-1][1]:
            start, until = spans[-1][0], max(until, spans.pop()[1])
        spans.append((start, until))
    return {slug: tuple(spans) for slug, spans in found.items()}


def _overrun(
    maintenances: tuple[Maintenance, ...], slugs: Iterable[str]
) -> dict[str, tuple[Span, ...]]:
    return {
        slug: tuple(
            (ceil(one.starts_at.timestamp()), ceil(one.ends_at.timestamp()))
            for one in overruns(maintenances, slug, _PORTAL)
        )
        for slug in slugs
        if maintenances
    }


def _decisions(
    connection: Connection, begin: datetime, end: datetime
) -> dict[str, tuple[tuple[int, int, Attribution], ...]]:
    rows = connection.execute(
        select(sla_dispute)
        .where(sla_dispute.c.state == "accepted")
        .where(sla_dispute.c.starts_at < end, sla_dispute.c.ends_at > begin)
        .order_by(sla_dispute.c.dispute_id)
    )
    found: dict[str, list[tuple[int, int, Attribution]]] = defaultdict(list)
    for row in rows:
        span = ceil(row.starts_at.timestamp()), ceil(row.ends_at.timestamp())
        found[row.target].append((*span, row.attribution))
    return {target: tuple(decided) for target, decided in found.items()}


def days_between(first: date, last: date) -> list[date]:
    """Return every day from one to another, both included."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
