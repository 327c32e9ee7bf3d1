"""Who may stand for a party: only its own named people (L9)."""

from dataclasses import fields

from include.mobile_plans.policy.mobile_operators import MobileOperator
from include.mobile_plans.policy.program import ProgramPolicy
from include.mobile_plans.policy.promises import PartyName


def people_of(
    party: PartyName, mobile_operator: MobileOperator | None, policy: ProgramPolicy
) -> tuple[str, ...]:
    """
    Name the people who can sign for a party: its contacts, or the duty roster (L9).

    Args:
        party: Whose people.
        mobile_operator: Which one, where it is that party.
        policy: The program's policy, which holds the duty roster.
    """
    if party == "mobile_operator" and mobile_operator is not None:
        contacts = mobile_operator.contacts
        names = [c.name for role in fields(contacts) for c in getattr(contacts, role.name)]
    else:
        roster = policy.contacts.duty_roster
        names = [p.name for role in fields(roster) for p in getattr(roster, role.name).persons]
    return tuple(dict.fromkeys(names))


def signer_problem(signed_by: str | None, allowed: tuple[str, ...], whose: str) -> str | None:
    """Say why a name cannot sign for a party, or None: only its named people sign (L9)."""
    if signed_by in allowed:
        return None
    return f"{signed_by!r} cannot sign for {whose}: allowed are {', '.join(allowed)}"
