"""
Reading the versions of mobile operators: which was in force at any instant.

Documents are parsed once per process and content, so a thousand records cost two small queries.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, select

from include.mobile_plans.errors import NotFound
from include.mobile_plans.instants import format_instant, require_utc
from include.mobile_plans.policy.documents import Document
from include.mobile_plans.policy.mobile_operators import MobileOperator, State
from include.mobile_plans.policy.validation import did_you_mean, validated
from include.mobile_plans.store.tables import mobile_operator_version as version_table

_MOST_PARSED = 10_000
_DOCUMENTS_AT_ONCE = 200
_MOST_NAMED = 20
HEAD_COLUMNS = [column for column in version_table.c if column.name not in ("document", "name")]


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileOperatorVersion:
    """
    One version of a mobile operator's record.

    Attributes:
        slug: The mobile operator.
        version: From 1.
        valid_from: From when on it is in force, until a newer one is.
        recorded_at: When it was written down.
        author: The named person who wrote it.
        approver: The second named person who approved it, where one was asked.
        reason: Why.
        live_since: Since when it is live, or was last; None if it never was.
        live_until: Until when it was last live; None while it is, or never was.
        document_hash: SHA-256 of its document.
        mobile_operator: The record itself.
    """

    slug: str
    version: int
    valid_from: datetime
    recorded_at: datetime
    author: str
    approver: str | None
    reason: str
    live_since: datetime | None
    live_until: datetime | None
    document_hash: str
    mobile_operator: MobileOperator

    @property
    def state(self) -> State:
        """The state of the mobile operator in this version."""
        return self.mobile_operator.state


def mobile_operator_in_force(
    connection: Connection, slug: str, at: datetime
) -> MobileOperatorVersion:
    """
    Return the version of a mobile operator that is or was in force at an instant.

    Raises:
        NotFound: None was; the slugs known then are named.
        NaiveDatetime: The instant has no time zone.
    """
    at = require_utc(at, "the instant")
    found = _newest(connection, version_table.c.slug == slug, version_table.c.valid_from <= at)
    if not found:
        raise no_such_mobile_operator(connection, slug, at)
    return found[0]


def mobile_operators_in_force(connection: Connection, at: datetime) -> list[MobileOperatorVersion]:
    """
    Return the version in force at an instant of every mobile operator, sorted by slug.

    Raises:
        NaiveDatetime: The instant has no time zone.
    """
    at = require_utc(at, "the instant")
    return _newest(connection, version_table.c.valid_from <= at)


def versions_begun(connection: Connection, at: datetime) -> int:
    """
    Count the versions that have begun by an instant.

    Versions are only ever added, so the same number later means the same versions in force.
    """
    query = select(func.count()).where(version_table.c.valid_from <= require_utc(at))
    return connection.scalar(query) or 0


def live_spans(
    connection: Connection, begin: datetime, end: datetime, slugs: Collection[str] | None = None
) -> dict[str, list[tuple[datetime, datetime]]]:
    """
    Return when each mobile operator was live between two instants, in order.

    Args:
        connection: A read.
        begin: The first instant.
        end: The instant after the last.
        slugs: Only these; those that never were are left out.

    Raises:
        NaiveDatetime: An instant has no time zone.
    """
    begin, end = require_utc(begin), require_utc(end)
    columns = (version_table.c[name] for name in ("slug", "valid_from", "state"))
    query = select(*columns).where(version_table.c.valid_from < end)
    if slugs is not None:
        query = query.where(version_table.c.slug.in_(slugs))
    rows = connection.execute(query.order_by(version_table.c.slug, version_table.c.version.desc()))
    found: dict[str, list[tuple[datetime, datetime]]] = {}
    for slug, versions in groupby(rows, key=attrgetter("slug")):
        spans: list[tuple[datetime, datetime]] = []
        until = end
        for one in versions:  # the newest first: an older one is in force until it begins
            since = max(one.valid_from, begin)
            if one.state == "live" and since < until:
                joined = spans.pop()[1] if spans and spans[-1][0] == until else until
                spans.append((since, joined))
            until = min(until, since)
        if spans:
            found[slug] = spans[::-1]
    return found


def newest_versions(connection: Connection) -> list[MobileOperatorVersion]:
    """Return the newest version of every mobile operator, in force or waiting."""
    return _newest(connection)


def mobile_operator_versions(connection: Connection, slug: str) -> list[MobileOperatorVersion]:
    """
    Return every version of a mobile operator, oldest first.

    Raises:
        NotFound: No such mobile operator.
    """
    rows = connection.execute(
        select(*HEAD_COLUMNS).where(version_table.c.slug == slug).order_by(version_table.c.version)
    ).all()
    if not rows:
        raise no_such_mobile_operator(connection, slug)
    return _versions(connection, rows)


def newest_version(connection: Connection, slug: str) -> MobileOperatorVersion | None:
    """Return the newest version of a mobile operator, in force or waiting, or None."""
    found = _newest(connection, version_table.c.slug == slug)
    return found[0] if found else None


def _newest(
    connection: Connection, *conditions: ColumnElement[bool]
) -> list[MobileOperatorVersion]:
    """Return, of the versions that meet the conditions, the newest of each slug."""
    newest = (
        select(version_table.c.slug, func.max(version_table.c.version).label("version"))
        .where(*conditions)
        .group_by(version_table.c.slug)
        .subquery()
    )
    is_newest = and_(
        version_table.c.slug == newest.c.slug, version_table.c.version == newest.c.version
    )
    rows = connection.execute(
        select(*HEAD_COLUMNS).join(newest, is_newest).order_by(version_table.c.slug)
    )
    return _versions(connection, rows.all())


_parsed: dict[str, MobileOperator] = {}


def _versions(connection: Connection, rows: Sequence[Row[Any]]) -> list[MobileOperatorVersion]:
    """Build versions from their rows, reading and parsing only documents not seen before."""
    unseen = [row for row in rows if row.document_hash not in _parsed]
    if len(_parsed) + len(unseen) > _MOST_PARSED:
        _parsed.clear()
        unseen = list(rows)
    for document_hash_read, document in _documents(connection, unseen):
        _parsed[document_hash_read] = validated(
            MobileOperator,
            Document(name="the store", data=document),
            context={"allow_loopback": True},
        )
    return [
        MobileOperatorVersion(
            **{
                name: getattr(row, name)
                for name in MobileOperatorVersion.__dataclass_fields__
                if name != "mobile_operator"
            },
            mobile_operator=_parsed[row.document_hash],
        )
        for row in rows
    ]


def _documents(
    connection: Connection, rows: Sequence[Row[Any]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    hashes = sorted({row.document_hash for row in rows})
    for begin in range(0, len(hashes), _DOCUMENTS_AT_ONCE):
        chunk = hashes[begin : begin + _DOCUMENTS_AT_ONCE]
        found = connection.execute(
            select(version_table.c.document_hash, version_table.c.document).where(
                version_table.c.document_hash.in_(chunk)
            )
        )
        yield from ((row.document_hash, row.document) for row in found)


def no_such_mobile_operator(
    connection: Connection, slug: str, at: datetime | None = None
) -> NotFound:
    """Return the error for a slug that has no version at an instant, or none at all."""
    first_begins = func.min(version_table.c.valid_from)
    rows = connection.execute(
        select(version_table.c.slug, first_begins.label("since"))
        .group_by(version_table.c.slug)
        .order_by(version_table.c.slug)
    )
    begun = {row.slug: row.since for row in rows}
    if at is not None and slug in begun:
        return NotFound(
            f"mobile operator {slug} has no version at {format_instant(at)}: "
            f"the first begins {format_instant(begun[slug])}"
        )
    known = ", ".join(list(begun)[:_MOST_NAMED]) or "none"
    return NotFound(
        f"mobile operator {slug!r} is unknown; known are {known}{did_you_mean(slug, begun)}"
    )
