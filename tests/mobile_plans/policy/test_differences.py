"""What changed, in lines a person can approve."""

from dataclasses import replace

from include.mobile_plans.policy.differences import difference
from include.mobile_plans.policy.mobile_operators import Contact, MonitoringFlags
from tests.mobile_plans.policy.examples import example


def test_equal_records_differ_in_nothing() -> None:
    """No line for what stayed."""
    assert difference(example("contoso"), example("contoso")) == []


def test_each_changed_value_is_one_line() -> None:
    """Values changed, added and removed are told with their key path."""
    before = example("fabrikam")
    first, second, _third = before.contacts.incident
    incident = (replace(first, phone="+966112345699", languages=("ar",)), second)
    added = Contact(name="New desk", email="desk@fabrikam.example")
    contacts = replace(
        before.contacts, incident=incident, reports=(*before.contacts.reports, added)
    )
    after = replace(
        before,
        contacts=contacts,
        legal_name="Fabrikam",
        xdr_feeds=(),
        monitoring=MonitoringFlags(probed=False, reason="moved"),
    )
    assert difference(before, after) == [
        "legal_name: Fabrikam Telecom Company -> Fabrikam",
        "contacts.incident[0].phone: +966112345600 -> +966112345699",
        "contacts.incident[0].languages[1]: removed en",
        (
            "contacts.incident[2]: removed name Farah Nasser, email farah.nasser@fabrikam.example, "
            "phone +966501234568, languages ar; en"
        ),
        "contacts.reports[1]: added name New desk, email desk@fabrikam.example",
        (
            "xdr_feeds[0]: removed feed CDR, cadence P1D, format csv.gz, manifest no, "
            "delimiter ;, time_zone Asia/Riyadh"
        ),
        "monitoring.probed: yes -> no",
        "monitoring.reason: added moved",
    ]
