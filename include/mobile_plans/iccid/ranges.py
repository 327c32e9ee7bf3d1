"""
Ranges of ICCIDs, compared without their check digits.

So a wrong check digit in an endpoint cannot move a range, and the endpoints ``...00`` and
``...99`` mean the same ten cards as the 18-digit notation of them (L3, L4).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from include.mobile_plans.errors import BadInput
from include.mobile_plans.iccid.numbers import (
    EXPLANATIONS,
    ISSUER_DIGITS,
    LONGEST,
    SHORTEST,
    TELECOM_PREFIX,
    clean,
    expects_check_digit,
    form_fault,
)

LOAD_TEST_SIZE = 1000
"""The load test of an integration uses this many different ICCIDs."""

EN_DASH = "\N{EN DASH}"
"""What word processors make of a hyphen."""

_ABBREVIATED = re.compile(r"(?P<start>\S+?)\.\.(?P<end>\S+)")
_BODY = re.compile(rf"{TELECOM_PREFIX}[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class IccidRange:
    """
    A run of ICCIDs of one length, as one issuer registered it.

    Attributes:
        start: The first body: its digits without the check digit, as text.
        end: The last body, of the same length; it belongs to the range.
        length: Digits of the full number, 18 to 20.
        has_check_digit: Whether the last of them is a Luhn digit.

    Raises:
        BadInput: The bodies are not digits of that length that start with 89, or are reversed.
    """

    start: str
    end: str
    length: int
    has_check_digit: bool

    def __post_init__(self) -> None:
        """Refuse what is not a range."""
        if not SHORTEST <= self.length <= LONGEST:
            msg = f"range {self}: a length of {self.length} is not allowed, {SHORTEST} to {LONGEST}"
            raise BadInput(msg)
        wanted = self.length - self.has_check_digit
        for body in (self.start, self.end):
            if len(body) != wanted or not _BODY.fullmatch(body):
                msg = f"range {self}: {body!r} is not {wanted} digits that start with 89"
                raise BadInput(msg)
        if self.start > self.end:
            msg = f"range {self} is reversed: its start must not be after its end"
            raise BadInput(msg)

    def __str__(self) -> str:
        """Write the bodies as ``start-end``."""
        return f"{self.start}-{self.end}"

    @property
    def size(self) -> int:
        """How many ICCIDs it holds."""
        return int(self.end) - int(self.start) + 1

    @property
    def form(self) -> tuple[int, bool]:
        """The registered form: only ranges of one form are comparable."""
        return (self.length, self.has_check_digit)

    def contains(self, iccid: str) -> bool:
        """Tell whether a full number lies inside; its check digit is not judged."""
        number = clean(iccid)
        if len(number) != self.length or not (number.isascii() and number.isdecimal()):
            return False
        return self.start <= number[: len(self.start)] <= self.end


def parse_ranges(
    notation: str, *, length: int | None = None, has_check_digit: bool | None = None
) -> tuple[IccidRange, ...]:
    """
    Read one range or several, ``start-end; start-end``, in any notation operators send.

    Endpoints of 18 digits are bodies of 19-digit numbers; endpoints of 19 or 20 digits carry
    their check digit, right or not (``...00`` to ``...99``). ``start..99`` repeats the first
    digits of the start. What is registered otherwise is said by the two options.

    Args:
        notation: The ranges as text.
        length: Digits of the full numbers, where the endpoints do not tell.
        has_check_digit: Whether the full numbers carry a Luhn digit.

    Raises:
        BadInput: One line for each range that cannot be read, or none is given.
    """
    ranges: list[IccidRange] = []
    problems: list[str] = []
    for part in filter(None, (piece.strip() for piece in re.split(r"[;,\n]", notation))):
        try:
            ranges.append(_parse_one(part, length=length, has_check_digit=has_check_digit))
        except BadInput as error:
            problems.extend(error.problems)
    if problems:
        raise BadInput(*problems)
    if not ranges:
        msg = f"ranges {notation!r} name no range: write start-end, several with ; between them"
        raise BadInput(msg)
    return tuple(ranges)


def merge(ranges: Iterable[IccidRange]) -> tuple[IccidRange, ...]:
    """Join ranges of one form that overlap or touch; sorted by form, then by start."""
    merged: list[IccidRange] = []
    for one in sorted(ranges, key=lambda item: (*item.form, item.start, item.end)):
        last = merged[-1] if merged else None
        if last and last.form == one.form and int(one.start) <= int(last.end) + 1:
            merged[-1] = _range_like(last, last.start, max(last.end, one.end))
        else:
            merged.append(one)
    return tuple(merged)


def overlap(
    first: Iterable[IccidRange], second: Iterable[IccidRange]
) -> tuple[tuple[IccidRange, IccidRange], ...]:
    """
    Pair the ranges of two owners that share a number; between owners each pair is an error.

    Ranges of one length that disagree about the check digit are compared with every check
    digit, since a number they share could belong to either.
    """
    found: list[tuple[IccidRange, IccidRange]] = []
    active: dict[bool, list[IccidRange]] = {True: [], False: []}
    tagged = [(one, True) for one in first] + [(one, False) for one in second]
    for one, is_first in sorted(tagged, key=lambda item: (item[0].length, _full_span(item[0]))):
        rivals = [other for other in active[not is_first] if _reaches(other, one)]
        active[not is_first] = rivals
        found.extend((one, other) if is_first else (other, one) for other in rivals)
        active[is_first].append(one)
    return tuple(found)


def is_subset(test: Iterable[IccidRange], production: Iterable[IccidRange]) -> bool:
    """Tell whether every test range lies inside the joined production ranges of its form (L4)."""
    whole = merge(production)
    return merge((*test, *whole)) == whole


def is_true_subset(test: Iterable[IccidRange], production: Iterable[IccidRange]) -> bool:
    """Tell whether the test ranges lie inside the production ranges and leave some out (L4)."""
    inner, whole = merge(test), merge(production)
    return is_subset(inner, whole) and inner != whole


def total_size(ranges: Iterable[IccidRange]) -> int:
    """Count the ICCIDs of all ranges, each once."""
    return sum(one.size for one in merge(ranges))


def range_warnings(
    production: Iterable[IccidRange], test: Iterable[IccidRange] = ()
) -> tuple[str, ...]:
    """Name what is allowed but worth a look, each line beginning with a stable name."""
    return tuple(_warnings(tuple(production), tuple(test)))


def _warnings(production: tuple[IccidRange, ...], test: tuple[IccidRange, ...]) -> Iterator[str]:
    for one in (*production, *test):
        if one.start[:ISSUER_DIGITS] != one.end[:ISSUER_DIGITS]:
            yield f"iin_differs: the endpoints of {one} have different issuers"
    for name, ranges in (("production", production), ("test", test)):
        for one, other in pairwise(sorted(ranges, key=lambda item: (*item.form, item.start))):
            if one.form == other.form and other.start <= one.end:
                yield f"overlap_within: {name} ranges {one} and {other} overlap; counted once"
    if test and merge(test) == merge(production):
        yield "test_equals_production: the test ranges are the full production ranges"
    size = total_size(test or production)
    if size < LOAD_TEST_SIZE:
        yield (
            f"small_for_load_test: {size} ICCIDs are fewer than the {LOAD_TEST_SIZE} different "
            "ones of the load test"
        )


def _parse_one(part: str, *, length: int | None, has_check_digit: bool | None) -> IccidRange:
    start, end = _endpoints(part)
    for endpoint in (start, end):
        fault = form_fault(endpoint)
        if fault is not None:
            msg = f"range {part!r}: {endpoint!r} is not an ICCID ({fault}): {EXPLANATIONS[fault]}"
            raise BadInput(msg)
    start, end = clean(start), clean(end)
    if len(start) != len(end):
        msg = (
            f"range {part!r}: the endpoints have {len(start)} and {len(end)} digits, "
            "they must have equally many"
        )
        raise BadInput(msg)
    full, checked = _registered_form(len(start), length=length, has_check_digit=has_check_digit)
    body = full - checked
    if len(start) not in (full, body):
        msg = f"range {part!r}: endpoints of {len(start)} digits do not fit numbers of {full}"
        raise BadInput(msg)
    return IccidRange(start=start[:body], end=end[:body], length=full, has_check_digit=checked)


def _endpoints(part: str) -> tuple[str, str]:
    compact = re.sub(r"\s+", "", part).replace(EN_DASH, "-")
    if abbreviated := _ABBREVIATED.fullmatch(compact):
        start, end = abbreviated["start"], abbreviated["end"]
        return start, start[: max(0, len(start) - len(end))] + end
    endpoints = compact.split("-")
    if len(endpoints) > 2:  # noqa: PLR2004 - a start and an end
        msg = f"range {part!r} is not start-end: separate several ranges with ;"
        raise BadInput(msg)
    return endpoints[0], endpoints[-1]


def _registered_form(
    digits: int, *, length: int | None, has_check_digit: bool | None
) -> tuple[int, bool]:
    """Decide full length and check digit from what the endpoints and the options say."""
    if length is not None:
        is_body = digits == length - 1
        default = is_body or expects_check_digit(length)
        return length, default if has_check_digit is None else has_check_digit
    if has_check_digit is False:
        return digits, False
    return max(digits, SHORTEST + 1), True


def _range_like(one: IccidRange, start: str, end: str) -> IccidRange:
    return IccidRange(start=start, end=end, length=one.length, has_check_digit=one.has_check_digit)


def _full_span(one: IccidRange) -> tuple[str, str]:
    """First and last full number, whatever the check digit."""
    return (one.start + "0", one.end + "9") if one.has_check_digit else (one.start, one.end)


def _reaches(earlier: IccidRange, later: IccidRange) -> bool:
    return earlier.length == later.length and _full_span(earlier)[1] >= _full_span(later)[0]
