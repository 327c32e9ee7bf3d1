"""
Three days of detail records through real Airflow, with the mails read back (X1).

Tailspin's hourly calls have a gap, a refused file that is sent again, and an hour in local time;
Northwind's daily calls a truncated file; Contoso's daily transactions nothing. One file comes only
after its sensor waits for it.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from include.mobile_plans.incidents import Incident, list_incidents
from include.mobile_plans.policy import MobileOperator, change_state, program_policy, record_version
from include.mobile_plans.policy.files import mobile_operator_paths, read_files, with_portal_base
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.policy.mobile_operators import XdrFeed
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.simulation.local_world import LocalWorld
from include.mobile_plans.simulation.loopback import Ports
from include.mobile_plans.simulation.mail_folder import CaughtMail
from include.mobile_plans.simulation.people import Person
from include.mobile_plans.simulation.xdr_faults import inject
from include.mobile_plans.simulation.xdr_files import draft_file, write_draft
from include.mobile_plans.store import Store
from include.mobile_plans.store.schema import upgrade
from include.mobile_plans.xdr import (
    FeedName,
    PeriodStatus,
    checked_files,
    file_name,
    period_statuses,
)
from include.mobile_plans.xdr.model import LENGTHS

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(900)]

DAG_ID = "xdr_feed_checks"
DAYS = 3
ROWS = 40
HOUR = timedelta(hours=1)
FEEDS = {
    "tailspin": XdrFeed(feed="CDR", cadence="PT1H"),
    "northwind": XdrFeed(feed="CDR", cadence="P1D"),
    "contoso": XdrFeed(feed="TDR", cadence="P1D"),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalWorld]:
    """An installation in which three mobile operators have been live for three days."""
    home, ports = tmp_path_factory.mktemp("world") / "home", Ports.free()
    home.mkdir()
    portals = f"https://localhost:{ports.portal}"
    live_for_days(Store(f"sqlite:///{home / 'store.db'}"), portals)
    (home / "examples-imported.txt").write_text(f"{portals}\n")
    with LocalWorld(home, ports, say=print) as started:
        yield started


def midnight() -> datetime:
    return SystemClock().now().replace(hour=0, minute=0, second=0, microsecond=0)


def live_for_days(store: Store, portals: str) -> None:
    """Put three of the examples on record, with one feed each."""
    upgrade(store)
    paths = mobile_operator_paths([SHIPPED_POLICY / "mobile_operators"])
    then = midnight() - timedelta(days=DAYS)
    names = {"author": "Ada", "approver": None, "reason": "examples"}
    with store.transaction() as connection:
        for file in read_files(paths, allow_loopback=True).read:
            record = with_portal_base(file.mobile_operator, portals)
            if record.slug in FEEDS:
                record = replace(record, xdr_feeds=(FEEDS[record.slug],))
                record_version(connection, record, now=then - HOUR, **names)
                change_state(connection, record.slug, "live", now=then, **names)


class Feeds:
    """The mobile operators' exports, as they write into their folders."""

    def __init__(self, world: LocalWorld) -> None:
        self.folder = world.home / "xdr"
        paths = mobile_operator_paths([SHIPPED_POLICY / "mobile_operators"])
        found = read_files(paths, allow_loopback=True).read
        self.records: dict[str, MobileOperator] = {
            one.mobile_operator.slug: replace(
                one.mobile_operator, xdr_feeds=(FEEDS[one.mobile_operator.slug],)
            )
            for one in found
            if one.mobile_operator.slug in FEEDS
        }
        self.begin = midnight() - timedelta(days=DAYS)

    def send(self, slug: str, number: int, *faults: str, revision: int = 0) -> None:
        """Deliver the file of a period, counted from 0, an hour after its end or just now."""
        terms = FEEDS[slug]
        start = self.begin + number * LENGTHS[terms.cadence]
        feed: FeedName = terms.feed
        draft = draft_file(
            self.records[slug],
            feed,
            start,
            sequence=number + 1,
            rows=ROWS,
            seed=7,
            first=number * ROWS,
        )
        name = replace(draft.name, revision=revision)
        draft.name = replace(name, name=file_name(name))
        inject(draft, list(faults), np.random.default_rng(number))
        (self.folder / slug).mkdir(parents=True, exist_ok=True)
        before = set((self.folder / slug).iterdir())
        write_draft(self.folder / slug, draft)
        written_at = min(start + LENGTHS[terms.cadence] + HOUR / 2, SystemClock().now())
        for file in set((self.folder / slug).iterdir()) - before:
            os.utime(file, (written_at.timestamp(), written_at.timestamp()))


class Played:
    """What three days of feeds come to."""

    def __init__(self, world: LocalWorld) -> None:
        self.world, self.feeds = world, Feeds(world)
        self.store = Store(world.database_url)
        self.ops = Person(world.airflow.url, "ops", world.airflow.passwords["ops"])
        now = SystemClock().now().replace(minute=0, second=0, microsecond=0)
        self.last = int((now - self.feeds.begin) / HOUR) - 1
        """The hour that ended last, counted from the first."""

    def play(self) -> None:
        """Deliver, let Airflow check, send again, and deliver the last file when it is awaited."""
        for number in range(self.last):
            if number == GAP:
                continue
            faults = {REFUSED: ["F04"], SHIFTED: ["R09"]}.get(number, [])
            self.feeds.send("tailspin", number, *faults)
        for number in range(DAYS):
            self.feeds.send("northwind", number, *(["F04"] if number == 1 else []))
            self.feeds.send("contoso", number)
        first = self.ops.start(DAG_ID, {})
        self.until("all that lies there is checked", lambda: len(self.files()) == self.last + 5)
        self.feeds.send("tailspin", self.last)
        self.until("the last file was awaited", lambda: self.is_over(first))
        self.feeds.send("tailspin", REFUSED, revision=1)
        second = self.ops.start(DAG_ID, {})
        self.until("the resend is checked", lambda: self.is_over(second))
        self.until("both read of it", lambda: len(self.mails("Low incident")) == 2)

    def is_over(self, run_id: str) -> bool:
        return self.ops.run_state(DAG_ID, run_id) in ("success", "failed")

    def files(self) -> list[Any]:
        with self.store.snapshot() as connection:
            return checked_files(connection, None, None)

    def statuses(self, slug: str) -> list[PeriodStatus]:
        now = SystemClock().now()
        with self.store.snapshot() as connection:
            return period_statuses(connection, slug, self.feeds.begin, now, program_policy(), now)

    def incidents(self) -> dict[str | None, Incident]:
        with self.store.snapshot() as connection:
            return {one.slug: one for one in list_incidents(connection)}

    def mails(self, words: str) -> list[CaughtMail]:
        return [mail for mail in self.world.mails.all() if words in mail.header("Subject")]

    def until(self, what: str, check: Callable[[], Any], seconds: float = 240) -> None:
        end = time.monotonic() + seconds
        while not check():
            self.world.require_alive()
            assert time.monotonic() < end, f"not within {seconds} s: {what}"
            time.sleep(1)


GAP, REFUSED, SHIFTED = 20, 30, 40


@pytest.fixture(scope="module")
def played(world: LocalWorld) -> Played:
    story = Played(world)
    story.play()
    return story


def test_every_period_stands_as_it_should(played: Played) -> None:
    """X1: a gap is missing, a resend counts, everything else is accepted once."""
    states = [one.state.value for one in played.statuses("tailspin")]
    expected = ["accepted"] * (played.last + 1)
    expected[GAP] = "missing"
    assert states == expected
    resent = played.statuses("tailspin")[REFUSED]
    assert (resent.counted and resent.counted.revision, len(resent.files)) == (1, 2)
    assert [one.state.value for one in played.statuses("northwind")] == [
        "accepted",
        "rejected",
        "accepted",
    ]
    assert [one.state.value for one in played.statuses("contoso")] == ["accepted"] * DAYS
    assert all(one.rows == ROWS for one in played.files() if one.state == "accepted")


def test_each_fault_is_found_where_it_is(played: Played) -> None:
    """X1: the truncated files and the shifted zone, and nothing else but what follows from them."""
    found = {
        (one.slug, one.period_start): {
            finding["check"] for finding in one.findings if finding["severity"] != "I"
        }
        for one in played.files()
        if any(finding["severity"] != "I" for finding in one.findings)
    }
    begin = played.feeds.begin
    assert "F04" in found.pop(("northwind", begin + timedelta(days=1)))
    shifted = found.pop(("tailspin", begin + SHIFTED * HOUR))
    assert "R09" in shifted
    gap = found.pop(("tailspin", begin + (GAP + 1) * HOUR))
    assert gap == {"F09"}
    refused = found.pop(("tailspin", begin + REFUSED * HOUR))
    assert "F04" in refused
    # Its manifest says that it was written twelve minutes after its hour, which may be to come.
    newest = found.pop(("tailspin", begin + played.last * HOUR), {"F15"})
    assert newest == {"F15"}
    assert found == {}


def test_one_incident_and_one_mail_for_each_feed(played: Played) -> None:
    """X1, E4: Low, told by mail to the mobile operator whose feed it is, and only to it."""
    incidents = played.incidents()
    assert set(incidents) == {"tailspin", "northwind"}
    assert {one.severity for one in incidents.values()} == {"low"}
    for slug, name in (("tailspin", "Tailspin"), ("northwind", "Northwind")):
        (mail,) = [one for one in played.mails("Low incident") if slug in one.header("To")]
        other = "Northwind" if name == "Tailspin" else "Tailspin"
        assert other not in mail.message.as_string()
        assert "contoso" not in mail.message.as_string().lower()


def test_refused_files_are_kept(played: Played) -> None:
    """X1: what was refused lies in the archive as it came."""
    refused = [one for one in played.files() if one.state == "rejected"]
    assert len(refused) == 2
    for one in refused:
        assert one.kept is not None
        kept = played.world.home / "archive" / one.kept
        came = played.feeds.folder / one.place
        assert kept.read_bytes() == came.read_bytes()


def test_names_in_airflow_are_for_people(played: Played) -> None:
    """X1: mapped tasks are named by mobile operator, feed and period."""
    runs = played.ops._call("GET", f"/api/v2/dags/{DAG_ID}/dagRuns")["dag_runs"]
    names = set()
    for run in runs:
        path = f"/api/v2/dags/{DAG_ID}/dagRuns/{run['dag_run_id']}/taskInstances?limit=500"
        found = played.ops._call("GET", path)["task_instances"]
        names |= {one["rendered_map_index"] for one in found if one["map_index"] >= 0}
    assert any(name.startswith("tailspin CDR 20") for name in names if name)
    # In the first hours of a day the file of yesterday is found by the sensor of its own period.
    assert {"northwind CDR, 3 files", "northwind CDR, 2 files"} & names
