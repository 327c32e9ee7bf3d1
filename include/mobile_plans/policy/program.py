"""
The program's policy as typed data: one class per file of ``include/policy``.

Every number in the files names its source; ``ProgramPolicy.sources`` keeps them by key path.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field, IPvAnyAddress

from include.mobile_plans.errors import NotFound
from include.mobile_plans.policy.contacts import ContactPolicy
from include.mobile_plans.policy.expectations import Expectation
from include.mobile_plans.policy.incidents import IncidentPolicy
from include.mobile_plans.policy.notices import NoticePolicy
from include.mobile_plans.policy.promises import PartyName, PromisePolicy
from include.mobile_plans.policy.scenarios import Scenario
from include.mobile_plans.policy.severity import SeverityEdition
from include.mobile_plans.policy.values import (
    FORBID_UNKNOWN,
    BusinessDays,
    Count,
    Day,
    Duration,
    HttpsUri,
    Line,
    Name,
    PartyCalendar,
    Prose,
    Share,
)
from include.mobile_plans.policy.xdr import XdrPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyTarget:
    """The latency a service promises (M3): ``limit`` for ``statistic`` over the good probes."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    limit: Duration
    statistic: Literal["mean", "p50", "p95", "p99"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTarget:
    """
    One row of the SLA table (M3).

    Attributes:
        name: As the table prints it.
        description: What the service does.
        impact: What users notice in case of an incident.
        monitored_by: Which party watches it.
        availability: The share promised, or None where the table has no figure.
        latency: The latency promised, or None.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    name: Line
    description: Prose
    impact: Prose
    monitored_by: PartyName
    availability: Share | None
    latency: LatencyTarget | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTargets:
    """The SLA table: its three services (M3)."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    core_network: ServiceTarget
    portal: ServiceTarget
    xdr: ServiceTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaPolicy:
    """
    The SLA and how it is judged (M3).

    Attributes:
        judging_period: Over what the availability is judged.
        judged_availability: Which of the two figures, always both printed, is judged.
        minimum_coverage: The least share of slots that must be known to call anything kept.
        services: The table.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    judging_period: Literal["calendar_month_utc"]
    judged_availability: Literal["excluding_maintenance", "including_maintenance"]
    minimum_coverage: Share
    services: ServiceTargets


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePolicy:
    """
    How a portal is asked (M1).

    Attributes:
        interval: From one probe to the next.
        timeout: For a whole probe, at most 10 s.
        maximum_redirects: How many are followed.
        maximum_body_bytes: After how many bytes of the answer reading stops.
        user_agent: Who we say we are.
        shards: How many watchers share the portals.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    interval: Duration
    timeout: Annotated[Duration, Field(le=timedelta(seconds=10))]
    maximum_redirects: Annotated[int, Field(ge=0, le=10)]
    maximum_body_bytes: Annotated[int, Field(ge=1024)]
    user_agent: Line
    shards: Annotated[int, Field(ge=1, le=64)]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutagePolicy:
    """When a run of bad slots is escalated (M2), and how much of it must really be probed."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    escalate_after: Duration
    minimum_coverage: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class DegradationPolicy:
    """Bad in all but name: ``bad_share`` of the known slots of a ``window``."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    window: Duration
    bad_share: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyWarningPolicy:
    """The number of bad slots in a row that is shown before anything is escalated."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    bad_slots: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class UnstablePolicy:
    """How many outages within which time make a portal unstable, a Low finding."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    outages: Annotated[int, Field(ge=2)]
    within: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """How long samples stay in the store before only the sealed archive has them."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    hot_samples: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringAlerts:
    """The age of the newest sample at which our own prober counts as silent."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    oldest_sample: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringPolicy:
    """Everything portal monitoring is told (M1, M2); ``control_targets`` are asked each round."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    probe: ProbePolicy
    expectation: Expectation
    outage: OutagePolicy
    degradation: DegradationPolicy
    early_warning: EarlyWarningPolicy
    unstable: UnstablePolicy
    control_targets: Annotated[tuple[HttpsUri, ...], Field(min_length=1)]
    retention: RetentionPolicy
    alerts: MonitoringAlerts


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenancePolicy:
    """
    Planned maintenance, alike in both directions (P1 to P3).

    Attributes:
        notice_lead: How long before the event it is told.
        completion_grace: From the announced end to the completion notice.
        reminder_before: When recipients are reminded.
        excluded_per_month: The most that judged availability leaves out per service and month.
        program_services: What the program itself operates, by name.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    notice_lead: BusinessDays
    completion_grace: Duration
    reminder_before: Duration
    excluded_per_month: Duration
    program_services: Annotated[Mapping[Name, Line], Field(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessGate:
    """What somebody of ``owner`` confirms with ``evidence`` before a launch (L1)."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    name: Name
    title: Line
    owner: Literal["program", "mobile_operator", "both"]
    evidence: Prose


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalLook:
    """
    How the production portal is looked at before go-live.

    Attributes:
        interval: From one look to the next while it is waited for.
        consecutive_good_answers: How many in a row suffice.
        latency_sample: How many answers a readiness review measures.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    interval: Annotated[Duration, Field(ge=timedelta(seconds=60))]
    consecutive_good_answers: Count
    latency_sample: Annotated[int, Field(ge=1, le=20)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """Days without any go-live, both ends included, in the program's zone."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    first_day: Day
    last_day: Day
    reason: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchPolicy:
    """
    The launch of a mobile operator (L1 to L10).

    Attributes:
        staging_migration_within: The week of L2.
        iccid_configuration_within: The week of L3.
        certificate_outlives_launch: How long after go-live the portal's certificate is valid.
        portal_look: When the production portal counts as answering.
        probe_addresses: Where our probes come from, told at go-live (L10).
        readiness_gates: What people confirm.
        scenarios: The recommended minimum of end-to-end validation (L6, L7).
        freezes: Days without go-live.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    staging_migration_within: Duration
    iccid_configuration_within: Duration
    certificate_outlives_launch: Duration
    portal_look: PortalLook
    probe_addresses: Annotated[tuple[IPvAnyAddress, ...], Field(min_length=1)]
    readiness_gates: tuple[ReadinessGate, ...]
    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1)]
    freezes: tuple[Freeze, ...]

    def freeze_on(self, day: date) -> Freeze | None:
        """Return the freeze a day of the program's zone falls in, or None."""
        return next((f for f in self.freezes if f.first_day <= day <= f.last_day), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarPolicy:
    """The program's own calendar."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    program: PartyCalendar


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramPolicy:
    """
    The whole policy of the program, as one directory holds it.

    Attributes:
        severity_editions: By name, such as ``2018``.
        sources: The clause behind each number, by key path such as
            ``monitoring.probe.interval``; a path without one has that of a path around it.
        fingerprint: SHA-256 over the files it was read from.
    """

    sla: SlaPolicy
    monitoring: MonitoringPolicy
    maintenance: MaintenancePolicy
    incidents: IncidentPolicy
    promises: PromisePolicy
    notices: NoticePolicy
    launch: LaunchPolicy
    contacts: ContactPolicy
    calendars: CalendarPolicy
    xdr: XdrPolicy
    severity_editions: Mapping[str, SeverityEdition]
    sources: Mapping[str, str]
    fingerprint: str

    def severity_edition(self, day: date) -> SeverityEdition:
        """
        Return the severity edition valid on a day: the newest that began by then.

        Raises:
            NotFound: No edition began by then.
        """
        begun = [e for e in self.severity_editions.values() if e.valid_from <= day]
        if not begun:
            msg = f"no severity edition is valid on {day}: the earliest begins later"
            raise NotFound(msg)
        return max(begun, key=lambda edition: edition.valid_from)

    def source(self, key_path: str) -> str | None:
        """Return the clause behind a value, such as ``M1`` for ``monitoring.probe.interval``."""
        parts = key_path.split(".")
        paths = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
        return next((self.sources[path] for path in paths if path in self.sources), None)
