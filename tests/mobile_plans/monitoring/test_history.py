"""History of another monitor: all of it or none, and never against what we saw (M1)."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from include.mobile_plans.errors import BadInput
from include.mobile_plans.monitoring import import_history, outages
from include.mobile_plans.monitoring.history import History
from include.mobile_plans.policy.program import MonitoringPolicy
from include.mobile_plans.store import Store, read_events
from include.mobile_plans.store.tables import probe_target, sample
from tests.mobile_plans.monitoring.conftest import LENGTH_S, NOON, Recorder, record_story

HEAD = "target,at,ok,latency_ms\n"
INTERVAL = timedelta(seconds=LENGTH_S)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.csv"


def import_text(
    store: Store, monitoring: MonitoringPolicy, file: Path, text: str, **changes: object
) -> tuple[History, int]:
    file.write_text(text)
    given = {"interval": INTERVAL, "skip_bad": False, "by": "Ada", "now": NOON} | changes
    with store.transaction() as connection:
        return import_history(connection, file, monitoring, **given)


def rows(store: Store) -> list[tuple]:
    with store.snapshot() as connection:
        query = (
            select(probe_target.c.target, sample.c.slot, sample.c.state, sample.c.total_us)
            .join_from(sample, probe_target)
            .order_by(probe_target.c.target, sample.c.slot)
        )
        return [tuple(row) for row in connection.execute(query)]


def at(number: int) -> str:
    return (NOON + INTERVAL * number).isoformat()


def story(letters: str, target: str = "contoso/portal", first: int = -100) -> str:
    lines = [
        f"{target},{at(number)},{'true,51.5' if letter == 'g' else 'false,'}\n"
        for number, letter in enumerate(letters, start=first)
        if letter != "."
    ]
    return HEAD + "".join(lines)


def slot(number: int) -> int:
    return int((NOON + INTERVAL * number).timestamp())


def test_history_becomes_samples(records: Store, monitoring: MonitoringPolicy, file: Path) -> None:
    """Offsets are honoured, slots aligned, latencies kept; the import itself is on record."""
    text = HEAD + (
        "contoso/portal,2026-11-23T10:00:07+01:00,true,123.4\n"
        "contoso/portal,2026-11-23T09:00:30Z,FALSE,\n"
        "tailspin/portal,2026-11-22T23:59:59.999Z,true,0\n"
    )
    history, added = import_text(records, monitoring, file, text)

    assert (added, history.doubled, history.problems) == (3, 0, [])
    assert [row[2:] for row in rows(records)] == [("good", 123_400), ("bad", None), ("good", 0)]
    nine = int((NOON - timedelta(hours=3)).timestamp())
    assert [row[1] for row in rows(records)[:2]] == [nine, nine + 30]
    with records.snapshot() as connection:
        (event,) = read_events(connection, "archive")
    assert (event.kind, event.actor, event.data["file"]) == ("history.imported", "Ada", file.name)
    assert event.data["first"] == "2026-11-22T23:59:30Z"


def test_the_same_file_again_changes_nothing(
    records: Store, monitoring: MonitoringPolicy, file: Path
) -> None:
    import_text(records, monitoring, file, story("gbbg"))
    _, added = import_text(records, monitoring, file, story("gbbg"))

    assert added == 0
    assert len(rows(records)) == 4
    with records.snapshot() as connection:
        assert len(read_events(connection, "archive")) == 1
        assert len(outages(connection)) == 1


def test_of_two_rows_in_one_slot_the_worse_counts(
    records: Store, monitoring: MonitoringPolicy, file: Path
) -> None:
    """Bad wins, then the slower, whatever their order; how many there were is told."""
    text = HEAD + (
        f"contoso/portal,{at(-9)},true,5\n"
        f"contoso/portal,{at(-9)},false,\n"
        f"contoso/portal,{at(-9)},true,7\n"
        f"contoso/portal,{at(-8)},true,9\n"
        f"contoso/portal,{at(-8)},true,4\n"
    )
    history, added = import_text(records, monitoring, file, text)

    assert (added, history.doubled) == (2, 3)
    assert [row[2:] for row in rows(records)] == [("bad", None), ("good", 9000)]


def test_longer_slots_claim_no_more_than_was_seen(
    records: Store, monitoring: MonitoringPolicy, file: Path
) -> None:
    """A history of minutes leaves every second half-minute unknown."""
    text = HEAD + f"contoso/portal,{at(-9)},true,5\ncontoso/portal,{at(-10)},false,\n"
    history, added = import_text(records, monitoring, file, text, interval=timedelta(minutes=1))

    assert (added, history.doubled) == (1, 1)
    assert rows(records)[0][1:3] == (slot(-10), "bad")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("adatum/portal,{at},true,5", "mobile operator 'adatum' is unknown"),
        ("contoso,{at},true,5", "allowed is <slug>/portal"),
        ("contoso/portal,2026-11-23T09:00:00,true,5", "has no time zone"),
        ("contoso/portal,yesterday,true,5", "not an ISO 8601 time"),
        ("contoso/portal,2026-11-23T12:00:01Z,true,5", "is in the future"),
        ("contoso/portal,{at},yes,5", "ok is 'yes'"),
        ("contoso/portal,{at},true,", "latency_ms is ''"),
        ("contoso/portal,{at},true,-1", "latency_ms is '-1'"),
        ("contoso/portal,{at},true,nan", "latency_ms is 'nan'"),
        ("contoso/portal,{at},true,1e9", "latency_ms is '1e9'"),
        ("contoso/portal,{at},false,5", "false without one"),
        ("contoso/portal,{at},true", "it has 3 cells, 4 are allowed"),
        ("contoso/portal,{at},true,5,x", "it has 5 cells"),
        ("contoso/portal,\x00{at},true,5", "not an ISO 8601 time"),
    ],
)
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_bad_row_is_named_and_nothing_is_imported(
    records: Store, monitoring: MonitoringPolicy, file: Path, row: str, problem: str
) -> None:
    """Every bad row is listed with its line; only on request are the good ones taken."""
    text = story("gg") + "\n" + row.format(at=at(-7)) + "\n"
    with pytest.raises(BadInput) as refused:
        import_text(records, monitoring, file, text)
    assert [one.startswith("history.csv line 5: ") for one in refused.value.problems] == [True]
    assert problem in str(refused.value)
    assert rows(records) == []

    history, added = import_text(records, monitoring, file, text, skip_bad=True)
    assert (added, len(history.problems)) == (2, 1)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"target,at,ok\n", "its first line must be target,at,ok,latency_ms"),
        (b"", "its first line must be"),
        (b"\xff\xfe\x00", "cannot be read as text in UTF-8"),
        (None, "cannot be read as text in UTF-8"),
    ],
)
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_file_that_is_none_is_refused(
    records: Store, monitoring: MonitoringPolicy, file: Path, content: bytes | None, problem: str
) -> None:
    if content is not None:
        file.write_bytes(content)
    with records.transaction() as connection, pytest.raises(BadInput, match=problem):
        import_history(
            connection, file, monitoring, interval=INTERVAL, skip_bad=True, by="Ada", now=NOON
        )


@pytest.mark.parametrize("changes", [{"interval": timedelta(seconds=20)}, {"by": " "}])
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_slots_off_our_grid_and_nobody_are_refused(
    records: Store, monitoring: MonitoringPolicy, file: Path, changes: dict
) -> None:
    with pytest.raises(BadInput, match="a multiple of 0:00:30"):
        import_text(records, monitoring, file, story("g"), **changes)


def test_what_we_saw_ourselves_stays(
    records: Store, record: Recorder, monitoring: MonitoringPolicy, file: Path
) -> None:
    """A history never replaces a sample, an outage or the state of the rules."""
    record_story(record, "gbbb", first=-100)
    before = rows(records)
    with records.snapshot() as connection:
        ours = outages(connection)

    _, added = import_text(records, monitoring, file, story("ggggbg", first=-101))

    assert added == 2
    assert [row for row in rows(records) if row in before] == before
    with records.snapshot() as connection:
        assert outages(connection) == ours
    assert record(-96, contoso="g").closed == (ours[0].key,)


def test_outages_of_a_history_are_on_record_and_escalated_by_nobody(
    records: Store, record: Recorder, monitoring: MonitoringPolicy, file: Path
) -> None:
    """Their origin tells them apart; one whose end is not seen is not claimed to last."""
    letters = "g" + "b" * 70 + "g" + "bb"
    import_text(records, monitoring, file, story(letters))

    with records.snapshot() as connection:
        (found,) = outages(connection)
        assert outages(connection, only_open=True) == []
        state = connection.execute(select(probe_target.c.slot, probe_target.c.state)).one()
        number = connection.scalar(select(func.count()).select_from(sample))
    assert (found.origin, found.bad_slots) == ("history", 70)
    assert found.escalated_at == found.first_bad + timedelta(minutes=30, seconds=30)
    assert (state.slot, state.state, number) == (None, {}, 74)
    assert not record(0, contoso="g").has_news
