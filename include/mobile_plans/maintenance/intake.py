"""
Notices of mobile operators that reach us as files: taken once, kept whole, never dropped (P2).

What can be read becomes the same record the form makes, with the time it was received. What cannot
becomes a record too, and somebody is asked to read it.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import select

from include.mobile_plans.errors import BadInput
from include.mobile_plans.maintenance.calendar_files import TheirNotice, read_notice
from include.mobile_plans.maintenance.changes import (
    announce,
    cancel,
    complete,
    extend,
    propose,
    record_and_tell,
    reschedule,
)
from include.mobile_plans.maintenance.desk import SYSTEM, Desk, number_of
from include.mobile_plans.maintenance.mails import tell_unreadable
from include.mobile_plans.maintenance.plans import CORE_NETWORK, PORTAL, PROGRAM, Plan
from include.mobile_plans.maintenance.state import RECEIVED, STARTED, Maintenance, Word
from include.mobile_plans.notices import Attachment
from include.mobile_plans.obligations import received_at_of
from include.mobile_plans.policy import MobileOperator
from include.mobile_plans.store.tables import maintenance_file as table

INBOX_VARIABLE = "MOBILE_PLANS_INBOX"
MOST_BYTES = 1_000_000
_SUFFIXES = (".ics", ".eml")
_SETTLED = timedelta(seconds=5)
"""A file that was written to more recently may still be on its way."""


def waiting_files(now: datetime) -> list[Path]:
    """Return the notices in the inbox that are there completely, in the order they came."""
    folder = os.environ.get(INBOX_VARIABLE)
    found = [
        (file.stat().st_mtime, file)
        for file in (Path(folder).iterdir() if folder and Path(folder).is_dir() else ())
        if file.suffix.lower() in _SUFFIXES and file.is_file() and not file.is_symlink()
    ]
    return [
        file
        for changed, file in sorted(found)
        if abs(now - datetime.fromtimestamp(changed, UTC)) >= _SETTLED
    ]


def read_file(file: Path, now: datetime) -> tuple[bytes, datetime]:
    """
    Return what a notice says, and when it reached us: when the file was written, at most now.

    Raises:
        BadInput: It cannot be read, or is longer than any notice.
    """
    try:
        status = file.stat()
        content = file.read_bytes() if status.st_size <= MOST_BYTES else None
    except OSError as error:
        msg = f"{file.name} cannot be read: {error.strerror}"
        raise BadInput(msg) from None
    if content is None:
        msg = f"{file.name} has {status.st_size} bytes: a notice has at most {MOST_BYTES}"
        raise BadInput(msg)
    return content, min(datetime.fromtimestamp(status.st_mtime, UTC), now)


def take_in(desk: Desk, name: str, content: bytes, received_at: datetime) -> tuple[str, bool]:
    """
    Take a notice in, whatever it is: the same content again changes nothing.

    Args:
        desk: The write transaction.
        name: What its file is called.
        content: A calendar file, or a mail with one attached, whose own headers say when it came.
        received_at: When it reached us, where it is no mail.

    Returns:
        What became of it in one sentence, and whether it could be read.
    """
    digest = sha256(content).hexdigest()
    known = desk.connection.execute(select(table).where(table.c.sha256 == digest)).first()
    if known is not None:
        return f"{name} was taken before: {known.outcome}", True
    problems: tuple[str, ...] = ()
    try:
        with desk.connection.begin_nested():
            if name.lower().endswith(".eml"):
                received_at = min(received_at_of(content), desk.now)
            taken, outcome = _apply(desk, _calendar_in(name, content), digest, received_at)
    except BadInput as error:
        problems = error.problems
        facts = {"problems": problems, "file": digest, "received_at": received_at}
        taken = desk.record(None, RECEIVED, Word(by=SYSTEM, at=received_at), facts)
        outcome = f"{taken.maintenance_id} cannot be read: {'; '.join(problems)}"
        original = Attachment(filename=_plain(name), content_type="text/plain", content=content)
        tell_unreadable(desk, taken, original)
    desk.connection.execute(
        table.insert().values(
            sha256=digest,
            name=name[-255:],
            content=content,
            received_at=received_at,
            recorded_at=desk.now,
            number=number_of(taken.maintenance_id),
            outcome=outcome,
        )
    )
    return f"{name}: {outcome}", not problems


def original_of(desk: Desk, maintenance: Maintenance) -> tuple[str, bytes] | None:
    """Return the name and content of the file a maintenance was last told by, or None."""
    row = desk.connection.execute(select(table).where(table.c.sha256 == maintenance.file)).first()
    return None if row is None else (row.name, row.content)


def _plain(name: str) -> str:
    """Return a file's name as a mail can carry it."""
    return re.sub(r"[^0-9A-Za-z._-]+", "_", name)[-100:]


def _calendar_in(name: str, content: bytes) -> bytes:
    """Return the calendar file itself, out of the mail where it came in one."""
    if not name.lower().endswith(".eml"):
        return content
    for part in message_from_bytes(content, policy=default).walk():
        called = (part.get_filename() or "").lower()
        if part.get_content_type() == "text/calendar" or called.endswith(".ics"):
            return bytes(part.get_payload(decode=True) or b"")
    msg = "the mail has no calendar file"
    raise BadInput(msg)


def _apply(
    desk: Desk, content: bytes, digest: str, received_at: datetime
) -> tuple[Maintenance, str]:
    """Do what a notice says, and return the maintenance with what became of it."""
    notice = read_notice(content)
    known = desk.mobile_operators()
    slug = _sender(notice, known)
    word = Word(by=notice.organizer or notice.provider, at=received_at)
    facts = {"theirs": notice.file, "file": digest, "received_at": received_at}
    plan = Plan(
        maintained_by=slug,
        service=_service(notice, known[slug]),
        objects=notice.objects,
        window=notice.window,
        recipients=(PROGRAM,),
        summary=notice.summary[:200],
        reference=notice.reference[:200],
    )
    before = desk.known_as(slug, notice.file.uid)
    if before is None:
        if notice.status in ("CANCELLED", "COMPLETED"):
            msg = f"it says {notice.status} of {notice.file.uid!r}, which nobody told us of"
            raise BadInput(msg)
        proposed = propose(desk, plan, word, desk.record(None, RECEIVED, word, facts))
        after = announce(desk, proposed.maintenance_id, word)
        return after, f"{after.maintenance_id} of {known[slug].name} is on record"
    last = before.theirs
    if last and (notice.file.sequence, notice.file.stamp) <= (last.sequence, last.stamp):
        return before, (
            f"refused as old: {before.maintenance_id} stands at SEQUENCE {last.sequence}, this is "
            f"{notice.file.sequence}"
        )
    before = desk.record(desk.lock(before.maintenance_id), RECEIVED, word, facts)
    after = _follow(desk, before, plan, notice, word)
    return after, f"{after.maintenance_id} of {known[slug].name} is {after.state}"


def _follow(
    desk: Desk, before: Maintenance, plan: Plan, notice: TheirNotice, word: Word
) -> Maintenance:
    """Do what a later notice says of a maintenance that is on record."""
    said = replace(word, why=f"its calendar file, SEQUENCE {notice.file.sequence}")
    if notice.status == "CANCELLED":
        return cancel(desk, before, said)
    if notice.status == "COMPLETED":
        return complete(desk, before, said)
    told, has_begun = before.plan, STARTED in before.steps
    assert told is not None  # noqa: S101 - what came as a file was told
    # Senders put the status into the summary, so another summary alone is no other plan.
    plan = replace(plan, summary=told.summary, reference=told.reference)
    if plan != told:
        if not has_begun:
            return reschedule(desk, before, plan, said)
        later = replace(told, window=replace(told.window, ends_at=plan.window.ends_at))
        if plan == later and plan.window.ends_at > told.window.ends_at:
            return extend(desk, before, plan.window.ends_at, said)
        msg = f"it changes {before.maintenance_id}, which is under way, in more than its end"
        raise BadInput(msg)
    if notice.status == "IN-PROCESS" and not has_begun:
        return record_and_tell(desk, before, STARTED, said, {"steps": (*before.steps, STARTED)})
    return before


def _sender(notice: TheirNotice, known: Mapping[str, MobileOperator]) -> str:
    """Find whose notice it is, by the provider's name or the domain of the organizer's address."""
    provider, domain = notice.provider.casefold(), notice.organizer.rpartition("@")[2].casefold()
    found = [
        slug
        for slug, one in known.items()
        if provider in {name.casefold() for name in _names(slug, one)}
        or {provider, domain} & {*_domains(one)}
    ]
    if len(found) != 1:
        names = ", ".join(one.name for one in known.values())
        msg = (
            f"X-MAINTNOTE-PROVIDER {notice.provider!r} and ORGANIZER {notice.organizer!r} name "
            f"{'none' if not found else 'more than one'} of {names}"
        )
        raise BadInput(msg)
    return found[0]


def _names(slug: str, one: MobileOperator) -> tuple[str, ...]:
    return slug, one.name, one.legal_name, one.brand.display_name, *one.other_names


def _domains(one: MobileOperator) -> Iterator[str]:
    for contact in (*one.contacts.maintenance, *one.contacts.operations, *one.contacts.incident):
        yield contact.email.rpartition("@")[2].casefold()


def _service(notice: TheirNotice, of: MobileOperator) -> str:
    """Name the service: what the file says, the portal where it names it, else the core network."""
    portal = {PORTAL, "mo direct portal", urlsplit(of.portals.production.uri).hostname}
    if notice.service in (CORE_NETWORK, PORTAL, "xdr"):
        return notice.service
    names = {one.name.casefold() for one in notice.objects}
    return PORTAL if names & portal else CORE_NETWORK
