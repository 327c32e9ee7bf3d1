"""What is kept of rounds, on both databases: once each, and as it was told (M1, M2)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Barrier, Thread

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from include.mobile_plans.monitoring import outages, portal_findings
from include.mobile_plans.monitoring.records import Round, record_round
from include.mobile_plans.monitoring.slots import start_of
from include.mobile_plans.policy.program import MonitoringPolicy
from include.mobile_plans.store import Store
from include.mobile_plans.store.tables import exclusion, probe_target, sample
from tests.mobile_plans.monitoring import reference
from tests.mobile_plans.monitoring.conftest import (
    LENGTH_S,
    LETTERS,
    NOON,
    START,
    Recorder,
    record_story,
    seen,
)


def at(number: int) -> datetime:
    return NOON + timedelta(seconds=number * LENGTH_S)


def number_of(store: Store, table: object) -> int:
    with store.snapshot() as connection:
        return connection.scalar(select(func.count()).select_from(table))


def exclude(store: Store, slug: str, first: int, after: int) -> None:
    """Write what planned maintenance told in time writes."""
    with store.transaction() as connection:
        connection.execute(
            exclusion.insert().values(
                exclusion_key=f"MNT-0001:{slug}:{first}",
                slug=slug,
                starts_at=at(first),
                ends_at=at(after),
                reason="maintenance",
            )
        )


def test_a_sample_keeps_everything_that_was_measured(records: Store, record: Recorder) -> None:
    """M1: phases, status, reason and how late it began, by slot and target."""
    record(0, contoso="g", fabrikam="b")

    with records.snapshot() as connection:
        query = select(sample, probe_target.c.target).join_from(sample, probe_target)
        rows = {row.target: row for row in connection.execute(query)}
    good, bad = rows["contoso/portal"], rows["fabrikam/portal"]
    assert (good.slot, good.state, good.status, good.total_us) == (START, "good", 200, 50_000)
    assert (good.late_us, good.reason) == (150, None)
    assert (bad.state, bad.status, bad.reason) == ("bad", None, "timeout")


def test_one_outage_from_its_first_bad_slot_to_the_good_one_after(
    records: Store, record: Recorder
) -> None:
    """M2: opened once, escalated at the first bad slot more than 30 minutes later, closed once."""
    reports = [record(number, contoso=letter) for number, letter in enumerate("g" + "b" * 63 + "g")]

    key = "contoso/portal:2026-11-23T12:00:30Z"
    changes = [
        (number, name)
        for number, report in enumerate(reports)
        for name in ("opened", "escalated", "closed")
        if getattr(report, name) == (key,)
    ]
    assert changes == [(1, "opened"), (62, "escalated"), (64, "closed")]
    assert [number for number, report in enumerate(reports) if report.has_news] == [1, 62, 64]
    with records.snapshot() as connection:
        (found,) = outages(connection)
    assert (found.key, found.slug, found.origin) == (key, "contoso", "probe")
    assert (found.good_before, found.first_bad, found.last_bad) == (at(0), at(1), at(63))
    assert (found.escalated_at, found.good_after, found.bad_slots) == (at(62), at(64), 63)


def test_exactly_thirty_minutes_are_not_more(records: Store, record: Recorder) -> None:
    """M2: at 30 min 30 s of slot time, never at 30 min."""
    for number in range(61):
        assert record(number, contoso="b").escalated == ()
    assert record(61, contoso="b").escalated


def test_the_same_round_again_changes_nothing(records: Store, record: Recorder) -> None:
    """A round whose commit was not heard of is recorded again and counts once."""
    first = record(0, contoso="b", fabrikam="g")
    again = record(0, contoso="b", fabrikam="g")

    assert first.opened
    assert not again.has_news
    assert (again.good, again.bad) == (1, 1)
    assert number_of(records, sample) == 2


def test_two_probers_at_once_never_count_twice(
    records: Store, monitoring: MonitoringPolicy
) -> None:
    """M1: key (target, slot): the first to write a slot is believed, the rules are fed once."""
    barrier = Barrier(2)
    reports = []

    def prober(offset_us: int) -> None:
        for number in range(6):
            samples = tuple(
                seen("b", f"{slug}/portal", total_us=offset_us) for slug in ("contoso", "fabrikam")
            )
            barrier.wait()
            with records.transaction() as connection:
                seen_round = Round(slot=START + number * LENGTH_S, samples=samples)
                reports.append(record_round(connection, seen_round, monitoring))

    threads = [Thread(target=prober, args=(offset,)) for offset in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with records.snapshot() as connection:
        found = outages(connection)
    assert [one.bad_slots for one in found] == [6, 6]
    assert number_of(records, sample) == 12
    assert sum(len(report.opened) for report in reports) == 2


def test_a_late_slot_is_kept_and_rewrites_nothing(records: Store, record: Recorder) -> None:
    """A prober that was away adds its slots; the outage that was told stays as it was told."""
    record_story(record, "g..bb")
    with records.snapshot() as connection:
        before = outages(connection)

    late = [record(number, contoso="b") for number in (1, 2)]

    assert not any(report.has_news for report in late)
    assert number_of(records, sample) == 5
    with records.snapshot() as connection:
        assert outages(connection) == before
    assert record(5, contoso="g").closed == (before[0].key,)


def test_a_round_that_waited_is_judged_in_its_own_slot(records: Store, record: Recorder) -> None:
    """M2: slots recorded an hour late, in order, escalate at the slot in which it was due."""
    record_story(record, "g" + "b" * 70)

    with records.snapshot() as connection:
        (found,) = outages(connection)
    assert found.escalated_at == at(62)


def test_a_slot_in_maintenance_is_excluded_and_stays_as_seen(
    records: Store, record: Recorder
) -> None:
    """P1: no outage begins in a window told in time; the raw sample says what was seen."""
    exclude(records, "contoso", 1, 3)
    reports = [
        record(number, contoso=letter, fabrikam=letter) for number, letter in enumerate("gbbb")
    ]

    assert [report.excluded for report in reports] == [0, 1, 1, 0]
    with records.snapshot() as connection:
        found = {one.slug: one.first_bad for one in outages(connection)}
        states = list(connection.scalars(select(sample.c.state).where(sample.c.state == "bad")))
    assert found == {"contoso": at(3), "fabrikam": at(1)}
    assert len(states) == 6


def test_maintenance_told_afterwards_changes_no_outage(records: Store, record: Recorder) -> None:
    """The live rules use what is known then: an outage on record stays on record."""
    record_story(record, "gbb")
    exclude(records, "contoso", 0, 10)

    assert record(3, contoso="b").excluded == 1
    with records.snapshot() as connection:
        (found,) = outages(connection)
    assert (found.last_bad, found.good_after) == (at(2), None)


def test_findings_begin_and_end_once(
    records: Store, record: Recorder, quick: MonitoringPolicy
) -> None:
    """Repeated outages are a finding with a beginning and an end."""
    letters = "gbgb" + "g" * 8
    reports = [record(number, quick, contoso=letter) for number, letter in enumerate(letters)]

    assert [report.findings for report in reports if report.findings] == [
        ("contoso/portal:unstable",),
        ("contoso/portal:unstable",),
    ]
    with records.snapshot() as connection:
        (finding,) = portal_findings(connection)
    assert (finding.kind, finding.since, finding.until) == ("unstable", at(3), at(7))


def test_the_end_of_a_certificate_is_kept_until_another_is_seen(
    records: Store, monitoring: MonitoringPolicy
) -> None:
    """It is read in a part of the slots only."""
    ends = datetime(2027, 1, 1, tzinfo=UTC)
    for number, ends_at in enumerate((ends, None, ends + timedelta(days=90))):
        one = seen("g")
        one = replace(one, result=replace(one.result, certificate_ends_at=ends_at))
        with records.transaction() as connection:
            record_round(connection, Round(slot=START + number * 30, samples=(one,)), monitoring)
            kept = connection.scalar(select(probe_target.c.certificate_ends_at))
        assert kept == (ends_at or ends)


numbers = count()


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    letters=st.text(alphabet="gbbbu.", max_size=40),
    doubled=st.sets(st.integers(0, 39)),
)
def test_what_is_recorded_equals_the_slow_reference(
    records: Store,
    record: Recorder,
    quick: MonitoringPolicy,
    letters: str,
    doubled: set[int],
) -> None:
    """
    M2: restart-proof: the rules live in the store alone between two slots.

    Slots are recorded one by one, some of them twice by another prober that saw the opposite.
    """
    slug = f"portal-{next(numbers)}"
    opposite = {"g": "b", "b": "g", "u": "b"}
    for number, letter in enumerate(letters):
        if letter != ".":
            record(number, quick, **{slug: letter})
            if number in doubled:
                record(number, quick, **{slug: opposite[letter]})

    story = {
        START + number * LENGTH_S: LETTERS[letter]
        for number, letter in enumerate(letters)
        if letter != "."
    }
    with records.snapshot() as connection:
        found = outages(connection, slug=slug)
        findings = portal_findings(connection, slug=slug)
    expected = reference.outages(story, quick)
    assert [
        (
            one.first_bad,
            one.last_bad,
            one.bad_slots,
            one.escalated_at,
            one.good_after,
            one.good_before,
        )
        for one in found
    ] == [
        (
            start_of(run.first_bad),
            start_of(run.last_bad),
            run.bad_slots,
            run.escalated and start_of(run.escalated),
            run.good_after and start_of(run.good_after),
            run.good_before and start_of(run.good_before),
        )
        for run in expected
    ]
    assert sorted((one.kind, one.since, one.until) for one in findings) == sorted(
        (one.kind, start_of(one.since), one.until and start_of(one.until))
        for one in reference.findings(story, quick)
    )
