"""The append-only event table and its chains of hashes."""

from datetime import datetime, timedelta
from threading import Thread

import pytest
from sqlalchemy import delete, update

from include.mobile_plans.errors import NaiveDatetime
from include.mobile_plans.store import (
    Store,
    append_event,
    newest_event,
    read_events,
    stream_head,
    tables,
    verify_events,
)

STREAM = "launch:launch-contoso-2026-12-14-1"


@pytest.fixture
def written(store: Store, now: datetime) -> Store:
    """A store with five events in one stream and one in another."""
    with store.transaction() as connection:
        for number in range(5):
            append_event(
                connection,
                stream=STREAM,
                kind="step.passed",
                recorded_at=now + timedelta(minutes=number),
                received_at=now,
                actor="Ada Ops",
                data={"number": number, "note": "é"},
            )
        append_event(connection, stream="other", kind="x.done", recorded_at=now, actor="a", data={})
    return store


def test_events_come_back_as_written(written: Store, now: datetime) -> None:
    """Events are read in order, with both times, aware, and their facts unchanged."""
    with written.snapshot() as connection:
        events = read_events(connection, STREAM)
        assert verify_events(connection) == []
        assert stream_head(connection, STREAM) == events[-1].hash
        assert stream_head(connection, "never began") == "0" * 64

    assert [event.data["number"] for event in events] == [0, 1, 2, 3, 4]
    assert events[3].recorded_at == now + timedelta(minutes=3)
    assert events[3].effective_at == now
    assert events[0].data["note"] == "é"


def test_the_newest_event_is_read_alone(written: Store, now: datetime) -> None:
    """Of a long stream only the last event is read, or the last of a kind."""
    with written.transaction() as connection:
        append_event(
            connection, stream=STREAM, kind="step.failed", recorded_at=now, actor="a", data={}
        )
    with written.snapshot() as connection:
        newest = newest_event(connection, STREAM)
        passed = newest_event(connection, STREAM, "step.passed")
        assert newest_event(connection, "never began") is None

    assert (newest.position, newest.kind) == (6, "step.failed")
    assert (passed.position, passed.data["number"]) == (5, 4)


def test_a_held_stream_waits_for_its_holder(written: Store, now: datetime) -> None:
    """Who holds a stream's head decides before anybody else appends to it."""
    heads = []

    def append() -> None:
        with written.transaction() as connection:
            append_event(connection, stream=STREAM, kind="x.y", recorded_at=now, actor="a", data={})

    with written.transaction() as connection:
        heads.append(stream_head(connection, STREAM, held=True))
        writer = Thread(target=append)
        writer.start()
        writer.join(0.3)
        assert writer.is_alive()
        heads.append(stream_head(connection, STREAM))
    writer.join(30)

    assert heads[0] == heads[1]
    with written.snapshot() as connection:
        assert len(read_events(connection, STREAM)) == 6


TAMPERINGS = {
    "edited": [update(tables.event).where(tables.event.c.position == 2).values(data={"number": 9})],
    "signer edited": [update(tables.event).where(tables.event.c.position == 2).values(actor="Eve")],
    "removed": [delete(tables.event).where(tables.event.c.position == 2)],
    "truncated": [delete(tables.event).where(tables.event.c.position >= 4)],
    "emptied": [delete(tables.event).where(tables.event.c.stream == STREAM)],
    "reordered": [
        update(tables.event).where(tables.event.c.position == 2).values(position=99),
        update(tables.event).where(tables.event.c.position == 3).values(position=2),
        update(tables.event).where(tables.event.c.position == 99).values(position=3),
    ],
    "truncated with its head's length": [
        delete(tables.event).where(tables.event.c.position == 5),
        update(tables.event_stream).where(tables.event_stream.c.stream == STREAM).values(length=4),
    ],
}


@pytest.mark.parametrize("statements", TAMPERINGS.values(), ids=TAMPERINGS)
def test_tampering_is_found(written: Store, statements: list) -> None:
    """An edited, removed, reordered or cut-off row breaks its stream and no other."""
    with written.transaction() as connection:
        for statement in statements:
            connection.execute(statement)

    with written.snapshot() as connection:
        assert {finding.stream for finding in verify_events(connection)} == {STREAM}
        assert verify_events(connection, "other") == []


def test_an_inserted_row_is_found(written: Store, now: datetime) -> None:
    """A row slipped in at the end, even with a hash that fits itself, breaks the stream."""
    with written.transaction() as connection:
        last = read_events(connection, STREAM)[-1]
        row = {name: getattr(last, name) for name in last.__dataclass_fields__}
        row |= {"position": 6, "previous_hash": last.hash, "recorded_at": now}
        row["hash"] = type(last)(**row).expected_hash()
        connection.execute(tables.event.insert().values(row))

    with written.snapshot() as connection:
        assert [finding.position for finding in verify_events(connection)] == [5]


def test_writers_of_one_stream_wait_for_each_other(store: Store, now: datetime) -> None:
    """Many writers at once leave one whole chain."""

    def write(name: str) -> None:
        for number in range(10):
            with store.transaction() as connection:
                append_event(
                    connection,
                    stream=STREAM,
                    kind="x.done",
                    recorded_at=now,
                    actor=name,
                    data={"n": number},
                )

    threads = [Thread(target=write, args=(f"writer {i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with store.snapshot() as connection:
        assert len(read_events(connection, STREAM)) == 40
        assert verify_events(connection) == []


def test_naive_instants_are_refused(store: Store, now: datetime) -> None:
    """An instant without a zone is refused and nothing is written."""
    with pytest.raises(NaiveDatetime), store.transaction() as connection:
        append_event(
            connection,
            stream=STREAM,
            kind="x.done",
            recorded_at=now.replace(tzinfo=None),
            actor="a",
            data={},
        )

    with store.snapshot() as connection:
        assert read_events(connection, STREAM) == []


def test_an_undone_transaction_leaves_no_event(store: Store, now: datetime) -> None:
    """An error after the event takes the event with it."""

    def write_and_fail() -> None:
        with store.transaction() as connection:
            append_event(
                connection, stream=STREAM, kind="x.done", recorded_at=now, actor="a", data={}
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()

    with store.snapshot() as connection:
        assert read_events(connection, STREAM) == []
        assert verify_events(connection) == []
