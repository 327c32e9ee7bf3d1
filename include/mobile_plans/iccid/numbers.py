"""
Single numbers: what is an ICCID, an EID, an IMEI or an IMSI, and why one is refused.

ICCIDs follow ITU-T E.118 with the lengths cards really carry: 18 to 20 digits, of which the last
may be a Luhn digit. Which of them have one is registered, never guessed from the number.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from stdnum import imei, imsi, luhn
from stdnum.exceptions import InvalidComponent, InvalidLength, ValidationError
from stdnum.iso7064 import mod_97_10

from include.mobile_plans.errors import BadInput

SHORTEST, LONGEST = 18, 20
"""Digits of an ICCID: EF_ICCID holds 20 nibbles, padded with F (3GPP TS 31.102)."""

CARD_NIBBLES = 20
TELECOM_PREFIX = "89"
SWAPPED_PREFIX = "98"
ISSUER_DIGITS = 7
"""E.118 allows at most seven digits for prefix, country and issuer."""

EID_DIGITS = 32
IMEI_LENGTHS = (14, 15, 16)
IMEISV_DIGITS = 16
KEPT_FIRST, KEPT_LAST = ISSUER_DIGITS, 4

_SEPARATORS = re.compile(r"[\s-]+")
_ICCID_LIKE = re.compile(r"(?<!\d)89\d{16,18}[0-9F]?(?!\d)")
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?E\+?\d{1,3}")
_HEXADECIMAL = re.compile(r"[0-9A-F]+")
_DIGITS = re.compile(r"[0-9]+")


class Kind(StrEnum):
    """What a number identifies."""

    ICCID = "iccid"
    EID = "eid"
    IMEI = "imei"
    IMEISV = "imeisv"
    IMSI = "imsi"


class Reason(StrEnum):
    """Why a number is refused; the name is stable, ``explain`` says it in words."""

    NOT_TEXT = "not_text"
    SCIENTIFIC_NOTATION = "scientific_notation"
    NIBBLE_SWAPPED = "nibble_swapped"
    HEX_DIGITS = "hex_digits"
    NOT_DIGITS = "not_digits"
    MII = "mii"
    LENGTH = "length"
    LENGTH_FOR_ISSUER = "length_for_issuer"
    CHECK_DIGIT = "check_digit"
    OUTSIDE_RANGES = "outside_ranges"
    UNKNOWN_MCC = "unknown_mcc"


EXPLANATIONS = {
    Reason.NOT_TEXT: "it was read as a number, which loses digits: read it as text",
    Reason.SCIENTIFIC_NOTATION: "a spreadsheet has turned it into scientific notation",
    Reason.NIBBLE_SWAPPED: "its digits are swapped in pairs, as on the card",
    Reason.HEX_DIGITS: "it holds hexadecimal digits",
    Reason.NOT_DIGITS: "it holds something other than digits",
    Reason.MII: "it does not start with 89",
    Reason.LENGTH: "it has the wrong number of digits",
    Reason.LENGTH_FOR_ISSUER: "its issuer registered another number of digits",
    Reason.CHECK_DIGIT: "its check digit is wrong",
    Reason.OUTSIDE_RANGES: "it lies in no registered range",
    Reason.UNKNOWN_MCC: "its mobile country code is unknown",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IccidVerdict:
    """
    What one number is, and why it is refused if it is.

    Attributes:
        input: The number as it was given.
        valid: Whether it is accepted.
        kind: What it was judged as.
        reason: The name of the first fault, ``None`` for a valid number.
    """

    input: str
    valid: bool
    kind: Kind
    reason: Reason | None


def verdict(given: object, kind: Kind, reason: Reason | None) -> IccidVerdict:
    """Word the outcome of a check of one number."""
    return IccidVerdict(input=str(given), valid=reason is None, kind=kind, reason=reason)


def clean(text: str) -> str:
    """
    Return an ICCID without blanks, hyphens and the padding of a card, in upper case.

    The padding, one or two trailing ``F``, is dropped only where the whole is 20 nibbles.
    """
    compact = _SEPARATORS.sub("", text).upper()
    if len(compact) != CARD_NIBBLES:
        return compact
    return compact.removesuffix("F").removesuffix("F")


def form_fault(given: object) -> Reason | None:
    """Return why something cannot be an ICCID of any issuer, or ``None``; no check digit yet."""
    if not isinstance(given, str):
        return Reason.NOT_TEXT
    compact = _SEPARATORS.sub("", given)
    if compact.startswith(SWAPPED_PREFIX) and len(compact) == CARD_NIBBLES:
        return Reason.NIBBLE_SWAPPED
    number = clean(given)
    fault = _character_fault(number)
    if fault is None and not number.startswith(TELECOM_PREFIX):
        fault = Reason.MII
    if fault is None and not SHORTEST <= len(number) <= LONGEST:
        fault = Reason.LENGTH
    return fault


def expects_check_digit(length: int) -> bool:
    """Tell whether a number outside registered ranges carries a check digit: 18 digits do not."""
    return length > SHORTEST


def passes_luhn(number: str) -> bool:
    """Tell whether the last digit is the Luhn digit of those before it."""
    return bool(luhn.is_valid(number))


def with_check_digit(body: str) -> str:
    """
    Append the Luhn digit to the body of an ICCID.

    Args:
        body: 17 to 19 digits that start with 89.

    Raises:
        BadInput: It is not such a body.
    """
    digits = _SEPARATORS.sub("", body)
    if not (_DIGITS.fullmatch(digits) and digits.startswith(TELECOM_PREFIX)):
        msg = f"body {body!r} is not an ICCID without its check digit: digits that start with 89"
        raise BadInput(msg)
    if not SHORTEST - 1 <= len(digits) <= LONGEST - 1:
        msg = f"body {body!r} has {len(digits)} digits: 17 to 19 are allowed before a check digit"
        raise BadInput(msg)
    return digits + str(luhn.calc_check_digit(digits))


def mask_iccid(text: str) -> str:
    """
    Hide the middle of an ICCID for mails and logs: the first 7 and the last 4 stay.

    Something too short to hide anything is hidden whole.
    """
    number = _SEPARATORS.sub("", text)
    hidden = len(number) - KEPT_FIRST - KEPT_LAST
    if hidden <= 0:
        return "*" * len(number)
    return number[:KEPT_FIRST] + "*" * hidden + number[-KEPT_LAST:]


def mask_iccids(text: str) -> str:
    """Hide the middle of every ICCID in what people typed: mails and exports show none whole."""
    return _ICCID_LIKE.sub(lambda found: mask_iccid(found.group()), text)


def check_eid(text: str) -> IccidVerdict:
    """Check an eUICC identifier: 32 digits, ISO 7064 MOD 97-10 (GSMA SGP.29)."""
    fault = _digits_fault(text)
    if fault is None:
        number = _SEPARATORS.sub("", text)
        if len(number) != EID_DIGITS:
            fault = Reason.LENGTH
        elif not mod_97_10.is_valid(number):
            fault = Reason.CHECK_DIGIT
    return verdict(text, Kind.EID, fault)


def check_imei(text: str) -> IccidVerdict:
    """Check an IMEI of 15 digits with its Luhn digit, of 14 without, or an IMEISV of 16."""
    fault = _digits_fault(text)
    kind = Kind.IMEI
    if fault is None:
        number = _SEPARATORS.sub("", text)
        try:
            imei.validate(number)
            kind = Kind.IMEISV if len(number) == IMEISV_DIGITS else Kind.IMEI
        except InvalidLength:
            fault = Reason.LENGTH
        except ValidationError:
            fault = Reason.CHECK_DIGIT
    return verdict(text, kind, fault)


def check_imsi(text: str) -> IccidVerdict:
    """Check an IMSI: 14 or 15 digits whose mobile country code is assigned."""
    fault = _digits_fault(text)
    if fault is None:
        try:
            imsi.validate(_SEPARATORS.sub("", text))
        except InvalidLength:
            fault = Reason.LENGTH
        except InvalidComponent:
            fault = Reason.UNKNOWN_MCC
    return verdict(text, Kind.IMSI, fault)


def likely_kind(text: str) -> Kind:
    """Tell what a number most likely is by its length; one that starts with 89 is no IMEI."""
    number = _SEPARATORS.sub("", text)
    if not _DIGITS.fullmatch(number):
        return Kind.ICCID
    if len(number) == EID_DIGITS:
        return Kind.EID
    is_imei = len(number) in IMEI_LENGTHS and not number.startswith(TELECOM_PREFIX)
    return Kind.IMEI if is_imei else Kind.ICCID


def _character_fault(number: str) -> Reason | None:
    if _SCIENTIFIC.fullmatch(number):
        return Reason.SCIENTIFIC_NOTATION
    if not _HEXADECIMAL.fullmatch(number):
        return Reason.NOT_DIGITS
    return None if _DIGITS.fullmatch(number) else Reason.HEX_DIGITS


def _digits_fault(given: object) -> Reason | None:
    if not isinstance(given, str):
        return Reason.NOT_TEXT
    number = _SEPARATORS.sub("", given).upper()
    if _SCIENTIFIC.fullmatch(number):
        return Reason.SCIENTIFIC_NOTATION
    return None if _DIGITS.fullmatch(number) else Reason.NOT_DIGITS
