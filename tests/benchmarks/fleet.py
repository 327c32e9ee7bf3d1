"""
A fleet of portals on this machine, and a process that watches it, for benchmarks of probing.

``python -m tests.benchmarks.fleet`` is that process: its costs are its own. nginx is the portals,
one worker for all of them, over TLS.
"""

import argparse
import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from include.mobile_plans.errors import BadInput
from include.mobile_plans.monitoring import CONTROL_TARGETS_VARIABLE, Watch
from include.mobile_plans.monitoring.planning import AUTHORITIES_VARIABLE, authorities
from include.mobile_plans.monitoring.slots import slot_at, start_of
from include.mobile_plans.policy import load_policy
from include.mobile_plans.policy.expectations import Expectation
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.policy.mobile_operators import document_hash, document_of
from include.mobile_plans.policy.program import MonitoringPolicy
from include.mobile_plans.policy.values import LOOPBACK_VARIABLE
from include.mobile_plans.simulation.certificates import local_certificate
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.simulation.loopback import Ports
from include.mobile_plans.store import Store
from include.mobile_plans.store.schema import upgrade
from include.mobile_plans.store.tables import mobile_operator_version, sample
from tests.mobile_plans.policy.examples import example

ROOT = Path(__file__).resolve().parents[2]
WORDS = "MO Direct portal"
NGINX = """
worker_processes 1; worker_rlimit_nofile 16384; daemon off; pid {folder}/pid; user root;
error_log {folder}/error.log;
events {{ worker_connections 8192; }}
http {{
  access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
  fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port} ssl backlog=8192;
    ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3;
    location / {{ return 200 "{words}"; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portals:
    """Where the portals answer, and the file of authorities that trusts them."""

    port: int
    authorities: Path

    def uri(self, slug: str) -> str:
        """Return the address of one."""
        return f"https://127.0.0.1:{self.port}/{slug}/"

    def environment(self) -> dict[str, str]:
        """Return what a process that probes them finds in its environment."""
        return {
            LOOPBACK_VARIABLE: "1",
            AUTHORITIES_VARIABLE: str(self.authorities),
            CONTROL_TARGETS_VARIABLE: self.uri("control"),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """
    What watching a fleet cost and brought.

    Attributes:
        cpu_ms: Processor milliseconds of the process for each probe, recording included.
        late_p50_ms: By how much half of the probes began later than due, at most.
        late_p99_ms: The same for 99 of 100.
        lost: How many slots have no good sample, of all portals in all rounds.
        memory_mb: The most memory the process had.
    """

    cpu_ms: float
    late_p50_ms: float
    late_p99_ms: float
    lost: int
    memory_mb: float


def program(name: str) -> str:
    """
    Find a program of Debian.

    Raises:
        BadInput: It is not installed.
    """
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin")
    if found is None:
        msg = f"{name} is missing: apt-get install nginx-light prometheus-blackbox-exporter"
        raise BadInput(msg)
    return found


@contextmanager
def portals(folder: Path) -> Iterator[Portals]:
    """Answer for every portal until the block ends; trusted beside the system's authorities."""
    certificate = local_certificate(folder, SystemClock().now())
    bundle = folder / "authorities.pem"
    trusted = (Path(authorities()), certificate.authority)
    bundle.write_text("\n".join(path.read_text() for path in trusted))
    port = Ports.free().portal
    configuration = folder / "nginx.conf"
    configuration.write_text(
        NGINX.format(
            folder=folder,
            port=port,
            certificate=certificate.certificate,
            key=certificate.key,
            words=WORDS,
        )
    )
    with subprocess.Popen([program("nginx"), "-c", str(configuration)]) as nginx:
        time.sleep(0.5)
        try:
            yield Portals(port=port, authorities=bundle)
        finally:
            nginx.terminate()


def fill(store: Store, fleet: Portals, number: int) -> None:
    """Put so many live mobile operators on record."""
    base, now = example("contoso"), SystemClock().now() - timedelta(minutes=1)
    rows = []
    for count in range(number):
        slug = f"portal-{count:05}"
        portal = replace(
            base.portals.production,
            uri=fleet.uri(slug),
            expectation=Expectation(statuses=(200,), body_text=WORDS),
        )
        one = replace(
            base, slug=slug, state="live", portals=replace(base.portals, production=portal)
        )
        document = document_of(one)
        rows.append(
            {
                "slug": slug,
                "version": 1,
                "valid_from": now,
                "recorded_at": now,
                "author": "benchmark",
                "reason": "benchmark",
                "live_since": now,
                "state": "live",
                "name": slug,
                "document": document,
                "document_hash": document_hash(document),
            }
        )
    with store.transaction() as connection:
        connection.execute(mobile_operator_version.insert(), rows)


def quick_policy(interval_s: int) -> MonitoringPolicy:
    """Return the shipped policy with another interval."""
    policy = load_policy(SHIPPED_POLICY, allow_loopback=True).monitoring
    interval = timedelta(seconds=interval_s)
    timeout = min(policy.probe.timeout, interval * 0.8)
    return replace(policy, probe=replace(policy.probe, interval=interval, timeout=timeout))


def watching(
    fleet: Portals, number: int, *, interval_s: int, rounds: int
) -> subprocess.Popen[bytes]:
    """Begin to watch a fleet in a process of its own; its first round is not measured."""
    command = [
        *(sys.executable, "-m", "tests.benchmarks.fleet"),
        *(str(fleet.port), str(fleet.authorities), str(number), str(interval_s), str(rounds)),
    ]
    environment = os.environ | fleet.environment()
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)


def watched(process: subprocess.Popen[bytes]) -> Watched:
    """Wait for such a process, and return what it measured."""
    found, _ = process.communicate()
    assert process.returncode == 0
    return Watched(**json.loads(found))


def measured(store: Store, number: int, first: int, rounds: int) -> tuple[int, list[int]]:
    """Return how many slots lack a good sample from a slot on, and how late probes began."""
    with store.snapshot() as connection:
        query = select(sample.c.late_us).where(sample.c.slot >= first, sample.c.state == "good")
        late = sorted(connection.scalars(query))
    return number * rounds - len(late), late


def nearest_rank(ordered: list[int], share: float) -> float:
    """Return the value that a share of all does not exceed."""
    return float(ordered[max(0, -(-len(ordered) * round(share * 100) // 100) - 1)])


async def _watch(store: Store, policy: MonitoringPolicy, rounds: int) -> tuple[int, float]:
    """Watch for some rounds; return the first slot measured, and the processor seconds since."""
    clock, interval = SystemClock(), policy.probe.interval
    length_s = int(interval.total_seconds())
    watcher = Watch(store, lambda: policy, clock)
    watcher._planner.plan(clock.now())
    warm_up = slot_at(clock.now(), interval) + length_s
    watcher._until = start_of(warm_up + (rounds + 1) * length_s)
    began = 0.0
    async for report in watcher.rounds():
        if report.slot == start_of(warm_up):
            began = time.process_time()
    return warm_up + length_s, time.process_time() - began


def main() -> None:
    """Watch a fleet and print what it cost as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("port", "authorities", "portals", "interval_s", "rounds"):
        parser.add_argument(name)
    given = parser.parse_args()
    fleet = Portals(port=int(given.port), authorities=Path(given.authorities))
    number, rounds = int(given.portals), int(given.rounds)
    store = Store(f"sqlite:///{fleet.authorities.parent}/store-{os.getpid()}.db")
    upgrade(store)
    fill(store, fleet, number)
    policy = quick_policy(int(given.interval_s))
    first, cpu_s = asyncio.run(_watch(store, policy, rounds))
    lost, late = measured(store, number, first, rounds)
    found = Watched(
        cpu_ms=cpu_s / (number * rounds) * 1000,
        late_p50_ms=nearest_rank(late, 0.5) / 1000,
        late_p99_ms=nearest_rank(late, 0.99) / 1000,
        lost=lost,
        memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )
    sys.stdout.write(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()
