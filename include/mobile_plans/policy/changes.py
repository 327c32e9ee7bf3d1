"""
A proposed change of one mobile operator: shown, then decided by a second named person.

A change replaces one section of the newest version. It takes effect when it is approved, and is
refused when another version came in between: nobody approves what they have not seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, select, update

from include.mobile_plans.errors import BadInput, Conflict, NotFound
from include.mobile_plans.instants import require_utc
from include.mobile_plans.policy.consistency import read_mobile_operator, scenario_clashes
from include.mobile_plans.policy.current import program_policy
from include.mobile_plans.policy.differences import difference
from include.mobile_plans.policy.documents import Document, parse_document, write_document
from include.mobile_plans.policy.loading import loopback_allowed
from include.mobile_plans.policy.mobile_operators import (
    MobileOperator,
    document_hash,
    document_of,
)
from include.mobile_plans.policy.records import (
    check_against_others,
    lock_records,
    record_version,
    same_person,
)
from include.mobile_plans.policy.validation import did_you_mean
from include.mobile_plans.policy.versions import (
    MobileOperatorVersion,
    mobile_operator_versions,
    newest_version,
    no_such_mobile_operator,
)
from include.mobile_plans.store import append_event
from include.mobile_plans.store.tables import mobile_operator_change as change_table

SECTIONS = tuple(
    field.name for field in fields(MobileOperator) if field.name not in ("slug", "state")
)
"""What a change may replace: every key of the record but its slug and its state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedChange:
    """
    A change of a mobile operator, waiting or decided.

    Attributes:
        change_id: What names it: the run that carries it.
        slug: The mobile operator.
        base_version: The version it changes.
        proposed_at: When it was proposed.
        proposed_by: The named person who proposed it.
        reason: Why.
        state: Whether it waits, or how it was decided.
        decided_at: When it was decided.
        decided_by: The other named person who decided it.
        decision_note: What that person added.
        mobile_operator: The record as it would be.
        differences: What changes, in lines.
    """

    change_id: str
    slug: str
    base_version: int
    proposed_at: datetime
    proposed_by: str
    reason: str
    state: Literal["proposed", "approved", "rejected"]
    decided_at: datetime | None
    decided_by: str | None
    decision_note: str | None
    mobile_operator: MobileOperator
    differences: tuple[str, ...]


def section_text(mobile_operator: MobileOperator, section: str) -> str:
    """
    Write one section of a record as YAML, for a person to edit.

    Raises:
        BadInput: No such section.
    """
    _require_section(section)
    value = document_of(mobile_operator)[section]
    if isinstance(value, dict | list):
        return write_document(value)
    return "" if value is None else str(value)


def changed_document(
    mobile_operator: MobileOperator, form_fields: Mapping[str, str]
) -> MobileOperator:
    """
    Apply what a person typed into the form of a change.

    Args:
        mobile_operator: The record as it is.
        form_fields: ``section``, a key of the record, and ``value``, its new content as YAML.

    Raises:
        BadInput: No such section, a value that is not allowed there, or one that changes nothing.
    """
    section = form_fields.get("section", "")
    _require_section(section)
    name = f"the change of {mobile_operator.slug}"
    value = parse_document(form_fields.get("value", ""), name).data
    document = Document(name=name, data=document_of(mobile_operator) | {section: value})
    changed = read_mobile_operator(document, allow_loopback=loopback_allowed())
    problems = [
        document.problem(path, text)
        for path, text in scenario_clashes(changed, program_policy().launch.scenarios)
    ]
    if problems:
        raise BadInput(*problems)
    if changed == mobile_operator:
        msg = f"{name}: {section} is the same already, nothing would change"
        raise BadInput(msg)
    return changed


def propose_change(
    connection: Connection,
    change_id: str,
    slug: str,
    form_fields: Mapping[str, str],
    *,
    proposed_by: str,
    reason: str,
    now: datetime,
) -> ProposedChange:
    """
    Record a proposed change of the newest version; proposing it again returns it.

    Raises:
        NotFound: No such mobile operator.
        Conflict: The id names another change, or the ICCIDs are another's.
        BadInput: The change is not allowed, or a name or reason is empty.
    """
    now = require_utc(now, "now")
    lock_records(connection)
    for name, value in (("proposed_by", proposed_by), ("reason", reason)):
        if not value.strip():
            msg = f"{name} is empty: a change needs a named person and a reason"
            raise BadInput(msg)
    row = _row(connection, change_id)
    if row is not None:
        return _same_proposal(connection, row, slug, proposed_by)
    newest = newest_version(connection, slug)
    if newest is None:
        raise no_such_mobile_operator(connection, slug)
    changed = changed_document(newest.mobile_operator, form_fields)
    check_against_others(connection, changed)
    document = document_of(changed)
    connection.execute(
        change_table.insert().values(
            change_id=change_id,
            slug=slug,
            base_version=newest.version,
            proposed_at=now,
            proposed_by=proposed_by,
            reason=reason,
            document=document,
            state="proposed",
        )
    )
    change = read_change(connection, change_id)
    facts = {"base_version": newest.version, "document_hash": document_hash(document)}
    _tell(connection, change, "proposed", proposed_by, now, facts | {"reason": reason})
    return change


def decide_change(
    connection: Connection,
    change_id: str,
    *,
    approved: bool,
    decided_by: str,
    note: str,
    now: datetime,
) -> ProposedChange:
    """
    Approve or reject a proposed change; an approved one is in force from then on.

    The same decision again returns the decided change.

    Raises:
        NotFound: No such change.
        Conflict: It was decided otherwise, or is no longer based on the newest version.
        BadInput: The person is not named, or approves their own proposal.
    """
    now = require_utc(now, "now")
    lock_records(connection)
    change = read_change(connection, change_id)
    decision: Literal["approved", "rejected"] = "approved" if approved else "rejected"
    if change.state != "proposed":
        if (change.state, change.decided_by) == (decision, decided_by):
            return change
        msg = f"change {change_id} was {change.state} by {change.decided_by} already"
        raise Conflict(msg)
    if not decided_by.strip():
        msg = "decided_by is empty: a named person decides"
        raise BadInput(msg)
    if approved:
        _approve(connection, change, decided_by, now)
    connection.execute(
        update(change_table)
        .where(change_table.c.change_id == change_id)
        .values(state=decision, decided_at=now, decided_by=decided_by, decision_note=note)
    )
    _tell(connection, change, decision, decided_by, now, {"note": note})
    return read_change(connection, change_id)


def read_change(connection: Connection, change_id: str) -> ProposedChange:
    """
    Return a proposed change.

    Raises:
        NotFound: No such change.
    """
    row = _row(connection, change_id)
    if row is None:
        msg = f"change {change_id!r} is unknown"
        raise NotFound(msg)
    after = read_mobile_operator(Document(name=change_id, data=row.document), allow_loopback=True)
    versions = mobile_operator_versions(connection, row.slug)
    before = versions[row.base_version - 1].mobile_operator
    kept = {f.name: getattr(row, f.name) for f in fields(ProposedChange) if hasattr(row, f.name)}
    return ProposedChange(
        **kept,
        mobile_operator=after,
        differences=tuple(difference(before, after)),
    )


def _approve(
    connection: Connection, change: ProposedChange, decided_by: str, now: datetime
) -> MobileOperatorVersion:
    if same_person(change.proposed_by, decided_by):
        msg = f"{decided_by} proposed this change: a second named person approves it"
        raise BadInput(msg)
    newest = newest_version(connection, change.slug)
    if newest is None or newest.version != change.base_version:
        found = "none" if newest is None else str(newest.version)
        msg = (
            f"change {change.change_id} is based on version {change.base_version} of "
            f"{change.slug}, the newest is {found}: propose it again on that"
        )
        raise Conflict(msg)
    return record_version(
        connection,
        change.mobile_operator,
        author=change.proposed_by,
        approver=decided_by,
        reason=change.reason,
        now=now,
    )


def _same_proposal(
    connection: Connection, row: Row[Any], slug: str, proposed_by: str
) -> ProposedChange:
    if (row.slug, row.proposed_by) != (slug, proposed_by):
        msg = f"change {row.change_id} is one of {row.slug} by {row.proposed_by}: use another id"
        raise Conflict(msg)
    return read_change(connection, row.change_id)


def _row(connection: Connection, change_id: str) -> Row[Any] | None:
    return connection.execute(
        select(change_table).where(change_table.c.change_id == change_id)
    ).one_or_none()


def _tell(
    connection: Connection,
    change: ProposedChange,
    what: str,
    actor: str,
    now: datetime,
    facts: Mapping[str, Any],
) -> None:
    append_event(
        connection,
        stream=f"mobile_operator:{change.slug}",
        kind=f"mobile_operator.change_{what}",
        recorded_at=now,
        actor=actor,
        data={"change_id": change.change_id, **facts},
    )


def _require_section(section: str) -> None:
    if section not in SECTIONS:
        msg = (
            f"section {section!r} is unknown; allowed are {', '.join(SECTIONS)}"
            f"{did_you_mean(section, SECTIONS)}"
        )
        raise BadInput(msg)
