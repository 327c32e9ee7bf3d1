"""What policy makes of a wanted promise."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from include.mobile_plans.calendar import deadline
from include.mobile_plans.errors import BadInput, NaiveDatetime
from include.mobile_plans.obligations.promises import (
    document_of,
    give_promise,
    period_of,
    promise_from,
)
from include.mobile_plans.policy import BusinessDays, ProgramPolicy
from tests.mobile_plans.obligations.conftest import NOON, RESPONSE

DAYS = BusinessDays(business_days=1)


@pytest.mark.parametrize(
    ("kind", "debtor", "within", "clause"),
    [
        ("iccid_configuration", "program", timedelta(days=7), "L3"),
        ("staging_migration", "mobile_operator", timedelta(days=7), "L2"),
        ("initial_response_high", "mobile_operator", timedelta(hours=1), "E3"),
        ("initial_response_low", "mobile_operator", DAYS, "E4"),
        ("update_high", "program", DAYS, "E3"),
        ("update_low", "program", timedelta(days=7), "E4"),
        ("outage_notice", "program", timedelta(minutes=30), "O1, O2"),
        ("completion_notice", "mobile_operator", timedelta(hours=1), "ours"),
    ],
)
def test_every_clock_of_the_requirements(
    policy: ProgramPolicy, kind: str, debtor: str, within: object, clause: str
) -> None:
    """L2, L3, E3, E4, O1, O2, P3: each period comes from where policy holds it, with its clause."""
    wanted = replace(RESPONSE, kind=kind, debtor=debtor)

    promise = give_promise(wanted, policy, policy.calendars.program)

    assert (promise.within, promise.clause) == (within, clause)
    assert promise.roles.acts.startswith(debtor)
    assert promise.creditor != debtor


def test_a_notice_of_maintenance_brings_its_own_deadline(policy: ProgramPolicy) -> None:
    """P1: five business days before the event, counted for both parties, with what counted them."""
    program = policy.calendars.program
    count = deadline(NOON + timedelta(days=21), 5, [program.party])
    wanted = replace(RESPONSE, kind="maintenance_notice", debtor="program", due=count)

    promise = give_promise(wanted, policy, program)

    assert (promise.due_at, promise.within) == (count.instant, None)
    assert period_of(promise)["counted"]["calendar_version"] == count.calendar_version
    assert promise_from(document_of(promise)) == promise


def test_the_row_says_how_time_was_counted(policy: ProgramPolicy) -> None:
    """The period is kept with its calendar, or in seconds."""
    program = policy.calendars.program
    response = give_promise(RESPONSE, policy, program)
    update = give_promise(replace(RESPONSE, kind="update_high", number=3), policy, program)

    assert period_of(response) == {"elapsed_s": 3600}
    assert period_of(update)["business_days"] == 1
    assert period_of(update)["calendar"] == "US-WA/America/Los_Angeles"
    assert period_of(update)["counted"]["counted"] == ["2026-11-24"]
    assert (update.key, update.series) == ("INC-0042:initial_response:3", RESPONSE.key)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "nonsense"}, "is no kind of promise: allowed are iccid_configuration"),
        ({"kind": "staging_migration", "debtor": "program"}, "cannot be owed by 'program'"),
        ({"slug": None}, "owed by a mobile operator but names none"),
        ({"key": "a key"}, "the key 'a key' of a promise is not allowed"),
        ({"key": "k" * 151}, "is not allowed: 1 to 150 letters"),
        ({"due": NOON}, "state no other due time"),
        ({"kind": "maintenance_notice"}, "has no period in policy: state when it is due"),
    ],
)
def test_what_is_not_allowed_is_said(
    policy: ProgramPolicy, changes: dict[str, object], words: str
) -> None:
    """Every refusal names the thing and what is allowed."""
    with pytest.raises(BadInput, match=words):
        give_promise(replace(RESPONSE, **changes), policy, policy.calendars.program)


def test_a_promise_may_be_called_by_its_own_words(policy: ProgramPolicy) -> None:
    """The words of its kind are those of most, not of all."""
    program = policy.calendars.program
    words = "the fix of the expired certificate"

    assert give_promise(replace(RESPONSE, title=words), policy, program).title == words
    kind = policy.promises.kinds[RESPONSE.kind]
    assert give_promise(RESPONSE, policy, program).title == kind.title


@pytest.mark.parametrize("field", ["since", "due"])
def test_an_instant_without_a_zone_is_refused(policy: ProgramPolicy, field: str) -> None:
    """A wrong clock costs a contract."""
    wanted = replace(RESPONSE, kind="maintenance_notice", due=NOON)
    naive = datetime(2026, 11, 23, 12)  # noqa: DTZ001

    with pytest.raises(NaiveDatetime):
        give_promise(replace(wanted, **{field: naive}), policy, policy.calendars.program)


def test_a_damaged_document_is_said(policy: ProgramPolicy) -> None:
    """A document that is no promise is named, not guessed at."""
    document = document_of(give_promise(RESPONSE, policy, policy.calendars.program))

    with pytest.raises(BadInput, match=f"of promise {RESPONSE.key} is damaged: due_at"):
        promise_from(document | {"due_at": "soon"})


def test_the_edition_of_the_day_decides(policy: ProgramPolicy) -> None:
    """E2: before the first edition there is no severity, and so no promise of one."""
    early = replace(RESPONSE, since=datetime(2017, 1, 1, tzinfo=UTC))

    with pytest.raises(BadInput, match="no severity edition is valid on 2017-01-01"):
        give_promise(early, policy, policy.calendars.program)
