"""The mails about promises, as people read them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select

from include.mobile_plans.obligations import (
    Obligation,
    SweepReport,
    cancel,
    meet,
    pause,
    resume,
)
from include.mobile_plans.obligations.mails import contacts_of
from include.mobile_plans.policy import ProgramPolicy
from include.mobile_plans.policy.promises import ROLES
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store, tables
from tests.golden import assert_golden, rendered_of
from tests.mobile_plans.obligations.conftest import NOON, RESPONSE
from tests.mobile_plans.policy.examples import example

Give = Callable[..., Obligation]
Sweep = Callable[[], SweepReport]
HOUR = timedelta(hours=1)


def mails(store: Store) -> dict[str, Any]:
    """Return the mails in the outbox by kind and party, the newest of each."""
    with store.snapshot() as connection:
        rows = connection.execute(select(tables.notice).order_by(tables.notice.c.notice_key))
        return {f"{row.kind}_to_{row.party}": row for row in rows}


def assert_mails(store: Store, *names: str, variant: str = "") -> None:
    found = mails(store)
    for name in names:
        assert_golden(f"notices/{name}{variant}", rendered_of(found[name].message))


def test_reminder_breach_and_escalations(
    records: Store, promise: Give, sweep_now: Sweep, clock: VirtualClock
) -> None:
    """E3, E6: what the mobile operator and the program read, each in its own mail and time zone."""
    promise()
    for elapsed in (48, 61, 76, 91):
        clock.advance_to(NOON + timedelta(minutes=elapsed))
        sweep_now()

    assert_mails(
        records,
        "promise_at_risk_to_mobile_operator",
        "promise_breached_to_mobile_operator",
        "promise_breached_to_program",
        "promise_escalated_to_mobile_operator",
        "promise_escalated_to_program",
    )


def test_a_promise_of_the_program_counted_in_business_days(
    records: Store, promise: Give, sweep_now: Sweep, clock: VirtualClock
) -> None:
    """E4: the holidays that were passed over and a pause are in the mail, with how late it is."""
    clock.advance_to(datetime(2026, 11, 25, 20, tzinfo=UTC))
    key = promise(kind="initial_response_low", debtor="program", slug="northwind").key
    with records.transaction() as connection:
        pause(
            connection,
            key,
            by="Nadia Hughes",
            waiting_for="the call records of Northwind",
            received_at=clock.now() + HOUR,
            now=clock.advance(HOUR),
        )
        resume(connection, key, by="ops", received_at=clock.now() + HOUR, now=clock.advance(HOUR))
    clock.advance(timedelta(days=8))
    sweep_now()

    assert_mails(
        records,
        "promise_at_risk_to_program",
        "promise_breached_to_program",
        "promise_breached_to_mobile_operator",
        variant="_late",
    )
    assert b"call records" not in b"".join(row.message for row in mails(records).values())


def end_in_time(connection: Any, now: datetime) -> None:
    meet(
        connection,
        RESPONSE.key,
        by="Theresa Kelly",
        evidence="<1@tailspin.example>",
        received_at=NOON + HOUR / 2,
        now=now,
    )


def end_late(connection: Any, now: datetime) -> None:
    meet(connection, RESPONSE.key, by="Theresa Kelly", evidence="a call", received_at=now, now=now)


def end_cancelled(connection: Any, now: datetime) -> None:
    cancel(connection, RESPONSE.key, by="Olivia Stone", reason="no incident", now=now)


def end_paused(connection: Any, now: datetime) -> None:
    pause(
        connection,
        RESPONSE.key,
        by="Olivia Stone",
        waiting_for="us",
        received_at=NOON + HOUR / 2,
        now=now,
    )


def end_resumed(connection: Any, now: datetime) -> None:
    end_paused(connection, now)
    resume(connection, RESPONSE.key, by="Olivia Stone", received_at=now, now=now)


@pytest.mark.parametrize(
    "end",
    [end_in_time, end_late, end_cancelled, end_paused, end_resumed],
    ids=lambda end: end.__name__,
)
def test_who_was_told_of_a_breach_hears_how_it_ended(
    records: Store,
    promise: Give,
    sweep_now: Sweep,
    clock: VirtualClock,
    end: Callable[[Any, datetime], None],
) -> None:
    """E6: a breach is taken back as visibly as it was told, and to the same people."""
    promise()
    clock.advance(timedelta(minutes=80))
    sweep_now()
    with records.transaction() as connection:
        end(connection, clock.now())
    sweep_now()

    variant = "_" + end.__name__.removeprefix("end_")
    assert_mails(records, "promise_settled_to_mobile_operator", variant=variant)
    assert_mails(records, "promise_settled_to_program", variant=variant)
    with records.snapshot() as connection:
        key = mails(records)["promise_settled_to_mobile_operator"].notice_key
        delivery = tables.delivery
        told = connection.scalars(
            select(delivery.c.recipient).where(delivery.c.notice_key == key)
        ).all()
    assert list(told) == ["leitstelle@tailspin.example"]


def test_no_mail_goes_to_two_parties(
    records: Store, promise: Give, sweep_now: Sweep, clock: VirtualClock
) -> None:
    """Decision: no mail addresses or names two mobile operators, nor both parties at once."""
    promise()
    promise(key="INC-0043:initial_response", subject="incident:INC-0043", slug="contoso")
    clock.advance(timedelta(days=1))
    sweep_now()

    with records.snapshot() as connection:
        rows = connection.execute(select(tables.notice)).all()
    assert len(rows) == 10
    for row in rows:
        text = row.message.decode()
        other = "contoso" if row.slug == "tailspin" else "tailspin"
        assert other not in text.lower()
        to = next(line for line in text.splitlines() if line.startswith("To: "))
        domain = "mobileplans" if row.party == "program" else row.slug
        assert to.count("@") == 1
        assert f"@{domain}.example" in to


def test_mails_about_one_subject_are_one_thread(
    records: Store, promise: Give, sweep_now: Sweep, clock: VirtualClock
) -> None:
    """Each mail to a party answers the one before it about the same subject."""
    promise()
    promise(key="INC-0042:update", kind="update_high", number=1)
    clock.advance(timedelta(days=9))
    sweep_now()

    with records.snapshot() as connection:
        rows = connection.execute(
            select(tables.notice)
            .where(tables.notice.c.party == "mobile_operator")
            .order_by(tables.notice.c.thread_position)
        ).all()
    assert {row.thread for row in rows} == {"INC-0042"}
    for before, after in pairwise(rows):
        assert f"In-Reply-To: {before.message_id}" in after.message.decode()


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_people(policy: ProgramPolicy, role: str) -> None:
    """Whoever policy can name is somebody: the first is told, a refused one is replaced."""
    people = contacts_of(role, policy, example("contoso"))

    assert people
    assert {person.role for person in people} == {role}
    assert {person.slug for person in people} == {
        None if role.startswith("program.") else "contoso"
    }


def test_a_promise_that_concerns_no_mobile_operator_is_told_to_the_program(
    records: Store, promise: Give, sweep_now: Sweep, clock: VirtualClock
) -> None:
    """A promise of the program to nobody in particular is told to its own people only."""
    promise(kind="outage_notice", debtor="program", slug=None)
    clock.advance(timedelta(minutes=40))
    sweep_now()

    assert set(mails(records)) == {"promise_at_risk_to_program", "promise_breached_to_program"}


def test_an_escalation_reaches_somebody_who_has_not_heard(
    records: Store, promise: Give, sweep_now: Sweep, clock: VirtualClock
) -> None:
    """E6: the operations centre of Contoso holds two roles, so its other person is told next."""
    promise(slug="contoso")
    clock.advance(timedelta(days=1))
    sweep_now()

    escalated = mails(records)["promise_escalated_to_mobile_operator"]
    with records.snapshot() as connection:
        told = connection.scalars(
            select(tables.delivery.c.recipient).where(
                tables.delivery.c.notice_key == escalated.notice_key
            )
        ).all()
    assert list(told) == ["carla.jimenez@contoso.example"]


def test_everybody_who_was_told_hears_how_it_ended(
    records: Store, promise: Give, sweep_now: Sweep, clock: VirtualClock
) -> None:
    """E6: the last role of the chain too."""
    promise(slug="contoso")
    clock.advance(timedelta(days=1))
    sweep_now()
    with records.transaction() as connection:
        end_late(connection, clock.now())
    sweep_now()

    with records.snapshot() as connection:
        told = {
            kind: set(
                connection.scalars(
                    select(tables.delivery.c.recipient)
                    .join(tables.notice)
                    .where(tables.notice.c.kind.in_(kinds))
                )
            )
            for kind, kinds in {
                "missed": ("promise_breached", "promise_escalated"),
                "ended": ("promise_settled",),
            }.items()
        }
    assert told["ended"] == told["missed"]
    assert "maya.patel@mobileplans.example" in told["ended"]
