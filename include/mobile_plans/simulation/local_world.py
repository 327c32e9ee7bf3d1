"""
Everything a person needs on one machine: Airflow, our store, caught mails, portals to look at.

``make run`` keeps one in ``.local/run``; demos and end-to-end tests make their own, with their own
home and ports, and run beside it.
"""

import fcntl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Self

from include.mobile_plans.errors import BadInput, MobilePlansError
from include.mobile_plans.simulation.certificates import local_certificate
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.simulation.local_airflow import PROJECT, LocalAirflow
from include.mobile_plans.simulation.loopback import ADDRESS, Ports
from include.mobile_plans.simulation.mail_folder import MailFolder
from include.mobile_plans.simulation.people import Person
from include.mobile_plans.simulation.portal import PortalControl
from include.mobile_plans.simulation.processes import ManagedProcess, stop_all

HEALTHY_WITHIN_S = 240.0
LOOK_EVERY_S = 0.5
LINES_SHOWN = 15
SENDER = "mobile-plans@localhost.localdomain"


class Stopped(MobilePlansError):
    """Somebody asked to stop while the world was being started."""


class ProcessDied(MobilePlansError):
    """A process of the world ended although nobody asked it to; the text holds its last lines."""

    def __init__(self, process: ManagedProcess) -> None:
        super().__init__(
            f"{process.name} ended with exit code {process.exit_code}; "
            f"the last lines of {process.log}:\n\n{process.tail(LINES_SHOWN)}"
        )


class LocalWorld:
    """
    A whole installation on this machine.

    Args:
        home: Where its data lives; made when missing, kept when stopped.
        ports: Where it listens; free ones are chosen when none are given.
        project: Root of the project it runs.
        policy: The program's policy, the project's own when none is given.
        environment: What every process finds in its environment besides, or instead.
        say: Told each step of the start in a few words.
    """

    def __init__(
        self,
        home: Path,
        ports: Ports | None = None,
        *,
        project: Path = PROJECT,
        policy: Path | None = None,
        environment: Mapping[str, str] | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.home = home.resolve()
        self.ports = ports or Ports.free()
        self.mails = MailFolder(self.home / "mails")
        self.mail_url = f"http://localhost:{self.ports.mail}"
        self.portal_url = f"https://localhost:{self.ports.portal}"
        self.portals = PortalControl(self.home / "portal" / "control")
        self.stopping = threading.Event()
        self._say = say
        self._project = project
        self.policy = policy or project / "include" / "policy"
        self._certificate = local_certificate(self.home / "portal", SystemClock().now())
        self.airflow = LocalAirflow(
            self.home, self.ports, extra=self._extra() | dict(environment or {}), project=project
        )
        self._helpers = [self._mail_catcher(), self._portal()]
        self._running: list[ManagedProcess] = []
        self._lock: IO[str] | None = None

    @property
    def database_url(self) -> str:
        """The URL of our store."""
        return f"sqlite:///{self.home / 'store.db'}"

    def start(self, *, with_airflow: bool = True) -> Self:
        """
        Prepare what is not prepared, start everything, and return when all of it is well.

        Args:
            with_airflow: Whether Airflow's processes are started, or only what stands beside them.

        Raises:
            BadInput: A port is taken, or another world uses this home.
            ProcessDied: A step or a component failed.
            Stopped: ``stopping`` was set meanwhile.
            MobilePlansError: It was not well within four minutes.
        """
        self.ports.require_free()
        self._lock = self._locked()
        try:
            self._prepare()
            self._start(self._helpers)
            if with_airflow:
                self._start(self.airflow.components)
                self._wait_until_healthy()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop everything this world started; its data stays."""
        self.stopping.set()
        stop_all(self._running)
        self._running.clear()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def restart(self) -> None:
        """
        Stop everything and start it again, as after a power cut that gave a warning.

        Raises:
            MobilePlansError: As ``start``.
        """
        self.stop()
        self.stopping.clear()
        self.start()

    def require_alive(self) -> None:
        """
        Look whether everything that was started still runs.

        Raises:
            ProcessDied: Something does not.
        """
        for process in self._running:
            if not process.is_running:
                raise ProcessDied(process)

    def command(self, name: str, arguments: Sequence[str]) -> None:
        """
        Run a command of ours to its end, in the environment of this world.

        Args:
            name: What its log is called.
            arguments: What follows ``python -m include.mobile_plans``.

        Raises:
            ProcessDied: It ended with another exit code than 0.
            Stopped: ``stopping`` was set meanwhile.
        """
        self._run_to_end(self.airflow.process(name, ["include.mobile_plans", *arguments]))

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def _locked(self) -> IO[str]:
        """Keep this home for us alone: two schedulers on one SQLite file lose work."""
        lock = (self.home / "in-use.lock").open("a", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            msg = (
                f"{self.home} is in use by another run: stop that one first, "
                "or make run RUN_HOME=<another folder>"
            )
            raise BadInput(msg) from None
        return lock

    def _prepare(self) -> None:
        for folder in ("archive", "xdr", "inbox", "mails"):
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        self.airflow.write_passwords()
        migration = self.airflow.migration()
        if migration is not None:
            self._say("preparing Airflow's database")
            self._run_to_end(migration)
            self.airflow.note_migrated()
        self._say("preparing the store")
        self.command("store-upgrade", ["db", "upgrade"])
        self._import_examples()

    def _import_examples(self) -> None:
        """Import the example mobile operators once, their portals being those of this world."""
        imported = self.home / "examples-imported.txt"
        if imported.exists():
            self._require_same_portals(imported.read_text().strip())
            return
        self._say("importing the example mobile operators")
        examples = self._project / "include" / "policy" / "mobile_operators"
        self.command(
            "store-import",
            [
                *("mobile-operator", "import", str(examples)),
                *("--portal-base", self.portal_url),
                *("--author", "make run", "--reason", "examples to begin with"),
            ],
        )
        imported.write_text(f"{self.portal_url}\n")

    def _require_same_portals(self, url: str) -> None:
        if url != self.portal_url:
            port = url.rpartition(":")[2]
            msg = (
                f"the mobile operators in {self.home} have their portals at {url}: "
                f"make run PORTAL_PORT={port}, or remove that folder to begin anew"
            )
            raise BadInput(msg)

    def _start(self, processes: Sequence[ManagedProcess]) -> None:
        for process in processes:
            self._say(f"starting {process.name}")
            self._running.append(process)
            process.start()

    def _run_to_end(self, process: ManagedProcess) -> None:
        self._start_quietly(process)
        while process.is_running:
            if self.stopping.wait(LOOK_EVERY_S / 5):
                msg = f"stopped while {process.name} ran"
                raise Stopped(msg)
        if process.exit_code != 0:
            raise ProcessDied(process)
        self._running.remove(process)

    def _start_quietly(self, process: ManagedProcess) -> None:
        self._running.append(process)
        process.start()

    def _wait_until_healthy(self) -> None:
        until = time.monotonic() + HEALTHY_WITHIN_S
        well: set[str] = set()
        while not self.stopping.wait(LOOK_EVERY_S):
            self.require_alive()
            health = self.airflow.health()
            for part in [part for part, state in health.items() if state == "healthy"]:
                if part not in well:
                    well.add(part)
                    self._say(f"{part.replace('_', '-')} is well")
            if health and well >= health.keys() and self._dags_are_read():
                self._say("the DAGs are read")
                return
            if time.monotonic() > until:
                msg = (
                    f"Airflow was not well within {HEALTHY_WITHIN_S:.0f} seconds: {health}; "
                    f"look into {self.airflow.logs}"
                )
                raise MobilePlansError(msg)
        msg = "stopped while Airflow was starting"
        raise Stopped(msg)

    def _dags_are_read(self) -> bool:
        """Tell whether every DAG file is known: before that, people find nothing to start."""
        admin = Person(self.airflow.url, "admin", self.airflow.passwords["admin"])
        files = {file.stem for file in (self._project / "dags").glob("*.py")}
        return files <= admin.known_dags()

    def _extra(self) -> dict[str, str]:
        connection = (
            f'{{"conn_type": "smtp", "host": "{ADDRESS}", "port": {self.ports.smtp}, '
            f'"extra": {{"from_email": "{SENDER}", "disable_ssl": true, "disable_tls": true, '
            '"timeout": 10, "retry_limit": 1}}'
        )
        return {
            "AIRFLOW_CONN_SMTP_MOBILE_PLANS": connection,
            "AIRFLOW_CONN_HTTP_MOBILE_PLANS_PORTAL": '{"conn_type": "http", "schema": "https"}',
            "MOBILE_PLANS_DATABASE_URL": self.database_url,
            "MOBILE_PLANS_POLICY_DIR": str(self.policy),
            "MOBILE_PLANS_ARCHIVE": str(self.home / "archive"),
            "MOBILE_PLANS_XDR_DIR": str(self.home / "xdr"),
            "MOBILE_PLANS_INBOX": str(self.home / "inbox"),
            "MOBILE_PLANS_ALLOW_LOOPBACK_PORTALS": "1",
            "MOBILE_PLANS_CA_FILE": str(self._certificate.authority),
            "MOBILE_PLANS_CONTROL_TARGETS": f"{self.portal_url}/control/",
        }

    def _mail_catcher(self) -> ManagedProcess:
        return self.airflow.process(
            "mail-catcher",
            [
                "include.mobile_plans.simulation.mail_catcher",
                f"--folder={self.mails.path}",
                f"--smtp-port={self.ports.smtp}",
                f"--page-port={self.ports.mail}",
            ],
        )

    def _portal(self) -> ManagedProcess:
        return self.airflow.process(
            "portal",
            [
                "include.mobile_plans.simulation.portal",
                f"--folder={self.home / 'portal'}",
                f"--port={self.ports.portal}",
            ],
        )
