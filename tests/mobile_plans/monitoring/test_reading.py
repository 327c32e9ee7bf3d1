"""Reading what monitoring knows: outages, silence, and the four states of slots (M1)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from include.mobile_plans.monitoring import (
    newest_sample,
    outages,
    portal_statuses,
    silences,
    situation,
)
from include.mobile_plans.monitoring.slots import SlotState
from include.mobile_plans.policy import mobile_operator_in_force, record_version
from include.mobile_plans.policy.mobile_operators import MonitoringFlags
from include.mobile_plans.policy.program import MonitoringPolicy
from include.mobile_plans.store import Store
from include.mobile_plans.store.tables import exclusion
from tests.mobile_plans.monitoring.conftest import (
    NOON,
    Recorder,
    go_live,
    record_story,
)

MINUTE = timedelta(minutes=1)
SITUATION = """\
3 portals watched; the newest slot is 2026-11-23 12:31:00 UTC
contoso/portal is out since 2026-11-23 12:00:30 UTC (good at 2026-11-23 12:00:00 UTC before); \
62 bad slots up to 2026-11-23 12:31:00 UTC; escalated at 2026-11-23 12:31:00 UTC
fabrikam/portal was out since 2026-11-23 12:24:30 UTC (good at 2026-11-23 12:24:00 UTC before); \
4 bad slots up to 2026-11-23 12:26:00 UTC; good again at 2026-11-23 12:26:30 UTC
fabrikam/portal was out since 2026-11-23 12:27:00 UTC (good at 2026-11-23 12:26:30 UTC before); \
4 bad slots up to 2026-11-23 12:28:30 UTC; good again at 2026-11-23 12:29:00 UTC
fabrikam/portal is out since 2026-11-23 12:29:30 UTC (good at 2026-11-23 12:29:00 UTC before); \
4 bad slots up to 2026-11-23 12:31:00 UTC; EARLY WARNING: to be escalated after \
2026-11-23 12:59:30 UTC
northwind/portal was out since 2026-11-23 12:30:30 UTC (good at 2026-11-23 12:30:00 UTC before); \
1 bad slot up to 2026-11-23 12:30:30 UTC; good again at 2026-11-23 12:31:00 UTC
fabrikam/portal is unstable: it was out again and again, since 2026-11-23 12:29:30 UTC"""


def test_outages_are_found_by_owner_time_and_end(records: Store, record: Recorder) -> None:
    record_story(record, "gbg", "contoso")
    record_story(record, "gbb", "fabrikam")

    with records.snapshot() as connection:
        assert [one.slug for one in outages(connection)] == ["contoso", "fabrikam"]
        assert [one.slug for one in outages(connection, slug="fabrikam")] == ["fabrikam"]
        assert [one.slug for one in outages(connection, only_open=True)] == ["fabrikam"]
        assert outages(connection, since=NOON + MINUTE) == []
        late = outages(connection, ended_after=NOON + MINUTE)
        assert [one.slug for one in late] == ["fabrikam"]


@pytest.mark.parametrize(
    ("letters", "minutes", "expected"),
    [
        ("ggg", 3.5, None),
        ("ggg", 4.1, (NOON + MINUTE, False)),
        ("gg" + "u" * 8, 4.6, (NOON + MINUTE / 2, True)),
        ("gg" + "b" * 8, 4.6, None),
        ("", 3, (NOON - timedelta(days=1), False)),
    ],
    ids=["fresh", "silent", "cut off", "down is known", "never probed"],
)
def test_a_portal_of_which_nothing_is_learnt_is_silent(
    records: Store,
    record: Recorder,
    monitoring: MonitoringPolicy,
    letters: str,
    minutes: float,
    expected: tuple | None,
) -> None:
    """Trap 5: the age of what is known, not that something runs; unknown slots are no knowledge."""
    for slug in ("fabrikam", "northwind"):
        record_story(record, "g" * 10, slug)
    record_story(record, letters)

    with records.snapshot() as connection:
        found = silences(connection, monitoring, NOON + MINUTE * minutes)
    assert [(one.target, one.since, one.is_probed) for one in found] == (
        [("contoso/portal", *expected)] if expected else []
    )


def test_a_new_portal_is_not_silent_before_its_time(
    records: Store, record: Recorder, monitoring: MonitoringPolicy
) -> None:
    """What went live a minute ago, or is taken out, is not missed yet."""
    for slug in ("contoso", "fabrikam"):
        record_story(record, "g" * 10, slug)
    go_live(records, "tailspin", NOON + 2 * MINUTE)
    with records.transaction() as connection:
        northwind = mobile_operator_in_force(connection, "northwind", NOON).mobile_operator
        record_version(
            connection,
            replace(northwind, monitoring=MonitoringFlags(probed=False, reason="moves")),
            author="Ada",
            approver=None,
            reason="asked for",
            now=NOON,
        )
    with records.snapshot() as connection:
        assert silences(connection, monitoring, NOON + 4 * MINUTE) == []
        (found,) = silences(connection, monitoring, NOON + 5.1 * MINUTE)
    assert (found.target, found.since) == ("tailspin/portal", NOON + 2 * MINUTE)


def test_every_slot_is_good_bad_excluded_or_unknown(
    records: Store, record: Recorder, monitoring: MonitoringPolicy
) -> None:
    """
    The four states: missing slots are unknown, and maintenance is applied on reading.

    An exclusion that is recorded after the slots excludes them; one that is cancelled no longer
    does; the samples are the same.
    """
    record_story(record, "gbbu..gggb")
    now = NOON + timedelta(seconds=10 * 30 + 40)

    def states() -> dict[str, int]:
        with records.snapshot() as connection:
            found = portal_statuses(connection, monitoring, now, now - NOON)
        return {state.value: n for state, n in next(iter(found)).slots.items()}

    assert states() == {"good": 4, "bad": 3, "excluded": 0, "unknown": 3}
    with records.transaction() as connection:
        for key, first, after in (("a", 15, 70), ("b", 60, 125)):
            connection.execute(
                exclusion.insert().values(
                    exclusion_key=key,
                    slug="contoso",
                    starts_at=NOON + timedelta(seconds=first),
                    ends_at=NOON + timedelta(seconds=after),
                    reason="told in time",
                )
            )
    assert states() == {"good": 4, "bad": 1, "excluded": 4, "unknown": 1}
    with records.transaction() as connection:
        connection.execute(exclusion.delete())
    assert states() == {"good": 4, "bad": 3, "excluded": 0, "unknown": 3}


def test_slots_are_counted_since_a_portal_is_live(
    records: Store, record: Recorder, monitoring: MonitoringPolicy
) -> None:
    """What was not live is not unknown, and what may still be under way is not counted."""
    go_live(records, "tailspin", NOON + MINUTE)
    record_story(record, "gg", "tailspin", first=2)

    with records.snapshot() as connection:
        found = portal_statuses(connection, monitoring, NOON + 3 * MINUTE, 3 * MINUTE)
    tailspin = next(one for one in found if one.target == "tailspin/portal")
    assert list(tailspin.slots) == list(SlotState)
    assert sum(tailspin.slots.values()) == 2
    assert (tailspin.newest, tailspin.last_known) == (NOON + 1.5 * MINUTE, NOON + 1.5 * MINUTE)
    contoso = next(one for one in found if one.target == "contoso/portal")
    assert (contoso.newest, contoso.slots[SlotState.UNKNOWN]) == (None, 4)


def test_the_situation_in_words(
    records: Store, record: Recorder, monitoring: MonitoringPolicy
) -> None:
    """What a run tells: outages with bounded edges, early warning, escalation, findings."""
    with records.snapshot() as connection:
        assert situation(connection, monitoring, NOON) == ["3 portals watched; none was seen yet"]
    record_story(record, "g" + "b" * 62, "contoso")
    record_story(record, "gbbbb" * 3, "fabrikam", first=48)
    record_story(record, "gbg", "northwind", first=60)

    with records.snapshot() as connection:
        lines = situation(connection, monitoring, NOON + 32 * MINUTE)
        later = situation(connection, monitoring, NOON + 95 * MINUTE)
    assert "\n".join(lines) == SITUATION
    assert [line for line in later if " was out since" in line] == []
    with records.snapshot() as connection:
        assert newest_sample(connection) == NOON + 31 * MINUTE
