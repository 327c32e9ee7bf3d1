"""What a form says of planned maintenance, understood or refused in plain words."""

from datetime import UTC, datetime

import pytest

from include.mobile_plans.errors import BadInput
from include.mobile_plans.maintenance.plans import (
    AffectedObject,
    Plan,
    parse_objects,
    parse_window,
    plan_from_form,
    service_names,
)
from include.mobile_plans.policy import ProgramPolicy
from tests.mobile_plans.maintenance.conftest import OURS, THEIRS


def test_a_form_is_understood(policy: ProgramPolicy) -> None:
    """Who, what, how badly, when in which zone, whom, and the party's own reference."""
    plan = plan_from_form(OURS | {"recipients": "contoso, northwind contoso"}, policy)

    assert (plan.party, plan.slug, plan.service) == ("program", None, "mobile_plans")
    assert plan.objects == (
        AffectedObject(name="gateway-eu", impact="OUTAGE"),
        AffectedObject(name="lookup", impact="DEGRADED"),
    )
    assert plan.recipients == ("contoso", "northwind")
    assert (plan.reference, plan.summary) == ("CHG-7", "Replacement of the gateway")
    assert plan.window.starts_at == datetime(2026, 12, 12, 22, tzinfo=UTC)
    assert (plan.impact, plan.interrupts) == ("OUTAGE", True)


def test_maintenance_of_a_mobile_operator_is_told_to_the_program(policy: ProgramPolicy) -> None:
    """P2: its recipient is the program, and nobody else is concerned."""
    plan = plan_from_form(THEIRS | {"objects": "", "summary": "Swap at 10: 30"}, policy)

    assert (plan.party, plan.recipients) == ("mobile_operator", ("program",))
    assert plan.mobile_operators == {"contoso"}
    assert plan.objects == (AffectedObject(name="portal", impact="OUTAGE"),)
    assert (plan.reference, plan.summary) == (None, "Swap at 10: 30")


@pytest.mark.parametrize(
    ("text", "starts", "ends"),
    [
        ("2026-12-12 22:00 to 23:30 UTC", (12, 22, 0), (12, 23, 30)),
        ("2026-12-12  22:00 to 2026-12-13 02:00 Europe/Berlin", (12, 21, 0), (13, 1, 0)),
    ],
)
def test_windows(text: str, starts: tuple[int, ...], ends: tuple[int, ...]) -> None:
    """The second day may be left out; the zone of the form counts."""
    window = parse_window(text)

    assert window.starts_at == datetime(2026, 12, *starts, tzinfo=UTC)
    assert window.ends_at == datetime(2026, 12, *ends, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not two times and a zone"),
        ("tomorrow", "not two times and a zone"),
        ("2026-12-12 22:00 to 23:00", "not two times and a zone"),
        ("2026-12-12 22:00 to 23:00 Europe/Lundon", "not two times and a zone"),
        ("2026-12-32 22:00 to 23:00 UTC", "does not exist"),
        ("2026-12-12 22:00 to 24:10 UTC", "does not exist"),
        ("2026-12-12 22:00 to 02:00 UTC", "give the day it ends on"),
        ("2026-12-12 22:00 to 22:00 UTC", "not after its start"),
    ],
)
def test_windows_that_are_none(text: str, words: str) -> None:
    """Each refusal names what is wrong and how to write it."""
    with pytest.raises(BadInput, match=words):
        parse_window(text)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"maintained_by": ""}, "nobody maintains"),
        ({"service": "portals"}, "service 'portals' is unknown: allowed are core_network, portal"),
        ({"maintained_by": "contoso", "service": "store"}, "is the program's"),
        ({"maintained_by": "contoso", "service": "portal", "recipients": "x"}, "no recipients"),
        ({"summary": ""}, "what is done is ''"),
        ({"summary": "two\nlines"}, "one line"),
        ({"objects": "a = BROKEN"}, "impact 'BROKEN' of 'a' is unknown"),
        ({"objects": "= OUTAGE"}, "an affected object is ''"),
    ],
)
def test_forms_that_cannot_be_understood(
    policy: ProgramPolicy, change: dict[str, str], words: str
) -> None:
    """Every field is judged, one line each."""
    with pytest.raises(BadInput, match=words):
        plan_from_form(OURS | change, policy)
    with pytest.raises(BadInput) as caught:
        plan_from_form(OURS | change | {"window": "x"}, policy)
    assert len(caught.value.problems) == 2


def test_the_services_are_those_of_the_table_and_the_programs_own(policy: ProgramPolicy) -> None:
    """Names are the field's; the program's own come from policy."""
    assert list(service_names(policy))[:3] == ["core_network", "portal", "xdr"]
    assert service_names(policy)["portal"] == "MO Direct portal"
    assert service_names(policy)["store"] == "Microsoft Store"


@pytest.mark.parametrize(
    ("change", "is_within"),
    [
        ({}, True),
        ({"window": "2026-12-12 23:00 to 2026-12-13 02:00 UTC"}, True),
        ({"window": "2026-12-12 23:00 to 2026-12-13 02:01 UTC"}, False),
        ({"window": "2026-12-12 21:59 to 2026-12-13 02:00 UTC"}, False),
        ({"objects": "lookup = NO-IMPACT"}, True),
        ({"objects": "lookup = OUTAGE"}, False),
        ({"objects": "gateway-us = NO-IMPACT"}, False),
        ({"service": "store"}, False),
    ],
)
def test_what_lies_within_a_plan(
    policy: ProgramPolicy, change: dict[str, str], *, is_within: bool
) -> None:
    """Another plan lies within only if it takes no other time, object, impact or service."""
    told: Plan = plan_from_form(OURS, policy)

    assert plan_from_form(OURS | change, policy).is_within(told) is is_within


def test_the_last_equals_sign_ends_the_name() -> None:
    """Names of objects may hold colons and equals signs."""
    assert parse_objects("a=b:1 = degraded;c:2") == (
        AffectedObject(name="a=b:1", impact="DEGRADED"),
        AffectedObject(name="c:2", impact="OUTAGE"),
    )
