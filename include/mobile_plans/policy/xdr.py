"""
The feeds of detail records as policy sees them: limits, lateness, thresholds, severities (X1).

Nothing here is promised by the agreement: a breach is a reporting failure, never one of the SLA.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from include.mobile_plans.policy.values import FORBID_UNKNOWN, Count, Duration, Share

FindingSeverity = Literal["R", "Q", "W", "I"]
"""R refuses the file, Q sets rows aside, W warns, I informs."""

Offset = Annotated[str, StringConstraints(pattern=r"^[+-](0\d|1[0-4]):(00|15|30|45)$")]
"""Of a time zone, such as ``+05:45``."""

RULES = (
    *("F01", "F02", "F03", "F04", "F05", "F05_bom", "F06", "F06_extra", "F06_order", "F07", "F08"),
    *("F09", "F09_gap", "F09_copy", "F10", "F11", "F12", "F13", "F14", "F15", "F16"),
    *("R00", "R01", "R02", "R03", "R03_foreign", "R04", "R05", "R05_bytes", "R06", "R06_duration"),
    *("R07", "R08", "R08_old", "R09", "R10", "R11", "S01", "S01_twin", "S02", "S03"),
    *("T01", "T02", "T03", "T03_learning"),
)
"""Every rule that needs a severity; what it says is in the room of the feeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLimits:
    """
    What a file may cost before it is refused.

    Attributes:
        file_bytes: As delivered.
        unpacked_bytes: After decompression.
        unpacked_ratio: Unpacked to packed bytes.
        line_bytes: The longest line.
        rows: Records in a file.
        columns: In its header.
        malformed_rows: After so many lines that are no rows reading stops.
        manifest_bytes: Of a manifest.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    file_bytes: Count
    unpacked_bytes: Count
    unpacked_ratio: Count
    line_bytes: Annotated[int, Field(ge=1024)]
    rows: Count
    columns: Count
    malformed_rows: Count
    manifest_bytes: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """From the end of a period: when its file is expected and missing, and the feed stale."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    expected: Duration
    missing: Duration
    stale: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class LatenessByCadence:
    """Lateness of hourly and daily feeds."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    hourly: Lateness
    daily: Lateness

    def of(self, cadence: Literal["PT1H", "P1D"]) -> Lateness:
        """Return the one of a cadence."""
        return self.hourly if cadence == "PT1H" else self.daily


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTimes:
    """
    What a row's times may be.

    Attributes:
        duration_slack: How far duration and the two ends may disagree.
        future_slack: How far a time may be after the file was written.
        late: A row that ended so long before its period warns.
        too_late: And so long before is set aside.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    duration_slack: Duration
    future_slack: Duration
    late: Duration
    too_late: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneShift:
    """Which share outside the period, brought back to which share, proposes which offsets."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    outside_share: Share
    explained_share: Share
    offsets: tuple[Offset, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeBaseline:
    """
    When the rows of a period are odd.

    Attributes:
        periods: How many comparable ones, of the same weekday and hour, are looked at.
        minimum_periods: With fewer we are still learning.
        robust_z: Odd beyond this distance from the median,
        deviation: and beyond this share of it.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    periods: Count
    minimum_periods: Count
    robust_z: Annotated[float, Field(gt=0)]
    deviation: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The usual rows that make an empty file odd, and the change of a row's width that is."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    busy_rows: Count
    row_width: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class XdrPolicy:
    """
    Everything the checks of feeds are told (X1).

    Attributes:
        limits: What a file may cost.
        in_flight: How long a data file may lack its manifest.
        gap_filling: How long a closed period is looked at again.
        lateness: By cadence.
        rows: Times of rows.
        zone_shift: When a shifted time zone is proposed.
        volume: When the rows of a period are odd.
        drift: When an empty file or a row's width is odd.
        severities: Of each rule.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    limits: FileLimits
    in_flight: Duration
    gap_filling: Duration
    lateness: LatenessByCadence
    rows: RowTimes
    zone_shift: ZoneShift
    volume: VolumeBaseline
    drift: Drift
    severities: Mapping[str, FindingSeverity]

    def severity_problems(self) -> Iterator[str]:
        """Say which rules have no severity, and which severities no rule."""
        missing = [rule for rule in RULES if rule not in self.severities]
        unknown = [rule for rule in self.severities if rule not in RULES]
        if missing:
            yield f"{', '.join(missing)} has no severity: write R, Q, W or I"
        if unknown:
            yield f"{', '.join(unknown)} is no rule: allowed are {', '.join(RULES)}"


def offset_of(text: str) -> timedelta:
    """Return an ``Offset`` as elapsed time."""
    hours, minutes = text[1:].split(":")
    size = timedelta(hours=int(hours), minutes=int(minutes))
    return -size if text.startswith("-") else size
