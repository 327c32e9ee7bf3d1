"""What people state about an incident before it is escalated, and the facts that follow (E2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import format_instant, parse_instant
from include.mobile_plans.policy import FactValue, SeverityName, program_policy
from include.mobile_plans.questions import Field

WAYS = ("walled garden", "Wi-Fi", "Ethernet")
"""How the app reaches the portal (E1)."""
REACHABLE = ("reachable", "partly reachable", "not reachable")
USABLE = ("usable", "partly usable", "not usable")
CALLS = ("no", "harmless", "core scenario at risk")
_CHOICES = {"portal": REACHABLE, "purchased_data": USABLE, "abnormal_calls": CALLS}
_MORE = {"portal": "ways", "abnormal_calls": "calls"}
"""What stands after a colon in an answer, under the name it is kept by."""
_LOSSES = ("not_lost", "partly_lost", "completely_lost")

FIELDS: Mapping[str, Field] = {
    "portal": Field(
        title="Can the app reach the portal?",
        description=f"One of: {', '.join(REACHABLE)}. Where only some of {', '.join(WAYS)} are "
        "hit, name them after a colon: 'not reachable: Wi-Fi'.",
        suggestions=REACHABLE,
    ),
    "purchased_data": Field(
        title="Can users consume purchased data?",
        description=f"One of: {', '.join(USABLE)}.",
        suggestions=USABLE,
    ),
    "abnormal_calls": Field(
        title="Abnormally high number of calls from us?",
        description=f"One of: {', '.join(CALLS)}; empty means no. With the counts after a colon: "
        "'harmless: 2400 in 10 minutes, usually 300'.",
        suggestions=CALLS,
    ),
    "reference": Field(title="Their reference", description="The number of their own ticket."),
    "aware_at": Field(
        title="When they first knew",
        description="For an outage of their Core Network Services, with its offset: their 30 "
        "minutes run from here. Empty while they have not said.",
        kind="instant",
    ),
}
"""What a report is asked for beyond who, what, since when and a call-back (E5)."""


def stated_in(values: Mapping[str, str]) -> dict[str, str]:
    """
    Return what a form or the command line states, field by field; other fields are passed over.

    Raises:
        BadInput: An answer is none of those allowed, one line each, or calls come without counts.
    """
    given = {name: values[name].strip() for name in FIELDS if values.get(name, "").strip()}
    for name, more in _MORE.items():
        answer, _, rest = given.get(name, "").partition(":")
        if rest.strip():
            given |= {name: answer.strip(), more: rest.strip()}
    problems = [
        f"{FIELDS[name].title!r} cannot be {given[name]!r}: allowed are {', '.join(allowed)}"
        for name, allowed in _CHOICES.items()
        if name in given and given[name] not in allowed
    ]
    problems += [
        f"{FIELDS['portal'].title!r} cannot name the way {way!r}: allowed are {', '.join(WAYS)}"
        for way in sorted(_ways_in(given) - set(WAYS))
    ]
    if given.get("abnormal_calls", CALLS[0]) != CALLS[0] and "calls" not in given:
        problems.append("an abnormal number of calls needs the counts, after a colon")
    if problems:
        raise BadInput(*problems)
    if "aware_at" in given:
        given["aware_at"] = format_instant(parse_instant(given["aware_at"], "when they knew"))
    return given


def _ways_in(stated: Mapping[str, str]) -> set[str]:
    return {way.strip() for way in stated.get("ways", "").split(",")} - {""}


def missing_in(stated: Mapping[str, str]) -> list[str]:
    """Return the questions of the template that nobody has answered yet, in words (E5)."""
    return [
        FIELDS[name].title
        for name in ("portal", "purchased_data", "reference")
        if name not in stated
    ]


def facts_of(
    stated: Mapping[str, str], *, lasted: timedelta, degraded: bool = False
) -> dict[str, FactValue]:
    """
    Return the facts of severity editions that follow from what is stated.

    A core scenario is completely lost where the portal cannot be reached on any way, or purchased
    data not be used. While nothing is stated about either, that fact is left out.
    """
    calls = stated.get("abnormal_calls", CALLS[0])
    facts: dict[str, FactValue] = {
        "lasted": lasted,
        "degradation_rule": "yes" if degraded else "no",
        "abnormal_calls": calls.replace(" ", "_"),
    }
    losses = [_CHOICES[name].index(stated[name]) for name in _CHOICES if name in stated]
    if "abnormal_calls" in stated:
        losses[-1] = 0
    if "portal" in stated and 0 < len(_ways_in(stated)) < len(WAYS):
        losses[0] = min(losses[0], 1)
    if losses:
        facts["core_scenario"] = _LOSSES[max(losses)]
    return facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A severity as it was decided; ``rule`` is None where a named person decided otherwise."""

    severity: SeverityName
    reason: str
    edition: str
    rule: str | None
    stated: Mapping[str, str]


Override = tuple[SeverityName, str]
"""The severity a named person decides on, and the reason."""


def decide(
    stated: Mapping[str, str],
    *,
    since: datetime,
    now: datetime,
    degraded: bool = False,
    override: Override | None = None,
) -> Decision:
    """
    Decide on a severity: by the edition of the day, unless a named person overrides it (E2).

    Args:
        stated: What is stated, as ``stated_in`` returns it.
        since: When the trouble began.
        now: Up to when it has lasted.
        degraded: Whether the degradation rule of monitoring holds.
        override: What a named person decides instead.

    Raises:
        BadInput: Something the edition asks for is not stated, or an override has no reason.
    """
    edition = program_policy().severity_edition(now.date())
    if override is None:
        facts = facts_of(stated, lasted=max(now - since, timedelta(0)), degraded=degraded)
        found = edition.decide({name: facts[name] for name in facts if name in edition.facts})
        severity, reason, rule = found.severity, found.reason, found.rule
    else:
        (severity, reason), rule = override, None
    if not reason.strip():
        msg = "a named person decides on a severity with a reason: it is empty"
        raise BadInput(msg)
    return Decision(
        severity=severity, reason=reason, edition=edition.edition, rule=rule, stated=dict(stated)
    )
