"""One archive that shows all of one mobile operator, and nothing of another."""

import io
import json
import zipfile
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from include.mobile_plans.commands import audit as room
from include.mobile_plans.incidents import Report, report
from include.mobile_plans.orchestration.maintenance_outlook import desk_at
from include.mobile_plans.policy import (
    ProgramPolicy,
    keep_policy,
    mobile_operator_in_force,
    policy_directory,
)
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.sla import Claim, open_dispute
from include.mobile_plans.sla.audit import AuditExport, AuditScope, export_audit
from include.mobile_plans.sla.documents import kept_document
from include.mobile_plans.sla.mails import queue_statement
from include.mobile_plans.sla.model import Statement
from include.mobile_plans.store import Store, tables
from tests.mobile_plans.commands.running import CommandLine
from tests.mobile_plans.incidents.conftest import ALL_KNOWN
from tests.mobile_plans.maintenance.conftest import NOON, World, import_examples
from tests.mobile_plans.sla import examples

FIRST, LAST = date(2026, 11, 1), date(2026, 12, 31)
NAMES = {"contoso": "Contoso Mobile", "northwind": "Northwind Traders"}


class Played:
    """Two mobile operators with statements, an incident each, and maintenance told to both."""

    def __init__(self, store: Store, policy: ProgramPolicy) -> None:
        self.store, self.policy, self.clock = store, policy, VirtualClock(NOON)
        import_examples(store, NOON - timedelta(days=365))
        with store.transaction() as connection:
            keep_policy(connection, policy, policy_directory(), (), NOON)
        for slug, name in NAMES.items():
            self.keep(examples.month(slug, name, targets=()))
            self.incident(slug)
        self.dispute()
        World(store, policy, self.clock).told()

    def keep(self, statement: Statement) -> None:
        """Keep a statement, and mail it."""
        with self.store.transaction() as connection:
            connection.execute(
                tables.sla_statement.insert().values(
                    number=statement.number,
                    revision=statement.seal.revision,
                    slug=statement.slug,
                    kind=statement.kind,
                    first_day=statement.first_day,
                    last_day=statement.last_day,
                    seal=statement.seal.sha256,
                    inputs={},
                    document=kept_document(statement),
                    made_at=statement.made_at,
                )
            )
            record = mobile_operator_in_force(connection, statement.slug, NOON).mobile_operator
            queue_statement(connection, statement, record, self.policy, now=self.clock.now())

    def incident(self, slug: str, caller: str = "The NOC") -> None:
        now = self.clock.now()
        told = Report(
            source=f"test:{slug}:{caller}",
            slugs=(slug,),
            channel="call",
            service="mobile_plans",
            what="Users cannot buy plans",
            since=now - timedelta(minutes=40),
            received_at=now,
            caller=f"{caller}, +1 206 555 0100",
            stated=ALL_KNOWN,
        )
        with self.store.transaction() as connection:
            report(connection, told, by="ops", now=now)

    def dispute(self) -> None:
        """Let contoso dispute an hour."""
        claim = Claim(
            target="contoso/portal",
            starts_at=NOON - timedelta(hours=3),
            ends_at=NOON - timedelta(hours=2),
            contact="Chris Wong",
            evidence="the log of our load balancer",
            file=None,
            received_at=NOON,
        )
        with self.store.transaction() as connection:
            open_dispute(connection, claim, self.policy, by="ops", now=NOON)

    def export(self, slug: str = "contoso", first: date = FIRST, last: date = LAST) -> AuditExport:
        with self.store.snapshot() as connection:
            scope = AuditScope(
                connection=connection,
                desk=desk_at(connection, self.clock.now()),
                archive=None,
                slug=slug,
                first_day=first,
                last_day=last,
            )
            return export_audit(scope)


@pytest.fixture
def played(store: Store, policy: ProgramPolicy, monkeypatch: pytest.MonkeyPatch) -> Played:
    """What is exported."""
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", store.url.render_as_string(hide_password=False))
    monkeypatch.setenv("MOBILE_PLANS_POLICY_DIR", str(SHIPPED_POLICY))
    return Played(store, policy)


def members(made: AuditExport) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_what_is_in_it(played: Played) -> None:
    """M4: statements, records, policy, mails as sent, calls, promises, maintenance, hashes."""
    made = played.export()
    found = members(made)

    assert made.problems == made.left_out == ()
    assert len(found) == made.members
    for name in ("statements/SLA-contoso-2026-11.0.html", "records/0002.json", "calls.json"):
        assert name in found
    assert any(name.startswith("policy/2026-11-23T120000Z-") for name in found)
    mails = json.loads(found["mails/index.json"])["mails"]
    assert {"sla_statement", "maintenance_announced"} <= {mail["kind"] for mail in mails}
    for mail in mails:
        assert found[f"mails/{mail['file']}"].startswith(b"From: ")
    (maintenance,) = json.loads(found["maintenance.json"])["maintenance"]
    assert [one["recipient"] for one in maintenance["notices"]] == ["contoso"]
    (dispute,) = json.loads(found["disputes.json"])["disputes"]
    assert (dispute["state"], dispute["contact"]) == ("open", "Chris Wong")
    (incident,) = [name for name in found if name.endswith(".html") and "incidents/" in name]
    chains = {one["stream"] for one in json.loads(found["verification.json"])["chains"]}
    assert f"incident:{Path(incident).stem}" in chains
    assert {"statement:SLA-contoso-2026-11", f"dispute:{dispute['dispute_id']}"} <= chains


def test_every_member_is_listed_with_its_hash(played: Played) -> None:
    """A partner checks it with sha256sum; the same record gives the same bytes."""
    made = played.export()
    found = members(made)
    lines = found.pop("SHA256SUMS").decode().splitlines()
    listed = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}

    assert listed == {name: sha256(content).hexdigest() for name, content in found.items()}
    assert list(found) == sorted(found)
    played.clock.advance(timedelta(days=40))
    assert played.export().content == made.content


def test_nothing_of_another(played: Played) -> None:
    """No member names another mobile operator; what a person wrote of one is left out and said."""
    played.incident("contoso", caller="Theirs, not of Northwind Traders")
    made = played.export()

    assert {Path(name).parent.name for name in made.left_out} == {"incidents"}
    found = members(made)
    for name, content in found.items():
        assert b"northwind" not in content.lower(), name
    assert all(name in found["README.txt"].decode() for name in made.left_out)


def test_only_of_its_time(played: Played) -> None:
    """What neither happened nor was in force in the time is not in it."""
    found = members(played.export(first=date(2026, 10, 1), last=date(2026, 10, 31)))
    assert json.loads(found["mails/index.json"]) == {"mails": []}
    assert not [name for name in found if name.startswith(("statements/", "incidents/", "policy/"))]
    assert "records/0002.json" in found


def test_a_broken_chain_is_told(played: Played) -> None:
    """What was edited behind the record's back stands in the archive and in the exit code."""
    with played.store.transaction() as connection:
        event = tables.event
        edited = event.c.stream.startswith("incident:")
        connection.execute(event.update().where(edited).values(actor="nobody"))
    made = played.export()
    assert any("its content does not fit its hash" in problem for problem in made.problems)


def test_the_command(
    played: Played,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command_line: CommandLine,
) -> None:
    """``audit export`` writes the archive once, and refuses what makes no sense."""
    monkeypatch.setattr(room, "SystemClock", lambda: played.clock)
    file = tmp_path / "audit.zip"
    of = ("audit", "export", "--mobile-operator", "contoso", "--output", str(file))
    time = ("--from", "2026-11-01", "--to", "2026-11-30")

    made = command_line(*of, *time, "--json")
    assert made.code == 0
    assert json.loads(made.out)["members"] == len(members_of(file))
    assert command_line(*of, *time).code == 2
    assert command_line(*of, "--from", "2026-11-30", "--to", "2026-11-01").code == 2
    assert "is no day" in command_line(*of, "--from", "1.11.", "--to", "2026-11-01").err
    unknown = command_line("audit", "export", "--mobile-operator", "gizmo", *time)
    assert (unknown.code, "did you mean" in unknown.err or "unknown" in unknown.err) == (2, True)


def members_of(file: Path) -> list[str]:
    with zipfile.ZipFile(file) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        return archive.namelist()


@pytest.fixture
def command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """``python -m include.mobile_plans`` in this process."""
    return CommandLine(monkeypatch, capsys)


def test_days_are_utc(played: Played) -> None:
    """A time of one day begins at its midnight in UTC."""
    with played.store.snapshot() as connection:
        scope = AuditScope(
            connection=connection,
            desk=desk_at(connection, NOON),
            archive=None,
            slug="contoso",
            first_day=FIRST,
            last_day=FIRST,
        )
        assert scope.begin == datetime(2026, 11, 1, tzinfo=UTC)
        assert scope.end == datetime(2026, 11, 2, tzinfo=UTC)
