"""A mobile operator as typed data."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from include.mobile_plans.errors import NaiveDatetime
from include.mobile_plans.policy.mobile_operators import (
    IccidRanges,
    RegisteredRange,
    document_hash,
    document_of,
)
from tests.mobile_plans.policy.examples import EXAMPLES, example

SLUGS = sorted(path.stem for path in EXAMPLES.glob("*.yaml"))


def test_the_examples_show_what_there_is() -> None:
    """Examples for eSIM only, SIM only, both, staging in several countries; other calendars."""
    assert len(SLUGS) >= 4
    kinds = {slug: set(example(slug).sim_kinds) for slug in SLUGS}
    assert {"esim"} in kinds.values()
    assert {"sim"} in kinds.values()
    assert {"esim", "sim"} in kinds.values()
    assert any(example(s).portals.staging and len(example(s).countries) > 1 for s in SLUGS)
    assert len({example(slug).calendar.country for slug in SLUGS}) > 2
    assert "SA" in {example(slug).calendar.country for slug in SLUGS}


def test_ranges_are_valid_for_their_time(now: datetime) -> None:
    """X1: a range answers for an instant, its end not included."""
    notation = "8988247000100000000-8988247000100999999"
    entry = RegisteredRange(notation=notation, length=19, has_check_digit=True)
    ranges = IccidRanges(
        production=(
            replace(entry, valid_to=now),
            replace(entry, notation="8988247000200000000-8988247000200999999", valid_from=now),
        )
    )
    before = ranges.at("production", now - timedelta(microseconds=1))
    assert [str(one) for one in before] == ["898824700010000000-898824700010099999"]
    assert [one.start for one in ranges.at("production", now)] == ["898824700020000000"]
    assert ranges.at("test", now) == ()
    with pytest.raises(NaiveDatetime):
        ranges.at("production", now.replace(tzinfo=None))


def test_contacts_are_asked_by_role() -> None:
    """E3: the contacts of a role come in the order they are called."""
    contacts = example("fabrikam").contacts_of("incident")
    assert [contact.name for contact in contacts][1:] == ["Faisal Al Harbi", "Farah Nasser"]


def test_equal_records_have_equal_hashes() -> None:
    """The hash of a document tells records apart, and nothing else does."""
    contoso = example("contoso")
    assert document_hash(document_of(contoso)) == document_hash(document_of(replace(contoso)))
    changed = replace(contoso, language="es")
    assert document_hash(document_of(contoso)) != document_hash(document_of(changed))
