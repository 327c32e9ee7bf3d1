"""Bugs of either party: reported and logged, triaged, approved, scheduled, deployed (B1 to B3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from include.mobile_plans.errors import BadInput, Conflict, NotFound
from include.mobile_plans.iccid import mask_iccids
from include.mobile_plans.incidents.records import find_incident
from include.mobile_plans.notices import Notice, Recipient, queue_notice
from include.mobile_plans.policy import (
    MobileOperator,
    PartyName,
    mobile_operator_in_force,
    mobile_operators_in_force,
    program_policy,
)
from include.mobile_plans.store import Event, append_event, hold_numbers, next_number, read_events
from include.mobile_plans.store.tables import bug as table

SERIES = "BUG"
FORM = ("mobile_operator", "party", "reported_by", "counterpart", "what", "incident")
"""What is reported: between whom, by which party and person, with whom it was logged (B1)."""
REPORTED = "bug.reported"
STATES = {
    REPORTED: "reported",
    "bug.triaged": "triaged",
    "bug.approved": "approved",
    "bug.scheduled": "scheduled",
    "bug.deployed": "deployed",
    "bug.declined": "declined",
}
"""How a bug stands after each kind of event."""
FOLLOWS = {
    "triaged": ("reported",),
    "approved": ("triaged",),
    "scheduled": ("approved", "scheduled"),
    "deployed": ("approved", "scheduled"),
    "declined": ("reported", "triaged"),
}
"""After which states each may come; a schedule may change as often as it does (B3)."""
NEEDS = {
    "triaged": ("justification", "impact"),
    "approved": (),
    "scheduled": ("deployment",),
    "deployed": ("note",),
    "declined": ("reason",),
}
"""What each needs besides a named person (B2, B3)."""
_SAID = {name: "" for names in NEEDS.values() for name in names}
_LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class Bug:
    """One bug: every event of it, from which all else follows."""

    events: tuple[Event, ...]

    @property
    def bug_id(self) -> str:
        """Its number, ``BUG-0003``."""
        return self.events[0].stream.partition(":")[2]

    @property
    def state(self) -> str:
        """How it stands, in one word."""
        return STATES[self.events[-1].kind]

    @property
    def report(self) -> dict[str, Any]:
        """What was reported: its title, and each of ``FORM``."""
        return self.events[0].data

    @property
    def known(self) -> dict[str, Any]:
        """Everything said of it, the newest of each."""
        return {name: value for event in self.events for name, value in event.data.items()}


def report_bug(
    connection: Connection, source: str, form: Mapping[str, Any], *, by: str, now: datetime
) -> Bug:
    """
    Log a bug, and tell the bug desk and the mobile operator; the same source logs it once (B1).

    Args:
        connection: The write transaction.
        source: What makes it unique: the run behind it.
        form: Each of ``FORM``, the incident it came up in being optional.
        by: The user who writes it down.
        now: The current instant, aware UTC.

    Raises:
        NotFound: The mobile operator or the incident is unknown.
        BadInput: A person or what is wrong is missing, or the incident is another's.
    """
    given = {name: str(form.get(name) or "").strip() for name in FORM}
    slug, incident = given["mobile_operator"], given["incident"]
    problems = [
        f"a bug needs {name!r}: it is empty"
        for name in FORM
        if not given[name] and name != "incident"
    ]
    if given["party"] not in ("program", "mobile_operator"):
        problems.append(
            f"party {given['party']!r} is unknown: allowed are program, mobile_operator"
        )
    if problems:
        raise BadInput(*problems)
    mobile_operator_in_force(connection, slug, now)
    if incident and find_incident(connection, incident).slug != slug:
        msg = f"{incident} is no incident of {slug}: link one of its own, or none"
        raise BadInput(msg)
    hold_numbers(connection, SERIES)
    found = connection.scalar(select(table.c.bug_id).where(table.c.source == source))
    if found is not None:
        return find_bug(connection, found)
    bug_id = next_number(connection, SERIES)
    title = " ".join(given["what"].splitlines()[0].split())[:_LONGEST_TITLE]
    data = given | {"title": title}
    bug = _append(connection, Bug(()), f"bug:{bug_id}", REPORTED, data, by=by, now=now)
    connection.execute(
        table.insert().values(
            bug_id=bug_id,
            source=source,
            slug=slug,
            incident_id=incident or None,
            state=bug.state,
            title=title,
            reported_at=now,
            changed_at=now,
        )
    )
    _tell_both(connection, bug, now)
    return bug


def advance_bug(
    connection: Connection,
    bug_id: str,
    state: str,
    said: Mapping[str, str],
    *,
    by: str,
    now: datetime,
) -> Bug:
    """
    Bring a bug to its next state, and tell who has to know (B2, B3).

    The bug desk and its mobile operator hear of each; that it is deployed every live one.

    Args:
        connection: The write transaction.
        bug_id: The bug.
        state: Triaged, approved, scheduled (again), deployed or declined.
        said: What ``NEEDS`` asks for.
        by: The named person who decides it.
        now: The current instant, aware UTC.

    Raises:
        NotFound: There is no such bug.
        BadInput: Something needed is missing, or a mail would name another mobile operator.
        Conflict: It does not follow on how the bug stands.
    """
    wanted = select(table.c.bug_id).where(table.c.bug_id == bug_id)
    connection.execute(wanted.with_for_update())
    bug = find_bug(connection, bug_id)
    given = {name: said.get(name, "").strip() for name in NEEDS[state]}
    problems = [
        f"{name!r} is needed: {bug_id} is {state} with it" for name in given if not given[name]
    ]
    if not by.strip():
        problems.append(f"a named person decides that {bug_id} is {state}")
    if problems:
        raise BadInput(*problems)
    if bug.state not in FOLLOWS[state]:
        msg = f"{bug_id} is {bug.state}: only one that is {' or '.join(FOLLOWS[state])} is {state}"
        raise Conflict(msg)
    bug = _append(connection, bug, f"bug:{bug_id}", f"bug.{state}", given, by=by, now=now)
    row = table.c.bug_id == bug_id
    connection.execute(table.update().where(row).values(state=state, changed_at=now))
    _tell_both(connection, bug, now)
    if state == "deployed":
        for version in mobile_operators_in_force(connection, now):
            if version.state == "live":
                _tell(connection, bug, "mobile_operator", version.mobile_operator, now)
    return bug


def find_bug(connection: Connection, bug_id: str) -> Bug:
    """
    Return a bug.

    Raises:
        NotFound: There is none of that number.
    """
    events = read_events(connection, f"bug:{bug_id}")
    if not events:
        msg = f"there is no bug {bug_id!r}: `bug list` shows them"
        raise NotFound(msg)
    return Bug(tuple(events))


def list_bugs(connection: Connection, slug: str | None = None) -> list[Mapping[str, Any]]:
    """Return the rows of all bugs, or those of one mobile operator, oldest first."""
    query = select(table).order_by(table.c.reported_at, table.c.bug_id)
    if slug is not None:
        query = query.where(table.c.slug == slug)
    return [dict(row) for row in connection.execute(query).mappings()]


def _append(
    connection: Connection,
    bug: Bug,
    stream: str,
    kind: str,
    data: Mapping[str, Any],
    *,
    by: str,
    now: datetime,
) -> Bug:
    event = append_event(connection, stream=stream, kind=kind, recorded_at=now, actor=by, data=data)
    return Bug((*bug.events, event))


def _tell_both(connection: Connection, bug: Bug, now: datetime) -> None:
    record = mobile_operator_in_force(
        connection, bug.report["mobile_operator"], now
    ).mobile_operator
    for party in ("program", "mobile_operator"):
        _tell(connection, bug, party, record, now)


def _tell(
    connection: Connection, bug: Bug, party: PartyName, record: MobileOperator, now: datetime
) -> None:
    """Queue the mail of the newest event, for the bug desk or for a mobile operator."""
    contacts = program_policy().contacts
    desk = contacts.bug_desk
    people: tuple[Recipient, ...] = (
        Recipient(name=desk.name, email=desk.email, role="program.bug_desk"),
    )
    if party == "mobile_operator":
        people = tuple(
            Recipient(
                name=c.name, email=c.email, role="mobile_operator.operations", slug=record.slug
            )
            for c in record.contacts_of("operations")
        )
    is_theirs = party == "program" or record.slug == bug.report["mobile_operator"]
    kind = "bug_reported" if bug.state == "reported" else "bug_updated"
    queue_notice(
        connection,
        Notice(
            key=f"{bug.bug_id}:{len(bug.events):04d}:{record.slug}",
            kind=kind if is_theirs else "bug_deployed",
            party=party,
            slug=record.slug,
            recipients=people[:1],
            fallbacks=people[1:],
            thread=bug.bug_id,
            context={
                "bug_id": bug.bug_id,
                "state": bug.state,
                "known": _SAID | {n: mask_iccids(str(v or "")) for n, v in bug.known.items()},
                "decided_by": bug.events[-1].actor,
                "desk": desk,
                "mobile_operator_name": record.name,
                "program_name": contacts.program_name,
            },
        ),
        sender=contacts.sender.email,
        now=now,
    )
