"""What a review checks by itself."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from include.mobile_plans.iccid import parse_ranges
from include.mobile_plans.launch import Asked, Launch, asked_about
from include.mobile_plans.launch.checks import review_findings
from include.mobile_plans.launch.portal_inspection import PortalInspection
from include.mobile_plans.launch.rules import Ranges
from include.mobile_plans.store import Store
from tests.mobile_plans.launch.conftest import RUN

WHOLE = parse_ranges("8988247000100000000-8988247000100999999")


@pytest.fixture
def asked(records: Store, start: Callable[..., Launch], now: datetime) -> Asked:
    """A launch of Contoso that is asked about."""
    start(slug="contoso", uses_staging=False)
    with records.snapshot() as connection:
        return asked_about(connection, RUN, now)


def inspected(asked: Asked, **changes: object) -> PortalInspection:
    ends = asked.launch.target_at + timedelta(days=30)
    good = PortalInspection(
        uri="https://localhost/contoso/",
        problems=(),
        latencies_s=(0.4,),
        certificate_ends_at=ends,
        certificate_problem=None,
    )
    return replace(good, **changes)


def failed(asked: Asked, portal: PortalInspection, problems: tuple[str, ...] = ()) -> dict:
    found = review_findings(asked, problems, portal)
    return {one.name: one.detail for one in found if not one.passed}


def test_all_is_well(asked: Asked) -> None:
    """Exactly 400 ms and exactly 30 days after the launch are allowed."""
    assert failed(asked, inspected(asked)) == {}
    assert len(review_findings(asked, (), inspected(asked))) == 8


def test_each_failure_says_what_was_found(asked: Asked) -> None:
    """L1, M3: the certificate outlives the launch by 30 days, the mean is within 400 ms."""
    ends = asked.launch.target_at + timedelta(days=29, hours=23)
    portal = inspected(asked, certificate_ends_at=ends, latencies_s=(0.4, 0.402))

    assert failed(asked, portal, ("monitoring.yaml: broken",)) == {
        "Policy": "monitoring.yaml: broken",
        "Certificate": "valid until 2027-01-13, needed until 2027-01-13",
        "Latency sample": "mean 401 ms of 2, 400 ms allowed (M3)",
    }


def test_what_was_not_seen_does_not_pass(asked: Asked) -> None:
    """A portal without answer or certificate fails all three looks."""
    portal = inspected(
        asked,
        problems=("no answer: ConnectTimeout",),
        latencies_s=(),
        certificate_ends_at=None,
        certificate_problem="no valid certificate was seen",
    )

    assert failed(asked, portal) == {
        "Portal over TLS": "no answer: ConnectTimeout",
        "Certificate": "no valid certificate was seen",
        "Latency sample": "no good answer to measure",
    }


@pytest.mark.parametrize("test", [WHOLE, ()])
def test_the_test_range_leaves_something_out(asked: Asked, test: tuple) -> None:
    """L4: a test range is a true subset: neither everything nor nothing."""
    same = replace(asked, ranges=Ranges(production=WHOLE, test=test))

    assert "Test range a true subset" in failed(same, inspected(asked))


def test_somebody_can_be_called(asked: Asked) -> None:
    """E3, C1: an incident contact has a telephone, and customers have a way to get support."""
    record = asked.mobile_operator
    silent = tuple(replace(one, phone=None) for one in record.contacts.incident)
    support = replace(record.customer_support, phone=None, email=None, website=None)
    record = replace(
        record,
        contacts=replace(record.contacts, incident=silent),
        customer_support=support,
    )

    found = failed(replace(asked, mobile_operator=record), inspected(asked))

    assert found == {
        "Contacts": "no incident contact has a telephone number (E3)",
        "Support contact": "Contoso Care has neither phone, mail nor website (C1)",
    }
