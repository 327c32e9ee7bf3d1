"""Proposed changes: shown, and decided by a second named person."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from include.mobile_plans.errors import BadInput, Conflict, NotFound
from include.mobile_plans.policy import mobile_operator_in_force, record_version
from include.mobile_plans.policy.changes import (
    SECTIONS,
    ProposedChange,
    changed_document,
    decide_change,
    propose_change,
    read_change,
    section_text,
)
from include.mobile_plans.store import Store, read_events
from tests.mobile_plans.policy.examples import example

pytestmark = pytest.mark.usefixtures("loopback_portals")

MONTHLY = {"section": "report_frequency", "value": "monthly"}
HOUR = timedelta(hours=1)


@pytest.fixture
def recorded(store: Store, now: datetime) -> Store:
    """A store that holds contoso."""
    with store.transaction() as connection:
        record_version(
            connection, example("contoso"), author="A", approver=None, reason="r", now=now
        )
    return store


def propose(
    store: Store, now: datetime, fields: dict[str, str] = MONTHLY, **changes: str
) -> ProposedChange:
    arguments = {"change_id": "run-1", "slug": "contoso", "proposed_by": "Ann", "reason": "asked"}
    arguments |= changes
    with store.transaction() as connection:
        return propose_change(
            connection,
            arguments["change_id"],
            arguments["slug"],
            fields,
            proposed_by=arguments["proposed_by"],
            reason=arguments["reason"],
            now=now,
        )


def decide(
    store: Store, now: datetime, *, approved: bool = True, by: str = "Bob"
) -> ProposedChange:
    with store.transaction() as connection:
        return decide_change(
            connection, "run-1", approved=approved, decided_by=by, note="checked", now=now
        )


def newest(store: Store, now: datetime) -> tuple[int, str]:
    with store.snapshot() as connection:
        found = mobile_operator_in_force(connection, "contoso", now)
    return found.version, found.mobile_operator.report_frequency


def test_an_approved_change_is_in_force(recorded: Store, now: datetime) -> None:
    """The difference is shown before, and the version names author and approver after."""
    change = propose(recorded, now)
    assert (change.state, change.base_version) == ("proposed", 1)
    assert change.differences == ("report_frequency: daily -> monthly",)
    assert newest(recorded, now) == (1, "daily")
    decided = decide(recorded, now + HOUR)
    assert (decided.state, decided.decided_by, decided.decision_note) == (
        "approved",
        "Bob",
        "checked",
    )
    assert decided.decided_at == now + HOUR
    assert newest(recorded, now + HOUR) == (2, "monthly")
    with recorded.snapshot() as connection:
        version = mobile_operator_in_force(connection, "contoso", now + HOUR)
        kinds = [event.kind for event in read_events(connection, "mobile_operator:contoso")]
    assert (version.author, version.approver, version.reason) == ("Ann", "Bob", "asked")
    assert kinds == [
        "mobile_operator.version_recorded",
        "mobile_operator.change_proposed",
        "mobile_operator.version_recorded",
        "mobile_operator.change_approved",
    ]


def test_a_rejected_change_changes_nothing(recorded: Store, now: datetime) -> None:
    """It is kept with who rejected it and why; also the proposer may withdraw it so."""
    propose(recorded, now)
    decided = decide(recorded, now, approved=False, by="Ann")
    assert (decided.state, decided.decision_note) == ("rejected", "checked")
    assert newest(recorded, now) == (1, "daily")


def test_nobody_approves_their_own_change(recorded: Store, now: datetime) -> None:
    """The approver is another named person, however the name is written."""
    propose(recorded, now)
    for name in ("Ann", " ann "):
        with pytest.raises(BadInput, match="a second named person approves it"):
            decide(recorded, now, by=name)
    with pytest.raises(BadInput, match="decided_by is empty"):
        decide(recorded, now, by=" ")
    assert newest(recorded, now) == (1, "daily")


def test_a_change_of_an_older_version_is_refused(recorded: Store, now: datetime) -> None:
    """Nobody approves a difference that is no longer the one they saw."""
    propose(recorded, now)
    with recorded.transaction() as connection:
        changed = replace(example("contoso"), language="es")
        record_version(connection, changed, author="C", approver=None, reason="r", now=now)
    with pytest.raises(Conflict, match="is based on version 1 of contoso, the newest is 2"):
        decide(recorded, now)
    assert decide(recorded, now, approved=False).state == "rejected"


def test_repeating_a_step_changes_nothing(recorded: Store, now: datetime) -> None:
    """A task that is tried again proposes and decides the same change once."""
    first = propose(recorded, now)
    assert propose(recorded, now + HOUR) == first
    decided = decide(recorded, now + HOUR)
    assert decide(recorded, now + 2 * HOUR) == decided
    assert newest(recorded, now + 2 * HOUR) == (2, "monthly")
    with pytest.raises(Conflict, match="was approved by Bob already"):
        decide(recorded, now + 2 * HOUR, approved=False)


def test_an_id_names_one_change(recorded: Store, now: datetime) -> None:
    """The same id for another person's change is refused; an unknown one is named."""
    propose(recorded, now)
    with pytest.raises(Conflict, match="run-1 is one of contoso by Ann: use another id"):
        propose(recorded, now, proposed_by="Carl")
    with recorded.snapshot() as connection, pytest.raises(NotFound, match="'run-9' is unknown"):
        read_change(connection, "run-9")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"slug": "contosso"}, "did you mean 'contoso'?"),
        ({"proposed_by": " "}, "proposed_by is empty"),
        ({"reason": ""}, "reason is empty"),
    ],
)
def test_a_proposal_names_who_what_and_why(
    recorded: Store, now: datetime, changes: dict[str, str], words: str
) -> None:
    """An unknown mobile operator, no person, no reason: refused with nothing written."""
    with pytest.raises(BadInput) as refused:
        propose(recorded, now, **changes)
    assert words in str(refused.value)


def test_iccids_of_another_cannot_be_proposed(recorded: Store, now: datetime) -> None:
    """L3: the conflict is told at once, not when somebody approves."""
    with recorded.transaction() as connection:
        record_version(
            connection, example("tailspin"), author="A", approver=None, reason="r", now=now
        )
    fields = {
        "section": "iccid_ranges",
        "value": section_text(example("tailspin"), "iccid_ranges"),
    }
    with pytest.raises(Conflict, match="of tailspin: an ICCID belongs to one mobile operator"):
        propose(recorded, now, fields)


@pytest.mark.parametrize("section", SECTIONS)
def test_each_section_can_be_edited_as_text(section: str) -> None:
    """What the form shows of a section is what it takes back."""
    contoso = example("contoso")
    text = section_text(contoso, section)
    with pytest.raises(BadInput, match=f"{section} is the same already"):
        changed_document(contoso, {"section": section, "value": text})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"section": "contact", "value": "x"}, "section 'contact' is unknown; allowed are name,"),
        ({"section": "contact", "value": "x"}, "did you mean 'contacts'?"),
        ({}, "section '' is unknown"),
        ({"section": "slug", "value": "other"}, "section 'slug' is unknown"),
        ({"section": "state", "value": "live"}, "section 'state' is unknown"),
        ({"section": "countries", "value": "[US"}, "the change of contoso:2: is not YAML"),
        ({"section": "countries"}, "countries: must be a list, not null"),
        (
            {"section": "portals", "value": "production: {uri: http://x.example/}"},
            "the change of contoso: portals.production.uri: http://x.example/ is not https",
        ),
        (
            {
                "section": "scenarios",
                "value": (
                    "- {name: esim_first_run, title: T, sim_kind: esim, initial_conditions: [a],"
                    " steps: [{name: s, title: S}], iccid_from_step: s}"
                ),
            },
            "'esim_first_run' is a scenario of the program already",
        ),
    ],
)
def test_a_form_that_is_wrong_is_refused(fields: dict[str, str], words: str) -> None:
    """The form's answer names what is wrong and what is allowed."""
    with pytest.raises(BadInput) as refused:
        changed_document(example("contoso"), fields)
    assert words in str(refused.value)
