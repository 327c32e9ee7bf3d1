"""A promise as it is given: who owes what to whom, by when, and who is told; taken from policy."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any

from pydantic import TypeAdapter, ValidationError

from include.mobile_plans.calendar import Deadline
from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import require_utc
from include.mobile_plans.obligations.periods import PeriodEnd, at_risk_from, period_end
from include.mobile_plans.policy import (
    BusinessDays,
    PartyCalendar,
    PartyName,
    Period,
    ProgramPolicy,
    PromiseKind,
    PromiseRoles,
)

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,149}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    What somebody wants to be promised.

    Attributes:
        kind: One of ``promises.kinds`` in policy.
        key: What makes it unique; opening the same key again opens nothing.
        subject: The stream of what it is about, such as ``launch:launch-contoso-2026-12-14-1``.
        slug: The mobile operator it is between the program and, or None for a promise of the
            program that concerns none.
        debtor: Who owes it.
        since: When its time starts, aware.
        due: When it is due, or how that was counted; required exactly where its kind has no period.
        number: Its place in a series such as the updates of an incident, from 1; becomes a part of
            the key.
        title: What is owed, in words that follow "owes", where the words of its kind do not do.
    """

    kind: str
    key: str
    subject: str
    slug: str | None
    debtor: PartyName
    since: datetime
    due: datetime | Deadline | None = None
    number: int | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """
    A promise with everything that was agreed when it was given, so that no later policy moves it.

    Attributes:
        key: What makes it unique.
        kind: Its kind in policy.
        subject: The stream of what it is about.
        slug: The mobile operator it is between the program and, or None.
        debtor: Who owes it.
        title: What is owed, in words that follow "owes".
        clause: Where the period comes from.
        since: When its time starts.
        due_at: When it is due unless it is paused.
        within: Its period; None where it was given with its due time.
        calendar: The calendar of the party that owes it.
        counted: How its business days were counted, with the version of the calendar.
        at_risk_share: The part of its time after which it is at risk.
        roles: Who is told.
        number: Its place in a series, which its key ends with; None outside one.
    """

    key: str
    kind: str
    subject: str
    slug: str | None
    debtor: PartyName
    title: str
    clause: str | None
    since: datetime
    due_at: datetime
    within: Period | None
    calendar: PartyCalendar
    counted: Deadline | None
    at_risk_share: float
    roles: PromiseRoles
    number: int | None = None

    @property
    def series(self) -> str | None:
        """The key of the series it belongs to, or None."""
        return None if self.number is None else self.key.removesuffix(f":{self.number}")

    @property
    def creditor(self) -> PartyName:
        """Whom it is owed to."""
        return "program" if self.debtor == "mobile_operator" else "mobile_operator"

    @property
    def warn_at(self) -> datetime:
        """When it is at risk unless it is paused."""
        return at_risk_from(self.since, self.due_at, (), self.at_risk_share)


_PROMISE = TypeAdapter(Promise)


def document_of(promise: Promise) -> dict[str, Any]:
    """Write a promise as the JSON document its first event keeps."""
    document: dict[str, Any] = _PROMISE.dump_python(promise, mode="json")
    return document


def promise_from(document: dict[str, Any]) -> Promise:
    """
    Read a promise back from its document.

    Raises:
        BadInput: It is not one.
    """
    try:
        return _PROMISE.validate_python(document)
    except ValidationError as error:
        places = ", ".join(str(one["loc"][0]) for one in error.errors() if one["loc"])
        msg = f"the document of promise {document.get('key')} is damaged: {places}"
        raise BadInput(msg) from None


def period_of(promise: Promise) -> dict[str, Any]:
    """Write the period of a promise with the calendar that counted it, as its row keeps it."""
    if isinstance(promise.within, BusinessDays):
        period: dict[str, Any] = {"business_days": promise.within.business_days}
    elif promise.within is not None:
        period = {"elapsed_s": promise.within.total_seconds()}
    else:
        period = {"given": True}
    counted = document_of(promise)["counted"]
    if counted is not None:
        period["counted"] = counted
        period["calendar"] = str(promise.calendar.party)
    return period


def give_promise(wanted: Wanted, policy: ProgramPolicy, calendar: PartyCalendar) -> Promise:
    """
    Make a promise of what is wanted, with the period and the roles of policy.

    Args:
        wanted: What it is about.
        policy: The program's policy in force.
        calendar: The calendar of the party that owes it.

    Raises:
        NaiveDatetime: An instant has no time zone.
        BadInput: The kind, key, party, slug or due time is not allowed.
    """
    since = require_utc(wanted.since, "since")
    kind = _kind_of(wanted, policy)
    within = _within(kind, policy, since)
    end = _end(wanted, since, within, calendar)
    numbered = wanted.key if wanted.number is None else f"{wanted.key}:{wanted.number}"
    if not _KEY.fullmatch(numbered):
        msg = (
            f"the key {numbered!r} of a promise is not allowed: 1 to 150 letters, digits and ._:+- "
            "that begin with a letter or digit"
        )
        raise BadInput(msg)
    return Promise(
        key=numbered,
        kind=wanted.kind,
        subject=wanted.subject,
        slug=wanted.slug,
        debtor=wanted.debtor,
        title=wanted.title or kind.title,
        clause=_clause(wanted.kind, kind, policy, since),
        since=since,
        due_at=end.due_at,
        within=within,
        calendar=calendar,
        counted=end.counted,
        at_risk_share=policy.promises.at_risk_share,
        roles=kind.owed_by[wanted.debtor],
        number=wanted.number,
    )


def _kind_of(wanted: Wanted, policy: ProgramPolicy) -> PromiseKind:
    kinds = policy.promises.kinds
    if wanted.kind not in kinds:
        msg = f"{wanted.kind!r} is no kind of promise: allowed are {', '.join(kinds)}"
        raise BadInput(msg)
    kind = kinds[wanted.kind]
    if wanted.debtor not in kind.owed_by:
        msg = (
            f"a promise of kind {wanted.kind} cannot be owed by {wanted.debtor!r}: "
            f"allowed are {', '.join(kind.owed_by)}"
        )
        raise BadInput(msg)
    if wanted.debtor == "mobile_operator" and wanted.slug is None:
        msg = f"promise {wanted.key} is owed by a mobile operator but names none"
        raise BadInput(msg)
    return kind


def _within(kind: PromiseKind, policy: ProgramPolicy, since: datetime) -> Period | None:
    """Look up the period where policy holds it; of severities, in the edition of the day."""
    if kind.within_from is None:
        return kind.within
    part, *path = kind.within_from.split(".")
    begin: Any = getattr(policy, part, None)
    if part == "severity":
        begin = policy.severity_edition(since.date()).levels
    period: Period = reduce(getattr, path, begin)
    return period


def _clause(name: str, kind: PromiseKind, policy: ProgramPolicy, since: datetime) -> str | None:
    path = kind.within_from or f"promises.kinds.{name}"
    if path.startswith("severity."):
        edition = policy.severity_edition(since.date()).edition
        path = path.replace("severity.", f"severity.{edition}.levels.")
    return policy.source(path)


def _end(
    wanted: Wanted, since: datetime, within: Period | None, calendar: PartyCalendar
) -> PeriodEnd:
    if (within is None) == (wanted.due is None):
        problem = (
            "has no period in policy: state when it is due"
            if within is None
            else "has its period in policy: state no other due time"
        )
        msg = f"a promise of kind {wanted.kind} {problem}"
        raise BadInput(msg)
    if within is not None:
        return period_end(since, within, calendar)
    if isinstance(wanted.due, Deadline):
        return PeriodEnd(due_at=wanted.due.instant, counted=wanted.due)
    assert wanted.due is not None  # noqa: S101 - refused above
    return PeriodEnd(due_at=require_utc(wanted.due, "due"), counted=None)
