"""The mails of a launch, as people read them."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from include.mobile_plans.launch import (
    Launch,
    ReviewApproval,
    StepSignOff,
    asked_about,
    bring_live,
    cancel_launch,
    postpone_launch,
    tell_date,
)
from include.mobile_plans.launch.mails import request_iccid_configuration, request_migration
from include.mobile_plans.questions import Answer
from include.mobile_plans.store import Store, tables
from tests.golden import GOLDEN, assert_golden, rendered_of
from tests.mobile_plans.launch.conftest import RUN
from tests.mobile_plans.launch.test_ending import (
    LATER,
    MOVE,
    SIGNERS,
    bring_to_the_last_gate,
)
from tests.mobile_plans.launch.test_steps import SIGNED

Start = Callable[..., Launch]
Give = Callable[..., Answer]
_HASH = re.compile(r"\b[0-9a-f]{64}\b")
TEMPLATES = GOLDEN.parents[1] / "include" / "templates"


def assert_mails(store: Store, *names: str) -> None:
    """Hold the newest mail of each kind and party against its file."""
    with store.snapshot() as connection:
        rows = connection.execute(select(tables.notice).order_by(tables.notice.c.thread_position))
        found = {f"{row.kind}_to_{row.party}": row.message for row in rows}
    for name in names:
        mail = rendered_of(found[name])
        # The record's hash moves with every change of policy that the launch copied.
        text, html = (_HASH.sub("(head hash)", part) for part in (mail.text, mail.html))
        assert_golden(f"notices/{name}", replace(mail, text=text, html=html))


def test_what_is_asked_of_each_party(records: Store, start: Start, now: datetime) -> None:
    """L2, L3: the program is asked for the range, masked; the mobile operator to leave staging."""
    start()
    week = now + timedelta(days=7)
    with records.transaction() as connection:
        asked = asked_about(connection, RUN, now)
        request_iccid_configuration(connection, asked, "test", week)
        request_migration(connection, asked, "https://localhost:8843/tailspin-staging/", week)

    assert_mails(
        records,
        "launch_iccid_configuration_requested_to_program",
        "launch_migration_requested_to_mobile_operator",
    )


def test_the_date_and_how_it_moves(records: Store, start: Start, now: datetime) -> None:
    """L10: both parties are told the date, the new date, and the end of a cancelled launch."""
    launch = start()
    with records.transaction() as connection:
        tell_date(connection, asked_about(connection, RUN, now))
        postpone_launch(connection, launch.launch_id, LATER, now=now, **MOVE)
        cancel_launch(
            connection, launch.launch_id, by="Laura Chen", reason="partner asked", now=now
        )

    assert_mails(
        records,
        "launch_date_set_to_mobile_operator",
        "launch_postponed_to_mobile_operator",
        "launch_cancelled_to_mobile_operator",
        "launch_cancelled_to_program",
    )


def test_a_failed_step(records: Store, start: Start, answer: Give) -> None:
    """L5: what was seen on which device, and what is done again."""
    start()
    seen = {"evidence": "blank page after the lookup", "what_next": "restart the scenario"}
    failed = answer("Fail", **SIGNED | seen)
    StepSignOff("esim_first_run", "phone_number_lookup", has_iccid=False).record(RUN, failed)

    assert_mails(records, "launch_step_failed_to_mobile_operator", "launch_step_failed_to_program")


def test_the_go_live(
    records: Store,
    start: Start,
    answer: Give,
    promise: Callable[..., datetime],
) -> None:
    """L10: what the mobile operator must know of our probing, and every step signed off."""
    launch = start(range_choice="full", uses_staging=False)
    bring_to_the_last_gate(launch, answer, promise)
    for party, name in SIGNERS.items():
        approval = ReviewApproval("last_gate", party)
        approval.record(RUN, answer("Approve", signed_by=name, evidence="mail"))
    with records.transaction() as connection:
        bring_live(connection, RUN, launch.target_at)

    assert_mails(records, "launch_live_to_mobile_operator", "launch_live_to_program")


@pytest.mark.parametrize(
    "kind", sorted(path.parent.name for path in TEMPLATES.glob("*/subject.txt"))
)
def test_every_kind_of_mail_has_been_read(kind: str) -> None:
    """Each folder of templates has at least one golden mail."""
    assert [path for path in (GOLDEN / "notices").iterdir() if path.name.startswith(kind)]
