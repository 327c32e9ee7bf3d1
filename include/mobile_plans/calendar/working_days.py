"""
Which days are worked, by country and region, as the pinned ``holidays`` library knows them.

History is followed (weekends that moved, working Saturdays, one-off days), never a static mask.
The library is imported at the first question only, because every DAG file imports this room.
"""

import difflib
import importlib
from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from include.mobile_plans.errors import BadInput

if TYPE_CHECKING:
    from holidays import HolidayBase

NAMES_LANGUAGE = "en_US"
"""Fixed, because the library would otherwise follow the language of the machine."""


@cache
def calendar_version() -> str:
    """Name the library that decides working days and its version, to be kept with a deadline."""
    return f"holidays {version('holidays')}"


def is_worked(day: date, country: str, region: str | None) -> bool:
    """
    Tell whether a day is worked in a country or in one of its regions.

    Raises:
        BadInput: The country or region is unknown, or its calendar does not reach that year.
    """
    return _calendar_of(country, region, day.year).is_working_day(day)


def holiday_names(day: date, country: str, region: str | None) -> tuple[str, ...]:
    """
    Name the holidays that keep a day from being worked; a day of the weekend has none.

    Raises:
        BadInput: The country or region is unknown, or its calendar does not reach that year.
    """
    calendar = _calendar_of(country, region, day.year)
    if calendar.is_working_day(day) or calendar._is_weekend(day):  # noqa: SLF001 - no public name follows history
        return ()
    return tuple(calendar.get_list(day))


def country_problems(country: str, region: str | None) -> Iterator[str]:
    """Yield one line for an unknown country or region, naming what is allowed."""
    allowed = _countries()
    if country not in allowed:
        yield (
            f"country {country!r} is unknown: use a two-letter ISO 3166 code"
            f"{_did_you_mean(country, _country_aliases())}"
        )
        return
    regions = _regions(country)
    if region is not None and region not in regions:
        if not regions:
            yield f"region {region!r} is unknown: the calendar of {country} has no regions"
        else:
            suggestion = _did_you_mean(region, {name.casefold(): name for name in regions})
            yield (
                f"region {region!r} of {country} is unknown: allowed are "
                f"{', '.join(sorted(regions))}{suggestion}"
            )


@cache
def _calendar_of(country: str, region: str | None, year: int) -> "HolidayBase":
    """Hold one complete year: filling years on demand is not safe between threads."""
    problems = tuple(country_problems(country, region))
    if problems:
        raise BadInput(*problems)
    from holidays import country_holidays  # noqa: PLC0415 - slow to import

    calendar = country_holidays(
        country, subdiv=region, years=year, expand=False, language=NAMES_LANGUAGE
    )
    if not calendar.start_year <= year <= calendar.end_year:
        msg = (
            f"year {year} is outside the calendar of {country}: "
            f"{calendar.start_year} to {calendar.end_year} are known"
        )
        raise BadInput(msg)
    return calendar


@cache
def _countries() -> frozenset[str]:
    """Every country by its ISO code, without the library's aliases such as UK or USA."""
    registry = importlib.import_module("holidays.registry")
    return frozenset(codes[1] for codes in registry.COUNTRIES.values())


@cache
def _regions(country: str) -> tuple[str, ...]:
    import holidays  # noqa: PLC0415 - slow to import

    regions: tuple[str, ...] = getattr(holidays, country).subdivisions
    return regions


def _country_aliases() -> dict[str, str]:
    """Map names people use for a country, such as UK or Germany, to its ISO code."""
    registry = importlib.import_module("holidays.registry")
    return {
        alias.casefold().replace("_", " "): codes[1]
        for name, codes in registry.COUNTRIES.items()
        for alias in (name, *codes)
    }


def _did_you_mean(given: str, known: dict[str, str]) -> str:
    """Suggest the likeliest of the known names, keyed by how people write them."""
    close = difflib.get_close_matches(given.strip().casefold(), known, n=1)
    return f"; did you mean {known[close[0]]}?" if close else ""
