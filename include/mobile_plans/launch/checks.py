"""What a readiness review checks by itself, each with its evidence in words (L1); pure."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from include.mobile_plans.iccid import is_true_subset, total_size
from include.mobile_plans.launch.asked import Asked
from include.mobile_plans.launch.portal_inspection import PortalInspection
from include.mobile_plans.launch.rules import range_findings, range_problems
from include.mobile_plans.policy import MobileOperator, PartyName

CHECK = "check."
"""What begins the ``found_in`` of an issue that a check opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    What one check found.

    Attributes:
        name: What was checked.
        passed: Whether it is as it should be.
        detail: The evidence in words.
        party: Who must act when it is not.
    """

    name: str
    passed: bool
    detail: str
    party: PartyName

    @property
    def found_in(self) -> str:
        """What names it in an issue."""
        return f"{CHECK}{self.name}"


def review_findings(
    asked: Asked, policy_problems: tuple[str, ...], portal: PortalInspection | None
) -> list[Finding]:
    """
    Judge everything a review checks by itself.

    Args:
        asked: The launch, the record and the policy.
        policy_problems: Why changed policy files did not take effect; empty when they did.
        portal: What a look at the production portal found, or None before the mobile operator
            moved there from staging.
    """
    findings = [_policy(asked, policy_problems), *_ranges(asked), *_contacts(asked.mobile_operator)]
    return findings if portal is None else [*findings, *_portal(asked, portal)]


def _policy(asked: Asked, problems: tuple[str, ...]) -> Finding:
    detail = "; ".join(problems) or f"valid, fingerprint {asked.policy.fingerprint[:12]}"
    return Finding(name="Policy", passed=not problems, detail=detail, party="program")


def _ranges(asked: Asked) -> Iterator[Finding]:
    request, ranges = asked.launch.request, asked.ranges
    problems = range_problems(request, asked.mobile_operator.name, ranges)
    yield Finding(
        name="ICCID ranges",
        passed=not problems,
        detail="; ".join(problems) or range_findings(request, ranges),
        party="mobile_operator",
    )
    if request.range_choice != "test":
        return
    passed = is_true_subset(ranges.test, ranges.production) and bool(ranges.test)
    of = f"{total_size(ranges.test)} of {total_size(ranges.production)} ICCIDs"
    yield Finding(
        name="Test range a true subset",
        passed=passed,
        detail=of if passed else f"{of}, not a part of them that leaves some out (L4)",
        party="mobile_operator",
    )


def _contacts(mobile_operator: MobileOperator) -> Iterator[Finding]:
    """Somebody must be callable for High incidents (E3); support is the partner's own (C1)."""
    contacts, support = mobile_operator.contacts, mobile_operator.customer_support
    roles = [role.name.replace("_", " ") for role in fields(contacts)]
    callable_ones = [contact.name for contact in contacts.incident if contact.phone]
    yield Finding(
        name="Contacts",
        passed=bool(callable_ones),
        detail=f"{', '.join(roles)}; called in an incident: {', '.join(callable_ones)}"
        if callable_ones
        else "no incident contact has a telephone number (E3)",
        party="mobile_operator",
    )
    ways = [way for way in (support.phone, support.email, support.website) if way]
    yield Finding(
        name="Support contact",
        passed=bool(ways),
        detail=", ".join([support.name, *ways])
        if ways
        else f"{support.name} has neither phone, mail nor website (C1)",
        party="mobile_operator",
    )


def _portal(asked: Asked, portal: PortalInspection) -> Iterator[Finding]:
    yield Finding(
        name="Portal over TLS",
        passed=not portal.problems,
        detail="; ".join(portal.problems) or f"{portal.uri} answered as expected",
        party="mobile_operator",
    )
    yield _certificate(
        portal, asked.launch.target_at, asked.policy.launch.certificate_outlives_launch
    )
    limit = asked.policy.sla.services.portal.latency
    if limit is None:
        return
    seconds = portal.mean_latency_s
    allowed = limit.limit.total_seconds()
    detail = (
        "no good answer to measure"
        if seconds is None
        else f"mean {seconds * 1000:.0f} ms of {len(portal.latencies_s)}, "
        f"{allowed * 1000:.0f} ms allowed (M3)"
    )
    yield Finding(
        name="Latency sample",
        passed=seconds is not None and seconds <= allowed,
        detail=detail,
        party="mobile_operator",
    )


def _certificate(portal: PortalInspection, target_at: datetime, outlives: timedelta) -> Finding:
    ends_at, needed = portal.certificate_ends_at, target_at + outlives
    detail = portal.certificate_problem or (
        f"valid until {ends_at:%Y-%m-%d}, needed until {needed:%Y-%m-%d}"
    )
    return Finding(
        name="Certificate",
        passed=ends_at is not None and ends_at >= needed,
        detail=detail,
        party="mobile_operator",
    )
