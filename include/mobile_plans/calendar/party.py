"""Whose calendar counts: a country or region, the zone its people live in, and days of its own."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Self
from zoneinfo import ZoneInfo, available_timezones

from include.mobile_plans.calendar.working_days import country_problems, holiday_names, is_worked
from include.mobile_plans.errors import BadInput

EXTRA_HOLIDAY = "extra holiday"
"""The name of a day off that only policy knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """
    The calendar and clock of one side of a promise.

    Building one checks nothing that would need the holiday library; ``validated`` does, and so
    does every question about a day.

    Attributes:
        country: Two-letter ISO 3166 code, such as ``GB``.
        region: Code of a region of that country, such as ``ENG``, or ``None``.
        zone: IANA time zone, such as ``Europe/London``.
        extra_holidays: Days off that only this party has.
        extra_working_days: Days this party works although its calendar has them off.
    """

    country: str
    region: str | None = None
    zone: str
    extra_holidays: frozenset[date] = frozenset()
    extra_working_days: frozenset[date] = frozenset()

    @classmethod
    def parse(cls, notation: str) -> Self:
        """
        Read ``COUNTRY[-REGION]/ZONE``, such as ``GB-ENG/Europe/London``.

        Raises:
            BadInput: The form is another one, or the country, region or zone is unknown.
        """
        place, slash, zone = notation.strip().partition("/")
        country, _, region = place.partition("-")
        if not (slash and country and zone):
            msg = (
                f"party {notation!r} is not COUNTRY[-REGION]/ZONE, "
                "such as US/America/Los_Angeles or GB-ENG/Europe/London"
            )
            raise BadInput(msg)
        return cls(country=country, region=region or None, zone=zone).validated()

    def validated(self) -> Self:
        """
        Return this party once its country, region, zone and extra days are known to be right.

        Raises:
            BadInput: One line for each thing that is unknown or contradicts another.
        """
        problems = tuple(self._problems())
        if problems:
            raise BadInput(*problems)
        return self

    @property
    def calendar(self) -> str:
        """The calendar's short name, such as ``GB-ENG``."""
        return self.country if self.region is None else f"{self.country}-{self.region}"

    @property
    def zone_info(self) -> ZoneInfo:
        """
        The time zone itself.

        Raises:
            BadInput: The zone is unknown.
        """
        problems = tuple(_zone_problems(self.zone))
        if problems:
            raise BadInput(*problems)
        return ZoneInfo(self.zone)

    def __str__(self) -> str:
        """Write the party as ``parse`` reads it; its extra days have no notation."""
        return f"{self.calendar}/{self.zone}"

    def _problems(self) -> Iterator[str]:
        yield from country_problems(self.country, self.region)
        yield from _zone_problems(self.zone)
        for day in sorted(self.extra_holidays & self.extra_working_days):
            yield (
                f"{day} of {self} is both an extra holiday and an extra working day: name it once"
            )


def is_working_day(day: date, party: Party) -> bool:
    """
    Tell whether a party works on a day of its own zone.

    Raises:
        BadInput: The country or region is unknown, or its calendar does not reach that year.
    """
    if day in party.extra_working_days:
        return True
    return day not in party.extra_holidays and is_worked(day, party.country, party.region)


def names_of_day_off(day: date, party: Party) -> tuple[str, ...]:
    """
    Name what keeps a party from working on a day; nothing for its weekend and for working days.

    Raises:
        BadInput: The country or region is unknown, or its calendar does not reach that year.
    """
    if day in party.extra_working_days:
        return ()
    names = holiday_names(day, party.country, party.region)
    if not names and day in party.extra_holidays:
        names = (EXTRA_HOLIDAY,)
    return tuple(f"{name} ({party.calendar})" for name in names)


def _zone_problems(zone: str) -> Iterator[str]:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        known = {name.casefold(): name for name in available_timezones()}
        close = difflib.get_close_matches(zone.strip().casefold(), known, n=1)
        suggestion = f"; did you mean {known[close[0]]}?" if close else ""
        yield f"zone {zone!r} is unknown: use an IANA zone such as Europe/London{suggestion}"
