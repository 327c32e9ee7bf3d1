"""
A severity edition: a decision table over stated facts, of which exactly one row must fit (E2).

Editions of the source differ in severities, channels and cadence, so all of it is data. A fact is
a choice among answers, a duration or a share; ``severity_coverage`` proves that an edition covers
every input exactly once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from include.mobile_plans.errors import BadInput
from include.mobile_plans.policy.validation import did_you_mean
from include.mobile_plans.policy.values import (
    FORBID_UNKNOWN,
    Day,
    Line,
    Name,
    Period,
    Prose,
    elapsed,
)

FactValue = str | timedelta | float
"""An answer, how long something lasts, or a share."""
SeverityName = Literal["high", "low"]


def _bound(value: object) -> timedelta | float:
    duration = elapsed(value)
    if duration is not None:
        return duration
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    msg = f"{value!r} is no bound: write a duration as PT30M, or a share as 0.75"
    raise ValueError(msg)


Bound = Annotated[timedelta | float, BeforeValidator(_bound)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a duration or share must keep to; every bound that is named must hold."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    more_than: Bound | None = None
    at_least: Bound | None = None
    less_than: Bound | None = None
    at_most: Bound | None = None

    def hold(self, value: timedelta | float) -> bool:
        """Tell whether a value keeps to all of them."""
        number = _number(value)
        return (
            (self.more_than is None or number > _number(self.more_than))
            and (self.at_least is None or number >= _number(self.at_least))
            and (self.less_than is None or number < _number(self.less_than))
            and (self.at_most is None or number <= _number(self.at_most))
        )

    @property
    def named(self) -> tuple[timedelta | float, ...]:
        """The bounds that are named."""
        values = (getattr(self, field.name) for field in fields(self))
        return tuple(value for value in values if value is not None)


def _number(value: timedelta | float) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else value


def _condition(value: object) -> object:
    if isinstance(value, list) and value and all(isinstance(answer, str) for answer in value):
        return tuple(value)
    names = [field.name for field in fields(Bounds)]
    if isinstance(value, dict) and value and set(value) <= set(names):
        return Bounds(**{name: _bound(bound) for name, bound in value.items()})
    msg = (
        "is no condition: write a list of answers in quotes, or bounds such as "
        f"{{more_than: PT30M}} (allowed are {', '.join(names)})"
    )
    raise ValueError(msg)


Condition = Annotated[tuple[str, ...] | Bounds, BeforeValidator(_condition)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """
    One thing that is stated about an incident.

    Attributes:
        question: What the person is asked.
        kind: A choice among ``answers``, a duration, or a share from 0 to 1.
        answers: What may be answered, for a choice.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    question: Line
    kind: Literal["choice", "duration", "share"] = "choice"
    answers: tuple[Line, ...] = ()

    def problem_with(self, value: FactValue) -> str | None:
        """Say why a value is no answer to this fact, or None."""
        if self.kind == "choice":
            if value in self.answers:
                return None
            return f"{value!r} is not allowed; allowed are {', '.join(self.answers)}"
        if self.kind == "duration":
            fits = isinstance(value, timedelta) and value >= timedelta(0)
            return None if fits else f"{value!r} is not a duration from zero on"
        fits = isinstance(value, int | float) and 0 <= value <= 1
        return None if fits else f"{value!r} is not a share from 0 to 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityRule:
    """One row of the table; facts it does not name may be anything."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    name: Name
    severity: SeverityName
    reason: Line
    when: Mapping[str, Condition]

    def fits(self, facts: Mapping[str, FactValue]) -> bool:
        """Tell whether this row fits the facts, all of which are stated."""
        for name, condition in self.when.items():
            value = facts[name]
            if isinstance(condition, Bounds):
                if isinstance(value, str) or not condition.hold(value):
                    return False
            elif value not in condition:
                return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityLevel:
    """
    What a severity asks of both parties (E3, E4).

    Attributes:
        meaning: The definition people read.
        channel: How it is escalated; phone always has a mail beside it.
        escalated_by: The role of the program that escalates.
        first_response: Within which the first response is due.
        update_every: The period after the last update in which the next one is due.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    meaning: Prose
    channel: Literal["phone_and_mail", "mail"]
    escalated_by: Literal["operations_centre", "mobile_plans_team"]
    first_response: Period
    update_every: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityLevels:
    """The two severities."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    high: SeverityLevel
    low: SeverityLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityDecision:
    """The severity decided, the row that decided it, and its reason in words."""

    edition: str
    severity: SeverityName
    rule: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityEdition:
    """
    One edition of the severity guidelines.

    Attributes:
        edition: Its name.
        valid_from: The day it takes effect.
        facts: What is asked, in this order.
        rules: The table.
        levels: What each severity asks.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    edition: Line
    valid_from: Day
    facts: Annotated[Mapping[str, Fact], Field(min_length=1)]
    rules: Annotated[tuple[SeverityRule, ...], Field(min_length=1)]
    levels: SeverityLevels

    def level(self, severity: SeverityName) -> SeverityLevel:
        """Return what a severity asks."""
        return self.levels.high if severity == "high" else self.levels.low

    def decide(self, facts: Mapping[str, FactValue]) -> SeverityDecision:
        """
        Decide the severity of stated facts (E2).

        Raises:
            BadInput: A fact is missing, unknown or answered with what is not allowed, or not
                exactly one row fits.
        """
        problems = [*self._problems_with(facts)]
        if problems:
            raise BadInput(*problems)
        fitting = [rule for rule in self.rules if rule.fits(facts)]
        if len(fitting) != 1:
            names = ", ".join(rule.name for rule in fitting) or "none"
            msg = f"severity edition {self.edition} needs exactly one fitting rule, found {names}"
            raise BadInput(msg)
        return SeverityDecision(
            edition=self.edition,
            severity=fitting[0].severity,
            rule=fitting[0].name,
            reason=fitting[0].reason,
        )

    def _problems_with(self, facts: Mapping[str, FactValue]) -> list[str]:
        problems = [
            f"fact {name!r} is unknown to severity edition {self.edition}; "
            f"allowed are {', '.join(self.facts)}{did_you_mean(name, self.facts)}"
            for name in facts
            if name not in self.facts
        ]
        for name, fact in self.facts.items():
            problem = fact.problem_with(facts[name]) if name in facts else "is not stated"
            if problem is not None:
                problems.append(f"fact {name!r}: {problem}")
        return problems
