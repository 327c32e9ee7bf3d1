"""One ICCID against the ranges it should belong to, or by its form alone."""

from collections.abc import Iterable

from include.mobile_plans.iccid.numbers import (
    ISSUER_DIGITS,
    IccidVerdict,
    Kind,
    Reason,
    clean,
    expects_check_digit,
    form_fault,
    passes_luhn,
    verdict,
)
from include.mobile_plans.iccid.ranges import IccidRange


def check_iccid(
    text: str,
    *,
    ranges: Iterable[IccidRange] | None = None,
    has_check_digit: bool | None = None,
) -> IccidVerdict:
    """
    Judge one ICCID.

    Args:
        text: The number; blanks, hyphens and the card's padding do not matter.
        ranges: The registered ranges it must lie in. They decide about length and check digit.
            Without them, or with ``None``, the form alone is judged.
        has_check_digit: Without ranges, whether the last digit is a Luhn digit; ``None`` expects
            one on 19 and 20 digits and none on 18.
    """
    fault = form_fault(text)
    if fault is None:
        number = clean(text)
        if ranges is not None:
            fault = _fault_in_ranges(number, tuple(ranges))
        else:
            checked = (
                expects_check_digit(len(number)) if has_check_digit is None else has_check_digit
            )
            fault = Reason.CHECK_DIGIT if checked and not passes_luhn(number) else None
    return verdict(text, Kind.ICCID, fault)


def _fault_in_ranges(number: str, ranges: tuple[IccidRange, ...]) -> Reason | None:
    containing = [one for one in ranges if one.contains(number)]
    if containing:
        unchecked = any(not one.has_check_digit for one in containing)
        return None if unchecked or passes_luhn(number) else Reason.CHECK_DIGIT
    same_issuer = [one for one in ranges if one.start[:ISSUER_DIGITS] == number[:ISSUER_DIGITS]]
    if same_issuer and all(one.length != len(number) for one in same_issuer):
        return Reason.LENGTH_FOR_ISSUER
    return Reason.OUTSIDE_RANGES
