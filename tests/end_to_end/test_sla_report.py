"""A day's SLA report through real Airflow processes, with the mails read back (M4)."""

import csv
import io
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from include.mobile_plans.instants import format_instant
from include.mobile_plans.monitoring import import_history
from include.mobile_plans.notices import list_notices
from include.mobile_plans.policy import change_state, load_policy
from include.mobile_plans.policy.files import (
    import_files,
    mobile_operator_paths,
    read_files,
    with_portal_base,
)
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.simulation.local_world import LocalWorld
from include.mobile_plans.simulation.loopback import Ports
from include.mobile_plans.simulation.mail_folder import CaughtMail
from include.mobile_plans.simulation.people import Person
from include.mobile_plans.store import Store
from include.mobile_plans.store.schema import upgrade

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(1200)]

DAG_ID = "sla_report"
SLOTS = 2880
BAD = {"contoso": 2, "northwind": 90}
PEOPLE = {"contoso": "chris.wong@contoso.example", "northwind": "northwind.example"}


@pytest.fixture(scope="module")
def day() -> date:
    """The newest UTC day that can be sealed."""
    return (SystemClock().now() - timedelta(hours=2, minutes=30)).date() - timedelta(days=1)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, day: date) -> Iterator[LocalWorld]:
    """
    An installation in which two mobile operators have been live for a while.

    The history of the day is there before Airflow is: its own run for that day may come first.
    """
    home, ports = tmp_path_factory.mktemp("world") / "home", Ports.free()
    home.mkdir()
    portals = f"https://localhost:{ports.portal}"
    store = Store(f"sqlite:///{home / 'store.db'}")
    live_for_long(store, portals)
    file = home / "history.csv"
    file.write_text(history(day))
    with store.transaction() as connection:
        import_history(
            connection,
            file,
            load_policy(SHIPPED_POLICY).monitoring,
            interval=timedelta(seconds=30),
            skip_bad=False,
            by="Ada",
            now=SystemClock().now(),
        )
    (home / "examples-imported.txt").write_text(f"{portals}\n")
    with LocalWorld(home, ports, say=print) as started:
        yield started


def live_for_long(store: Store, portals: str) -> None:
    """Put the examples on record a year ago, two of them live since."""
    upgrade(store)
    paths = mobile_operator_paths([SHIPPED_POLICY / "mobile_operators"])
    files = [
        replace(file, mobile_operator=with_portal_base(file.mobile_operator, portals))
        for file in read_files(paths, allow_loopback=True).read
    ]
    then = SystemClock().now() - timedelta(days=365)
    names = {"author": "Ada", "approver": None, "reason": "examples"}
    with store.transaction() as connection:
        import_files(connection, files, now=then, **names)
        for slug in BAD:
            change_state(connection, slug, "live", now=then + timedelta(hours=1), **names)


class Played:
    """A day reported by hand, and reported once more."""

    def __init__(self, world: LocalWorld, day: date) -> None:
        self.world, self.day = world, day
        self.store = Store(world.database_url)
        self.admin = Person(world.airflow.url, "admin", world.airflow.passwords["admin"])

    def play(self) -> None:
        """Report, and wait for the mails."""
        self.report()
        wanted = [f"SLA-{slug}-{self.day}" for slug in (*BAD, "overview")]
        self.until("the mails", lambda: all(self.mails(name) for name in wanted))

    def report(self) -> None:
        """Start the report of the day by hand, and wait until it is done."""
        run_id = self.admin.start(DAG_ID, {"day": self.day.isoformat()})
        over = ("success", "failed")
        self.until("the report", lambda: self.admin.run_state(DAG_ID, run_id) in over)
        assert self.admin.run_state(DAG_ID, run_id) == "success"

    def mails(self, number: str) -> list[CaughtMail]:
        """Return the mails of a statement."""
        return [one for one in self.world.mails.all() if one.subject.startswith(f"[{number}]")]

    def queued(self) -> list[str]:
        """Name every mail of reports in the outbox."""
        with self.store.snapshot() as connection:
            return [one.key for one in list_notices(connection, key_prefix="SLA-")]

    def until(self, what: str, check: Callable[[], Any], seconds: float = 480) -> None:
        """Look every second until something is so."""
        end = time.monotonic() + seconds
        while not check():
            self.world.require_alive()
            assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
            time.sleep(1)


def history(day: date) -> str:
    """Write the samples of a day: some bad ones in a row at noon, the rest good."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    lines = ["target,at,ok,latency_ms"]
    for slug, bad in BAD.items():
        for number in range(SLOTS):
            at = format_instant(midnight + timedelta(seconds=30 * number))
            is_bad = SLOTS // 2 <= number < SLOTS // 2 + bad
            lines.append(f"{slug}/portal,{at},{'false,' if is_bad else 'true,200'}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def played(world: LocalWorld, day: date) -> Played:
    """The day, reported."""
    played = Played(world, day)
    played.play()
    return played


@pytest.mark.parametrize("slug", BAD)
def test_each_reads_its_own_figures(played: Played, day: date, slug: str) -> None:
    """M4: to its contacts, with its own figures as text, picture, page and CSV, no other named."""
    (mail,) = played.mails(f"SLA-{slug}-{day}")
    assert mail.envelope_to[0].endswith(PEOPLE[slug])
    assert ("kept" if slug == "contoso" else "missed") in mail.subject

    files = {one.file_name: one for one in mail.attachments}
    text = files[f"SLA-{slug}-{day}.csv"].content.decode("utf-8-sig")
    period, of_day = csv.DictReader(io.StringIO(text))
    assert [int(row["bad_slots"]) for row in (period, of_day)] == [BAD[slug]] * 2
    assert int(period["good_slots"]) == SLOTS - BAD[slug]
    assert float(period["availability"]) == pytest.approx(1 - BAD[slug] / SLOTS)
    assert float(period["mean_ms"]) == pytest.approx(200)
    page = files[f"SLA-{slug}-{day}.html"].content.decode()
    assert page.startswith("<!doctype html>")
    if day.day > 1:
        picture = files["charts-1.png"]
        assert picture.content.startswith(b"\x89PNG")
        assert f'src="cid:{picture.content_id}"' in mail.html
        assert page.count("<svg") == 3

    (other,) = set(BAD) - {slug}
    whole = f"{mail.subject}\n{mail.text}\n{mail.html}\n{text}\n{page}"
    assert not re.search(rf"{other}|fabrikam|tailspin", whole, re.IGNORECASE)


def test_the_program_reads_of_all(played: Played, day: date) -> None:
    """M4: one table, the worst first; who was not live is not in it."""
    (mail,) = played.mails(f"SLA-overview-{day}")
    assert mail.envelope_to == ("sla-reports@mobileplans.example",)
    assert "1 missed, 0 undecided, 1 kept" in mail.subject
    assert mail.text.index("Northwind") < mail.text.index("Contoso")
    assert "Tailspin" not in mail.text


def test_reporting_again_mails_nothing(played: Played) -> None:
    """M4: the same day from the same samples is told once."""
    before = played.queued()
    played.report()
    assert played.queued() == before
