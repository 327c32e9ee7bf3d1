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
_LOSSES = ("not_lost", "partly_lost", "completely_lost")


def _one_of(title: str, allowed: tuple[str, ...], more: str = "") -> Field:
    description = f"One of: {', '.join(allowed)}.{more}"
    return Field(title=title, description=description, suggestions=allowed)


FIELDS: Mapping[str, Field] = {
    "portal": _one_of("Can the app reach the portal?", REACHABLE),
    "ways": Field(
        title="On which ways is it hit?",
        description=f"Any of {', '.join(WAYS)}, between commas; empty means all of them.",
        suggestions=WAYS,
    ),
    "purchased_data": _one_of("Can users consume purchased data?", USABLE),
    "abnormal_calls": _one_of("Abnormally high number of calls?", CALLS, " Empty means no."),
    "calls": Field(
        title="How many calls, how many are usual",
        description="The counts behind it, such as 2400 in 10 minutes, usually 300.",
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
    problems = [
        f"{FIELDS[name].title!r} cannot be {given[name]!r}: allowed are {', '.join(allowed)}"
        for name, allowed in _CHOICES.items()
        if name in given and given[name] not in allowed
    ]
    ways = [way.strip() for way in given.get("ways", "").split(",") if way.strip()]
    problems += [
        f"{FIELDS['ways'].title!r} cannot be {way!r}: allowed are {', '.join(WAYS)}"
        for way in ways
        if way not in WAYS
    ]
    if given.get("abnormal_calls", CALLS[0]) != CALLS[0] and "calls" not in given:
        problems.append(f"{FIELDS['calls'].title!r} is needed for an abnormal number of calls")
    if problems:
        raise BadInput(*problems)
    if "aware_at" in given:
        given["aware_at"] = format_instant(parse_instant(given["aware_at"], "when they knew"))
    return given


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
    ways = {way.strip() for way in stated.get("ways", "").split(",")} - {""}
    if "portal" in stated and ways and ways != set(WAYS):
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
