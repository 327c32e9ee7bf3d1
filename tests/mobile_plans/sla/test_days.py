"""Rollups of days: made from the archive or the store alike, again only when something changed."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from include.mobile_plans.monitoring import bounds_of, clear_days, import_history, sealed_days
from include.mobile_plans.monitoring.slots import start_of
from include.mobile_plans.policy import ProgramPolicy, change_state
from include.mobile_plans.sla import Desk, Terms, issue, refresh, verify
from include.mobile_plans.sla.figures import figures
from include.mobile_plans.sla.kept import read_rollups
from include.mobile_plans.sla.rollup import (
    ATTRIBUTIONS,
    Attribution,
    Day,
    Piece,
    Rollup,
    Scope,
)
from include.mobile_plans.sla.rules import outage_runs
from include.mobile_plans.sla.scopes import circumstances
from include.mobile_plans.sla.tally import PHASES, TIMES, Samples, np, tally, unseen
from include.mobile_plans.store.tables import sla_rollup
from tests.mobile_plans.sla import reference
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
from tests.mobile_plans.sla.reference import Slot

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


ANY_STATE = st.sampled_from([None, "good", "good", "bad", "unknown"])
ANY_SPAN = st.tuples(st.integers(0, 70), st.integers(1, 30))
FIRST = bounds_of(SUNDAY)[0]


@given(
    states=st.lists(ANY_STATE, min_size=80, max_size=80),
    spans=st.lists(ANY_SPAN, max_size=2, unique_by=lambda span: span[0] // 35),
    cut=st.integers(1, 79),
)
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_two_days_are_those_of_the_reference(
    quick_terms: Terms, states: list[str | None], spans: list[tuple[int, int]], cut: int
) -> None:
    """Exclusions, unknown slots and an outage across midnight, counted slot by slot (M2, M3)."""
    spans = sorted((begin, min(begin + length, begin // 35 * 35 + 35)) for begin, length in spans)
    slots = [
        Slot(
            start=FIRST + number * LENGTH_S,
            seen=seen,
            total_us=1000 * number if seen == "good" else None,
            is_excluded=any(begin <= number < end for begin, end in spans),
        )
        for number, seen in enumerate(states)
    ]
    excluded = tuple((FIRST + a * LENGTH_S, FIRST + b * LENGTH_S) for a, b in spans)
    rollups = [day_of(part, excluded) for part in (slots[:cut], slots[cut:])]
    found = figures(rollups, quick_terms)

    counts = reference.counts(slots)
    assert {name: getattr(found.slots, name) for name in counts} == counts
    shares = reference.shares(slots)
    assert found.availability.share == pytest.approx(shares["availability"])
    assert found.availability.without_exclusions == pytest.approx(
        shares["availability_without_exclusions"]
    )
    assert found.availability.low == pytest.approx(shares["availability_low"])
    assert found.availability.high == pytest.approx(shares["availability_high"])
    seconds = found.seconds_by_cause
    unprobed = sum(slot.seen is None and not slot.is_excluded for slot in slots)
    assert seconds["ours"] == unprobed * LENGTH_S
    assert seconds["network"] == (counts["unknown"] - unprobed) * LENGTH_S
    assert seconds["maintenance"] == counts["excluded"] * LENGTH_S
    expected = reference.outages(slots, quick_terms.monitoring)
    assert list(outage_runs(rollups, quick_terms.monitoring)) == expected


PIECE = st.tuples(st.integers(0, 79), st.integers(1, 40))
ATTRIBUTION = st.sampled_from(ATTRIBUTIONS)


@given(
    states=st.lists(ANY_STATE, min_size=80, max_size=80),
    live=PIECE,
    window=PIECE,
    overrun=PIECE,
    decisions=st.lists(st.tuples(PIECE, ATTRIBUTION), max_size=2),
)
@settings(max_examples=300, deadline=None)
def test_each_slot_is_counted_once(
    states: list[str | None],
    live: tuple[int, int],
    window: tuple[int, int],
    overrun: tuple[int, int],
    decisions: list[tuple[tuple[int, int], Attribution]],
) -> None:
    """Live time, a window, an overrun and disputes at once, decided slot by slot (M3)."""
    expected: Counter[str] = Counter()
    latencies = 0
    for number, seen in enumerate(states):
        if not holds(live, number):
            continue
        now = seen or "unprobed"
        for span, attribution in decisions:
            if now == "bad" and holds(span, number):
                now = attribution
        decided = now
        if holds(window, number):
            now = "excluded"
        expected[now] += 1
        expected["seen_good"] += decided == "good"
        expected["seen_bad"] += decided == "bad" or (decided == "excluded" and seen == "bad")
        expected["overrun"] += now == "bad" and holds(overrun, number)
        latencies += now == "good" and seen == "good"
    slots = [
        Slot(start=FIRST + number * LENGTH_S, seen=seen, total_us=5 if seen == "good" else None)
        for number, seen in enumerate(states)
    ]
    scope = Scope(
        spans=(seconds_of(live),),
        excluded=(seconds_of(window),),
        overrun=(seconds_of(overrun),),
        decisions=tuple((*seconds_of(span), attribution) for span, attribution in decisions),
    )
    found = day_of(slots, scope=scope)
    assert (found.good, found.bad) == (expected["good"], expected["bad"])
    assert found.excluded == expected["excluded"]
    assert found.unknown == expected["unknown"] + expected["unprobed"]
    assert (found.network_s, found.ours_s) == (
        expected["unknown"] * LENGTH_S,
        expected["unprobed"] * LENGTH_S,
    )
    assert (found.seen_good, found.seen_bad) == (expected["seen_good"], expected["seen_bad"])
    assert found.overrun_s == expected["overrun"] * LENGTH_S
    assert (found.measured, found.sum_us) == (latencies, latencies * 5)


def holds(span: tuple[int, int], number: int) -> bool:
    return span[0] <= number < span[0] + span[1]


def seconds_of(span: tuple[int, int]) -> tuple[int, int]:
    begin, count = span
    return FIRST + begin * LENGTH_S, FIRST + min(80, begin + count) * LENGTH_S


def day_of(
    slots: list[Slot], excluded: tuple[tuple[int, int], ...] = (), scope: Scope | None = None
) -> Rollup:
    """Count some slots as if they were a day."""
    seen = [slot for slot in slots if slot.seen is not None]
    span = (slots[0].start, slots[-1].start + LENGTH_S)
    day = Day(day=SUNDAY, pieces=(Piece(*span, LENGTH_S),), limit_us=400_000, policy="")
    scope = scope or Scope(spans=(span,), excluded=tuple(excluded))
    if not seen:
        return unseen("contoso/portal", day, scope, "store")
    none = np.zeros(len(seen), dtype=np.int32)
    total = np.array([slot.total_us or 0 for slot in seen], dtype=np.int32)
    samples = Samples(
        names=["contoso/portal"],
        edges=np.array([0, len(seen)]),
        slot=np.array([slot.start for slot in seen]),
        state=np.array([("good", "bad", "unknown").index(slot.seen) for slot in seen], np.int8),
        times={TIMES[0]: (total, None)} | {f"{phase}_us": (none, None) for phase in PHASES},
    )
    (found,) = tally(samples, day, {"contoso/portal": scope}, "store")
    return found


def test_a_day_with_two_lengths_of_slots() -> None:
    """Where policy changed the interval, by count and by time differ (M3)."""
    day = Day(
        day=SUNDAY,
        pieces=(Piece(FIRST, FIRST + 600, 30), Piece(FIRST + 600, FIRST + 1200, 60)),
        limit_us=400_000,
        policy="",
    )
    found = unseen("contoso/portal", day, Scope(spans=(day.span,)), "store")
    assert (found.unknown, found.ours_s) == (30, 1200)


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
