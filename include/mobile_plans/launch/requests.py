"""What a person asks for when starting a launch, and whether it can be granted (L1, L4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import format_instant, require_utc

RangeChoice = Literal["test", "full"]
RANGE_CHOICES: Mapping[RangeChoice, str] = {
    "test": "A test range first, the full range after sign-off",
    "full": "The full production range at once",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchRequest:
    """
    The trigger form, understood.

    Attributes:
        slug: The mobile operator.
        target_at: When it is to go live, aware UTC.
        zone: The zone that instant was given in, for showing it.
        range_choice: Which ICCID range end-to-end validation uses (L4).
        uses_staging: Whether it integrated against a staging endpoint (L2).
        note: Anything else worth knowing.
        requested_by: The user who started the launch.
    """

    slug: str
    target_at: datetime
    zone: str
    range_choice: RangeChoice
    uses_staging: bool
    note: str
    requested_by: str

    def document(self) -> dict[str, Any]:
        """Return the request as its JSON document."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return fields | {"target_at": format_instant(self.target_at)}


def request_from_form(form: Mapping[str, Any], requested_by: str) -> LaunchRequest:
    """
    Understand the trigger form's six fields.

    Args:
        form: ``mobile_operator``, ``target_date``, ``target_time``, ``iccid_range``,
            ``staging_endpoint`` and ``note``, as the form or the API delivers them.
        requested_by: The user who started the launch.

    Raises:
        BadInput: A field cannot be understood, one line each.
    """
    problems: list[str] = []
    zone, at = _time_and_zone(str(form.get("target_time") or ""), problems)
    day = _day(str(form.get("target_date") or ""), problems)
    chosen = form.get("iccid_range")
    choice = next((known for known in RANGE_CHOICES if known == chosen), None)
    if choice is None:
        problems.append(f"ICCID range {chosen!r} is not known: allowed are test and full")
    if not form.get("mobile_operator"):
        problems.append("no mobile operator was chosen")
    if problems or choice is None or day is None or at is None:
        raise BadInput(*problems)
    return LaunchRequest(
        slug=str(form["mobile_operator"]),
        target_at=require_utc(datetime.combine(day, at, tzinfo=ZoneInfo(zone))),
        zone=zone,
        range_choice=choice,
        uses_staging=bool(form.get("staging_endpoint")),
        note=str(form.get("note") or "").strip(),
        requested_by=requested_by,
    )


def _day(text: str, problems: list[str]) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        problems.append(f"target launch date {text!r} is not a date: write it as 2026-12-14")
        return None


def _time_and_zone(text: str, problems: list[str]) -> tuple[str, time | None]:
    clock, _, zone = text.strip().partition(" ")
    try:
        at = time.fromisoformat(clock)
    except ValueError:
        at = None
    if at is None or zone not in available_timezones():
        problems.append(
            f"target time {text!r} is not a time and a zone: write it as 09:00 Europe/London"
        )
        return zone, None
    return zone, at
