"""
Processor milliseconds of one HTTPS probe, recording included, beside Debian's blackbox_exporter.

Both ask one nginx on this machine over TLS, a new connection each time, 1,000 portals in five
seconds, starts spread over four of them, and check status and body; both trust the same file of
authorities and are given an address: no name is looked up, no second address is tried. Ours is the
whole watcher in a process of its own: it plans, probes, judges and commits every sample to SQLite.
The peer is the exporter's process only: whoever asks it and keeps its answers, as Prometheus would,
is not counted. Both probe at the same time, so that whatever else the machine does falls on both.

`probes 10000` is 10,000 portals in slots of 30 seconds in one process: how late 99 of 100 probes
begin, how many slots are lost, how much memory it takes, what share of a core. `probes farthest` is
the largest fleet of those tried that one core watches without losing a slot and with 99 of 100
starts within 50 ms, as milliseconds of slot for each portal. `probes triggerer` is the trigger in a
real Airflow triggerer, 5,000 portals.
"""

import http.client
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psutil

from include.mobile_plans.simulation.local_world import LocalWorld
from include.mobile_plans.simulation.loopback import Ports
from include.mobile_plans.store import Store
from tests.benchmarks.fleet import (
    WORDS,
    Portals,
    Watched,
    fill,
    measured,
    nearest_rank,
    portals,
    program,
    watched,
    watching,
)
from tests.benchmarks.harness import Result

PORTALS = 1000
INTERVAL_S = 5
SPREAD_S = 4.0
ROUNDS = 6
LIMIT = 0.6
SCRAPERS = 8
FLEET = 10_000
FLEET_INTERVAL_S = 30
LATE_LIMIT_MS = 50.0
MEMORY_LIMIT_MB = 1024.0
FARTHER = (15_000, 20_000, 25_000)
IN_TRIGGERER = 5000
WATCHED_FOR_S = 240.0
EXPORTER = """
modules:
  portal:
    prober: http
    timeout: 4s
    http:
      valid_status_codes: [200]
      fail_if_body_not_matches_regexp: ["{words}"]
      preferred_ip_protocol: ip4
"""
AS_PROMETHEUS = {
    "Accept": "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "User-Agent": "Prometheus/2.42.0",
    "X-Prometheus-Scrape-Timeout-Seconds": "4",
}


@contextmanager
def exporter(folder: Path, fleet: Portals) -> Iterator[tuple[psutil.Process, int]]:
    """Run blackbox_exporter until the block ends."""
    configuration = folder / "blackbox.yml"
    configuration.write_text(EXPORTER.format(words=WORDS))
    port = Ports.free().web
    command = [
        program("prometheus-blackbox-exporter"),
        f"--config.file={configuration}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    environment = {"SSL_CERT_FILE": str(fleet.authorities)}
    with subprocess.Popen(command, env=environment) as running:
        time.sleep(1)
        try:
            yield psutil.Process(running.pid), port
        finally:
            running.terminate()


def scrape_all(port: int, fleet: Portals, number: int) -> None:
    """Ask the exporter for every portal once, evenly over four seconds, as Prometheus would."""
    begin = time.monotonic()

    def scrape(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for count in range(first, number, SCRAPERS):
            time.sleep(max(0.0, begin + SPREAD_S * count / number - time.monotonic()))
            target = quote(fleet.uri(f"portal-{count:05}"), safe="")
            path = f"/probe?module=portal&target={target}"
            connection.request("GET", path, headers=AS_PROMETHEUS)
            assert b"probe_success 1" in connection.getresponse().read()

    threads = [threading.Thread(target=scrape, args=(first,)) for first in range(SCRAPERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def compared(folder: Path, fleet: Portals, number: int = PORTALS, rounds: int = ROUNDS) -> Result:
    """Probe the same portals at the same time, ours and the peer."""
    with exporter(folder, fleet) as (process, port):
        scrape_all(port, fleet, number)
        ours = watching(fleet, number, interval_s=INTERVAL_S, rounds=rounds)
        before, scraped = process.cpu_times(), 0
        while ours.poll() is None:
            scrape_all(port, fleet, number)
            scraped += number
        after = process.cpu_times()
    theirs_s = after.user + after.system - before.user - before.system
    our_ms, their_ms = watched(ours).cpu_ms, theirs_s / scraped * 1000
    return Result(
        name="probes",
        figure=our_ms,
        unit="CPU ms",
        peer="blackbox_exporter",
        ratio=our_ms / their_ms,
        limit=LIMIT,
    )


def alone(name: str, figure: float, unit: str, limit: float) -> Result:
    """Return a figure without a peer."""
    return Result(name=name, figure=figure, unit=unit, peer=None, ratio=None, limit=limit)


def keeps_pace(found: Watched) -> bool:
    """Tell whether a fleet was watched as it should be."""
    return found.lost == 0 and found.late_p99_ms <= LATE_LIMIT_MS


def large(fleet: Portals) -> list[Result]:
    """Watch 10,000 portals, and then more for as long as one core keeps pace."""

    def watch(number: int, rounds: int) -> Watched:
        return watched(watching(fleet, number, interval_s=FLEET_INTERVAL_S, rounds=rounds))

    found = watch(FLEET, 2)
    farthest = FLEET
    for number in FARTHER:
        if not keeps_pace(watch(number, 1)):
            break
        farthest = number
    core = found.cpu_ms * FLEET / 1000 / FLEET_INTERVAL_S
    return [
        alone("probes 10000 start p99", found.late_p99_ms, "ms late", LATE_LIMIT_MS),
        alone("probes 10000 lost", found.lost, "slots", 0),
        alone("probes 10000 memory", found.memory_mb, "MB", MEMORY_LIMIT_MB),
        alone("probes 10000 core", core, "of a core", 1),
        alone(
            f"probes farthest: {farthest} portals",
            FLEET_INTERVAL_S * 1000 / farthest,
            "ms of slot per portal",
            FLEET_INTERVAL_S * 1000 / FLEET,
        ),
    ]


def in_triggerer(folder: Path, fleet: Portals, number: int = IN_TRIGGERER) -> list[Result]:
    """Let a real triggerer watch 5,000 portals, and read from the store what came of it."""
    with LocalWorld(folder / "world", environment=fleet.environment()) as world:
        store = Store(world.database_url)
        fill(store, fleet, number)
        began = time.time()
        time.sleep(WATCHED_FOR_S)
        triggerer = next(one for one in world.airflow.components if one.name == "triggerer")
        memory = sum(one.memory_info().rss for one in triggerer.members()) / 2**20
        ended = time.time()
    # Whole slots only: a minute to begin with, and the last ones may not have been recorded.
    first = int(began + 60) // FLEET_INTERVAL_S * FLEET_INTERVAL_S + FLEET_INTERVAL_S
    rounds = int(ended - 45 - first) // FLEET_INTERVAL_S
    with store.transaction() as connection:
        connection.exec_driver_sql(
            f"DELETE FROM sample WHERE slot >= {first + rounds * FLEET_INTERVAL_S}"  # noqa: S608 - a number
        )
    lost, late = measured(store, number, first, rounds)
    return [
        alone("probes triggerer start p99", nearest_rank(late, 0.99) / 1000, "ms late", 250),
        alone("probes triggerer lost", lost, "slots", 0),
        alone("probes triggerer memory", memory, "MB", MEMORY_LIMIT_MB),
    ]


def measure() -> list[Result]:
    """Measure all of it."""
    with tempfile.TemporaryDirectory() as name, portals(Path(name)) as fleet:
        folder = Path(name)
        return [compared(folder, fleet), *large(fleet), *in_triggerer(folder, fleet)]
