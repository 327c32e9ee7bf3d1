"""
Statements as they are kept: made once from the same inputs, corrected by a further revision.

A statement is kept once its period is over; before that it is made to be looked at.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from include.mobile_plans.errors import NotFound
from include.mobile_plans.monitoring import start_of
from include.mobile_plans.policy import mobile_operator_in_force, mobile_operators_in_force
from include.mobile_plans.sla.days import Desk, refresh, require_days
from include.mobile_plans.sla.disputes import Dispute
from include.mobile_plans.sla.documents import kept_document, statement_from
from include.mobile_plans.sla.model import Change, FeedLine, Statement, TargetFigures
from include.mobile_plans.sla.period import read_period
from include.mobile_plans.sla.rollup import hash_of
from include.mobile_plans.sla.scopes import days_between
from include.mobile_plans.sla.statements import compose
from include.mobile_plans.store import append_event, hold_numbers, read_events
from include.mobile_plans.store.tables import sla_statement as table

ACTOR = "sla_report"
_SERIES = "SLA"
_MADE = "statement.made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A statement, whether it was made now, and whether it is kept."""

    statement: Statement
    is_new: bool
    is_kept: bool


def issue(
    desk: Desk,
    slugs: Collection[str],
    first_day: date,
    last_day: date,
    *,
    why: str | None = None,
    feeds: Mapping[str, tuple[FeedLine, ...]] | None = None,
) -> list[Issued]:
    """
    Make the statements of mobile operators over a period, or return those made of the same.

    Args:
        desk: The store, the archive, the policy and the time.
        slugs: Whose.
        first_day: The first day.
        last_day: The last day, included.
        why: Why it may have to be corrected; without, what differs says so.
        feeds: By mobile operator, its xDR files in the period.

    Returns:
        One for each, in order; a correction has ``changes``. Those whose period is not over are
        not kept.

    Raises:
        BadInput: The period ends before it begins.
        NotFound: A mobile operator is unknown.
        MobilePlansError: A sealed day cannot be read.
    """
    require_days(first_day, last_day)
    _refresh(desk, slugs, first_day, last_day)
    now = desk.clock.now()
    with desk.store.snapshot() as connection:
        period = read_period(connection, slugs, first_day, last_day, desk.policy, now)
        names = _names(connection, slugs, min(now, start_of(period.span[1])))
    made = [compose(period, slug, names[slug], now, (feeds or {}).get(slug, ())) for slug in slugs]
    if not period.is_over:
        return [Issued(statement=one, is_new=True, is_kept=False) for one, _ in made]
    found = []
    with desk.store.transaction() as connection:
        hold_numbers(connection, _SERIES)
        for statement, inputs in made:
            found.append(_keep(connection, statement, inputs, why))
    return found


def reissue(desk: Desk, dispute: Dispute) -> list[Statement]:
    """
    Correct every statement that a dispute just decided changes; safe to run again.

    Returns:
        The corrections made now.
    """
    first, last = dispute.starts_at.date(), (dispute.ends_at - timedelta.resolution).date()
    with desk.store.snapshot() as connection:
        rows = connection.execute(
            select(table.c.first_day, table.c.last_day)
            .where(table.c.slug == dispute.slug, table.c.revision == 0)
            .where(table.c.first_day <= last, table.c.last_day >= first)
            .order_by(table.c.first_day, table.c.last_day)
        ).all()
    why = f"{dispute.dispute_id} was {dispute.state} by {dispute.decided_by}: {dispute.reason}"
    issued = [
        one
        for row in rows
        for one in issue(desk, [dispute.slug], row.first_day, row.last_day, why=why)
    ]
    return [one.statement for one in issued if one.is_new]


def find_statement(connection: Connection, number: str, revision: int | None = None) -> Statement:
    """
    Return a statement as it was made, the last revision of it if none is named.

    Raises:
        NotFound: There is none.
    """
    query = select(table.c.document).where(table.c.number == number)
    if revision is not None:
        query = query.where(table.c.revision == revision)
    document = connection.scalar(query.order_by(table.c.revision.desc()).limit(1))
    if document is None:
        msg = f"there is no statement {number!r}: `sla list` shows them"
        raise NotFound(msg)
    return statement_from(document)


def list_statements(
    connection: Connection,
    *,
    slug: str | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
) -> list[Statement]:
    """Return every revision of statements: of a mobile operator, of periods within some days."""
    query = select(table.c.document).order_by(table.c.last_day, table.c.number, table.c.revision)
    if slug is not None:
        query = query.where(table.c.slug == slug)
    if first_day is not None:
        query = query.where(table.c.first_day >= first_day)
    if last_day is not None:
        query = query.where(table.c.last_day <= last_day)
    return [statement_from(document) for document in connection.scalars(query)]


def statement_problems(connection: Connection, first_day: date, last_day: date) -> list[str]:
    """Say of each kept statement that touches some days how it is not what was sealed."""
    rows = connection.execute(
        select(table)
        .where(table.c.first_day <= last_day, table.c.last_day >= first_day)
        .order_by(table.c.number, table.c.revision)
    )
    problems = []
    for row in rows:
        told = {
            event.data["revision"]: event.data
            for event in read_events(connection, f"statement:{row.number}")
        }
        sealed = told.get(row.revision, {})
        if sealed.get("document") != hash_of(row.document) or row.seal != hash_of(row.inputs):
            problems.append(f"{row.number} revision {row.revision} is not what was sealed")
    return problems


def _refresh(desk: Desk, slugs: Collection[str], first_day: date, last_day: date) -> None:
    """Refresh the days of a period, and those before that an outage may reach back to."""
    today = desk.clock.now().date()
    refresh(desk, days_between(first_day, min(last_day, today)), slugs)
    refresh(desk, [first_day - timedelta(days=1)], slugs)


def _names(connection: Connection, slugs: Collection[str], at: datetime) -> dict[str, str]:
    if len(slugs) == 1:
        (slug,) = slugs
        return {slug: mobile_operator_in_force(connection, slug, at).mobile_operator.name}
    known = mobile_operators_in_force(connection, at)
    return {one.slug: one.mobile_operator.name for one in known}


def _keep(
    connection: Connection, statement: Statement, inputs: dict[str, Any], why: str | None
) -> Issued:
    """Keep a statement, unless the last of its number says the same."""
    row = connection.execute(
        select(table)
        .where(table.c.number == statement.number)
        .order_by(table.c.revision.desc())
        .limit(1)
    ).first()
    if row is not None:
        before = statement_from(row.document)
        changes = tuple(_changes(before, statement)) if row.seal != statement.seal.sha256 else ()
        if not changes:
            return Issued(statement=before, is_new=False, is_kept=True)
        seal = replace(
            statement.seal,
            revision=row.revision + 1,
            replaces=row.seal,
            why=why or _why(row.inputs, inputs),
        )
        feeds = statement.feeds or before.feeds  # whoever corrects need not know of feeds
        statement = replace(statement, seal=seal, changes=changes, feeds=feeds)
    document = kept_document(statement)
    facts = {"number": statement.number, "revision": statement.seal.revision}
    names = ("slug", "kind", "first_day", "last_day", "made_at")
    its_facts = {name: getattr(statement, name) for name in names}
    connection.execute(
        table.insert().values(
            **facts, **its_facts, seal=statement.seal.sha256, inputs=inputs, document=document
        )
    )
    append_event(
        connection,
        stream=f"statement:{statement.number}",
        kind=_MADE,
        recorded_at=statement.made_at,
        actor=ACTOR,
        data=facts | {"seal": statement.seal.sha256, "document": hash_of(document)},
    )
    return Issued(statement=statement, is_new=True, is_kept=True)


def _why(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Say which inputs differ."""
    reasons = []
    if before["decisions"] != after["decisions"]:
        new = [one for one in after["decisions"] if one not in before["decisions"]]
        reasons.append(f"disputes were decided: {', '.join(new)}")
    if before["exclusions"] != after["exclusions"]:
        reasons.append("the planned maintenance that is excluded is another")
    if before["policy"] != after["policy"]:
        reasons.append("the policy is another")
    days = sorted(
        day
        for day in before["rollups"].keys() | after["rollups"].keys()
        if before["rollups"].get(day) != after["rollups"].get(day)
    )
    if not reasons and days:
        reasons.append(f"more is known of {', '.join(days)}")
    return "; ".join(reasons) or "it was made from other inputs"


def _changes(before: Statement, after: Statement) -> Iterator[Change]:
    """Compare what two statements of the same period say in figures."""
    for figure, old, new in _pairs(_shown(before), _shown(after)):
        if old != new:
            yield Change(figure=figure, before=old, after=new)


def _pairs(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for figure in dict.fromkeys((*before, *after)):
        yield figure, before.get(figure, "none"), after.get(figure, "none")


def _shown(statement: Statement) -> dict[str, str]:
    shown: dict[str, str] = {}
    for one in statement.targets:
        prefix = f"{one.target}: " if len(statement.targets) > 1 else ""
        shown |= {f"{prefix}{name}": value for name, value in _shown_of(one).items()}
    return shown


def _shown_of(one: TargetFigures) -> dict[str, str]:
    availability, latency = one.availability, one.latency
    return {
        "availability": _share(availability.share),
        "availability by time": _share(availability.by_time),
        "coverage": _share(availability.coverage),
        "availability had all unknown slots been bad": _share(availability.low),
        "availability had all unknown slots been good": _share(availability.high),
        "availability with maintenance counted": _share(availability.without_exclusions),
        **{f"{name} slots": f"{getattr(one.slots, name):,}" for name in _STATES},
        "budget allowed": f"{one.budget.allowed_s:,.1f} s",
        "budget used": f"{one.budget.used_s:,.1f} s",
        "budget left": f"{one.budget.left_s:,.1f} s",
        "mean latency": _milliseconds(latency.mean_ms),
        "share within the latency": _share(latency.share_within),
        "median latency": _milliseconds(latency.p50_ms),
        "95th percentile of latency": _milliseconds(latency.p95_ms),
        "99th percentile of latency": _milliseconds(latency.p99_ms),
        "outages": f"{len(one.outages)}",
        "outages escalated": f"{sum(line.escalated for line in one.outages)}",
        **{f"seconds {cause}": f"{value:,.0f} s" for cause, value in one.seconds_by_cause.items()},
        "verdict on the availability": one.judged_availability.verdict.value,
        "verdict on the latency": one.judged_latency.verdict.value,
    }


_STATES = ("good", "bad", "excluded", "unknown")


def _share(share: float | None) -> str:
    return "unknown" if share is None else f"{share * 100:.4f} %"


def _milliseconds(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.1f} ms"
