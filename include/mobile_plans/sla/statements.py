"""What a statement says, from what was read of its period; nothing is written here (M3, M4)."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import Any, Literal

from include.mobile_plans.calendar import calendar_version
from include.mobile_plans.maintenance import (
    PROGRAM,
    Maintenance,
    Verdict,
    end_of,
    exclusions,
    service_names,
)
from include.mobile_plans.monitoring import portal_target, start_of
from include.mobile_plans.obligations import PromiseCount
from include.mobile_plans.policy import ProgramPolicy
from include.mobile_plans.sla.figures import figures
from include.mobile_plans.sla.model import (
    FeedLine,
    MaintenanceLine,
    PromiseLine,
    Seal,
    ServiceLine,
    Statement,
    TargetFigures,
)
from include.mobile_plans.sla.period import Period
from include.mobile_plans.sla.rollup import clipped, hash_of
from include.mobile_plans.sla.rules import Terms

Kind = Literal["day", "month", "period"]
_PORTAL = "portal"
_KEPT, _BROKEN, _OPEN = ("met",), ("met_late", "breached"), ("open", "at_risk", "paused")


def kind_of(first_day: date, last_day: date) -> Kind:
    """Tell a UTC day and a calendar month, which is judged, from any other period."""
    if first_day == last_day:
        return "day"
    is_month = first_day.day == 1 and last_day == _end_of_month(first_day)
    return "month" if is_month else "period"


def _end_of_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def number_of(slug: str, first_day: date, last_day: date) -> str:
    """Name a statement for good."""
    kind = kind_of(first_day, last_day)
    if kind == "month":
        return f"SLA-{slug}-{first_day:%Y-%m}"
    return f"SLA-{slug}-{first_day}" + ("" if kind == "day" else f"-to-{last_day}")


def compose(
    period: Period, slug: str, name: str, now: datetime, feeds: Sequence[FeedLine] = ()
) -> tuple[Statement, dict[str, Any]]:
    """
    Say what a statement says.

    Args:
        period: What is known of its period.
        slug: Whose.
        name: The mobile operator's name.
        now: The current instant.
        feeds: Its xDR files.

    Returns:
        The statement, as if it were the first of its number, and the inputs its seal is over.
    """
    inputs = _inputs(period, slug)
    statement = Statement(
        number=number_of(slug, period.first_day, period.last_day),
        slug=slug,
        mobile_operator=name,
        first_day=period.first_day,
        last_day=period.last_day,
        kind=kind_of(period.first_day, period.last_day),
        made_at=now,
        services=tuple(_services(period.policy)),
        targets=tuple(_targets(period, slug)),
        maintenance=tuple(_maintenance(period, slug, now)),
        promises=tuple(_promises(period.promises.get(slug, []), period.policy)),
        feeds=tuple(feeds),
        seal=Seal(
            sha256=hash_of(inputs),
            policy=period.policy.fingerprint,
            calendar=calendar_version(),
        ),
    )
    return statement, inputs


def target_figures(period: Period, target: str, terms: Terms, until: int) -> TargetFigures:
    """Return the figures of a target that has rollups in a period."""
    return figures(
        period.rollups[target],
        terms,
        until=until,
        earlier=period.earlier.get(target, ()),
        on_record=period.on_record.get(target, ()),
    )


def _targets(period: Period, slug: str) -> Iterator[TargetFigures]:
    target = portal_target(slug)
    if target in period.rollups:
        # The budget is for the whole period, up to where the mobile operator is live.
        live_until = ceil(period.known.live[slug][-1][1].timestamp())
        until = max(live_until, period.rollups[target][-1].after)
        yield target_figures(period, target, Terms.of(period.policy), until)


def _inputs(period: Period, slug: str) -> dict[str, Any]:
    """Name everything the figures follow from; the seal is over this."""
    target = portal_target(slug)
    excluded = clipped(period.known.excluded.get(slug, ()), period.span)
    rollups = (*period.earlier.get(target, ()), *period.rollups.get(target, ()))
    return {
        "period": [period.first_day.isoformat(), period.last_day.isoformat()],
        "rollups": {one.day.isoformat(): one.digest for one in rollups},
        "exclusions": [list(span) for span in excluded],
        "decisions": [one.dispute_id for one in period.disputes.get(target, ())],
        "policy": period.policy.fingerprint,
        "calendar": calendar_version(),
    }


def _services(policy: ProgramPolicy) -> Iterator[ServiceLine]:
    table = policy.sla.services
    for row in fields(table):
        one = getattr(table, row.name)
        yield ServiceLine(
            service=row.name,  # type: ignore[arg-type]  # the three services of the table
            name=one.name,
            description=one.description,
            impact=one.impact,
            monitored_by=one.monitored_by,
            availability=one.availability,
            latency_limit_ms=(
                None if one.latency is None else one.latency.limit.total_seconds() * 1000
            ),
        )


def _maintenance(period: Period, slug: str, now: datetime) -> Iterator[MaintenanceLine]:
    begin, end = map(start_of, period.span)
    names = service_names(period.policy)
    excluded = exclusions(period.known.maintenances, slug, _PORTAL)
    told = [
        one
        for one in period.known.maintenances
        if one.plan is not None
        and slug in one.plan.mobile_operators
        and one.plan.window.starts_at < end
        and begin < max(end_of(one), one.plan.window.ends_at)
    ]
    for one in sorted(told, key=lambda one: (_starts_at(one), one.maintenance_id)):
        plan = one.plan
        assert plan is not None  # noqa: S101 - only those that were told
        verdict = one.verdicts.get(PROGRAM if plan.maintained_by == slug else slug)
        left_out = (
            min(part.ends_at, end) - max(part.starts_at, begin)
            for part in excluded
            if part.maintenance_id == one.maintenance_id
        )
        yield MaintenanceLine(
            number=one.maintenance_id,
            party=plan.party,
            service=names.get(plan.service, plan.service),
            starts_at=plan.window.starts_at,
            ends_at=end_of(one),
            state=one.state,
            in_time=verdict is not None and verdict.is_in_time,
            verdict=_verdict_words(verdict, now),
            excluded_s=sum(max(part.total_seconds(), 0.0) for part in left_out),
        )


def _starts_at(one: Maintenance) -> datetime:
    return one.plan.window.starts_at if one.plan else datetime.max.replace(tzinfo=UTC)


def _verdict_words(verdict: Verdict | None, now: datetime) -> str:
    if verdict is None:
        return "not told"
    due = f"due {verdict.deadline.instant:%d %b %Y %H:%M} UTC"
    if verdict.told_at is None:
        return f"not told yet, {due}"
    late_by = verdict.late_by(now)
    if late_by is None:
        return f"told in time, {verdict.told_at:%d %b %Y %H:%M} UTC, {due}"
    hours, minutes = divmod(ceil(late_by.total_seconds() / 60), 60)
    return f"told {hours} h {minutes} min late, {due}"


def _promises(counts: Sequence[PromiseCount], policy: ProgramPolicy) -> Iterator[PromiseLine]:
    kinds = dict.fromkeys((one.debtor, one.kind) for one in counts)
    for party, kind in kinds:
        own = [one for one in counts if (one.debtor, one.kind) == (party, kind)]
        kept, broken, waiting = (
            sum(one.number for one in own if one.state in states)
            for states in (_KEPT, _BROKEN, _OPEN)
        )
        if kept or broken or waiting:
            known = policy.promises.kinds.get(kind)
            yield PromiseLine(
                party=party,
                kind=kind,
                title=known.title if known else kind,
                kept=kept,
                broken=broken,
                open=waiting,
            )
