"""
Proof that a severity edition covers every input exactly once.

A duration or share has infinitely many values, but the table can only tell them apart at the
bounds it names: one value below, at, between and above them stands for all. The product of these
with the answers of the choices is finite and is tried completely.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise, product

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
    found = 0
    for combination in product(*points.values()):
        facts = {name: point.value for name, point in zip(points, combination, strict=True)}
        fitting = [rule.name for rule in edition.rules if rule.fits(facts)]
        if len(fitting) == 1:
            continue
        found += 1
        if found <= MOST_LINES:
            words = ", ".join(
                f"{name} {point.words}" for name, point in zip(points, combination, strict=True)
            )
            covered = (
                f"covered by {len(fitting)} rules ({', '.join(fitting)})"
                if fitting
                else "not covered"
            )
            yield f"rules: the input {words} is {covered}; exactly one rule must fit"
    if found > MOST_LINES:
        yield f"rules: {found - MOST_LINES} more inputs are not covered exactly once"


def _points(edition: SeverityEdition, name: str, fact: Fact) -> list[_Point]:
    if fact.kind == "choice":
        return [_Point(value=answer, words=answer) for answer in fact.answers]
    bounds: set[timedelta | float] = set()
    for rule in edition.rules:
        condition = rule.when.get(name)
        if isinstance(condition, Bounds):
            bounds.update(condition.named)
    if fact.kind == "duration":
        return _duration_points(sorted(b for b in bounds if isinstance(b, timedelta)))
    return _share_points(sorted(b for b in bounds if isinstance(b, float)))


def _duration_points(bounds: list[timedelta]) -> list[_Point]:
    if not bounds:
        return [_Point(value=timedelta(0), words="any")]
    points = [_Point(value=bounds[0] / 2, words=f"less than {bounds[0]}")]
    points += [_Point(value=bound, words=f"exactly {bound}") for bound in bounds]
    points += [
        _Point(value=(low + high) / 2, words=f"between {low} and {high}")
        for low, high in pairwise(bounds)
    ]
    points.append(_Point(value=bounds[-1] * 2, words=f"more than {bounds[-1]}"))
    return points


def _share_points(bounds: list[float]) -> list[_Point]:
    ends = sorted({0.0, *bounds, 1.0})
    points = [_Point(value=bound, words=f"exactly {bound:g}") for bound in ends]
    points += [
        _Point(value=(low + high) / 2, words=f"between {low:g} and {high:g}")
        for low, high in pairwise(ends)
    ]
    return points
