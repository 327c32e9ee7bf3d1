"""
What an SLA statement says, as plain values: how it is found out and how it is shown are elsewhere.

Shares are 0 to 1, durations are seconds (``_s``) or milliseconds (``_ms``), instants are aware UTC.
A figure that nothing is known about is None, never 0 or 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal


class Verdict(StrEnum):
    """Whether a figure keeps what was promised; undecided where too little is known."""

    MET = "met"
    MISSED = "missed"
    UNDECIDED = "undecided"


CAUSES = ("theirs", "ours", "network", "maintenance", "overrun")
"""
Who or what stands behind seconds that were not good.

``theirs``: bad, the portal's own. ``ours``: nobody probed. ``network``: probed, but cut off
ourselves. ``maintenance``: excluded, inside a window told in time. ``overrun``: bad after the end
of such a window, before its maintenance was completed; part of what is theirs, never added to it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotCounts:
    """How many slots of a time were in each state."""

    good: int = 0
    bad: int = 0
    excluded: int = 0
    unknown: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.good + self.bad + self.excluded + self.unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """
    A share of slots, with what could not be seen (M3).

    Attributes:
        share: good / (good + bad), excluded slots left out.
        by_time: The same over seconds; differs where the length of a slot was changed.
        coverage: (good + bad) / (good + bad + unknown).
        low: Had every unknown slot been bad.
        high: Had every unknown slot been good.
        without_exclusions: The same share with excluded slots counted as they were seen.
    """

    share: float | None
    by_time: float | None
    coverage: float | None
    low: float | None
    high: float | None
    without_exclusions: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Bad seconds allowed over the whole period less what is excluded; ``left_s`` is signed."""

    allowed_s: float
    used_s: float
    left_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """
    Milliseconds of the good probes.

    Attributes:
        mean_ms: Their mean.
        share_within: The share within the limit.
        p50_ms: Nearest rank, as the others; from a histogram within the error it states.
        p95_ms: See above.
        p99_ms: See above.
        phases_ms: The means of ``dns``, ``connect``, ``tls`` and ``first_byte``, where measured.
    """

    mean_ms: float | None = None
    share_within: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    phases_ms: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageLine:
    """
    One outage of a period, bounded by what was seen on both sides.

    Attributes:
        first_bad_at: Start of its first bad slot.
        last_bad_at: Start of its newest bad slot.
        last_good_before: The last good slot before, None if none was seen.
        first_good_after: The good slot that ended it, None while it lasts.
        escalated: Whether it was escalated (M2).
        incident: The number of its incident, or None.
    """

    first_bad_at: datetime
    last_bad_at: datetime
    last_good_before: datetime | None
    first_good_after: datetime | None
    escalated: bool
    incident: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigures:
    """What charts show of one UTC day: slots, availability, latency, bad seconds of that day."""

    day: date
    slots: SlotCounts
    availability: float | None
    mean_ms: float | None
    share_within: float | None
    bad_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """
    A verdict, and in one sentence why.

    Attributes:
        verdict: Whether it was kept.
        reason: Such as ``99.95 % of the known slots were good, 99.90 % is promised``.
    """

    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFigures:
    """
    All figures of one target over the period (M3, M4).

    Attributes:
        target: Such as ``contoso/portal``.
        first_slot: Since when it is counted: the period's begin, or when it went live.
        after: The end of the time counted.
        slots: By state.
        seconds_by_cause: Keys are ``CAUSES``.
        availability: With coverage and bounds.
        target_availability: What is promised, such as 0.999.
        budget: Of bad seconds.
        latency: Of the good probes.
        latency_limit_ms: What is promised, such as 400.
        latency_statistic: Of what it is promised: ``mean``, ``p50``, ``p95`` or ``p99``.
        outages: Oldest first.
        days: One entry per UTC day.
        judged_availability: The verdict on the availability.
        judged_latency: The verdict on the latency.
        in_words: Such as ``3 bad of 2,880 known slots, between 99.70 % and 99.96 % …``.
    """

    target: str
    first_slot: datetime
    after: datetime
    slots: SlotCounts
    seconds_by_cause: Mapping[str, float]
    availability: Availability
    target_availability: float
    budget: Budget
    latency: Latency
    latency_limit_ms: float
    latency_statistic: str
    outages: tuple[OutageLine, ...]
    days: tuple[DayFigures, ...]
    judged_availability: Judged
    judged_latency: Judged
    in_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLine:
    """A row of the SLA table (M3); the ``figures`` of those the program does not monitor: None."""

    service: Literal["core_network", "portal", "xdr"]
    name: str
    description: str
    impact: str
    monitored_by: Literal["program", "mobile_operator"]
    availability: float | None
    latency_limit_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceLine:
    """
    A planned maintenance that touches the period (P1, P2).

    Attributes:
        number: Such as ``MNT-0007``.
        party: Who maintains: ``program`` or ``mobile_operator``.
        service: Which service, in words.
        starts_at: Begin of its window.
        ends_at: End of its window.
        state: In one word.
        in_time: Whether this mobile operator was told in time.
        verdict: The verdict of its notice in words, such as by how much it was late.
        excluded_s: How many seconds of the period it excludes.
    """

    number: str
    party: str
    service: str
    starts_at: datetime
    ends_at: datetime
    state: str
    in_time: bool
    verdict: str
    excluded_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseLine:
    """One kind of promise of one party in the period: how many were kept, broken, still open."""

    party: Literal["program", "mobile_operator"]
    kind: str
    title: str
    kept: int
    broken: int
    open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLine:
    """The xDR files of one feed in the period (X1); never part of a verdict."""

    feed: Literal["CDR", "SDR", "TDR"]
    expected: int
    received: int
    accepted: int
    rejected: int
    rows: int
    quarantined: int
    late: int
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One figure that a corrected statement shows differently from the one before."""

    figure: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """
    What a statement was made from.

    Attributes:
        sha256: Over the inputs: rollups, exclusions, decisions, policy, calendar version.
        policy: Fingerprint of the policy.
        calendar: Name and version of the library that counts working days.
        revision: From 0; a correction is one more.
        replaces: The seal of the statement it corrects, or None.
        why: Why it was corrected, or None.
    """

    sha256: str
    policy: str
    calendar: str
    revision: int = 0
    replaces: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """
    The SLA statement of one mobile operator over a period of whole UTC days (M3, M4).

    Attributes:
        number: Such as ``SLA-contoso-2026-11`` or ``SLA-contoso-2026-11-24``.
        slug: Whose.
        mobile_operator: Its name.
        first_day: Begin of the period.
        last_day: Its end, this day included.
        kind: ``month`` is judged; ``day`` and any other ``period`` are indicative.
        made_at: When it was made.
        services: The SLA table, three rows.
        targets: Usually the one portal; empty where nothing was monitored yet.
        maintenance: Oldest first.
        promises: Of both parties.
        feeds: xDR; empty where no feed is registered.
        changes: Against the statement it corrects.
        seal: What it was made from.
    """

    number: str
    slug: str
    mobile_operator: str
    first_day: date
    last_day: date
    kind: Literal["day", "month", "period"]
    made_at: datetime
    services: tuple[ServiceLine, ...]
    targets: tuple[TargetFigures, ...]
    maintenance: tuple[MaintenanceLine, ...] = ()
    promises: tuple[PromiseLine, ...] = ()
    feeds: tuple[FeedLine, ...] = ()
    changes: tuple[Change, ...] = ()
    seal: Seal
