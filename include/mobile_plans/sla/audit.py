"""
One archive that shows an auditor all of one mobile operator over a time, and nothing of another.

The same record gives the same bytes: members are sorted, carry no time of day, and nothing in them
says when the archive was made. ``SHA256SUMS`` lists every member, so ``sha256sum -c`` checks them.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, select

from include.mobile_plans.iccid import mask_iccids
from include.mobile_plans.incidents import about, export_incident, list_incidents, whole_record
from include.mobile_plans.instants import format_instant
from include.mobile_plans.maintenance import Desk, Maintenance, end_of
from include.mobile_plans.monitoring import Archive, problem_of, sealed_days
from include.mobile_plans.notices import NoticeRow, list_notices, others_named_in
from include.mobile_plans.obligations import history, list_obligations
from include.mobile_plans.policy import (
    mobile_operator_versions,
    policies_taken_up,
)
from include.mobile_plans.policy.mobile_operators import document_of
from include.mobile_plans.sla.disputes import list_disputes
from include.mobile_plans.sla.document import csv_text, html_document
from include.mobile_plans.sla.documents import statement_document, statement_from
from include.mobile_plans.store import Event, stream_head, verify_events
from include.mobile_plans.store.tables import notice, sla_statement

SUMS = "SHA256SUMS"
_NO_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest a zip can name; when its members were written says nothing about the record."""
_MODE = 0o644 << 16
_CALL = "call:"
_UNSAFE = re.compile(r"[^0-9A-Za-z._-]+")
_READ_ME = """\
{name}, {first} to {last} (UTC).

statements/   SLA statements that touch the time, each as page, figures and JSON
disputes.json what it disputed of its slots, and how that was decided
records/      the versions of the record of {name} in force
policy/       the program's policies in force, by when they were taken up
mails/        every mail to {name}, byte by byte, and what became of it
calls.json    telephone calls about its incidents
promises.json promises of both parties, with every event
incidents/    its incidents, with every event and its hash
maintenance.json planned maintenance of either party
verification.json what a new look at every chain of hashes and the sealed samples found

SHA256SUMS lists every file: sha256sum -c SHA256SUMS. ICCIDs are masked outside of hashes, so an
event whose numbers are masked can be recomputed only from the record itself.
{left_out}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditScope:
    """
    What is exported.

    Attributes:
        connection: A read that sees one state of the store throughout.
        desk: The maintenance desk on it.
        archive: Where the sealed days are; None where it is not at hand, which the export says.
        slug: Whose.
        first_day: From this UTC day on.
        last_day: To this one, included.
    """

    connection: Connection
    desk: Desk
    archive: Archive | None
    slug: str
    first_day: date
    last_day: date

    @property
    def begin(self) -> datetime:
        """Its first instant."""
        return datetime.combine(self.first_day, time(), tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The instant after its last."""
        return datetime.combine(self.last_day, time(), tzinfo=UTC) + timedelta(days=1)

    def touches(self, since: datetime, until: datetime | None) -> bool:
        """Tell whether something that went on from one instant to another, or still, is in it."""
        return since < self.end and (until is None or until >= self.begin)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditExport:
    """
    The archive.

    Attributes:
        content: A zip.
        members: How many files are in it.
        problems: What verification found, a line each; the archive says it too.
        left_out: Members that would have named another mobile operator.
    """

    content: bytes
    members: int
    problems: tuple[str, ...]
    left_out: tuple[str, ...]


def export_audit(scope: AuditScope) -> AuditExport:
    """
    Put everything of a mobile operator over a time into one archive.

    What names another mobile operator is left out, and ``README.txt`` says so: mails cannot, the
    outbox refused them, but a note of a person might.

    Raises:
        NotFound: There is no such mobile operator.
    """
    streams: set[str] = set()
    found = dict(_members(scope, streams))
    verification, problems = _verification(scope, streams)
    found["verification.json"] = _json(verification)
    left_out = tuple(name for name in sorted(found) if _names_others(scope, name, found[name]))
    kept = {name: content for name, content in found.items() if name not in left_out}
    kept["README.txt"] = _read_me(scope, left_out).encode()
    sums = "".join(f"{sha256(kept[name]).hexdigest()}  {name}\n" for name in sorted(kept))
    kept[SUMS] = sums.encode()
    return AuditExport(
        content=_zipped(kept), members=len(kept), problems=problems, left_out=left_out
    )


def _members(scope: AuditScope, streams: set[str]) -> Iterator[tuple[str, bytes]]:
    """Yield every member, and note the chains of events that it shows."""
    yield from _statements(scope, streams)
    yield "disputes.json", _json({"disputes": list(_disputes(scope, streams))})
    yield from _records(scope)
    yield from _policies(scope)
    yield from _mails(scope, streams)
    yield from _incidents(scope, streams)
    yield "promises.json", _json({"promises": list(_promises(scope, streams))})
    yield "maintenance.json", _json({"maintenance": list(_maintenance(scope, streams))})


def _statements(scope: AuditScope, streams: set[str]) -> Iterator[tuple[str, bytes]]:
    query = (
        select(sla_statement.c.document)
        .where(
            sla_statement.c.slug == scope.slug,
            sla_statement.c.first_day <= scope.last_day,
            sla_statement.c.last_day >= scope.first_day,
        )
        .order_by(sla_statement.c.number, sla_statement.c.revision)
    )
    for document in scope.connection.scalars(query):
        one = statement_from(document)
        streams.add(f"statement:{one.number}")
        name = f"statements/{_file(one.number)}.{one.seal.revision}"
        yield f"{name}.json", _json(statement_document(one))
        yield f"{name}.html", html_document(one).encode()
        yield f"{name}.csv", csv_text(one).encode("utf-8-sig")


def _disputes(scope: AuditScope, streams: set[str]) -> Iterator[dict[str, Any]]:
    for one in list_disputes(scope.connection, slug=scope.slug):
        if scope.touches(one.starts_at, one.ends_at):
            streams.add(f"dispute:{one.dispute_id}")
            yield asdict(one)


def _records(scope: AuditScope) -> Iterator[tuple[str, bytes]]:
    versions = mobile_operator_versions(scope.connection, scope.slug)
    ends = [*(one.valid_from for one in versions[1:]), None]
    for one, until in zip(versions, ends, strict=True):
        if scope.touches(one.valid_from, until):
            facts = {
                name: getattr(one, name)
                for name in one.__dataclass_fields__
                if name != "mobile_operator"
            }
            document = facts | {"document": document_of(one.mobile_operator)}
            yield f"records/{one.version:04d}.json", _json(document)


def _policies(scope: AuditScope) -> Iterator[tuple[str, bytes]]:
    for event in policies_taken_up(scope.connection, scope.begin, scope.end):
        folder = f"policy/{event.recorded_at:%Y-%m-%dT%H%M%SZ}-{event.data['fingerprint'][:12]}"
        for name, text in event.data["files"].items():
            yield f"{folder}/{name}", text.encode()


def _mails(scope: AuditScope, streams: set[str]) -> Iterator[tuple[str, bytes]]:
    told = [
        one
        for one in list_notices(scope.connection, slug=scope.slug)
        if one.party == "mobile_operator" and scope.begin <= one.queued_at < scope.end
    ]
    for one in told:
        query = select(notice.c.message).where(notice.c.notice_key == one.key)
        streams.add(one.stream)
        yield f"mails/{_mail_file(one)}", bytes(scope.connection.scalar(query) or b"")
    documents = [asdict(one) | {"file": _mail_file(one)} for one in told]
    yield "mails/index.json", _json({"mails": documents})


def _incidents(scope: AuditScope, streams: set[str]) -> Iterator[tuple[str, bytes]]:
    """Yield each incident as a page and as its events, and the calls of all."""
    calls: list[Event] = []
    for one in list_incidents(scope.connection, slug=scope.slug):
        if scope.touches(one.opening.since, one.ended_at):
            told = about(scope.connection, one, one.changed_at)
            events, _ = whole_record(scope.connection, told)
            streams.update(event.stream for event in events)
            calls += [event for event in events if event.stream.startswith(_CALL)]
            page = export_incident(scope.connection, one.incident_id, one.changed_at)
            yield f"incidents/{one.incident_id}.html", page.encode()
            events_only = {"events": [asdict(event) for event in events]}
            yield f"incidents/{one.incident_id}.json", _json(events_only)
    yield "calls.json", _json({"events": [asdict(event) for event in calls]})


def _promises(scope: AuditScope, streams: set[str]) -> Iterator[dict[str, Any]]:
    for one in list_obligations(scope.connection, slug=scope.slug):
        ended_at = one.changed_at if one.is_closed else None
        if scope.touches(one.promise.since, ended_at):
            events = history(scope.connection, one.key)
            streams.update(event.stream for event in events)
            yield {
                "key": one.key,
                "kind": one.promise.kind,
                "title": one.promise.title,
                "owed_by": one.promise.debtor,
                "since": one.promise.since,
                "due_at": one.due_at,
                "state": one.state,
                "events": [asdict(event) for event in events],
            }


def _maintenance(scope: AuditScope, streams: set[str]) -> Iterator[dict[str, Any]]:
    for one in reversed(scope.desk.all()):
        plan = one.plan
        if plan is None or scope.slug not in plan.mobile_operators:
            continue
        if scope.touches(plan.window.starts_at, end_of(one)):
            streams.add(one.stream)
            yield _maintenance_document(scope.slug, one)


def _maintenance_document(slug: str, one: Maintenance) -> dict[str, Any]:
    """Say what one mobile operator was told, or told us: who else was told is not its matter."""
    assert one.plan is not None  # noqa: S101 - those without were passed over
    plan = one.plan
    verdicts = one.verdicts if plan.slug == slug else {slug: one.verdicts.get(slug)}
    return {
        "maintenance": one.maintenance_id,
        "maintained_by": plan.maintained_by,
        "service": plan.service,
        "objects": [asdict(affected) for affected in plan.objects],
        "starts_at": plan.window.starts_at,
        "ends_at": end_of(one),
        "summary": plan.summary,
        "state": one.state,
        "closed_at": one.closed_at,
        "notices": [
            {
                "recipient": recipient,
                "due_at": verdict.deadline.instant,
                "told_at": verdict.told_at,
                "late_by_s": late_by.total_seconds() if (late_by := verdict.late_by()) else None,
                "calendars": verdict.calendars,
            }
            for recipient, verdict in verdicts.items()
            if verdict is not None
        ],
    }


def _verification(scope: AuditScope, streams: set[str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Look again at every chain the archive shows and at every sealed day of its time."""
    chains, problems = [], []
    for stream in sorted(streams):
        found = [
            f"event {f.position}: {f.problem}" for f in verify_events(scope.connection, stream)
        ]
        head = stream_head(scope.connection, stream)
        chains.append({"stream": stream, "head_hash": head, "problems": found})
        problems += [f"{stream}, {problem}" for problem in found]
    days = []
    for day, sealed in sealed_days(scope.connection).items():
        if scope.first_day <= day <= scope.last_day:
            problem = None if scope.archive is None else problem_of(scope.archive, sealed)
            days.append(
                {"day": day, "file": sealed.file, "sha256": sealed.sha256, "problem": problem}
            )
            problems += [problem] if problem else []
    document = {"chains": chains, "samples": days, "samples_checked": scope.archive is not None}
    return document, tuple(problems)


def _names_others(scope: AuditScope, name: str, content: bytes) -> bool:
    """Tell whether a member names another mobile operator; mails were looked at as they left."""
    if name.endswith(".eml"):
        return False
    return bool(others_named_in(scope.connection, scope.slug, content.decode("utf-8-sig")))


def _read_me(scope: AuditScope, left_out: tuple[str, ...]) -> str:
    names = "".join(f"  {name}\n" for name in left_out)
    return _READ_ME.format(
        name=scope.slug,
        first=scope.first_day,
        last=scope.last_day,
        left_out=f"\nLeft out, because they name another mobile operator:\n{names}"
        if names
        else "",
    )


def _mail_file(one: NoticeRow) -> str:
    return f"{one.queued_at:%Y-%m-%dT%H%M%SZ}-{_file(one.key)}.eml"


def _file(text: str) -> str:
    return _UNSAFE.sub("_", text)


def _json(document: Mapping[str, Any]) -> bytes:
    text = json.dumps(document, default=_jsonable, indent=2, sort_keys=True, ensure_ascii=False)
    return mask_iccids(f"{text}\n").encode()


def _jsonable(value: object) -> Any:
    match value:
        case datetime():
            return format_instant(value)
        case date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
    msg = f"{type(value).__name__} has no agreed form in JSON"
    raise TypeError(msg)


def _zipped(members: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, _NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _MODE
            archive.writestr(entry, members[name])
    return file.getvalue()
