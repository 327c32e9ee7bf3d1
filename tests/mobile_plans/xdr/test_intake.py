"""Files that arrive: found when they are whole, checked once, kept and told of (X1)."""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from include.mobile_plans.incidents import list_incidents
from include.mobile_plans.monitoring import Archive
from include.mobile_plans.policy import change_state, program_policy
from include.mobile_plans.simulation.xdr_feeds import deliver
from include.mobile_plans.simulation.xdr_files import draft_file, write_draft
from include.mobile_plans.store.tables import xdr_file
from include.mobile_plans.xdr import (
    IDS,
    CheckedFile,
    FeedFolder,
    FeedName,
    check_arrival,
    checked_files,
    period_statuses,
    waiting,
)
from tests.mobile_plans.incidents.conftest import NOON, World, clock, world  # noqa: F401 - fixtures
from tests.mobile_plans.policy.examples import example
from tests.mobile_plans.xdr.feed_world import deliver as deliver_report

HOUR = timedelta(hours=1)
PERIOD = (NOON - 2 * HOUR, NOON - HOUR)


@dataclass
class Drop:
    """The folder of feeds and the archive of a world."""

    world: World
    folder: Path
    archive: Path

    def send(
        self,
        *faults: str,
        slug: str = "contoso",
        feed: FeedName = "CDR",
        start: datetime = NOON - 2 * HOUR,
        at: datetime | None = None,
        rows: int = 50,
    ) -> list[Path]:
        """Let the files of one period lie there, as written at a moment."""
        place = self.folder / slug
        before = set(place.glob("*"))
        deliver(place, example(slug), feed, start, periods=1, rows=rows, faults=faults)
        written = sorted(set(place.glob("*")) - before)
        for file in written:
            self.touch(file, at or self.world.clock.now() - timedelta(minutes=1))
        return written

    def touch(self, file: Path, at: datetime) -> None:
        os.utime(file, (at.timestamp(), at.timestamp()))

    def waiting(self) -> list[str]:
        found = waiting(self.world.store, FeedFolder(str(self.folder)), self.world.clock)
        return [one.place for one in found]

    def check(self) -> list[str]:
        """Check everything that waits."""
        drop, archive = FeedFolder(str(self.folder)), Archive(str(self.archive))
        store, clock = self.world.store, self.world.clock  # noqa: F811
        return [
            check_arrival(store, clock, drop, archive, one) for one in waiting(store, drop, clock)
        ]

    def files(self, slug: str | None = "contoso") -> list[CheckedFile]:
        with self.world.store.snapshot() as connection:
            return checked_files(connection, slug, None)


@pytest.fixture
def drop(world: World, tmp_path: Path) -> Drop:  # noqa: F811
    return Drop(world, tmp_path / "feeds", tmp_path / "archive")


def data_of(files: list[Path]) -> Path:
    return next(file for file in files if not file.name.endswith(".json"))


def test_a_whole_file_is_checked_once(drop: Drop) -> None:
    """X1: accepted, counted for its period, and not looked at again."""
    drop.send()
    (outcome,) = drop.check()
    assert outcome.endswith(".csv.gz accepted: 50 rows (T03)")
    assert drop.check() == []
    (file,) = drop.files()
    assert (file.state, file.rows, file.kept) == ("accepted", 50, None)
    assert [one["message"][:8] for one in file.findings] == ["learning"]
    now = drop.world.clock.now()
    with drop.world.store.snapshot() as connection:
        policy = program_policy()
        (status, *_) = period_statuses(connection, "contoso", *PERIOD, policy, now)
    assert (status.state, status.counted) == ("accepted", file)


def test_nothing_is_read_while_in_flight(drop: Drop) -> None:
    """X1: without its manifest a file is in flight for half an hour, then a finding."""
    data, manifest = sorted(drop.send(), key=lambda one: one.name.endswith(".json"))
    kept = manifest.read_bytes()
    manifest.unlink()
    drop.touch(data, drop.world.clock.now())
    (drop.folder / "contoso" / "CDR_contoso_P_20261123T1200Z_PT1H_000009.csv.gz.part").touch()
    drop.world.clock.advance(timedelta(minutes=29, seconds=59))
    assert drop.waiting() == []
    manifest.write_bytes(kept)
    drop.touch(manifest, drop.world.clock.now())
    assert drop.waiting() == []
    drop.world.clock.advance(timedelta(seconds=6))
    assert drop.waiting() == [f"contoso/{data.name}"]
    manifest.unlink()
    (outcome,) = drop.check()
    assert "refused" in outcome
    assert "F02" in outcome


def test_a_feed_without_manifests_waits_for_none(drop: Drop) -> None:
    """X1: a mobile operator's differences are data of its record."""
    day = NOON.replace(hour=0) - timedelta(days=1)
    (data,) = drop.send(slug="fabrikam", start=day)
    assert drop.waiting() == [f"fabrikam/{data.name}"]
    (outcome,) = drop.check()
    assert "accepted: 50 rows" in outcome


def test_an_empty_period_is_a_manifest_alone(drop: Drop) -> None:
    """X1: empty periods are stated, not inferred."""
    drop.send(rows=0)
    (outcome,) = drop.check()
    assert "accepted: 0 rows" in outcome
    now, policy = drop.world.clock.now(), program_policy()
    with drop.world.store.snapshot() as connection:
        (status, *_) = period_statuses(connection, "contoso", *PERIOD, policy, now)
    assert status.state == "empty"


def test_a_refused_file_is_kept_and_told(drop: Drop) -> None:
    """X1: refused with its reason, kept as it came, one Low incident."""
    sent = data_of(drop.send("F04"))
    (outcome,) = drop.check()
    assert "refused" in outcome
    (file,) = drop.files()
    assert (
        f"2026-11-23T10:00:00Z {file.file_id}:rejected" in drop.world.incident("INC-0001").troubles
    )
    assert file.kept is not None
    assert (drop.archive / file.kept).read_bytes() == sent.read_bytes()
    assert drop.world.incident("INC-0001").severity == "low"


def test_rows_set_aside_are_kept_with_their_reasons(drop: Drop) -> None:
    """X1: quarantined rows are counted, and kept as they came."""
    drop.send("R04")
    (outcome,) = drop.check()
    (file,) = drop.files()
    assert file.quarantined >= 1
    assert f"50 rows, {file.quarantined} set aside (R04, T03)" in outcome
    assert file.kept is not None
    kept = pq.read_table(drop.archive / file.kept).to_pylist()
    assert [row["reasons"] for row in kept] == ["R04"] * file.quarantined


def test_the_same_name_with_other_content_is_checked_again(drop: Drop) -> None:
    """F09: the same sequence with other content and no new revision is refused."""
    drop.send()
    drop.check()
    for file in (drop.folder / "contoso").iterdir():
        file.unlink()
    drop.world.clock.advance(HOUR)
    drop.send(rows=60)
    (outcome,) = drop.check()
    assert "refused" in outcome
    assert "F09" in outcome


def test_what_lies_there_leaves_no_gap(drop: Drop) -> None:
    """F09: after a stop of ours files may be checked in any order; one that never came is a gap."""
    for number in range(1, 5):
        start = NOON - (6 - number) * HOUR
        draft = draft_file(
            example("contoso"), "CDR", start, sequence=number, rows=9, seed=7, first=number * 9
        )
        (drop.folder / "contoso").mkdir(parents=True, exist_ok=True)
        path = write_draft(drop.folder / "contoso", draft)
        for file in (path, path.with_name(draft.name.manifest_name)):
            drop.touch(file, NOON - HOUR)
    folder, archive = FeedFolder(str(drop.folder)), Archive(str(drop.archive))
    store, now = drop.world.store, drop.world.clock
    first, second, third, fourth = waiting(store, folder, now)
    for one in (first, third):
        check_arrival(store, now, folder, archive, one)
    assert not any("F09" in str(one.findings) for one in drop.files())

    for part in (*second.parts, *third.parts):
        (drop.folder / part.place).unlink()
    with drop.world.write() as connection:
        connection.execute(xdr_file.delete().where(xdr_file.c.sequence == 3))
    assert "F09" in check_arrival(store, now, folder, archive, fourth)


def test_records_of_the_days_before_are_known(drop: Drop) -> None:
    """S01: a record that came in an earlier file is set aside, across files and processes."""
    drop.send(start=NOON - 3 * HOUR)
    drop.check()
    drop.send(start=NOON - 2 * HOUR)
    (outcome,) = drop.check()
    (_, second) = drop.files()
    assert second.quarantined == 50
    assert "S01" in outcome


def test_ids_are_kept_no_longer_than_they_are_asked_for(drop: Drop) -> None:
    """S01: what is older than a week and a day goes; what is younger stays, whatever it is."""
    drop.send()
    drop.check()
    archive = Archive(str(drop.archive))
    (ids,) = (drop.archive / IDS).rglob("*.parquet")
    now = drop.world.clock.now()
    drop.touch(ids, now - timedelta(days=8))
    assert archive.remove_older(IDS, now - timedelta(days=8)) == 0
    assert ids.exists()
    assert archive.remove_older(IDS, now - timedelta(days=7)) == 1
    assert not ids.exists()
    assert archive.remove_older("nothing/here", now) == 0


def test_whose_file_it_is(drop: Drop) -> None:
    """F01: a misnamed file is its folder's; in the wrong folder or nobody's it is refused."""
    named = data_of(drop.send())
    for place in ("contoso/yesterday.csv.gz", "nobody/x.csv.gz", "loose.csv.gz"):
        target = drop.folder / place
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(named.read_bytes())
        drop.touch(target, drop.world.clock.now() - HOUR)
    outcomes = drop.check()
    assert len(outcomes) == 4
    assert sum("refused" in one for one in outcomes) == 3
    misnamed = {one.name: one.slug for one in drop.files(None) if one.feed is None}
    assert misnamed == {"yesterday.csv.gz": "contoso", "x.csv.gz": None, "loose.csv.gz": None}


def test_nobody_delivers_in_anothers_name(drop: Drop) -> None:
    """F01: the folder says whose a file is: the other one hears nothing, and nothing counts."""
    for file in drop.send(slug="northwind", start=NOON - 2 * HOUR):
        target = drop.folder / "contoso" / file.name
        target.parent.mkdir(exist_ok=True)
        file.rename(target)
    (outcome,) = drop.check()
    assert "refused" in outcome
    assert "F01" in outcome
    (file,) = drop.files()
    assert (file.slug, file.feed, file.period_start, file.state) == (
        "contoso",
        None,
        None,
        "rejected",
    )
    assert drop.files("northwind") == []
    with drop.world.store.snapshot() as connection:
        assert {one.slug for one in list_incidents(connection)} == {"contoso"}


def test_an_empty_period_on_a_busy_hour_warns(drop: Drop) -> None:
    """F12, T03: the files before it say what is usual, with nothing else told."""
    for weeks in range(4, 0, -1):
        deliver_report(drop.world, NOON - 2 * HOUR - weeks * timedelta(days=7), rows=5_000)
    drop.send(rows=0)
    drop.check()
    found = {one["check"] for one in drop.files()[-1].findings}
    assert {"F12", "T03"} <= found


def test_two_checkers_of_one_file(drop: Drop) -> None:
    """X1: two tasks that check the same file record and tell it once."""
    drop.send("F04")
    drop_folder, archive = FeedFolder(str(drop.folder)), Archive(str(drop.archive))
    store, now = drop.world.store, drop.world.clock
    (arrival,) = waiting(store, drop_folder, now)
    first = check_arrival(store, now, drop_folder, archive, arrival)
    second = check_arrival(store, now, drop_folder, archive, arrival)
    assert "INC-0001" in first
    assert second == f"{arrival.place} was checked by another process meanwhile"
    with store.snapshot() as connection:
        assert len(connection.execute(xdr_file.select()).all()) == 1


def test_a_missing_folder_holds_nothing(drop: Drop) -> None:
    """X1: before the first delivery there is no folder, which is no error."""
    assert drop.waiting() == []


def test_a_mobile_operator_that_is_no_longer_live(drop: Drop) -> None:
    """X1: what it still sends is checked all the same."""
    with drop.world.write() as connection:
        change_state(
            connection,
            "contoso",
            "suspended",
            author="Ada",
            approver=None,
            reason="x",
            now=drop.world.clock.now(),
        )
    drop.send()
    assert drop.check()[0].endswith("accepted: 50 rows (T03)")
