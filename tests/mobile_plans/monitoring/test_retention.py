"""Each closed UTC day is sealed once, and nothing leaves the store that is not sealed."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select

from include.mobile_plans.errors import BadInput, Conflict, MobilePlansError
from include.mobile_plans.monitoring import (
    Archive,
    SealedDay,
    clear_days,
    import_history,
    problem_of,
    retention,
    seal_days,
    sealed_days,
)
from include.mobile_plans.monitoring.archive import STATES
from include.mobile_plans.monitoring.records import hold_targets, sample_row
from include.mobile_plans.policy import ProgramPolicy, keep_policy
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store, insert_missing, read_events, verify_events
from include.mobile_plans.store.tables import sample
from tests.mobile_plans.monitoring.conftest import LENGTH_S, NOON, seen

SUNDAY = date(2026, 11, 22)
NIGHT = datetime(2026, 11, 23, 3, 17, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
PortalNames = tuple[str, ...]
NAMES = ("contoso/portal", "fabrikam/portal", "northwind/portal")


@pytest.fixture
def clock() -> VirtualClock:
    """The night after a Sunday, when housekeeping runs."""
    return VirtualClock(NIGHT)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(str(tmp_path / "archive"))


@pytest.fixture
def seal(
    records: Store, archive: Archive, clock: VirtualClock, policy: ProgramPolicy
) -> Callable[[], list[SealedDay]]:
    """What housekeeping does first."""
    return lambda: seal_days(records, archive, clock, policy)


@pytest.fixture
def clear(
    records: Store, archive: Archive, clock: VirtualClock, policy: ProgramPolicy
) -> Callable[[], tuple[list[date], list[str]]]:
    """What it does then."""
    return lambda: clear_days(records, archive, clock, policy)


def fill(
    store: Store,
    letters: str = "ggbug",
    *,
    first: datetime = MIDNIGHT,
    names: PortalNames = NAMES,
    step_s: int = LENGTH_S,
) -> None:
    """Write one sample per letter for each portal."""
    begin = int(first.timestamp())
    with store.transaction() as connection:
        targets = hold_targets(connection, list(names))
        insert_missing(
            connection,
            sample,
            [
                sample_row(targets[name].target_id, begin + number * step_s, seen(letter, name))
                for number, letter in enumerate(letters)
                for name in names
            ],
        )


def stored(store: Store) -> int:
    with store.snapshot() as connection:
        return connection.scalar(select(func.count()).select_from(sample))


def read(tmp_path: Path, sealed: SealedDay) -> pq.ParquetFile:
    return pq.ParquetFile(tmp_path / "archive" / sealed.file)


def test_a_closed_day_is_sealed(
    records: Store,
    seal: Callable[[], list[SealedDay]],
    archive: Archive,
    policy: ProgramPolicy,
    tmp_path: Path,
) -> None:
    """One file per UTC day, sorted by target then slot, with what is needed to judge it again."""
    with records.transaction() as connection:
        earlier = NOON - timedelta(days=2)
        keep_policy(connection, policy, SHIPPED_POLICY, (), earlier)
    fill(records)
    fill(records, "gb", first=MIDNIGHT + timedelta(days=1))

    (sealed,) = seal()

    assert (sealed.day, sealed.rows, sealed.targets) == (SUNDAY, 15, 3)
    assert sealed.file == f"samples/2026/11/2026-11-22.{sealed.sha256[:12]}.parquet"
    assert problem_of(archive, sealed) is None
    file = read(tmp_path, sealed)
    about = json.loads(file.schema_arrow.metadata[b"mobile_plans"])
    assert about == {
        "day": "2026-11-22",
        "states": ["good", "bad", "unknown"],
        "policies": [
            {
                "since": "2026-11-21T12:00:00Z",
                "fingerprint": policy.fingerprint,
                "interval_s": 30,
            }
        ],
    }
    rows = file.read().to_pylist()
    assert [(row["target"], row["slot"]) for row in rows] == [
        (name, int(MIDNIGHT.timestamp()) + LENGTH_S * n) for name in NAMES for n in range(5)
    ]
    assert [STATES[row["state"]] for row in rows[:5]] == ["good", "good", "bad", "unknown", "good"]
    assert (rows[2]["reason"], rows[2]["status"], rows[0]["status"]) == ("timeout", None, 200)
    assert (rows[0]["total_us"], rows[0]["late_us"], rows[0]["dns_us"]) == (50_000, 150, None)
    types = {field.name: str(field.type) for field in file.schema_arrow}
    assert types["state"] == "int8"
    assert {types[name] for name in types if name.endswith("_us")} == {"int32"}


def test_sealing_again_changes_nothing(
    records: Store, seal: Callable[[], list[SealedDay]], tmp_path: Path
) -> None:
    """Idempotent: a night's work done twice seals once."""
    fill(records)
    (sealed,) = seal()

    assert seal() == []
    assert [path.name for path in (tmp_path / "archive").rglob("*.*")] == [Path(sealed.file).name]
    with records.snapshot() as connection:
        assert sealed_days(connection) == {SUNDAY: sealed}
        assert verify_events(connection) == []


def test_a_day_that_is_not_over_is_not_sealed(
    records: Store, seal: Callable[[], list[SealedDay]], clock: VirtualClock
) -> None:
    """Rounds may wait for two hours in memory: a day is over a little later than at midnight."""
    fill(records, first=MIDNIGHT + timedelta(days=1))
    assert seal() == []
    clock.advance_to(datetime(2026, 11, 24, 2, 0, tzinfo=UTC))
    assert seal() == []
    clock.advance(timedelta(minutes=31))
    assert len(seal()) == 1


def test_row_groups_hold_whole_targets(
    records: Store,
    seal: Callable[[], list[SealedDay]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A reader streams target after target, and finds one by the statistics of the groups."""
    monkeypatch.setattr("include.mobile_plans.monitoring.archive._ROWS_OF_A_GROUP", 8)
    names = tuple(f"portal-{number}/portal" for number in range(5))
    fill(records, names=names)
    (sealed,) = seal()

    file = read(tmp_path, sealed)
    groups = [set(file.read_row_group(n)["target"].to_pylist()) for n in range(file.num_row_groups)]
    assert [sorted(group) for group in groups] == [list(names[:2]), list(names[2:4]), [names[4]]]
    statistics = file.metadata.row_group(1).column(0).statistics
    assert (statistics.min, statistics.max) == (names[2], names[3])


def test_samples_that_come_later_make_a_further_revision(
    records: Store,
    seal: Callable[[], list[SealedDay]],
    archive: Archive,
    tmp_path: Path,
) -> None:
    """What was sealed stays as it was sealed, in both files; the old one is still there."""
    fill(records, "gg")
    (first,) = seal()
    fill(records, "b", first=MIDNIGHT + timedelta(hours=1), names=("adatum/portal", NAMES[1]))
    (second,) = seal()

    assert (first.rows, second.rows, second.targets) == (6, 8, 4)
    assert problem_of(archive, first) is None
    with records.snapshot() as connection:
        assert sealed_days(connection) == {SUNDAY: second}
    rows = [(row["target"], row["slot"]) for row in read(tmp_path, second).read().to_pylist()]
    assert rows == sorted(rows)
    assert rows[0][0] == "adatum/portal"


def test_old_samples_leave_the_store_once_they_are_sealed(
    records: Store,
    seal: Callable[[], list[SealedDay]],
    clear: Callable[[], tuple[list[date], list[str]]],
    clock: VirtualClock,
) -> None:
    """Hot samples stay for the days of policy, and only whole days go."""
    fill(records, "g" * 24, step_s=3600)
    fill(records, "gg", first=MIDNIGHT + timedelta(days=1))
    seal()
    assert clear() == ([], [])

    clock.advance_to(MIDNIGHT + timedelta(days=8, hours=4))
    seal()
    assert clear() == ([SUNDAY], [])
    assert stored(records) == 6
    assert clear() == ([], [])
    assert seal() == []
    with records.snapshot() as connection:
        kinds = [event.kind for event in read_events(connection, "archive")]
    assert kinds == ["archive.sealed", "archive.sealed", "archive.cleared"]


def test_what_is_not_sealed_is_never_removed(
    records: Store,
    seal: Callable[[], list[SealedDay]],
    clear: Callable[[], tuple[list[date], list[str]]],
    clock: VirtualClock,
) -> None:
    fill(records)
    clock.advance_to(MIDNIGHT + timedelta(days=9))
    assert clear() == ([], ["2026-11-22 is not sealed with all of its samples"])

    seal()
    fill(records, "b", first=MIDNIGHT + timedelta(hours=2))
    assert clear() == ([], ["2026-11-22 is not sealed with all of its samples"])
    assert stored(records) == 18


@pytest.mark.parametrize("damage", ["edited", "missing"])
def test_what_cannot_be_verified_is_never_removed(
    records: Store,
    seal: Callable[[], list[SealedDay]],
    clear: Callable[[], tuple[list[date], list[str]]],
    archive: Archive,
    clock: VirtualClock,
    tmp_path: Path,
    damage: str,
) -> None:
    """A sealed file is hashed again before its samples go."""
    fill(records)
    (sealed,) = seal()
    path = tmp_path / "archive" / sealed.file
    if damage == "edited":
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    else:
        path.unlink()
    clock.advance_to(MIDNIGHT + timedelta(days=9))

    cleared, kept = clear()

    assert cleared == []
    assert kept == [problem_of(archive, sealed)]
    assert ("is not what was sealed" if damage == "edited" else "is missing") in kept[0]
    assert stored(records) == 15


def test_removal_that_was_interrupted_goes_on(
    records: Store,
    seal: Callable[[], list[SealedDay]],
    clear: Callable[[], tuple[list[date], list[str]]],
    clock: VirtualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A crash in the middle of removing a day leaves a day that is removed the next night."""
    fill(records, "g" * 24, step_s=3600)
    seal()
    clock.advance_to(MIDNIGHT + timedelta(days=9))
    calls = iter(range(100))
    whole = retention.sealed_days

    def crash(connection: object) -> object:
        if next(calls) == 6:
            raise KeyboardInterrupt
        return whole(connection)

    with monkeypatch.context() as patch:
        patch.setattr(retention, "sealed_days", crash)
        with pytest.raises(KeyboardInterrupt):
            clear()
    assert 0 < stored(records) < 72

    assert seal() == []
    assert clear() == ([SUNDAY], [])
    assert stored(records) == 0


def test_history_of_a_sealed_day_joins_it(
    records: Store,
    seal: Callable[[], list[SealedDay]],
    clear: Callable[[], tuple[list[date], list[str]]],
    clock: VirtualClock,
    policy: ProgramPolicy,
    tmp_path: Path,
) -> None:
    """Imported after its day was sealed and cleared: sealed with it, then cleared again."""
    fill(records, "gb", names=NAMES[:1])
    (first,) = seal()
    clock.advance_to(MIDNIGHT + timedelta(days=9))
    clear()
    file = tmp_path / "history.csv"
    rows = [f"{name},2026-11-22T00:00:{s:02}Z,true,7" for name in NAMES[:2] for s in (0, 30)]
    file.write_text("\n".join(["target,at,ok,latency_ms", *rows]))
    with records.transaction() as connection:
        import_history(
            connection,
            file,
            policy.monitoring,
            interval=timedelta(seconds=30),
            skip_bad=False,
            by="Ada",
            now=clock.now(),
        )
    assert clear() == ([], ["2026-11-22 is not sealed with all of its samples"])

    (second,) = seal()
    assert (first.rows, second.rows) == (2, 4)
    table = read(tmp_path, second).read().to_pylist()
    assert [STATES[row["state"]] for row in table] == ["good", "bad", "good", "good"]
    assert [row["total_us"] for row in table] == [50_000, 50_000, 7_000, 7_000]
    assert clear() == ([SUNDAY], [])
    assert stored(records) == 0


def test_an_import_while_a_day_is_removed_loses_nothing(
    records: Store,
    seal: Callable[[], list[SealedDay]],
    archive: Archive,
    clock: VirtualClock,
) -> None:
    """Removal stops at the first import of the day, and what was imported stays."""
    fill(records, "g" * 24, step_s=3600)
    (sealed,) = seal()
    fill(records, "b", first=MIDNIGHT + timedelta(minutes=30), names=NAMES[:1])
    with records.transaction() as connection:
        retention.append_event(
            connection,
            stream=retention.STREAM,
            kind=retention.IMPORTED,
            recorded_at=clock.now(),
            actor="Ada",
            data={"first": "2026-11-22T00:30:00Z", "last": "2026-11-22T00:30:00Z"},
        )
    retention._clear(records, sealed, clock.now())

    assert stored(records) == 73


def test_two_that_seal_at_once_do_not_mix(
    records: Store,
    archive: Archive,
    clock: VirtualClock,
    policy: ProgramPolicy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who comes second is told, and the day stays sealed as the first one did."""
    fill(records)
    put = Archive.put

    def put_late(self: Archive, local: Path, file: str) -> None:
        monkeypatch.setattr(Archive, "put", put)
        seal_days(records, archive, clock, policy)
        put(self, local, file)

    monkeypatch.setattr(Archive, "put", put_late)
    with pytest.raises(Conflict, match="meanwhile"):
        seal_days(records, archive, clock, policy)
    with records.snapshot() as connection:
        assert len(read_events(connection, "archive")) == 1


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_any_file_system_will_do(
    records: Store, clock: VirtualClock, policy: ProgramPolicy
) -> None:
    """The archive is a local folder or any URL that fsspec knows."""
    archive = Archive("memory://mobile-plans/archive")
    fill(records)
    (sealed,) = seal_days(records, archive, clock, policy)

    assert problem_of(archive, sealed) is None
    assert archive.parquet(sealed.file).metadata.num_rows == 15
    with pytest.raises(MobilePlansError, match=r"none\.parquet is missing in the archive"):
        archive.parquet("none.parquet")
    changed = replace(sealed, sha256="0" * 64)
    assert "is not what was sealed" in problem_of(archive, changed)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_an_archive_that_cannot_be_written_is_said(
    records: Store, clock: VirtualClock, policy: ProgramPolicy, tmp_path: Path
) -> None:
    """The samples stay, and the next night tries again."""
    (tmp_path / "archive").write_text("a file, not a folder")
    fill(records)

    with pytest.raises(MobilePlansError, match="the archive cannot be used"):
        seal_days(records, Archive(str(tmp_path / "archive")), clock, policy)
    assert stored(records) == 15


def test_an_archive_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOBILE_PLANS_ARCHIVE", raising=False)
    with pytest.raises(BadInput, match="MOBILE_PLANS_ARCHIVE is not set"):
        Archive.from_environment()
