"""
Mobile operators as versioned records: a version is added, never edited.

The newest version whose ``valid_from`` has come is in force. Each carries its author, approver and
reason, and is told in the event stream ``mobile_operator:<slug>``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from include.mobile_plans.errors import BadInput, Conflict
from include.mobile_plans.instants import format_instant, require_utc
from include.mobile_plans.policy.consistency import overlaps_between, read_mobile_operator
from include.mobile_plans.policy.documents import Document, dotted
from include.mobile_plans.policy.mobile_operators import (
    MobileOperator,
    State,
    document_hash,
    document_of,
)
from include.mobile_plans.policy.states import live_period, require_transition
from include.mobile_plans.policy.versions import (
    HEAD_COLUMNS,
    MobileOperatorVersion,
    newest_version,
    newest_versions,
    no_such_mobile_operator,
)
from include.mobile_plans.store import append_event
from include.mobile_plans.store.tables import mobile_operator_version as version_table

_ONE_WRITER_LOCK = 776_101_002
_CLOCKS_DIFFER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signature:
    """Who records, who approved, why, when, and from when on it shall be in force."""

    author: str
    approver: str | None
    reason: str
    now: datetime
    valid_from: datetime | None = None


def record_version(
    connection: Connection,
    mobile_operator: MobileOperator,
    *,
    author: str,
    approver: str | None,
    reason: str,
    now: datetime,
    valid_from: datetime | None = None,
) -> MobileOperatorVersion:
    """
    Add a version of a mobile operator; the state of an existing one stays as it is.

    Recording the document that is newest already changes nothing.

    Args:
        connection: A write transaction of the store.
        mobile_operator: The record as it shall be.
        author: The named person who wrote it.
        approver: A second named person, or None.
        reason: Why.
        now: When it is recorded.
        valid_from: From when on it is in force; ``now`` where not given, never before it.

    Returns:
        The version added, or the newest one where nothing changed.

    Raises:
        BadInput: The record contradicts itself, a name or reason is empty, the validity begins in
            the past, or author and approver are one person.
        Conflict: Its ICCIDs are another's, its state differs, or a later version waits already.
        NaiveDatetime: An instant has no time zone.
    """
    signature = _Signature(
        author=author, approver=approver, reason=reason, now=now, valid_from=valid_from
    )
    (version,) = _record(connection, {mobile_operator.slug: mobile_operator}, signature)
    return version


def record_versions(
    connection: Connection,
    mobile_operators: Mapping[str, MobileOperator],
    *,
    author: str,
    approver: str | None,
    reason: str,
    now: datetime,
) -> list[MobileOperatorVersion]:
    """
    Add versions of several mobile operators at once, as ``record_version`` does for one.

    Args:
        connection: A write transaction of the store.
        mobile_operators: By how problems call them, such as the file each was read from.
        author: The named person who wrote them.
        approver: A second named person, or None.
        reason: Why.
        now: When they are recorded.

    Returns:
        For each, in order, the version added or the newest one where nothing changed.

    Raises:
        BadInput: As for one; nothing is written.
        Conflict: As for one, with one line per problem of all of them; nothing is written.
        NaiveDatetime: ``now`` has no time zone.
    """
    signature = _Signature(author=author, approver=approver, reason=reason, now=now)
    return _record(connection, mobile_operators, signature)


def _record(
    connection: Connection, mobile_operators: Mapping[str, MobileOperator], signature: _Signature
) -> list[MobileOperatorVersion]:
    lock_records(connection)
    newest = {version.slug: version for version in newest_versions(connection)}
    problems = [*_conflicts(newest, mobile_operators)]
    if problems:
        raise Conflict(*problems)
    return [
        _add(connection, one, newest.get(one.slug), signature) for one in mobile_operators.values()
    ]


def _conflicts(
    newest: Mapping[str, MobileOperatorVersion], mobile_operators: Mapping[str, MobileOperator]
) -> Iterator[str]:
    for called, one in mobile_operators.items():
        before = newest.get(one.slug)
        if before is not None and before.state != one.state:
            yield (
                f"{called}: mobile operator {one.slug} is {before.state}, not {one.state}: its "
                "state is changed by a launch or a decision, so leave the key state out"
            )
    together = {slug: version.mobile_operator for slug, version in newest.items()}
    together |= {one.slug: one for one in mobile_operators.values()}
    names = {one.slug: called for called, one in mobile_operators.items()}
    for found in overlaps_between(together.values()):
        slug = found.second if found.second in names else found.first
        if slug in names:
            path, text = found.problem_of(slug)
            yield f"{names[slug]}: {dotted(path)}: {text}"


def change_state(
    connection: Connection,
    slug: str,
    state: State,
    *,
    author: str,
    approver: str | None,
    reason: str,
    now: datetime,
) -> MobileOperatorVersion:
    """
    Turn a mobile operator into another state, which adds a version (L10).

    Asked again for the state it has, it changes nothing and returns the newest version.

    Raises:
        NotFound: No such mobile operator.
        Conflict: The state cannot follow the present one, or a later version waits already.
        BadInput: A name or reason is empty, or author and approver are one person.
    """
    lock_records(connection)
    newest = newest_version(connection, slug)
    if newest is None:
        raise no_such_mobile_operator(connection, slug)
    if newest.state == state:
        return newest
    require_transition(slug, newest.state, state)
    signature = _Signature(author=author, approver=approver, reason=reason, now=now)
    return _add(connection, replace(newest.mobile_operator, state=state), newest, signature)


def check_against_others(connection: Connection, mobile_operator: MobileOperator) -> None:
    """
    Refuse a record whose ICCIDs another mobile operator's newest version claims.

    Raises:
        Conflict: One line per overlap.
    """
    newest = {version.slug: version for version in newest_versions(connection)}
    problems = [*_conflicts(newest, {mobile_operator.slug: mobile_operator})]
    if problems:
        raise Conflict(*problems)


def lock_records(connection: Connection) -> None:
    """Let one writer of records at a time in: two could claim the same ICCIDs unseen."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_ONE_WRITER_LOCK)))


def _add(
    connection: Connection,
    mobile_operator: MobileOperator,
    newest: MobileOperatorVersion | None,
    signature: _Signature,
) -> MobileOperatorVersion:
    document = document_of(mobile_operator)
    # Whoever built the record, what is written was read by the one strict loader.
    read_mobile_operator(Document(name=mobile_operator.slug, data=document), allow_loopback=True)
    fingerprint = document_hash(document)
    now = require_utc(signature.now, "now")
    if newest is not None and newest.document_hash == fingerprint:
        return newest
    _require_names(signature)
    begins = _begin(mobile_operator.slug, newest, now, signature.valid_from)
    before = newest.state if newest else None
    period = (newest.live_since, newest.live_until) if newest else (None, None)
    live_since, live_until = live_period(before, mobile_operator.state, period, begins)
    added = MobileOperatorVersion(
        slug=mobile_operator.slug,
        version=newest.version + 1 if newest else 1,
        valid_from=begins,
        recorded_at=now,
        author=signature.author,
        approver=signature.approver,
        reason=signature.reason,
        live_since=live_since,
        live_until=live_until,
        document_hash=fingerprint,
        mobile_operator=mobile_operator,
    )
    _write(connection, added, document)
    return added


def _write(connection: Connection, added: MobileOperatorVersion, document: dict[str, Any]) -> None:
    row = {column.name: getattr(added, column.name) for column in HEAD_COLUMNS}
    row |= {"name": added.mobile_operator.name, "document": document}
    connection.execute(version_table.insert().values(row))
    append_event(
        connection,
        stream=f"mobile_operator:{added.slug}",
        kind="mobile_operator.version_recorded",
        recorded_at=added.recorded_at,
        actor=added.author,
        data={
            "version": added.version,
            "valid_from": format_instant(added.valid_from),
            "state": added.state,
            "approver": added.approver,
            "reason": added.reason,
            "document_hash": added.document_hash,
        },
    )


def same_person(first: str, second: str) -> bool:
    """Tell whether two names are the same person's: nobody approves their own work."""
    return " ".join(first.split()).casefold() == " ".join(second.split()).casefold()


def _require_names(signature: _Signature) -> None:
    problems = [
        f"{name} is empty: {wanted}"
        for name, wanted in (
            ("author", "name the person who wrote the change"),
            ("approver", "name the person who approved it"),
            ("reason", "say why"),
        )
        if getattr(signature, name) is not None and not getattr(signature, name).strip()
    ]
    approver = signature.approver
    if approver is not None and same_person(approver, signature.author):
        problems.append(f"approver {approver} is the author: a second named person approves")
    if problems:
        raise BadInput(*problems)


def _begin(
    slug: str, newest: MobileOperatorVersion | None, now: datetime, valid_from: datetime | None
) -> datetime:
    """Return when a new version takes effect: never before now, nor before the one before it."""
    begins = now if valid_from is None else require_utc(valid_from, "valid_from")
    if begins < now:
        msg = f"valid_from {format_instant(begins)} is in the past: give now or a later instant"
        raise BadInput(msg)
    if newest is not None and begins < newest.valid_from:
        if newest.valid_from - begins > _CLOCKS_DIFFER:
            msg = (
                f"version {newest.version} of {slug} waits until "
                f"{format_instant(newest.valid_from)}: a new one cannot begin before it"
            )
            raise Conflict(msg)
        begins = newest.valid_from
    return begins
