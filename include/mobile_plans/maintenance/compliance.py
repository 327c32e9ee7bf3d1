"""Who told whom in time, and told completion: the record of both parties over a time (P1 to P3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from include.mobile_plans.maintenance.rules import end_of
from include.mobile_plans.maintenance.state import Maintenance
from include.mobile_plans.policy import ProgramPolicy

Completion = Literal["in time", "late", "not told", "not due", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compliance:
    """
    How one notice of one maintenance stands.

    Attributes:
        maintenance_id: The maintenance.
        maintained_by: Who owed it.
        recipient: Whom.
        starts_at: When its window starts.
        due_at: By when the notice was due, on the calendars of both.
        told_at: When the recipient was told; None while no mail server took it.
        late_by: By how much that was late, or is by now; None in time.
        completion: Whether completion was told within the grace of policy.
        completion_late_by: By how much it was not, or is not by now.
    """

    maintenance_id: str
    maintained_by: str
    recipient: str
    starts_at: datetime
    due_at: datetime
    told_at: datetime | None
    late_by: timedelta | None
    completion: Completion
    completion_late_by: timedelta | None


def compliance(
    maintenances: Iterable[Maintenance],
    since: datetime,
    until: datetime,
    policy: ProgramPolicy,
    now: datetime,
) -> list[Compliance]:
    """
    Return every notice whose window starts within a time, the earliest first.

    Args:
        maintenances: All of them.
        since: From when on, aware.
        until: Until when, not included.
        policy: How long after the end completion is told.
        now: The current instant.
    """
    found = []
    for one in maintenances:
        plan = one.plan
        if plan is None or not since <= plan.window.starts_at < until:
            continue
        late_by = (one.closed_at or now) - end_of(one) - policy.maintenance.completion_grace
        completion = _completion(one, is_late=late_by > timedelta(0))
        found += [
            Compliance(
                maintenance_id=one.maintenance_id,
                maintained_by=plan.maintained_by,
                recipient=recipient,
                starts_at=plan.window.starts_at,
                due_at=verdict.deadline.instant,
                told_at=verdict.told_at,
                late_by=verdict.late_by(now),
                completion=completion,
                completion_late_by=late_by if completion in ("late", "not told") else None,
            )
            for recipient, verdict in one.verdicts.items()
        ]
    return sorted(found, key=lambda one: (one.starts_at, one.maintenance_id, one.recipient))


def _completion(one: Maintenance, *, is_late: bool) -> Completion:
    if one.closed == "cancelled":
        return "cancelled"
    if one.closed == "completed":
        return "late" if is_late else "in time"
    return "not told" if is_late else "not due"
