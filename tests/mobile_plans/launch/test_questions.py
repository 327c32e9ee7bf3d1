"""What the questions of a launch have in common."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from include.mobile_plans.errors import BadInput, Conflict
from include.mobile_plans.launch import (
    FinalSignOff,
    Launch,
    ReviewApproval,
    cancel_launch,
    end_launch,
)
from include.mobile_plans.questions import Answer
from include.mobile_plans.store import Store
from tests.mobile_plans.launch.conftest import RUN

Start = Callable[..., Launch]
Give = Callable[..., Answer]
THEIRS = {"signed_by": "Theresa Vogel", "evidence": "mail of 23 Nov"}
OURS = {"signed_by": "Laura Chen", "evidence": "ticket 4711"}


def test_each_party_signs_for_itself(
    start: Start, reread: Start, answer: Give, now: datetime
) -> None:
    """L1, L9: the program's people cannot sign for the mobile operator, nor the reverse."""
    start()
    theirs = ReviewApproval("readiness", "mobile_operator")
    ours = ReviewApproval("readiness", "program")

    question = theirs.ask(RUN, now)
    assert question.headline == (
        "By 2026-12-14 09:00 UTC: Tailspin: readiness approved by Tailspin?"
    )
    assert "Theresa Vogel" in question.fields["signed_by"].suggestions
    with pytest.raises(BadInput, match="cannot sign for Tailspin"):
        theirs.record(RUN, answer("Not yet", **OURS))
    with pytest.raises(BadInput, match="cannot sign for Mobile Plans"):
        ours.record(RUN, answer("Not yet", **THEIRS))
    assert reread().answers == {}

    assert theirs.record(RUN, answer("Not yet", **THEIRS)) is False
    assert [a.option for a in reread().answers["readiness.mobile_operator"]] == ["Not yet"]


def test_a_cancelled_launch_asks_nothing(records: Store, start: Start, now: datetime) -> None:
    """Questions of a cancelled launch say that it was cancelled."""
    launch = start()
    with records.transaction() as connection:
        cancel_launch(connection, launch.launch_id, by="Laura Chen", reason="why", now=now)

    with pytest.raises(BadInput, match="was cancelled"):
        FinalSignOff().ask(RUN, now)


def test_a_live_launch_records_nothing(
    records: Store, start: Start, answer: Give, now: datetime
) -> None:
    """The record of a launch that went live is closed."""
    launch = start()
    with records.transaction() as connection:
        end_launch(connection, launch, "live", by="x", reason="go-live", now=now)

    with pytest.raises(Conflict, match="is live"):
        FinalSignOff().record(RUN, answer("Not yet", **THEIRS))


def test_the_target_is_the_deadline(start: Start, now: datetime) -> None:
    """The deadline stands in the subject, where Airflow's list shows it."""
    start(target_at=now + timedelta(days=3))

    assert FinalSignOff().ask(RUN, now).deadline == now + timedelta(days=3)
