"""Rollups of days: made from the archive or the store alike, again only when something changed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from include.mobile_plans.errors import BadInput
from include.mobile_plans.monitoring import bounds_of, clear_days, import_history, sealed_days
from include.mobile_plans.monitoring.slots import start_of
from include.mobile_plans.policy import ProgramPolicy, change_state, live_spans
from include.mobile_plans.sla import Desk, issue, refresh, verify
from include.mobile_plans.sla.kept import read_rollups
from include.mobile_plans.sla.rollup import (
    Rollup,
)
from include.mobile_plans.sla.scopes import circumstances
from include.mobile_plans.store.tables import sla_rollup
from tests.mobile_plans.sla.conftest import (
    LENGTH_S,
    LIVE_SINCE,
    MIDNIGHT,
    NIGHT,
    csv_of,
    exclude,
    fill,
    seal,
    write_csv,
)

SUNDAY = date(2026, 11, 22)
DAY_SLOTS = 2880


def kept(desk: Desk, day: date = SUNDAY, target: str = "contoso/portal") -> Rollup:
    with desk.store.snapshot() as connection:
        (found,) = read_rollups(connection, day, day, [target])
    return found


def test_a_day_is_counted(desk: Desk) -> None:
    """Good, bad and unknown slots, who was not seen at all included (M3)."""
    fill(desk, MIDNIGHT, "ggbbgu" + "." * 4 + "g" * (DAY_SLOTS - 20))
    made = refresh(desk, [SUNDAY])
    assert [one.target for one in made] == ["contoso/portal", "fabrikam/portal"]

    found = kept(desk)
    assert (found.good, found.bad, found.excluded, found.unknown) == (2863, 2, 0, 15)
    assert (found.network_s, found.ours_s, found.bad_s) == (30, 14 * 30, 60)
    assert [edge.bad for edge in found.edges] == [((bounds_of(SUNDAY)[0] + 60, 2, 30),)]
    assert (found.measured, found.sum_us, found.within) == (2863, 2863 * 50_000, 2863)
    nobody = kept(desk, target="fabrikam/portal")
    assert (nobody.unknown, nobody.good, nobody.histogram) == (DAY_SLOTS, 0, b"")


def test_the_archive_and_the_store_say_the_same(desk: Desk) -> None:
    """A day counted before and after it was sealed differs in where it was read only (M3)."""
    fill(desk, MIDNIGHT, "gbgu" * 300)
    fill(desk, MIDNIGHT, "ggggbb" * 200, target="fabrikam/portal", ms=450)
    refresh(desk, [SUNDAY])
    before = {name: kept(desk, target=name) for name in ("contoso/portal", "fabrikam/portal")}
    seal(desk)
    assert len(refresh(desk, [SUNDAY])) == 2
    with desk.store.snapshot() as connection:
        sha = sealed_days(connection)[SUNDAY].sha256
    for name, one in before.items():
        assert one.source == "store"
        assert kept(desk, target=name) == one._replace(source=sha)
        assert kept(desk, target=name).digest == one.digest


def test_a_sealed_day_is_counted_once(desk: Desk) -> None:
    """Nothing is made again while nothing has changed; what changed only for one makes one."""
    fill(desk, MIDNIGHT, "g" * 100)
    seal(desk)
    assert len(refresh(desk, [SUNDAY])) == 2
    assert refresh(desk, [SUNDAY]) == []
    exclude(desk, MIDNIGHT, MIDNIGHT + timedelta(minutes=5))
    assert [one.target for one in refresh(desk, [SUNDAY])] == ["contoso/portal"]
    assert kept(desk).excluded == 10
    assert refresh(desk, [SUNDAY], ["fabrikam"]) == []


def test_what_is_counted_needs_no_archive(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the archive cannot be reached, statements of what was counted go on (M4)."""
    fill(desk, MIDNIGHT, "g" * 100)
    seal(desk)
    refresh(desk, [SUNDAY, SUNDAY - timedelta(days=1)])
    monkeypatch.delenv("MOBILE_PLANS_ARCHIVE")
    away = replace(desk, archive=None)
    (found,) = issue(away, ["contoso"], SUNDAY, SUNDAY)
    assert found.statement.targets[0].slots.good == 100
    exclude(desk, MIDNIGHT, MIDNIGHT + timedelta(minutes=5))
    with pytest.raises(BadInput, match="MOBILE_PLANS_ARCHIVE is not set"):
        issue(away, ["contoso"], SUNDAY, SUNDAY)


def test_maintenance_is_left_out_openly(desk: Desk) -> None:
    """A slot is excluded if it starts in a window; what was seen in it is kept beside (M3)."""
    fill(desk, MIDNIGHT, "gggbbbggg")
    exclude(desk, MIDNIGHT + timedelta(seconds=61), MIDNIGHT + timedelta(seconds=150))
    refresh(desk, [SUNDAY])
    found = kept(desk)
    # Slots at 90 and 120 s start in the window; those at 60 and 150 s do not.
    assert (found.good, found.bad, found.excluded) == (6, 1, 2)
    assert (found.seen_good, found.seen_bad) == (6, 3)
    assert found.unknown == DAY_SLOTS - 9
    assert found.excluded_s == 60


def test_maintenance_nobody_watched_is_excluded_too(desk: Desk) -> None:
    """Excluded seconds are those of the window, probed or not (M3)."""
    exclude(desk, MIDNIGHT, MIDNIGHT + timedelta(hours=1))
    refresh(desk, [SUNDAY])
    found = kept(desk)
    assert (found.excluded, found.unknown, found.seen_good + found.seen_bad) == (120, 2760, 0)


def test_a_target_counts_while_it_is_live(desk: Desk) -> None:
    """From the slot it went live to the one in which it was suspended (M3)."""
    fill(desk, MIDNIGHT, "g" * DAY_SLOTS)
    noon = MIDNIGHT + timedelta(hours=12, seconds=10)
    with desk.store.transaction() as connection:
        change_state(
            connection,
            "contoso",
            "suspended",
            author="Ada",
            approver="Ben",
            reason="test",
            now=noon,
        )
    refresh(desk, [SUNDAY, SUNDAY + timedelta(days=1)])
    found = kept(desk)
    assert (found.good, found.unknown) == (DAY_SLOTS // 2 + 1, 0)
    assert start_of(found.after) == noon
    with desk.store.snapshot() as connection:
        monday = SUNDAY + timedelta(days=1)
        assert read_rollups(connection, monday, monday, ["contoso/portal"]) == []


def test_a_day_may_be_live_twice(desk: Desk) -> None:
    """Suspended for an hour: that hour is neither counted nor unknown (M3)."""
    fill(desk, MIDNIGHT, "g" * DAY_SLOTS)
    for state, hour in (("suspended", 6), ("live", 7)):
        with desk.store.transaction() as connection:
            change_state(
                connection,
                "contoso",
                state,
                author="Ada",
                approver="Ben",
                reason="test",
                now=MIDNIGHT + timedelta(hours=hour),
            )
    with desk.store.snapshot() as connection:
        end = MIDNIGHT + timedelta(days=1)
        spans = live_spans(connection, MIDNIGHT, end, ["contoso"])
        assert live_spans(connection, MIDNIGHT - timedelta(days=40), LIVE_SINCE) == {}
    six, seven = MIDNIGHT + timedelta(hours=6), MIDNIGHT + timedelta(hours=7)
    assert spans == {"contoso": [(MIDNIGHT, six), (seven, end)]}
    refresh(desk, [SUNDAY])
    found = kept(desk)
    assert (found.good, found.bad, found.excluded, found.unknown) == (DAY_SLOTS - 120, 0, 0, 0)


def test_the_day_it_goes_live(desk: Desk) -> None:
    """Half of the day is counted, and no more is unknown (M3)."""
    day = date(2026, 10, 31)
    refresh(desk, [day])
    found = kept(desk, day)
    assert found.unknown == DAY_SLOTS // 2
    assert start_of(found.first_slot).hour == 12
    refresh(desk, [date(2026, 10, 30)])
    with desk.store.snapshot() as connection:
        assert read_rollups(connection, date(2026, 10, 30), date(2026, 10, 30)) == []


def test_a_running_day_counts_up_to_its_last_slot(desk: Desk) -> None:
    """What is not over yet is neither unknown nor counted (M3)."""
    today = date(2026, 12, 1)
    begin = datetime(2026, 12, 1, tzinfo=UTC)
    fill(desk, begin, "g" * 400)
    refresh(desk, [today, today + timedelta(days=1)])
    found = kept(desk, today)
    # 03:17 less a slot and the time a probe may take.
    assert start_of(found.after) == begin + timedelta(hours=3, minutes=16)
    assert (found.good, found.unknown) == (392, 0)


def test_verification_names_each_difference(desk: Desk) -> None:
    """Rollups recomputed from the archive agree exactly, or what differs is named (M3)."""
    fill(desk, MIDNIGHT, "gbg" * 300)
    seal(desk)
    refresh(desk, [SUNDAY])
    found = verify(desk, SUNDAY, SUNDAY)
    assert (found.days, found.rollups, found.problems) == (1, 2, ())
    ours = sla_rollup.c.target == "contoso/portal"
    with desk.store.transaction() as connection:
        connection.execute(update(sla_rollup).where(ours).values(good=601, histogram=b""))
    assert verify(desk, SUNDAY, SUNDAY).problems == (
        "2026-11-22 contoso/portal: good is 601, not 600",
        "2026-11-22 contoso/portal: histogram differs",
    )
    with desk.store.transaction() as connection:
        connection.execute(sla_rollup.delete().where(ours))
    found = verify(desk, SUNDAY, SUNDAY)
    assert (found.rollups, found.problems) == (1, ())


def test_samples_may_have_left_the_store(desk: Desk) -> None:
    """A day is counted again from the archive alone, long after (M3)."""
    fill(desk, MIDNIGHT, "gbg" * 300)
    seal(desk)
    desk.clock.advance(timedelta(days=8))
    assert clear_days(desk.store, desk.archive, desk.clock, desk.policy)[0] == [SUNDAY]
    refresh(desk, [SUNDAY])
    assert (kept(desk).good, kept(desk).bad) == (600, 300)


def test_a_change_of_the_interval_cuts_a_day(desk: Desk, policy: ProgramPolicy) -> None:
    """Slots have the length that was in force when they began, as the archive says too (M1, M3)."""
    noon = MIDNIGHT + timedelta(hours=12)
    probe = replace(policy.monitoring.probe, interval=timedelta(minutes=1))
    slower = replace(policy, monitoring=replace(policy.monitoring, probe=probe))
    with desk.store.snapshot() as connection:
        known = circumstances(connection, [SUNDAY], policy, NIGHT)
    changed = replace(known, policies=((LIVE_SINCE, policy), (noon, slower)))
    day = changed.day(SUNDAY)
    assert day is not None
    assert [(piece.end - piece.begin, piece.length_s) for piece in day.pieces] == [
        (43_200, 30),
        (43_200, 60),
    ]
    (piece,) = known.day(SUNDAY, [(LIVE_SINCE, 30), (noon, 30)]).pieces
    assert piece.length_s == 30
    assert known.day(date(2026, 12, 2)) is None


def test_history_that_comes_late_corrects_a_statement(
    desk: Desk, tmp_path: Path, policy: ProgramPolicy
) -> None:
    """A sealed day is sealed anew, counted anew, and its statement corrected with why (M3)."""
    fill(desk, MIDNIGHT, "g" * 2000)
    seal(desk)
    (before,) = issue(desk, ["contoso"], SUNDAY, SUNDAY)
    file = write_csv(tmp_path, csv_of("g" * 800 + "b" * 80, MIDNIGHT + timedelta(seconds=60_000)))
    with desk.store.transaction() as connection:
        import_history(
            connection,
            file,
            policy.monitoring,
            interval=timedelta(seconds=LENGTH_S),
            skip_bad=False,
            by="Ada",
            now=desk.clock.now(),
        )
    seal(desk)
    (after,) = issue(desk, ["contoso"], SUNDAY, SUNDAY)
    assert after.statement.seal.replaces == before.statement.seal.sha256
    assert after.statement.seal.why == "more is known of 2026-11-22"
    changes = {one.figure: (one.before, one.after) for one in after.statement.changes}
    assert changes["bad slots"] == ("0", "80")
    assert changes["unknown slots"] == ("880", "0")
    assert verify(desk, SUNDAY, SUNDAY).problems == ()
