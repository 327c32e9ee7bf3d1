"""
Proof that a severity edition covers every input exactly once.

A duration or share has infinitely many values, but the table can only tell them apart at the
bounds it names: one value at each, between each two and beyond the last stands for all. The
product of these with the answers of the choices is finite and is tried completely.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise, product
from typing import Any

from include.mobile_plans.policy.severity import Bounds, Fact, FactValue, SeverityEdition
from include.mobile_plans.policy.validation import did_you_mean

MOST_INPUTS = 200_000
"""More than this is not a table a person can have meant."""
MOST_LINES = 20
"""Problems of coverage listed one by one; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """A value that stands for all values the table treats alike, and how to say it."""

    value: FactValue
    words: str


_Inputs = tuple[tuple[str, ...], ...]
"""For each fact in order, the values meant, in words."""
_Fitting = tuple[str, ...]


def edition_problems(edition: SeverityEdition) -> list[str]:
    """List what contradicts itself in an edition, each in words; coverage only if it is sound."""
    return [*_table_problems(edition)] or [*_coverage_problems(edition)]


def _table_problems(edition: SeverityEdition) -> Iterator[str]:
    for name, fact in edition.facts.items():
        if (fact.kind == "choice") != bool(fact.answers):
            yield f"facts.{name}: answers belong to a choice, and a choice needs them"
    seen: set[str] = set()
    for position, rule in enumerate(edition.rules):
        if rule.name in seen:
            yield f"rules[{position}].name: {rule.name!r} is used twice: give each rule its own"
        seen.add(rule.name)
        for name, condition in rule.when.items():
            for problem in _condition_problems(edition.facts, name, condition):
                yield f"rules[{position}].when.{name}: {problem}"


def _condition_problems(
    facts: Mapping[str, Fact], name: str, condition: tuple[str, ...] | Bounds
) -> Iterator[str]:
    if name not in facts:
        yield f"unknown fact; allowed are {', '.join(facts)}{did_you_mean(name, facts)}"
        return
    fact = facts[name]
    if isinstance(condition, Bounds):
        wanted = {"duration": timedelta, "share": float}.get(fact.kind)
        if wanted is None:
            yield f"bounds belong to a duration or share; write a list of {', '.join(fact.answers)}"
        elif not all(isinstance(bound, wanted) for bound in condition.named):
            yield f"the fact is a {fact.kind}: its bounds must be too"
        return
    if fact.kind != "choice":
        yield f"the fact is a {fact.kind}: write bounds such as {{more_than: ...}}"
        return
    for answer in condition:
        if answer not in fact.answers:
            yield (
                f"{answer!r} is not allowed; allowed are {', '.join(fact.answers)}"
                f"{did_you_mean(answer, fact.answers)}"
            )


def _coverage_problems(edition: SeverityEdition) -> Iterator[str]:
    points = {name: _points(edition, name, fact) for name, fact in edition.facts.items()}
    inputs = math.prod(len(values) for values in points.values())
    if inputs > MOST_INPUTS:
        yield f"facts: {inputs} inputs to cover, allowed are at most {MOST_INPUTS}"
        return
    wrong: dict[_Inputs, _Fitting] = {}
    for combination in product(*points.values()):
        facts = {name: point.value for name, point in zip(points, combination, strict=True)}
        fitting = tuple(rule.name for rule in edition.rules if rule.fits(facts))
        if len(fitting) != 1:
            wrong[tuple((point.words,) for point in combination)] = fitting
    merged = _merged(wrong, len(points))
    for words, fitting in list(merged.items())[:MOST_LINES]:
        yield f"rules: {_told(points, words)} {_verdict(fitting)}; exactly one rule must fit"
    if len(merged) > MOST_LINES:
        yield f"rules: {len(merged) - MOST_LINES} more inputs are not covered exactly once"


def _merged(wrong: dict[_Inputs, _Fitting], facts: int) -> dict[_Inputs, _Fitting]:
    """Join inputs that differ in one fact only, so that a gap is told once."""
    for position in range(facts):
        joined: dict[tuple[_Inputs, _Fitting], tuple[str, ...]] = {}
        for words, fitting in wrong.items():
            others = (words[:position] + words[position + 1 :], fitting)
            joined[others] = joined.get(others, ()) + words[position]
        wrong = {
            (*others[:position], values, *others[position:]): fitting
            for (others, fitting), values in joined.items()
        }
    return wrong


def _told(points: Mapping[str, list[_Point]], words: _Inputs) -> str:
    """Say which inputs are meant; a fact that may be anything is left out."""
    named = [
        f"{name} {' or '.join(values)}"
        for (name, known), values in zip(points.items(), words, strict=True)
        if len(values) < len(known)
    ]
    return f"the input {', '.join(named)}" if named else "every input"


def _verdict(fitting: _Fitting) -> str:
    if not fitting:
        return "is not covered"
    return f"is covered by {len(fitting)} rules ({', '.join(fitting)})"


def _points(edition: SeverityEdition, name: str, fact: Fact) -> list[_Point]:
    if fact.kind == "choice":
        return [_Point(value=answer, words=answer) for answer in fact.answers]
    bounds: set[timedelta | float] = set()
    for rule in edition.rules:
        condition = rule.when.get(name)
        if isinstance(condition, Bounds):
            bounds.update(condition.named)
    if fact.kind == "share":
        return _between(sorted({0.0, 1.0, *(b for b in bounds if isinstance(b, float))}))
    durations = sorted({timedelta(0), *(b for b in bounds if isinstance(b, timedelta))})
    last = durations[-1]
    beyond = _Point(value=last + timedelta(days=1), words=f"more than {last}")
    return [*_between(durations), beyond]


def _between(bounds: Sequence[Any]) -> list[_Point]:
    """Return each bound and a value between each two, in order."""
    points = [_Point(value=bounds[0], words=f"exactly {bounds[0]}")]
    for low, high in pairwise(bounds):
        points += [
            _Point(value=low + (high - low) / 2, words=f"between {low} and {high}"),
            _Point(value=high, words=f"exactly {high}"),
        ]
    return points
