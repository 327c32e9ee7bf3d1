"""Single numbers: every vector of the domain notes, and each named reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.mobile_plans.errors import BadInput
from include.mobile_plans.iccid import (
    EXPLANATIONS,
    Kind,
    Reason,
    check_eid,
    check_iccid,
    check_imei,
    check_imsi,
    likely_kind,
    mask_iccid,
    parse_ranges,
    with_check_digit,
)

VALID = [
    "8988247000100003319",
    "8988247000100297655",
    "8988247000101997790",
    "8988247000103824828",
    "8988247000101867183",
    "8944501606231037754",
    "8944476500008878576",
    "8931089318104284409",
    "8901260882291465240",
    "8991101200003204514",
    "89450421180216254864",
    "89882806660004909182",
    "89457387300008851969",
    "89852351123040005012",
    "89014103211118510720",
]
WRONG_CHECK_DIGIT = [
    "8988247000100003318",
    "8900000000000000001",
    "89000000000000000000",
    "8944501606231037345",
    "89314404000145634610",
    "89852202401310123456",
    "89860703101112094320",
    "8991101200003204510",
]
BODIES = [
    ("894230600002575694", "8942306000025756947"),
    ("894230600002775693", "8942306000027756937"),
    ("894236000024748200", "8942360000247482002"),
    ("894236000024748299", "8942360000247482994"),
    ("894230600002575600", "8942306000025756004"),
    ("894230600002775699", "8942306000027756994"),
]
REFUSED = [
    ("988842070001003013F9", "nibble_swapped"),
    ("98882806660004909182", "nibble_swapped"),
    ("98882470001000033FFF", "nibble_swapped"),
    ("8.98825E+18", "scientific_notation"),
    ("8,98825E18", "scientific_notation"),
    ("898600B5190012345678", "hex_digits"),
    ("898604B7190012345678", "hex_digits"),
    ("898600e5190012345678", "hex_digits"),
    ("8986011234567890123S", "not_digits"),
    ("'8988247000100003319", "not_digits"),
    ("8988247000100003319.0", "not_digits"),
    ("", "not_digits"),
    ("\N{FULLWIDTH DIGIT EIGHT}988247000100003319", "not_digits"),
    ("7988247000100003319", "mii"),
    ("8900", "length"),
    ("89882470001000033", "length"),
    ("898824700010000331912", "length"),
]
EIDS = [
    "89033024010400000100000000009136",
    "89033023422130000000000199272786",
    "89033023422130000000000199055797",
    "89034011560010000000000000000121",
    "89001012012341234012345678901224",
    "89001567010203040506070809101152",
    "89044011112233441122334411223321",
]


@pytest.mark.parametrize("number", VALID)
def test_valid_iccids(number: str) -> None:
    """Real numbers of 19 and 20 digits with their check digit are accepted."""
    found = check_iccid(number)
    assert (found.input, found.valid, found.kind, found.reason) == (number, True, "iccid", None)


@pytest.mark.parametrize("number", WRONG_CHECK_DIGIT)
def test_wrong_check_digits(number: str) -> None:
    """Placeholders and numbers that end in another digit are refused by name."""
    assert check_iccid(number).reason == "check_digit"
    assert check_iccid(number, has_check_digit=False).valid


@pytest.mark.parametrize(("body", "full"), BODIES)
def test_check_digit_of_a_body(body: str, full: str) -> None:
    """The 18-digit notation of the documents is a body: it lacks the Luhn digit."""
    assert with_check_digit(body) == full
    assert check_iccid(full).valid
    assert check_iccid(body).valid
    assert check_iccid(body, has_check_digit=True).reason == "check_digit"


@pytest.mark.parametrize(("number", "reason"), REFUSED)
def test_refused_with_the_named_reason(number: str, reason: str) -> None:
    """What cannot be an ICCID says why."""
    found = check_iccid(number)
    assert (found.valid, found.kind, found.reason) == (False, "iccid", reason)
    assert check_iccid(number, has_check_digit=False).reason == reason


@pytest.mark.parametrize("number", [8988247000100003319, 8.98824700010000e18, None])
def test_numbers_are_refused(number: object) -> None:
    """An ICCID read as a number has lost digits, or might have."""
    found = check_iccid(number)  # type: ignore[arg-type]
    assert found.reason == "not_text"
    assert found.input == str(number)
    for check in (check_eid, check_imei, check_imsi):
        assert check(number).reason == "not_text"  # type: ignore[arg-type]


def test_the_issuer_registered_another_length() -> None:
    """The length is registered per range, so 18 digits of a 19-digit issuer are refused."""
    ranges = parse_ranges("8988247000100003300-8988247000100003399")
    assert check_iccid("898824700010000331", ranges=ranges).reason == "length_for_issuer"
    assert check_iccid("898824700010000331").valid


@pytest.mark.parametrize(
    "text",
    [
        " 8988247000100003319 ",
        "8988 2470 0010 0003 319",
        "89-88247-0001-0000331-9",
        "8988247000100003319F",
        "8988247000100003319f",
        "\N{NO-BREAK SPACE}8988247000100003319",
    ],
)
def test_blanks_hyphens_and_padding_do_not_matter(text: str) -> None:
    """Spreadsheets add blanks; cards pad 19 digits to 20 nibbles with F."""
    assert check_iccid(text).valid


def test_padding_is_dropped_only_on_a_full_card() -> None:
    """F after 18 or 20 digits is not the padding of a card, which holds 20 nibbles."""
    assert check_iccid("894230600002575694FF").valid
    assert check_iccid("894230600002575694F").reason == "hex_digits"
    assert check_iccid("89450421180216254864F").reason == "hex_digits"


def test_an_ambiguous_number_is_never_guessed() -> None:
    """One number passes as 20 digits and in its first 19: what is registered decides."""
    number = "89014103211118510720"
    assert check_iccid(number).valid
    assert check_iccid(number[:-1]).valid
    as_20 = parse_ranges(f"{number}-{number}")
    as_19 = parse_ranges(f"{number[:-1]}-{number[:-1]}")
    assert check_iccid(number, ranges=as_20).valid
    assert check_iccid(number, ranges=as_19).reason == "length_for_issuer"


@pytest.mark.parametrize("eid", EIDS)
def test_valid_eids(eid: str) -> None:
    """EIDs of documents and specifications pass MOD 97-10 (SGP.29)."""
    assert (check_eid(eid).valid, check_eid(eid).kind) == (True, "eid")
    assert likely_kind(eid) is Kind.EID


@pytest.mark.parametrize(
    ("eid", "reason"),
    [
        ("35840574202500000140000000000070", "check_digit"),
        ("8903302401040000010000000000913", "length"),
        ("8903302401040000010000000000913X", "not_digits"),
        ("8.9033E+31", "scientific_notation"),
    ],
)
def test_invalid_eids(eid: str, reason: str) -> None:
    """A wrong EID says why."""
    assert check_eid(eid).reason == reason


@pytest.mark.parametrize(
    ("imei", "kind", "reason"),
    [
        ("001102000224082", "imei", None),
        ("001102000311608", "imei", None),
        ("001102000315468", "imei", None),
        ("490154203237518", "imei", None),
        ("356938035643809", "imei", None),
        ("35-693803-564380-9", "imei", None),
        ("35693803564380", "imei", None),
        ("3568680000414120", "imeisv", None),
        ("001201234567890", "imei", "check_digit"),
        ("35693803564380912", "imei", "length"),
        ("35693803564380X", "imei", "not_digits"),
    ],
)
def test_imeis(imei: str, kind: str, reason: str | None) -> None:
    """IMEI of 15 digits with Luhn, of 14 without, IMEISV of 16 without."""
    found = check_imei(imei)
    assert (found.kind, found.reason) == (kind, reason)


@pytest.mark.parametrize(
    ("imsi", "reason"),
    [
        ("429011234567890", None),
        ("001010123456789", None),
        ("439011234567890", "unknown_mcc"),
        ("4290112345678901", "length"),
        ("42901123456789O", "not_digits"),
    ],
)
def test_imsis(imsi: str, reason: str | None) -> None:
    """An IMSI starts with an assigned mobile country code, or that of the test network."""
    assert check_imsi(imsi).reason == reason


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("001102000224082", Kind.IMEI),
        ("3568680000414120", Kind.IMEI),
        ("890126088229146", Kind.ICCID),
        ("8988247000100003319", Kind.ICCID),
        ("8900", Kind.ICCID),
        ("8.98825E+18", Kind.ICCID),
    ],
)
def test_likely_kinds(text: str, kind: Kind) -> None:
    """What a number is follows from its length; a short one starting with 89 is a broken ICCID."""
    assert likely_kind(text) is kind


def test_every_reason_is_explained() -> None:
    """No reason is a bare code to a person."""
    assert set(EXPLANATIONS) == set(Reason)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("8988247000100003319", "8988247********3319"),
        ("8988 2470 0010 0003 319", "8988247********3319"),
        ("89450421180216254864", "8945042*********4864"),
        ("898824700010", "8988247*0010"),
        ("89882470001", "***********"),
        ("8900", "****"),
        ("", ""),
    ],
)
def test_masking(text: str, masked: str) -> None:
    """Mails and logs keep the first 7 and the last 4 digits, or nothing of a short number."""
    assert mask_iccid(text) == masked


@given(st.from_regex(r"89[0-9]{15,17}", fullmatch=True))
def test_an_appended_check_digit_is_right_and_the_only_one(body: str) -> None:
    """Every body has exactly one check digit, and a changed digit is always noticed."""
    full = with_check_digit(body)
    assert check_iccid(full, has_check_digit=True).valid
    others = [body + digit for digit in "0123456789" if digit != full[-1]]
    assert not any(check_iccid(other, has_check_digit=True).valid for other in others)


@given(st.from_regex(r"89[0-9]{15,17}", fullmatch=True), st.integers(2, 16))
def test_a_single_wrong_digit_is_noticed(body: str, position: int) -> None:
    """Luhn finds every single wrong digit."""
    full = with_check_digit(body)
    wrong = full[:position] + str((int(full[position]) + 1) % 10) + full[position + 1 :]
    assert check_iccid(wrong, has_check_digit=True).reason == "check_digit"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("1234", "digits that start with 89"),
        ("89A4", "digits that start with 89"),
        ("8942306000025756", "16 digits: 17 to 19 are allowed"),
        ("89423060000257569412", "20 digits: 17 to 19 are allowed"),
    ],
)
def test_bodies_that_are_none(body: str, problem: str) -> None:
    """A check digit is appended only to what can be a body."""
    with pytest.raises(BadInput, match=problem):
        with_check_digit(body)
