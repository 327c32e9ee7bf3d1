"""What can happen to a maintenance, and what follows: mails, promises, exclusions (P1 to P3)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from include.mobile_plans.errors import BadInput, Conflict
from include.mobile_plans.maintenance.changes import (
    announce,
    cancel,
    complete,
    extend,
    preview,
    propose,
    reschedule,
    withdraw,
)
from include.mobile_plans.maintenance.desk import Desk, number_of, row_of
from include.mobile_plans.maintenance.plans import parse_window
from include.mobile_plans.maintenance.rules import send_by
from include.mobile_plans.maintenance.state import Maintenance
from include.mobile_plans.obligations import list_obligations
from include.mobile_plans.policy import change_state
from include.mobile_plans.store import read_events, tables, verify_events
from tests.golden import rendered_of
from tests.mobile_plans.maintenance.conftest import NOON, OURS, THEIRS, World

STARTS = datetime(2026, 12, 12, 22, tzinfo=UTC)
ENDS = datetime(2026, 12, 13, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATE = "2026-11-27 22:00 to 2026-11-28 02:00 UTC"


def promises(world: World) -> dict[str, str]:
    """Return the state of each promise about MNT-0001, by its key."""
    with world.desk() as desk:
        return promises_of(desk)


def promises_of(desk: Desk) -> dict[str, str]:
    found = list_obligations(desk.connection, subject="maintenance:MNT-0001")
    return {one.key.removeprefix("MNT-0001:"): one.state for one in found}


def moved(world: World, window: str, why: str = "vendor is late") -> Maintenance:
    with world.desk() as desk:
        before = desk.lock("MNT-0001")
        assert before.plan is not None
        plan = replace(before.plan, window=parse_window(window))
        return reschedule(desk, before, plan, world.word(why=why))


def test_in_time_it_is_announced_at_once(world: World) -> None:
    """P1: every live mobile operator is told, each alone; its promise is met by the mail."""
    told = world.told()

    assert told.state == "announced"
    assert {one.told_at for one in told.verdicts.values()} == {NOON}
    assert {row.slug for row in world.mails("announced")} == {"contoso", "northwind"}
    assert promises(world) == {"notice:contoso:1": "met", "notice:northwind:1": "met"}


def test_late_needs_a_named_person_and_a_reason(world: World) -> None:
    """P1: what is late for somebody is told for a reason only; the verdict is kept and said."""
    with pytest.raises(BadInput, match="late for contoso: due Thu 19 Nov 2026"):
        world.told(window=LATE)
    with world.desk() as desk:
        assert desk.all() == []

    told = world.told(window=LATE, service="portal", why="certificate expires")

    assert told.confirmed_by == "Mei Tanaka"
    late = {slug: one.late_by() for slug, one in told.verdicts.items()}
    assert late == {
        "contoso": NOON - datetime(2026, 11, 19, 22, tzinfo=UTC),
        "northwind": NOON - datetime(2026, 11, 19, 22, tzinfo=UTC),
    }
    assert set(promises(world).values()) == {"met_late"}
    assert world.excluded("contoso") == []


def test_while_it_waits_for_confirmation_its_deadline_is_a_promise(world: World) -> None:
    """P1: the earliest notice still ahead is watched, and released when the plan is withdrawn."""
    world.told(THEIRS, service="core_network")
    with world.desk() as desk:
        waiting = propose(desk, world.plan(OURS), world.word())
        assert waiting.state == "proposed"
        with pytest.raises(BadInput, match="overlaps"):
            announce(desk, waiting.maintenance_id, world.word())
    with world.store.snapshot() as connection:
        (watched,) = list_obligations(connection, subject="maintenance:MNT-0002")
    assert (watched.state, watched.promise.slug) == ("open", "contoso")
    assert watched.due_at == datetime(2026, 12, 7, 22, tzinfo=UTC)

    with world.desk() as desk:
        withdrawn = withdraw(desk, "MNT-0002", world.word(why="not needed"))
    with world.store.snapshot() as connection:
        (released,) = list_obligations(connection, subject="maintenance:MNT-0002")
    assert (withdrawn.state, released.state) == ("cancelled", "cancelled")
    assert not [row for row in world.mails() if row.thread == "MNT-0002"]


@pytest.mark.parametrize(
    ("window", "is_anew"),
    [
        ("2026-12-12 23:00 to 2026-12-13 01:00 UTC", False),
        ("2026-12-12 23:00 to 2026-12-13 03:00 UTC", True),
    ],
)
def test_another_window_starts_the_five_days_anew(
    world: World, window: str, *, is_anew: bool
) -> None:
    """P1: unless it lies inside the one that was told, whose verdict then stands."""
    world.told(service="portal")
    world.clock.advance_to(datetime(2026, 12, 7, 23, 30, tzinfo=UTC))

    after = moved(world, window)
    world.send()

    assert (after.proposal is not None) is is_anew
    if is_anew:
        assert world.mails("rescheduled") == []
        assert world.excluded("contoso") == [(STARTS, ENDS)]
        with world.desk() as desk:
            announce(desk, "MNT-0001", world.word(why="vendor is late"))
        world.send()
        after = world.find()
        assert after.verdicts["contoso"].late_by() == HOUR / 2
    new = parse_window(window)
    assert after.plan is not None
    assert after.plan.window == new
    assert len(world.mails("rescheduled")) == 2
    expected = [] if is_anew else [(new.starts_at, new.ends_at)]
    assert world.excluded("contoso") == expected


def test_a_window_that_moves_and_comes_back_is_judged_each_time(world: World) -> None:
    """P1: what was told in time before it moved away counts for nothing when it moves back."""
    world.told(service="portal")
    world.clock.advance(timedelta(days=1))
    moved(world, "2026-12-14 22:00 to 2026-12-15 02:00 UTC")
    world.send()
    assert world.excluded("contoso") == [(STARTS + 48 * HOUR, ENDS + 48 * HOUR)]
    world.clock.advance_to(datetime(2026, 12, 9, tzinfo=UTC))
    moved(world, OURS["window"])
    with world.desk() as desk:
        back = announce(desk, "MNT-0001", world.word(why="vendor is early"))
    world.send()

    assert back.plan is not None
    assert world.excluded("contoso") == []
    assert world.find().verdicts["contoso"].late_by() == timedelta(days=1, hours=2)
    assert promises(world) == {
        "notice:contoso:1": "met",
        "notice:northwind:1": "met",
        **{key: state for key, state in promises(world).items() if key[-1] != "1"},
    }


def test_a_plan_that_cannot_be_moved(world: World) -> None:
    """The same window, or one of a maintenance that is under way, is refused in plain words."""
    world.told()
    with pytest.raises(BadInput, match="has that window already"):
        moved(world, OURS["window"])
    world.at(STARTS)
    with pytest.raises(Conflict, match="is under way: extend, complete or cancel it"):
        moved(world, "2026-12-14 22:00 to 2026-12-15 02:00 UTC")


def test_from_start_to_completion(world: World) -> None:
    """P3: asked for at the window's end, owed for an hour, met by the word of a named person."""
    world.told(service="portal")
    world.at(STARTS)
    assert world.find().state == "under_way"
    world.at(ENDS)
    assert promises(world)["completion:20261213T020000Z"] == "open"
    world.clock.advance(timedelta(minutes=20))
    with world.desk() as desk:
        complete(desk, desk.lock("MNT-0001"), world.word(why="all probes green"))

    assert world.find().state == "completed"
    assert promises(world)["completion:20261213T020000Z"] == "met"
    kinds = [row.kind.removeprefix("maintenance_") for row in world.mails()]
    assert [kinds.count(kind) for kind in ("started", "ended", "completed", "overran")] == [
        2,
        1,
        2,
        0,
    ]
    assert world.at(ENDS + 3 * HOUR) == []
    with world.store.snapshot() as connection:
        assert verify_events(connection) == []


def test_completed_before_its_end(world: World) -> None:
    """Availability: minutes after completion count again; nothing is asked for at the end."""
    world.told(service="portal")
    world.at(STARTS + HOUR)
    with world.desk() as desk:
        complete(desk, desk.lock("MNT-0001"), world.word(why="done"))

    assert world.excluded("contoso") == [(STARTS, STARTS + HOUR)]
    assert set(promises(world).values()) == {"met"}
    assert world.at(ENDS + HOUR) == []


def test_it_is_not_complete_before_it_began(world: World) -> None:
    """What did not begin is cancelled, not completed."""
    world.told()
    with world.desk() as desk, pytest.raises(BadInput, match="has not begun"):
        complete(desk, desk.lock("MNT-0001"), world.word(why="x"))


def test_completion_is_held_back_while_the_service_fails(world: World) -> None:
    """P3: while monitoring sees the named portal fail, it is not told; the reason is."""
    world.told(service="portal")
    world.at(ENDS)
    world.failing = {"contoso": ENDS, "tailspin": ENDS}
    with world.desk() as desk:
        held = complete(desk, desk.lock("MNT-0001"), world.word(why="done"))
    world.send()

    assert held.state == "under_way"
    assert world.mails("completed") == []
    (mail,) = world.mails("held_back")
    assert (mail.party, mail.slug) == ("program", None)
    assert promises(world)["completion:20261213T020000Z"] == "open"

    world.failing = {}
    assert world.at(ENDS + timedelta(minutes=30)) == ["completed MNT-0001"]
    after = world.find()
    assert (after.state, after.closed_at) == ("completed", ENDS + timedelta(minutes=30))
    assert promises(world)["completion:20261213T020000Z"] == "met"
    assert len(world.mails("completed")) == 2


def test_another_service_is_not_asked_about(world: World) -> None:
    """Only the service named is looked at: a failing portal does not hold the gateway back."""
    world.told()
    world.at(ENDS)
    world.failing = {"contoso": ENDS}
    with world.desk() as desk:
        assert complete(desk, desk.lock("MNT-0001"), world.word(why="x")).state == "completed"


def test_an_extension_is_told_and_excludes_nothing_more(world: World) -> None:
    """Minutes past the announced end count; completion is owed from the new end on."""
    world.told(service="portal")
    world.at(ENDS)
    with world.desk() as desk:
        extend(desk, desk.lock("MNT-0001"), ENDS + 2 * HOUR, world.word(why="disk is slow"))

    assert promises(world)["completion:20261213T020000Z"] == "cancelled"
    assert world.at(ENDS + HOUR) == []
    assert world.at(ENDS + 2 * HOUR) == ["ended MNT-0001"]
    assert promises(world)["completion:20261213T040000Z"] == "open"
    assert world.excluded("contoso") == [(STARTS, ENDS)]
    assert world.at(ENDS + 3 * HOUR) == ["overran MNT-0001"]
    with world.desk() as desk, pytest.raises(BadInput, match="an extension ends later"):
        extend(desk, desk.lock("MNT-0001"), ENDS, world.word(why="x"))


def test_only_what_has_begun_is_extended(world: World) -> None:
    """Before its start another window is told, which starts the five days anew."""
    world.told()
    with world.desk() as desk, pytest.raises(BadInput, match="has not begun: reschedule it"):
        extend(desk, desk.lock("MNT-0001"), ENDS + HOUR, world.word(why="x"))


@pytest.mark.parametrize(("at", "left"), [(NOON, []), (STARTS + HOUR, [(STARTS, STARTS + HOUR)])])
def test_a_cancelled_window_excludes_nothing_from_then_on(
    world: World, at: datetime, left: list[tuple[datetime, datetime]]
) -> None:
    """Who was told hears of it; nothing is owed, asked or told any more."""
    world.told(service="portal")
    world.at(at)
    with world.desk() as desk:
        cancel(desk, desk.lock("MNT-0001"), world.word(why="not needed"))
    world.send()

    assert world.find().state == "cancelled"
    assert world.excluded("contoso") == left
    assert len(world.mails("cancelled")) == 2
    assert not {"open", "at_risk"} & set(promises(world).values())
    assert world.at(ENDS + 2 * HOUR) == []
    with world.desk() as desk, pytest.raises(Conflict, match="MNT-0001 is cancelled"):
        cancel(desk, desk.lock("MNT-0001"), world.word(why="again"))


def test_what_a_mobile_operator_tells_us(world: World) -> None:
    """P2: its notice counts from when it reached us; it is thanked, and OSOC is told."""
    with world.desk() as desk:
        received = world.word(by="Contoso change desk", at=NOON - 2 * HOUR)
        proposed = propose(desk, world.plan(THEIRS), received)
        told = announce(desk, proposed.maintenance_id, received)

    assert told.verdicts["program"].told_at == NOON - 2 * HOUR
    assert promises(world) == {"notice:program:1": "met"}
    assert world.excluded("contoso") == [(STARTS, ENDS)]
    mails = {(row.kind, row.party, row.slug) for row in world.mails()}
    assert mails == {
        ("maintenance_announced", "program", "contoso"),
        ("maintenance_received", "mobile_operator", "contoso"),
    }


def test_a_mobile_operator_that_tells_late(world: World) -> None:
    """P2: its verdict says so, its window excludes nothing, and it needs nobody's confirmation."""
    told = world.told(THEIRS, window=LATE)

    late = told.verdicts["program"].late_by()
    assert late == NOON - datetime(2026, 11, 19, 22, tzinfo=UTC)
    assert promises(world) == {"notice:program:1": "met_late"}
    assert world.excluded("contoso") == []


def test_completion_of_a_mobile_operator(world: World) -> None:
    """P3: what counts is when its word reached us, however late it was written down."""
    world.told(THEIRS)
    world.at(ENDS + 6 * HOUR)
    assert promises(world)["completion:20261213T020000Z"] == "open"
    with world.desk() as desk:
        word = world.word(by="Contoso change desk", why="<1@contoso>", at=ENDS + HOUR / 2)
        complete(desk, desk.lock("MNT-0001"), word)

    assert promises(world)["completion:20261213T020000Z"] == "met"
    assert [row.slug for row in world.mails("ended")] == ["contoso"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"recipients": "contosso"}, "mobile operator 'contosso' is unknown: known are contoso"),
        ({"window": "2026-11-23 11:00 to 13:00 UTC"}, "the window has begun"),
    ],
)
def test_plans_that_are_not_possible(world: World, change: dict[str, str], words: str) -> None:
    """Nothing is written, and the sentence names what is allowed."""
    with pytest.raises(BadInput, match=words):
        world.told(**change)
    with world.desk() as desk:
        assert desk.all() == []


def test_a_mail_that_names_another_mobile_operator_is_not_written(world: World) -> None:
    """Nobody learns of another mobile operator, whatever was typed; nothing is half-written."""
    with pytest.raises(BadInput, match="names northwind"):
        world.told(summary="Move of Northwind to the new gateway")
    with world.desk() as desk:
        assert desk.all() == []
    assert world.mails() == []


def test_the_row_follows_from_the_events(world: World) -> None:
    """Every column of the index can be computed again from the events."""
    world.told()
    world.told(THEIRS)
    with world.desk() as desk:
        for one in desk.all():
            row = desk.connection.execute(
                tables.maintenance.select().where(
                    tables.maintenance.c.number == number_of(one.maintenance_id)
                )
            ).one()
            wanted = row_of(one, world.policy)
            assert {name: getattr(row, name) for name in wanted if name != "next_at"} == {
                name: value for name, value in wanted.items() if name != "next_at"
            }


def test_numbers_go_on(world: World) -> None:
    """Each maintenance has a number of its own, and a name that is none is refused."""
    assert world.told().maintenance_id == "MNT-0001"
    assert world.told(THEIRS).maintenance_id == "MNT-0002"
    with world.desk() as desk:
        with pytest.raises(BadInput, match="there is no maintenance 'MNT-0003'"):
            desk.lock("MNT-0003")
        with pytest.raises(BadInput, match="names are like MNT-0007"):
            desk.lock("MNT-3")


def test_the_earliest_deadline_of_all_is_the_one_to_send_by(world: World) -> None:
    """P1: Saturday counts for nobody and Friday for one: the strictest pair decides."""
    with world.desk() as desk:
        plan = world.plan(OURS, recipients="contoso fabrikam")
        proposal = preview(desk, plan, world.word())

    due = {slug: one.deadline.instant for slug, one in proposal.verdicts.items()}
    assert due["fabrikam"] < due["contoso"]
    assert send_by(proposal.verdicts) == due["fabrikam"]


def test_a_closed_maintenance_collides_with_nothing(world: World) -> None:
    """What does not take place, or is over, is no reason to ask anybody."""
    world.told(THEIRS)
    with world.desk() as desk:
        cancel(desk, desk.lock("MNT-0001"), world.word(why="x"))

    assert world.told().state == "announced"


@pytest.mark.parametrize(
    ("window", "collides"),
    [
        ("2026-12-20 22:00 to 2026-12-21 00:00 America/Los_Angeles", False),
        ("2026-12-20 22:00 to 2026-12-21 00:01 America/Los_Angeles", True),
        ("2027-01-04 00:00 to 01:00 America/Los_Angeles", False),
    ],
)
def test_the_end_of_a_window_is_no_longer_in_it(
    world: World, window: str, *, collides: bool
) -> None:
    """A freeze from midnight on is not touched by a window that ends at midnight."""
    with world.desk() as desk:
        proposal = preview(desk, world.plan(OURS, window=window), world.word())

    assert bool(proposal.warnings) is collides


def test_who_was_told_late_is_not_confirmed_again(world: World) -> None:
    """P1: a window inside a late one needs no second confirmation; its verdict stands."""
    late = world.told(window=LATE, why="urgent").verdicts["contoso"]
    world.clock.advance(HOUR)

    after = moved(world, "2026-11-27 23:00 to 2026-11-28 01:00 UTC")

    assert after.proposal is None
    assert after.verdicts["contoso"] == late


def test_another_window_is_reminded_of_again(world: World) -> None:
    """What was told by the clock was told of the other window."""
    world.told()
    assert world.at(STARTS - 20 * HOUR) == ["reminded MNT-0001"]
    moved(world, "2026-12-22 22:00 to 23:00 UTC")
    with world.desk() as desk:
        announce(desk, "MNT-0001", world.word(why="agreed"))

    assert world.at(STARTS + 220 * HOUR) == ["reminded MNT-0001"]


def test_what_it_collides_with_is_told_to_nobody_else(world: World) -> None:
    """A mobile operator never reads that its window meets another's."""
    world.told(THEIRS, service="core_network")
    told = world.told(why="agreed")

    assert told.confirmed_by == "Mei Tanaka"
    for row in world.mails("announced"):
        if row.party == "mobile_operator":
            assert "collides" not in rendered_of(row.message).text


def test_what_moves_before_it_left_owes_only_its_last_notice(world: World) -> None:
    """The promise of a notice that no mail server took yet is released with its window."""
    with world.desk() as desk:
        proposed = propose(desk, world.plan(OURS, recipients="contoso"), world.word())
        announce(desk, proposed.maintenance_id, world.word())
    moved(world, "2026-12-14 22:00 to 23:00 UTC")

    assert sorted(promises(world).values()) == ["cancelled", "open"]
    world.send()
    assert sorted(promises(world).values()) == ["cancelled", "met"]


def test_what_is_late_already_is_promised_when_it_is_told(world: World) -> None:
    """P1: no breach is told of a notice that leaves in this minute; nothing waits unwatched."""
    with world.desk() as desk:
        plan = world.plan(OURS, window=LATE, recipients="contoso")
        proposed = propose(desk, plan, world.word())
        assert promises_of(desk) == {}
        announce(desk, proposed.maintenance_id, world.word(why="urgent"))
        assert promises_of(desk) == {}
    world.send()

    assert promises(world) == {"notice:contoso:1": "met_late"}


def test_an_extension_releases_no_notice_that_is_still_owed(world: World) -> None:
    """P1: who was not told because no mail server took it stays a promise that was not kept."""
    with world.desk() as desk:
        proposed = propose(desk, world.plan(OURS, recipients="contoso"), world.word())
        announce(desk, proposed.maintenance_id, world.word())
    world.clock.advance_to(STARTS)
    world.sweep()
    with world.desk() as desk:
        extend(desk, desk.lock("MNT-0001"), ENDS + HOUR, world.word(why="x"))

    assert promises(world)["notice:contoso:1"] == "open"


def test_an_extension_takes_back_a_report_that_was_held_back(world: World) -> None:
    """P3: once more time is asked for, nothing is told as complete by itself."""
    world.told(service="portal")
    world.at(ENDS)
    world.failing = {"contoso": ENDS}
    with world.desk() as desk:
        complete(desk, desk.lock("MNT-0001"), world.word(why="done"))
    with world.desk() as desk:
        extend(desk, desk.lock("MNT-0001"), ENDS + 2 * HOUR, world.word(why="not done"))
    world.failing = {}

    assert world.at(ENDS + HOUR) == []
    assert world.find().state == "under_way"


def test_a_cancellation_counts_from_when_it_reached_us(world: World) -> None:
    """Received time is what ends the exclusion, and stands in the history."""
    world.told(THEIRS)
    world.at(STARTS + 2 * HOUR)
    with world.desk() as desk:
        word = world.word(by="Contoso NOC", why="broken off", at=STARTS + HOUR)
        cancel(desk, desk.lock("MNT-0001"), word)
        last = read_events(desk.connection, "maintenance:MNT-0001")[-1]

    assert world.excluded("contoso") == [(STARTS, STARTS + HOUR)]
    assert (last.received_at, last.recorded_at) == (STARTS + HOUR, STARTS + 2 * HOUR)


def test_completion_received_before_the_end_and_written_down_after(world: World) -> None:
    """P3: the promise began at the window's end; what came before meets it in time."""
    world.told(THEIRS)
    world.at(ENDS + HOUR / 2)
    with world.desk() as desk:
        word = world.word(by="Contoso NOC", why="<1@contoso>", at=ENDS - HOUR)
        complete(desk, desk.lock("MNT-0001"), word)

    assert promises(world)["completion:20261213T020000Z"] == "met"
    assert world.find().closed_at == ENDS - HOUR


def test_a_plan_whose_window_began_while_it_waited(world: World) -> None:
    """Nobody is told of planned maintenance that is under way: it is withdrawn."""
    with world.desk() as desk:
        proposed = propose(desk, world.plan(OURS, window=LATE), world.word())
    world.clock.advance_to(datetime(2026, 11, 27, 22, tzinfo=UTC))
    with world.desk() as desk, pytest.raises(BadInput, match="the window has begun"):
        announce(desk, proposed.maintenance_id, world.word(why="urgent"))


def test_a_withdrawn_mobile_operator_is_told_nothing(world: World) -> None:
    """It is no longer one of the program's."""
    with world.store.transaction() as connection:
        change_state(
            connection,
            "contoso",
            "withdrawn",
            author="Ada",
            approver=None,
            reason="contract ended",
            now=NOON,
        )

    assert set(world.told().verdicts) == {"northwind"}
    with pytest.raises(BadInput, match="mobile operator 'contoso' is unknown"):
        world.told(recipients="contoso")


def test_two_at_once_get_numbers_of_their_own(world: World) -> None:
    """However many begin together, none takes the number of another."""

    def begin(_: int) -> str:
        with world.desk() as desk:
            return propose(desk, world.plan(OURS), world.word()).maintenance_id

    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(begin, range(8)))

    assert sorted(numbers) == [f"MNT-{number:04d}" for number in range(1, 9)]
