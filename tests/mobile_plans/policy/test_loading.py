"""The program's policy as shipped, and what the loader refuses."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from include.mobile_plans.errors import BadInput, NotFound
from include.mobile_plans.policy import BusinessDays, ProgramPolicy, load_policy
from include.mobile_plans.policy.loading import (
    SHIPPED_POLICY,
    loopback_allowed,
    policy_directory,
)
from tests.mobile_plans.policy.examples import copy_policy


@pytest.fixture(scope="module")
def policy() -> ProgramPolicy:
    """The shipped policy."""
    return load_policy(SHIPPED_POLICY)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A copy of the shipped policy that a test may spoil."""
    return copy_policy(tmp_path / "policy")


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def problems_of(directory: Path) -> tuple[str, ...]:
    with pytest.raises(BadInput) as refused:
        load_policy(directory)
    return refused.value.problems


def test_the_sla_table_has_its_three_services(policy: ProgramPolicy) -> None:
    """M3: 99.90 % and 400 ms where the source names them, no figure where it names none."""
    services = policy.sla.services
    assert (services.portal.availability, services.core_network.availability) == (0.999, 0.999)
    assert services.portal.latency is not None
    assert services.portal.latency.limit == timedelta(milliseconds=400)
    assert services.portal.latency.statistic == "mean"
    assert (services.xdr.availability, services.xdr.latency) == (None, None)
    by = [
        services.portal.monitored_by,
        services.core_network.monitored_by,
        services.xdr.monitored_by,
    ]
    assert by == ["program", "mobile_operator", "mobile_operator"]
    assert policy.sla.judged_availability == "excluding_maintenance"


def test_the_portal_is_asked_twice_per_minute(policy: ProgramPolicy) -> None:
    """M1, M2: every 30 seconds, at most 10 seconds long, escalated after more than 30 minutes."""
    monitoring = policy.monitoring
    assert monitoring.probe.interval == timedelta(seconds=30)
    assert monitoring.probe.timeout <= timedelta(seconds=10)
    assert monitoring.outage.escalate_after == timedelta(minutes=30)
    assert monitoring.outage.minimum_coverage == 0.5
    assert monitoring.degradation.bad_share == 0.9


def test_notices_are_due_five_business_days_before(policy: ProgramPolicy) -> None:
    """P1, P2: five business days, which is not elapsed time."""
    assert policy.maintenance.notice_lead == BusinessDays(business_days=5)


def test_promises_are_at_risk_at_80_percent(policy: ProgramPolicy) -> None:
    """O1, O2: 30 minutes from awareness to notice; at risk after 80 % of the time."""
    assert policy.promises.at_risk_share == 0.8
    assert policy.promises.outage_notice_within == timedelta(minutes=30)


def test_mails_are_tried_again_within_half_an_hour(policy: ProgramPolicy) -> None:
    """O1: neither an absent server nor a crashed sender may cost the 30 minutes of a notice."""
    notices = policy.notices
    assert notices.try_again.longest <= timedelta(minutes=5)
    assert notices.in_doubt.first <= timedelta(minutes=10)
    assert notices.maximum_message_bytes == 10 * 1024 * 1024
    assert policy.source("notices.in_doubt.first") == "ours"


def test_a_launch_takes_its_weeks_and_scenarios_from_policy(policy: ProgramPolicy) -> None:
    """L2, L3, L6, L7: seven days elapsed each; the steps in the words of the source."""
    launch = policy.launch
    assert launch.iccid_configuration_within == timedelta(days=7)
    assert launch.staging_migration_within == timedelta(days=7)
    esim, sim = launch.scenarios
    assert [step.title for step in esim.steps] == [
        "Phone number lookup verification",
        "Launch the MO Direct web portal",
        "Complete a transaction in the portal",
        "eSIM profile is installed and activated",
        "Device is connected",
    ]
    assert [step.name for step in esim.steps if esim.has_iccid_at(step.name)] == [
        "profile_installed",
        "device_connected",
    ]
    assert len(sim.steps) == 3
    assert all(sim.has_iccid_at(step.name) for step in sim.steps)


def test_every_readiness_gate_has_an_owner_and_evidence(policy: ProgramPolicy) -> None:
    """L1: the gates that people confirm."""
    gates = {gate.name: gate.owner for gate in policy.launch.readiness_gates}
    assert gates == {
        "commercial_agreement": "program",
        "cosa_update": "program",
        "walled_garden": "mobile_operator",
        "notification_uri": "mobile_operator",
        "brand_and_logo": "mobile_operator",
        "monitoring_and_escalation": "both",
        "customer_support": "mobile_operator",
    }


def test_the_contacts_are_those_printed(policy: ProgramPolicy) -> None:
    """E5, B1: the operations centre, the desks, and the bug desk as printed."""
    contacts = policy.contacts
    assert contacts.operations_centre.phone == "+14255389336"
    assert contacts.operations_centre.email == "osoc@microsoft.com"
    assert contacts.low_severity_desk.email == "dmcellpd@microsoft.com"
    assert contacts.bug_desk.email == "DYNAMOpartnersup@microsoft.com"
    assert contacts.duty_roster.launch_manager.persons[0].phone.startswith("+1")


def test_a_freeze_includes_both_ends(policy: ProgramPolicy) -> None:
    """L10: no go-live on the days of a freeze."""
    freeze = policy.launch.freezes[0]
    assert policy.launch.freeze_on(freeze.first_day) == freeze
    assert policy.launch.freeze_on(freeze.last_day) == freeze
    assert policy.launch.freeze_on(freeze.last_day + timedelta(days=1)) is None


def test_each_number_knows_its_clause(policy: ProgramPolicy) -> None:
    """The clause behind a value can be asked by its key path."""
    assert policy.source("monitoring.probe.interval") == "M1"
    assert policy.source("sla.services.portal.latency.limit") == "M3"
    assert policy.source("severity.2018.levels.high.first_response") == "E3"
    assert policy.source("contacts.sender.email") is None


def test_the_edition_of_a_day_is_the_newest_begun(directory: Path) -> None:
    """A later edition takes over on its day; before the first one there is none."""
    text = (directory / "severity" / "2018.yaml").read_text()
    text = text.replace('edition: "2018"', 'edition: "2027"')
    text = text.replace("valid_from: 2018-01-04", "valid_from: 2027-01-01")
    (directory / "severity" / "2027.yaml").write_text(text)
    policy = load_policy(directory)
    assert policy.severity_edition(date(2026, 12, 31)).edition == "2018"
    assert policy.severity_edition(date(2027, 1, 1)).edition == "2027"
    with pytest.raises(NotFound, match="no severity edition is valid on 2018-01-03"):
        policy.severity_edition(date(2018, 1, 3))


def test_the_fingerprint_follows_the_files(directory: Path) -> None:
    """Another number is another policy."""
    before = load_policy(directory).fingerprint
    assert before == load_policy(directory).fingerprint
    change(directory / "promises.yaml", "0.8", "0.9")
    assert load_policy(directory).fingerprint != before


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("monitoring", "value: PT30S", "value: 30", "probe.interval: 30 is not a duration"),
        ("monitoring", "PT10S", "PT11S", "monitoring.yaml:5: probe.timeout: "),
        ("monitoring", "value: PT30S", "value: PT10S", "must be shorter than the interval"),
        ("monitoring", "https://www.example.com/", "http://x.example/", "is not https"),
        ("maintenance", "{business_days: 5}", "P5D", "notice_lead: must be a mapping"),
        ("sla", "statistic: mean", "statistic: average", "statistic: 'average' is not allowed"),
        ("notices", "longest: PT5M", "longest: PT29S", "try_again.longest: 0:00:29 is shorter"),
        ("notices", "first: PT5M", "first: PT7H", "in_doubt.longest: 6:00:00 is shorter than"),
        ("notices", "ordinary_words: []", "ordinary_words: [Orange]", "ordinary_words[0]: "),
        ("launch", "last_day: 2027-01-03", "last_day: 2026-01-03", "is before first_day"),
        ("launch", "name: cosa_update", "name: walled_garden", "'walled_garden' is named twice"),
        ("launch", "step: profile_installed", "step: nowhere", "'nowhere' is no step of it"),
        ("launch", "{name: device_connected", "{name: launch_portal", "names a step twice"),
        ("launch", "name: sim_first_run", "name: esim_first_run", "'esim_first_run' is named"),
        ("contacts", "osoc@microsoft.com", "osoc", "operations_centre.email: 'osoc' is not"),
        ("calendars", "zone: America/Los_Angeles", "zone: Seattle", "'Seattle' is not a time"),
        ("severity/2018", 'edition: "2018"', 'edition: "2019"', "is not the file's name"),
    ],
)
def test_a_wrong_file_is_refused(
    directory: Path, file: str, old: str, new: str, words: str
) -> None:
    """Wrong values and contradictions are refused with file and key path."""
    change(directory / f"{file}.yaml", old, new)
    (problem,) = problems_of(directory)
    assert problem.startswith(str(directory / f"{file}.yaml"))
    assert words in problem


def test_missing_and_unknown_files_are_named(directory: Path) -> None:
    """A file that is gone or misspelled is told with what was probably meant."""
    (directory / "promises.yaml").rename(directory / "promisses.yaml")
    missing, unknown = problems_of(directory)
    assert missing.endswith("promises.yaml: is missing")
    assert unknown.endswith("did you mean 'promises.yaml'?")


def test_a_policy_without_severities_is_refused(directory: Path) -> None:
    """E2: an incident without a severity cannot be escalated, so there must be an edition."""
    shutil.rmtree(directory / "severity")
    (problem,) = problems_of(directory)
    assert problem.endswith("severity: holds no severity edition")


def test_a_directory_that_is_none_is_refused(tmp_path: Path) -> None:
    """A wrong MOBILE_PLANS_POLICY_DIR says so."""
    assert problems_of(tmp_path / "nowhere") == (f"{tmp_path / 'nowhere'}: is no directory",)


def test_the_environment_names_directory_and_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped directory and no loopback portals, unless the environment says otherwise."""
    monkeypatch.delenv("MOBILE_PLANS_POLICY_DIR", raising=False)
    monkeypatch.delenv("MOBILE_PLANS_ALLOW_LOOPBACK_PORTALS", raising=False)
    assert (policy_directory(), loopback_allowed()) == (SHIPPED_POLICY, False)
    monkeypatch.setenv("MOBILE_PLANS_POLICY_DIR", "/somewhere")
    monkeypatch.setenv("MOBILE_PLANS_ALLOW_LOOPBACK_PORTALS", "1")
    assert (policy_directory(), loopback_allowed()) == (Path("/somewhere"), True)


def test_every_check_of_the_feeds_has_a_severity(directory: Path) -> None:
    """A check without a severity is refused, and so is a severity of no check (X1)."""
    change(directory / "xdr.yaml", "  F04: R\n", "  F99: R\n")
    missing, unknown = problems_of(directory)
    assert "F04 has no severity" in missing
    assert "F99 is no rule" in unknown
