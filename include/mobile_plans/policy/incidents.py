"""Incidents as policy sees them: when many are one event, and what a handover looks at."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from include.mobile_plans.policy.values import FORBID_UNKNOWN, Duration, Share


@dataclass(frozen=True, slots=True, kw_only=True)
class StormPolicy:
    """
    When outages are one event, with one parent over their incidents.

    Attributes:
        mobile_operators: So many of them failing are one event.
        within: In how short a time.
        minimum_coverage: An outage of which a smaller share was seen may be our own fault.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    mobile_operators: Annotated[int, Field(ge=2)]
    within: Duration
    minimum_coverage: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPolicy:
    """Everything incidents are told; ``handover_ahead`` is how far ahead a handover looks."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    storm: StormPolicy
    handover_ahead: Duration
