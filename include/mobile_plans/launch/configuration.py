"""The ranges that were configured, held against the ranges that were asked for (L3, L4); pure."""

from collections.abc import Iterable

from include.mobile_plans.errors import BadInput
from include.mobile_plans.iccid import IccidRange, merge, parse_ranges, total_size


def configured_ranges(notation: str, asked: tuple[IccidRange, ...]) -> tuple[IccidRange, ...]:
    """
    Read the ranges somebody says are configured, as numbers of the form that was asked for.

    Args:
        notation: ``start-end; start-end``, with or without check digits, one per line or not.
        asked: What was to be configured; where all of it has one form, so has the answer.

    Raises:
        BadInput: It names no range, or one that cannot be read.
    """
    forms = {one.form for one in asked}
    if len(forms) == 1:
        length, has_check_digit = next(iter(forms))
        return parse_ranges(notation, length=length, has_check_digit=has_check_digit)
    return parse_ranges(notation)


def configuration_problems(
    configured: tuple[IccidRange, ...], asked: tuple[IccidRange, ...]
) -> list[str]:
    """Name the difference between what is configured and what was asked for; empty without one."""
    missing, extra = without(asked, configured), without(configured, asked)
    return [
        *_named("asked for but not configured", missing),
        *_named("configured but not asked for", extra),
    ]


def without(ranges: Iterable[IccidRange], others: Iterable[IccidRange]) -> tuple[IccidRange, ...]:
    """Return what is left of ranges when others are taken away; only like forms are compared."""
    left = merge(ranges)
    for other in merge(others):
        left = tuple(piece for one in left for piece in _cut(one, other))
    return left


def ranges_text(ranges: Iterable[IccidRange]) -> str:
    """Write ranges as people type them."""
    return "; ".join(map(str, merge(ranges)))


def _cut(one: IccidRange, other: IccidRange) -> list[IccidRange]:
    if one.form != other.form or other.end < one.start or one.end < other.start:
        return [one]
    pieces = []
    if one.start < other.start:
        pieces.append(_piece(one, one.start, str(int(other.start) - 1)))
    if other.end < one.end:
        pieces.append(_piece(one, str(int(other.end) + 1), one.end))
    return pieces


def _piece(one: IccidRange, start: str, end: str) -> IccidRange:
    return IccidRange(start=start, end=end, length=one.length, has_check_digit=one.has_check_digit)


def _named(what: str, ranges: tuple[IccidRange, ...]) -> list[str]:
    if not ranges:
        return []
    return [f"{total_size(ranges)} ICCIDs are {what}: {ranges_text(ranges)}"]


def is_file_name(text: str) -> bool:
    """Tell whether an answer names a file rather than ranges."""
    return text.lower().endswith((".txt", ".csv"))


def require_inside(name: str) -> str:
    """
    Return the name of a file of the inbox.

    Raises:
        BadInput: It is a path, which could lead out of the inbox.
    """
    if name in ("", ".", "..") or any(mark in name for mark in ("/", "\\", "\0")):
        msg = (
            f"{name!r} is not the name of a file in the inbox: give the name alone, without folders"
        )
        raise BadInput(msg)
    return name
