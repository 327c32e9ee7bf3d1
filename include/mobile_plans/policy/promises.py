"""What every promise with a clock has in common, and who is told of each kind of them (E6)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import AfterValidator, Field

from include.mobile_plans.policy.contacts import DutyRoster
from include.mobile_plans.policy.documents import KeyPath
from include.mobile_plans.policy.mobile_operators import ContactRole
from include.mobile_plans.policy.validation import did_you_mean
from include.mobile_plans.policy.values import (
    FORBID_UNKNOWN,
    Duration,
    Line,
    Name,
    Period,
    Share,
)

PartyName = Literal["program", "mobile_operator"]
"""The two parties of every clause."""

PERIODS_ELSEWHERE = (
    "launch.iccid_configuration_within",
    "launch.staging_migration_within",
    "maintenance.completion_grace",
    "promises.outage_notice_within",
    "severity.high.first_response",
    "severity.high.update_every",
    "severity.low.first_response",
    "severity.low.update_every",
)
"""Where policy holds the period of a promise; that of a severity is its edition's of the day."""

ROLES = (
    *(f"program.{role.name}" for role in fields(DutyRoster)),
    *(f"mobile_operator.{role}" for role in get_args(ContactRole)),
)
"""Every role that can be told: a duty of the program, or a contact role of a mobile operator."""


def _one_of(allowed: tuple[str, ...], what: str, text: str) -> str:
    if text not in allowed:
        msg = (
            f"{text!r} is no {what}; allowed are {', '.join(allowed)}{did_you_mean(text, allowed)}"
        )
        raise ValueError(msg)
    return text


def _role(text: str) -> str:
    return _one_of(ROLES, "role", text)


def _period_elsewhere(text: str) -> str:
    return _one_of(PERIODS_ELSEWHERE, "period of policy", text)


RoleName = Annotated[str, AfterValidator(_role)]
"""A party and its role, such as ``mobile_operator.incident``."""


def party_of(role: str) -> PartyName:
    """Return the party a role belongs to."""
    return "program" if role.startswith("program.") else "mobile_operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """One further role that is told of a breach, ``after`` it."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    to: RoleName
    after: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseRoles:
    """
    Who is told of a promise that one of the parties owes.

    Attributes:
        acts: The role of the party that owes it: reminded first, and told of the breach.
        breach_told_to: The role of the other party that is told of the breach.
        escalations: The further roles, in the order they are told.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    acts: RoleName
    breach_told_to: RoleName
    escalations: Annotated[tuple[Escalation, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseKind:
    """
    One kind of promise.

    Attributes:
        title: What is promised, in words that follow "owes".
        within: Its period, where this file is the one that holds it.
        within_from: Where else policy holds its period; with neither, whoever gives the promise
            states when it is due.
        owed_by: Who is told, by the party that owes it.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    title: Line
    within: Period | None = None
    within_from: Annotated[str, AfterValidator(_period_elsewhere)] | None = None
    owed_by: Annotated[Mapping[PartyName, PromiseRoles], Field(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromisePolicy:
    """
    What all promises have in common (E6), and their kinds.

    Attributes:
        at_risk_share: The part of its time after which a promise is at risk.
        outage_notice_within: From first awareness of an outage to its notice (O1, O2).
        claim_within: After which the next duty person is paged for an urgent task.
        most_phone_ranks: How many contacts of a role are called one after the other.
        late_after: A reminder that goes out later than this after its time says how late it is.
        kept_for: How long closed promises and sent notices stay in the store.
        kinds: Every kind of promise, by name.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    at_risk_share: Share
    outage_notice_within: Duration
    claim_within: Duration
    most_phone_ranks: Annotated[int, Field(ge=1, le=10)]
    late_after: Duration
    kept_for: Duration
    kinds: Mapping[Name, PromiseKind]


def kind_problems(policy: PromisePolicy) -> Iterator[tuple[KeyPath, str]]:
    """Yield where a kind of promise contradicts itself."""
    for name, kind in policy.kinds.items():
        path: KeyPath = ("kinds", name)
        if kind.within is not None and kind.within_from is not None:
            yield (*path, "within_from"), "names a second period: keep within or within_from"
        for debtor, roles in kind.owed_by.items():
            yield from _role_problems(roles, debtor, (*path, "owed_by", debtor))


def _role_problems(
    roles: PromiseRoles, debtor: PartyName, path: KeyPath
) -> Iterator[tuple[KeyPath, str]]:
    if party_of(roles.acts) != debtor:
        yield (*path, "acts"), f"{roles.acts} must be a role of the {debtor}, which owes this"
    if party_of(roles.breach_told_to) == debtor:
        text = f"{roles.breach_told_to} must be a role of the other party than the {debtor}"
        yield (*path, "breach_told_to"), text
    times = [timedelta(0), *(escalation.after for escalation in roles.escalations)]
    for position, (before, after) in enumerate(pairwise(times)):
        if after < before:
            text = f"{after} is earlier than the escalation before it"
            yield (*path, "escalations", position, "after"), text
