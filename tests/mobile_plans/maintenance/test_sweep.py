"""What is due is told once, in order, however long everything stood still."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from include.mobile_plans.maintenance.changes import announce, propose
from include.mobile_plans.maintenance.sweep import next_due, sweep
from include.mobile_plans.notices import NobodyThere, RetrySchedule, drain
from include.mobile_plans.obligations import find_obligation
from include.mobile_plans.policy import mobile_operator_in_force, record_version
from tests.golden import rendered_of
from tests.mobile_plans.maintenance.conftest import LIVE, NOON, OURS, THEIRS, World
from tests.mobile_plans.notices.conftest import ScriptedTransport

STARTS = datetime(2026, 12, 12, 22, tzinfo=UTC)
ENDS = datetime(2026, 12, 13, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_after_a_week_of_standing_still_each_mail_goes_out_once_and_says_so(world: World) -> None:
    """Reminder, start, question and overdue end, in order, each with how late it is."""
    world.told()
    assert world.at(STARTS + timedelta(days=7)) == [
        "reminded MNT-0001",
        "started MNT-0001",
        "ended MNT-0001",
        "overran MNT-0001",
    ]
    assert world.sweep() == []

    late = [row for row in world.mails() if row.queued_at > NOON]
    assert [row.kind for row in late if row.slug == "contoso"] == [
        "maintenance_reminded",
        "maintenance_started",
        "maintenance_overran",
    ]
    assert len(late) == 3 * len(LIVE) + 1
    for row in late:
        assert "days" in row.subject
        assert row.subject.endswith("late)")
        assert "our system stood still when it was due" in rendered_of(row.message).text


def test_what_is_told_on_time_does_not_say_that_it_is_late(world: World) -> None:
    """A few minutes are no delay worth a word."""
    world.told()
    world.at(STARTS + timedelta(minutes=4))

    assert not [row for row in world.mails("started") if "late" in row.subject]


def test_a_recipient_is_told_when_a_mail_server_took_the_notice(world: World) -> None:
    """
    P1: sent is what counts, not queued.

    A mail server that is away over the deadline makes the notice late, its promise breached, and
    its minutes count, although it was announced in time.
    """
    due = datetime(2026, 12, 7, 22, tzinfo=UTC)
    world.clock.advance_to(due - HOUR)
    with world.desk() as desk:
        proposed = propose(
            desk, world.plan(OURS, service="portal", recipients="contoso"), world.word()
        )
        announce(desk, proposed.maintenance_id, world.word())
    away = ScriptedTransport({"changes@contoso.example": [NobodyThere("away")]})
    drain(world.store, away, world.clock, schedule=RetrySchedule.of(world.policy.notices))
    assert world.sweep() == []
    assert world.excluded("contoso") == []

    world.clock.advance(2 * HOUR)
    world.send()

    verdict = world.find().verdicts["contoso"]
    assert (verdict.told_at, verdict.late_by()) == (due + HOUR, HOUR)
    assert world.excluded("contoso") == []
    with world.store.snapshot() as connection:
        assert find_obligation(connection, "MNT-0001:notice:contoso:1").state == "met_late"


def test_one_recipient_may_be_told_before_another(world: World) -> None:
    """Each pair has its own verdict, from its own mail."""
    with world.desk() as desk:
        proposed = propose(desk, world.plan(OURS, service="portal"), world.word())
        announce(desk, proposed.maintenance_id, world.word())
    away = ScriptedTransport({"change@northwind.example": [NobodyThere("away")]})
    drain(world.store, away, world.clock, schedule=RetrySchedule.of(world.policy.notices))
    world.sweep()

    assert world.find().untold == ("northwind",)
    assert world.excluded("contoso") == [(STARTS, ENDS)]
    assert world.excluded("northwind") == []
    world.clock.advance(timedelta(minutes=10))
    world.send()
    assert world.find().untold == ()
    assert world.excluded("northwind") == [(STARTS, ENDS)]


def test_it_is_looked_at_again_while_it_waits(world: World) -> None:
    """What waits for a mail server is due again in a minute, not at once and not never."""
    with world.desk() as desk:
        proposed = propose(desk, world.plan(OURS), world.word())
        announce(desk, proposed.maintenance_id, world.word())
        assert next_due(desk.connection) == NOON
    world.sweep()
    with world.desk() as desk:
        assert next_due(desk.connection) == NOON + timedelta(minutes=1)


def test_a_mail_that_cannot_be_written_holds_up_no_other(world: World) -> None:
    """
    The others are told, the problem is named, and the next sweep tries again.

    Here another mobile operator took a name that stands in a plan which was told before.
    """
    world.told(recipients="northwind", summary="Move to Gateway Telecom")
    world.told(THEIRS)
    _call_tailspin(world, "Gateway Telecom")
    world.clock.advance_to(STARTS)

    done, problems = sweep(world.store, world.clock, world.policy, world.outlook)

    assert done == ["reminded MNT-0002", "started MNT-0002"]
    assert len(problems) == 1
    assert problems[0].startswith("MNT-0001: notice MNT-0001:0004:northwind")
    _call_tailspin(world, "Tailspin Telekom")
    world.clock.advance(HOUR)
    assert world.sweep() == ["reminded MNT-0001", "started MNT-0001"]


def _call_tailspin(world: World, name: str) -> None:
    with world.store.transaction() as connection:
        version = mobile_operator_in_force(connection, "tailspin", world.clock.now())
        record_version(
            connection,
            replace(version.mobile_operator, other_names=(name,)),
            author="Ada",
            approver=None,
            reason="name",
            now=world.clock.now(),
        )


def test_two_sweeps_do_it_once(world: World) -> None:
    """A second sweep finds nothing to do."""
    world.told()
    world.clock.advance_to(ENDS)

    assert len(world.sweep()) == 3
    assert world.sweep() == []
