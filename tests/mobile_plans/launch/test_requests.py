"""The trigger form, understood or refused in plain sentences."""

from datetime import UTC, datetime

import pytest

from include.mobile_plans.errors import BadInput
from include.mobile_plans.launch import request_from_form

FORM = {
    "mobile_operator": "contoso",
    "target_date": "2026-12-14",
    "target_time": "09:00 Europe/London",
    "iccid_range": "test",
    "staging_endpoint": True,
    "note": None,
}


def test_a_form_is_understood() -> None:
    """The date and time are those of the zone given."""
    request = request_from_form(FORM | {"target_date": "2026-07-01"}, "ops")

    assert request.target_at == datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
    assert (request.slug, request.range_choice, request.uses_staging) == ("contoso", "test", True)
    assert (request.note, request.requested_by) == ("", "ops")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"target_date": "14/12/2026"}, "write it as 2026-12-14"),
        ({"target_time": "9 o'clock"}, "09:00 Europe/London"),
        ({"target_time": "09:00"}, "time and a zone"),
        ({"target_time": "09:00 Europe/Lundon"}, "time and a zone"),
        ({"iccid_range": "half"}, "allowed are test and full"),
        ({"mobile_operator": None}, "no mobile operator"),
    ],
)
def test_what_cannot_be_understood_is_named(change: dict, words: str) -> None:
    """Each field that cannot be understood says what is allowed."""
    with pytest.raises(BadInput, match=words):
        request_from_form(FORM | change, "ops")


def test_all_problems_are_told_at_once() -> None:
    """Nobody repairs a form field by field."""
    with pytest.raises(BadInput) as caught:
        request_from_form({}, "ops")
    assert len(caught.value.problems) == 4
