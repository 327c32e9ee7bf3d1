"""Whether a record contradicts itself or those of others."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from include.mobile_plans.errors import BadInput
from include.mobile_plans.policy.consistency import (
    overlaps_between,
    read_mobile_operator,
    scenario_clashes,
)
from include.mobile_plans.policy.mobile_operators import (
    IccidRanges,
    MobileOperator,
    RegisteredRange,
)
from tests.mobile_plans.policy.examples import document, example, example_data


def changed(path: str, value: Any, slug: str = "contoso") -> dict[str, Any]:
    """The example's data with the value at a dotted path replaced."""
    data = example_data(slug)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    inside: Any = data
    for part in parents:
        inside = inside[part]
    inside[last] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("countries", ["US", "US"], "countries: 'US' is named twice: keep one"),
        ("sim_kinds", ["esim", "esim"], "sim_kinds: 'esim' is named twice"),
        ("contacts.incident.1.phone", None, "contacts.incident[1].phone: is required: this role"),
        ("contacts.operations.0.phone", None, "contacts.operations[0].phone: is required"),
        ("customer_support", {"name": "Care"}, "customer_support: needs a phone, an email or"),
        ("calendar.region", "ZZ", "calendar: region 'ZZ' of US is unknown"),
        ("calendar.extra_holidays", ["2026-12-24"], None),
        ("xdr_feeds.1.feed", "CDR", "xdr_feeds: CDR is named twice"),
        ("monitoring", {"probed": False}, "monitoring.reason: is required where the portal is"),
        ("monitoring", {"probed": False, "reason": "MNT-0001"}, None),
        (
            "iccid_ranges.production.0.notation",
            "8988247000100999999-8988247000100000000",
            "iccid_ranges.production[0].notation: range",
        ),
        (
            "iccid_ranges.test.0.notation",
            "8988247000900000000-8988247000900019999",
            "iccid_ranges.test: must be a true subset of iccid_ranges.production",
        ),
        (
            "iccid_ranges.test.0.notation",
            "8988247000100000000-8988247000100999999",
            "and leave some out; leave test empty to use the full range",
        ),
        ("iccid_ranges.test", [], None),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(
    path: str, value: object, words: str | None
) -> None:
    """C1, E3, L4: what no single field can tell is checked, and named by its key path."""
    document_changed = document(changed(path, value))
    if words is None:
        read_mobile_operator(document_changed, allow_loopback=True)
        return
    with pytest.raises(BadInput) as refused:
        read_mobile_operator(document_changed, allow_loopback=True)
    assert words in str(refused.value)


def test_a_range_ends_after_it_begins() -> None:
    """A range whose validity is reversed is refused."""
    data = changed("iccid_ranges.production.0.valid_to", "2024-01-01T00:00:00Z", "northwind")
    with pytest.raises(BadInput, match=r"production\[0\].valid_to: must be later than valid_from"):
        read_mobile_operator(document(data), allow_loopback=True)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("scenarios.0.sim_kind", "esim", None),
        ("scenarios.0.iccid_from_step", "nowhere", "'nowhere' is no step of it; allowed are"),
        ("sim_kinds", ["esim"], "scenarios[0].sim_kind: 'sim' is not among its sim_kinds"),
    ],
)
def test_its_own_scenarios_fit_the_mobile_operator(path: str, value: object, words: str) -> None:
    """L8: a scenario of its own is sound and of a kind it offers."""
    data = changed(path, value, "northwind")
    if words is None:
        read_mobile_operator(document(data), allow_loopback=True)
        return
    with pytest.raises(BadInput) as refused:
        read_mobile_operator(document(data), allow_loopback=True)
    assert words in str(refused.value)


def test_a_scenario_is_named_once() -> None:
    """L8: two scenarios of one name, or one of the program's name, cannot be told apart."""
    data = example_data("northwind")
    data["scenarios"].append(data["scenarios"][0])
    with pytest.raises(BadInput, match=r"scenarios\[1\].name: 'top_up' is named twice"):
        read_mobile_operator(document(data), allow_loopback=True)
    northwind = example("northwind")
    (clash,) = scenario_clashes(northwind, northwind.scenarios)
    assert clash == (
        ("scenarios", 0, "name"),
        "'top_up' is a scenario of the program already: choose another name",
    )


def with_range(slug: str, start: int, end: int, **validity: datetime) -> MobileOperator:
    entry = RegisteredRange(notation=f"{start}-{end}", length=19, has_check_digit=True, **validity)
    ranges = IccidRanges(production=(entry,))
    return replace(example("contoso"), slug=slug, iccid_ranges=ranges)


BASE = 8988247000100000000


def test_iccids_of_two_mobile_operators_are_found() -> None:
    """An overlap names both sides; ranges that only touch, and one's own, are none."""
    first = with_range("first", BASE, BASE + 99_999)
    second = with_range("second", BASE + 50_000, BASE + 199_999)
    third = with_range("third", BASE + 200_000, BASE + 299_999)
    (found,) = overlaps_between([third, second, first])
    path, text = found.problem_of("second")
    assert path == ("iccid_ranges", "production", 0)
    assert text == (
        "898824700010005000-898824700010019999 overlaps 898824700010000000-898824700010009999 "
        "of first: an ICCID belongs to one mobile operator"
    )
    assert (
        "overlaps 898824700010005000-898824700010019999 of second" in found.problem_of("first")[1]
    )


def test_the_same_range_of_three_is_found_three_times() -> None:
    """Equal ranges are as wrong as overlapping ones, for each pair."""
    same = [with_range(slug, BASE, BASE + 999) for slug in ("one", "two", "three")]
    assert {(o.first, o.second) for o in overlaps_between(same)} == {
        ("one", "three"),
        ("one", "two"),
        ("three", "two"),
    }


def test_iccids_may_be_handed_over(now: datetime) -> None:
    """Ranges that are not valid at the same time, or of one withdrawn, do not collide."""
    before = with_range("before", BASE, BASE + 999, valid_to=now)
    after = with_range("after", BASE, BASE + 999, valid_from=now)
    always = with_range("always", BASE, BASE + 999)
    assert overlaps_between([before, after]) == []
    assert len(overlaps_between([before, after, always])) == 2
    assert overlaps_between([after, replace(always, state="withdrawn")]) == []
