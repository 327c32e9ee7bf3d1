"""Outstanding issues of a launch: found, assigned, resolved or waived, each by a named person."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from include.mobile_plans.instants import parse_instant
from include.mobile_plans.policy import PartyName
from include.mobile_plans.store import Event

OPENED = "issue.opened"
ASSIGNED = "issue.assigned"
RESOLVED = "issue.resolved"
WAIVED = "issue.waived"
ISSUE_KINDS = (OPENED, ASSIGNED, RESOLVED, WAIVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """How an issue was put right: by whom, what was done, when it was recorded."""

    by: str
    how: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """That an issue may stand for a while: decided by whom, why, until when."""

    by: str
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """
    Something that keeps a mobile operator from going live (L1).

    Attributes:
        number: Its number in the launch, from 1.
        title: What is wrong, in one line.
        party: Which party must act.
        found_in: The question or check that found it, or None.
        opened_by: Who found it.
        opened_at: When it was recorded.
        resolution: How it was put right, or None.
        waiver: The latest waiver, or None.
    """

    number: int
    title: str
    party: PartyName
    found_in: str | None
    opened_by: str
    opened_at: datetime
    resolution: Resolution | None = None
    waiver: Waiver | None = None

    def is_outstanding(self, now: datetime) -> bool:
        """Tell whether it still refuses go-live: neither resolved nor waived at this instant."""
        return self.state(now) in ("open", "waiver expired")

    def state(self, now: datetime) -> str:
        """Return ``resolved``, ``waived``, ``waiver expired`` or ``open``."""
        if self.resolution is not None:
            return "resolved"
        if self.waiver is None:
            return "open"
        return "waived" if now < self.waiver.until else "waiver expired"


def issues_after(issues: Mapping[int, Issue], event: Event) -> dict[int, Issue]:
    """Return the issues by number as they are after one more event of theirs."""
    data, number = event.data, int(event.data["issue"])
    if event.kind == OPENED:
        issue = Issue(
            number=number,
            title=data["title"],
            party=data["party"],
            found_in=data["found_in"],
            opened_by=data["by"],
            opened_at=event.recorded_at,
        )
    elif event.kind == ASSIGNED:
        issue = replace(issues[number], party=data["party"])
    elif event.kind == RESOLVED:
        done = Resolution(by=data["by"], how=data["how"], at=event.recorded_at)
        issue = replace(issues[number], resolution=done)
    else:
        until = parse_instant(data["until"])
        waiver = Waiver(by=data["by"], reason=data["reason"], until=until)
        issue = replace(issues[number], waiver=waiver)
    return {**issues, number: issue}
