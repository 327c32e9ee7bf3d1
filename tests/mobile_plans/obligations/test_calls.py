"""Telephone calls to contacts in order, until one is reached."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection

from include.mobile_plans.errors import BadInput, DoesNotApply, NotFound
from include.mobile_plans.obligations import (
    Call,
    CallAttempt,
    CallWanted,
    PhoneCall,
    PhoneContact,
    find_call,
    open_call,
)
from include.mobile_plans.questions import Answer, Run, require_complete
from include.mobile_plans.store import Store, verify_events

RUN = Run(run_id="INC-0042")
WANTED = CallWanted(
    key="INC-0042",
    about="Tailspin, portal down",
    message="The portal has not answered **since 11:20 UTC**.",
    contacts=(
        PhoneContact(name="Leitstelle", phone="+493023125100", languages=("de", "en")),
        PhoneContact(name="Tobias Keller", phone="+493023125101"),
        PhoneContact(name="Theresa Vogel", phone="+493023125102"),
    ),
)


def key_of(run: Run) -> str:
    return run.run_id


@pytest.fixture
def calls(store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A call that was asked for ten minutes ago, of three contacts of which two are called."""
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", store.url.render_as_string(hide_password=False))
    deadline = now + timedelta(minutes=20)
    with store.transaction() as connection:
        for _ in range(2):
            open_call(
                connection,
                replace(WANTED, deadline=deadline),
                most_ranks=2,
                now=now - timedelta(minutes=10),
            )
    return store


def answer(now: datetime, option: str, **values: str) -> Answer:
    return Answer(option=option, values=values, recorded_by="ops", recorded_at=now)


def reread(store: Store) -> Call:
    with store.snapshot() as connection:
        assert verify_events(connection) == []
        return find_call(connection, WANTED.key)


def test_the_question_says_whom_to_call_and_what_to_say(calls: Store, now: datetime) -> None:
    """Number, name, languages, matter and deadline are on the form."""
    question = PhoneCall(1, key_of).ask(RUN, now)

    assert question.headline == (
        "By 2026-11-23 10:20 UTC: Call Leitstelle, +493023125100: Tailspin, portal down"
    )
    assert "(de, en)" in question.body
    assert "**since 11:20 UTC**" in question.body
    with pytest.raises(BadInput, match="Spoke to"):
        require_complete(question, answer(now, "Reached"))
    require_complete(question, answer(now, "Not reached"))


def test_not_reached_goes_to_the_next_contact(calls: Store, now: datetime) -> None:
    """E3: every attempt is kept, the next contact is shown who was tried."""
    assert PhoneCall(1, key_of).record(RUN, answer(now, "Not reached")) is True

    question = PhoneCall(2, key_of).ask(RUN, now)
    assert "Tobias Keller" in question.subject
    assert "Leitstelle: not reached, 10:00 UTC" in question.body
    assert not reread(calls).is_exhausted
    PhoneCall(2, key_of).record(RUN, answer(now, "Not reached"))
    assert reread(calls).is_exhausted


def test_once_reached_nobody_else_is_called(calls: Store, now: datetime) -> None:
    """The time that counts is when the call was made, and whoever asked for it is told."""
    told: list[tuple[str, CallAttempt]] = []

    def on_attempt(connection: Connection, call: Call, attempt: CallAttempt) -> None:
        told.append((call.wanted.key, attempt))

    PhoneCall(1, key_of, on_attempt=on_attempt).record(
        RUN,
        answer(
            now, "Reached", spoke_to="Frau Kern", called_at="2026-11-23T10:55:00+01:00", ticket="T7"
        ),
    )

    success = reread(calls).success
    assert success is not None
    assert success.called_at == now - timedelta(minutes=5)
    assert (success.spoke_to, success.ticket, success.recorded_at) == ("Frau Kern", "T7", now)
    assert told == [(WANTED.key, success)]
    with pytest.raises(DoesNotApply, match="Frau Kern was reached"):
        PhoneCall(2, key_of).ask(RUN, now)


def test_surplus_ranks_are_skipped_with_the_reason(calls: Store, now: datetime) -> None:
    """Policy bounds how many are called; a rank beyond says so."""
    assert len(reread(calls).wanted.contacts) == 2
    with pytest.raises(DoesNotApply, match="2 contacts"):
        PhoneCall(3, key_of).ask(RUN, now)


@pytest.mark.parametrize(
    ("called_at", "words"),
    [
        ("2026-11-23T10:00:01Z", "in the future"),
        ("2026-11-23T09:49:59Z", "before it was asked"),
        ("10 o'clock", "ISO 8601"),
    ],
)
def test_a_time_that_cannot_be_is_refused(
    calls: Store, now: datetime, called_at: str, words: str
) -> None:
    """A call is made after it was asked for and before it is written down."""
    with pytest.raises(BadInput, match=words):
        PhoneCall(1, key_of).record(
            RUN, answer(now, "Reached", spoke_to="Kern", called_at=called_at)
        )
    assert reread(calls).attempts == ()


def test_a_second_success_is_refused(calls: Store, now: datetime) -> None:
    """Two people cannot both have reached somebody first."""
    PhoneCall(1, key_of).record(RUN, answer(now, "Reached", spoke_to="Kern"))

    with pytest.raises(BadInput, match="was reached already"):
        PhoneCall(2, key_of).record(RUN, answer(now, "Reached", spoke_to="Keller"))


def test_nobody_to_call_is_refused(store: Store, now: datetime) -> None:
    """Without a contact that has a number there is no call; an unknown call is not found."""
    with store.transaction() as connection:
        with pytest.raises(BadInput, match="no contact"):
            open_call(connection, replace(WANTED, contacts=()), most_ranks=4, now=now)
        with pytest.raises(NotFound):
            find_call(connection, WANTED.key)
