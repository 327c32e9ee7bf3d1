"""Statements made by hand: a month with good, bad, excluded and unknown days, and others."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from include.mobile_plans.sla.model import (
    Availability,
    Budget,
    Change,
    DayFigures,
    FeedLine,
    Judged,
    Latency,
    MaintenanceLine,
    OutageLine,
    PromiseLine,
    Seal,
    ServiceLine,
    SlotCounts,
    Statement,
    TargetFigures,
    Verdict,
)
from include.mobile_plans.sla.words import percent

SLOTS_OF_DAY = 2880
SLOT_S = 30
PROMISED = 0.999
LIMIT_MS = 400.0
FIRST = date(2026, 11, 1)
MADE_AT = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
SEAL = Seal(
    sha256="6f1ed002ab5595859014ebf0951522d9b1ab5d5a8e3e7d1a36c2d4e7b6c5a4f3",
    policy="0f4c2d1b9a8e",
    calendar="holidays 0.108",
)
SERVICES = (
    ServiceLine(
        service="core_network",
        name="Core Network Services",
        description="Services that provide the capability to access the internet.",
        impact="Users will not be able to connect to the internet using their data plan.",
        monitored_by="mobile_operator",
        availability=PROMISED,
        latency_limit_ms=None,
    ),
    ServiceLine(
        service="portal",
        name="MO Direct portal",
        description="A web portal that users can access for the MO Direct scenario.",
        impact="Users will not be able to sign up for data plans.",
        monitored_by="program",
        availability=PROMISED,
        latency_limit_ms=LIMIT_MS,
    ),
    ServiceLine(
        service="xdr",
        name="xDR (CDR, SDR, TDR)",
        description="Call, subscription and transaction detail records.",
        impact="Impacts the program's internal business intelligence reporting.",
        monitored_by="mobile_operator",
        availability=None,
        latency_limit_ms=None,
    ),
)


def day(which: date, *, bad: int = 0, excluded: int = 0, unknown: int = 0, ms: float = 210.0):
    """Return the figures of a day of 2,880 slots, of which so many were not good."""
    good = SLOTS_OF_DAY - bad - excluded - unknown
    return DayFigures(
        day=which,
        slots=SlotCounts(good=good, bad=bad, excluded=excluded, unknown=unknown),
        availability=good / (good + bad) if good + bad else None,
        mean_ms=ms if good else None,
        share_within=0.998 if good else None,
        bad_s=float(bad * SLOT_S),
    )


def month_of_days() -> tuple[DayFigures, ...]:
    """Return November 2026: an outage, a slow day, maintenance, a day and a half unseen."""
    special = {
        5: {"bad": 1},
        9: {"bad": 70, "ms": 640.0},
        10: {"ms": 380.0},
        14: {"excluded": 480},
        18: {"unknown": SLOTS_OF_DAY},
        19: {"unknown": 1400},
        23: {"bad": 12},
    }
    return tuple(
        day(FIRST + timedelta(days=n), **({"ms": 205.0 + 7 * (n % 5)} | special.get(n + 1, {})))
        for n in range(30)
    )


def share(part: int, whole: int) -> float | None:
    """Divide, or say that nothing is known."""
    return part / whole if whole else None


def target(name: str, days: Sequence[DayFigures], **more: object) -> TargetFigures:
    """Return the figures of a target that follow from those of its days."""
    good, bad, excluded, unknown = (
        sum(getattr(one.slots, state) for one in days)
        for state in ("good", "bad", "excluded", "unknown")
    )
    availability = share(good, good + bad)
    whole_s = (good + bad + unknown) * SLOT_S
    allowed_s, used_s = (1 - PROMISED) * whole_s, float(bad * SLOT_S)
    known_days = [one.mean_ms for one in days if one.mean_ms is not None]
    mean_ms = sum(known_days) / len(known_days) if known_days else None
    met = Verdict.UNDECIDED
    if availability is not None:
        met = Verdict.MET if availability >= PROMISED else Verdict.MISSED
    fast = Verdict.UNDECIDED
    if mean_ms is not None:
        fast = Verdict.MET if mean_ms <= LIMIT_MS else Verdict.MISSED
    figures = TargetFigures(
        target=name,
        first_slot=_midnight(days[0].day),
        after=_midnight(days[-1].day + timedelta(days=1)),
        slots=SlotCounts(good=good, bad=bad, excluded=excluded, unknown=unknown),
        seconds_by_cause={
            "theirs": used_s,
            "ours": float(unknown * SLOT_S),
            "network": 0.0,
            "maintenance": float(excluded * SLOT_S),
            "overrun": 600.0 if bad > 60 else 0.0,
        },
        availability=Availability(
            share=availability,
            by_time=availability,
            coverage=share(good + bad, good + bad + unknown),
            low=share(good, good + bad + unknown),
            high=share(good + unknown, good + bad + unknown),
            without_exclusions=share(good + excluded // 2, good + bad + excluded),
        ),
        target_availability=PROMISED,
        budget=Budget(allowed_s=allowed_s, used_s=used_s, left_s=allowed_s - used_s),
        latency=Latency(
            mean_ms=mean_ms,
            share_within=0.9975 if mean_ms is not None else None,
            p50_ms=205.0 if mean_ms is not None else None,
            p95_ms=352.0 if mean_ms is not None else None,
            p99_ms=611.0 if mean_ms is not None else None,
            phases_ms={"dns": 4.2, "connect": 31.0, "tls": 62.5, "first_byte": 118.0}
            if mean_ms is not None
            else dict.fromkeys(("dns", "connect", "tls", "first_byte")),
        ),
        latency_limit_ms=LIMIT_MS,
        latency_statistic="mean",
        outages=(),
        days=tuple(days),
        judged_availability=Judged(
            verdict=met,
            reason="no slot is known"
            if availability is None
            else f"{percent(availability)} of the known slots were good, 99.90 % is promised",
        ),
        judged_latency=Judged(
            verdict=fast,
            reason="no good probe is known"
            if mean_ms is None
            else f"the mean is {mean_ms:.0f} ms, at most 400 ms is promised",
        ),
        in_words=f"{bad:,} bad of {good + bad:,} known slots",
    )
    return replace(figures, **more)


def month(slug: str = "contoso", name: str = "Contoso Mobile", **more: object) -> Statement:
    """Return a month that is missed: two outages, maintenance in time and late, unseen days."""
    statement = Statement(
        number=f"SLA-{slug}-2026-11",
        slug=slug,
        mobile_operator=name,
        first_day=FIRST,
        last_day=date(2026, 11, 30),
        kind="month",
        made_at=MADE_AT,
        services=SERVICES,
        targets=(
            target(
                f"{slug}/portal",
                month_of_days(),
                outages=_OUTAGES,
                in_words="83 bad of 81,640 known slots: 99.89 % (95 % interval 99.87 to 99.92 %)",
            ),
        ),
        maintenance=_MAINTENANCE,
        promises=_PROMISES,
        feeds=_FEEDS,
        seal=SEAL,
    )
    return replace(statement, **more)


def one_day(
    slug: str = "contoso",
    name: str = "Contoso Mobile",
    *,
    bad: int = 3,
    unknown: int = 0,
    **more: object,
) -> Statement:
    """Return a day with so many bad and unknown slots."""
    which = date(2026, 11, 24)
    statement = Statement(
        number=f"SLA-{slug}-{which}",
        slug=slug,
        mobile_operator=name,
        first_day=which,
        last_day=which,
        kind="day",
        made_at=datetime(2026, 11, 25, 3, 0, tzinfo=UTC),
        services=SERVICES,
        targets=(target(f"{slug}/portal", [day(which, bad=bad, unknown=unknown)]),),
        seal=SEAL,
    )
    return replace(statement, **more)


def corrected() -> Statement:
    """Return the month again, after a dispute about the outage of the 9th was accepted."""
    days = [one if one.day.day != 9 else day(one.day) for one in month_of_days()]
    return month(
        targets=(target("contoso/portal", days),),
        changes=(
            Change(figure="availability of contoso/portal", before="99.89 %", after="99.98 %"),
            Change(figure="bad slots of contoso/portal", before="83", after="13"),
        ),
        seal=replace(
            SEAL,
            sha256="aa11" * 16,
            revision=1,
            replaces=SEAL.sha256,
            why="DSP-0001 was accepted by Maya Patel: the control targets were blocked",
        ),
    )


def unseen(slug: str = "contoso", name: str = "Contoso Mobile") -> Statement:
    """Return a day of which nothing is known."""
    return one_day(slug, name, bad=0, unknown=SLOTS_OF_DAY)


def bad_slots(statements: Iterable[Statement]) -> int:
    """Count the bad slots of statements."""
    return sum(one.slots.bad for statement in statements for one in statement.targets)


def _midnight(which: date) -> datetime:
    return datetime.combine(which, time(), tzinfo=UTC)


def _at(which: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 11, which, hour, minute, second, tzinfo=UTC)


_OUTAGES = (
    OutageLine(
        first_bad_at=_at(9, 14, 0, 30),
        last_bad_at=_at(9, 14, 35),
        last_good_before=_at(9, 14),
        first_good_after=_at(9, 14, 35, 30),
        escalated=True,
        incident="INC-0042",
    ),
    OutageLine(
        first_bad_at=_at(23, 2),
        last_bad_at=_at(23, 2, 5, 30),
        last_good_before=None,
        first_good_after=None,
        escalated=False,
    ),
)
_MAINTENANCE = (
    MaintenanceLine(
        number="MNT-0007",
        party="mobile_operator",
        service="MO Direct portal",
        starts_at=_at(14, 22),
        ends_at=_at(15, 2),
        state="completed",
        in_time=True,
        verdict="told 6 days before it was due",
        excluded_s=14400.0,
    ),
    MaintenanceLine(
        number="MNT-0009",
        party="program",
        service="Mobile Plans",
        starts_at=_at(27, 6),
        ends_at=_at(27, 7),
        state="completed",
        in_time=False,
        verdict="told 1 day 4 hours late",
        excluded_s=0.0,
    ),
)
_PROMISES = (
    PromiseLine(
        party="mobile_operator",
        kind="incident_response",
        title="Initial response within 1 hour",
        kept=1,
        broken=0,
        open=0,
    ),
    PromiseLine(
        party="program",
        kind="outage_notice",
        title="Outage told within 30 minutes",
        kept=1,
        broken=1,
        open=0,
    ),
)
_FEEDS = (
    FeedLine(
        feed="CDR",
        expected=720,
        received=719,
        accepted=717,
        rejected=2,
        rows=1_204_311,
        quarantined=12,
        late=3,
        missing=1,
    ),
)
