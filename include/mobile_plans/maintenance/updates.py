"""What the maintaining party says of a maintenance that was told, as a form has it (P3)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from include.mobile_plans.errors import BadInput, Conflict
from include.mobile_plans.instants import format_instant, parse_instant
from include.mobile_plans.maintenance.changes import cancel, complete, extend, reschedule
from include.mobile_plans.maintenance.desk import Desk
from include.mobile_plans.maintenance.plans import Plan, parse_window
from include.mobile_plans.maintenance.state import Maintenance, Word
from include.mobile_plans.policy import people_of, signer_problem

CHANGES = ("Rescheduled", "Extended", "Completed", "Cancelled")


def update(desk: Desk, maintenance_id: str, change: str, form: Mapping[str, object]) -> Maintenance:
    """
    Record what the maintaining party says, signed by one of its named people.

    Another window of the program that is late or collides is only proposed.

    Args:
        desk: The write transaction.
        maintenance_id: The maintenance.
        change: One of ``CHANGES``.
        form: ``signed_by``; ``evidence``, which proves a completion or is the reason of a change;
            ``window``, the whole new one; ``received_at``, where that was earlier than now.

    Raises:
        NotFound: There is no such maintenance.
        BadInput: Something is missing, nobody of that party signed, or it is not possible.
        Conflict: It was completed or cancelled, or nobody was told of it.
    """
    before = desk.lock(maintenance_id)
    if before.plan is None:
        msg = f"{maintenance_id} was told to nobody yet: announce or withdraw it"
        raise Conflict(msg)
    word = signed_word(desk, before.plan, form)
    window = str(form.get("window") or "")
    match change:
        case "Completed":
            return complete(desk, before, word)
        case "Extended":
            return extend(desk, before, parse_window(window).ends_at, word)
        case "Rescheduled":
            moved = replace(before.plan, window=parse_window(window))
            return reschedule(desk, before, moved, word)
        case "Cancelled":
            return cancel(desk, before, word)
    msg = f"{change!r} is no change: allowed are {', '.join(CHANGES)}"
    raise BadInput(msg)


def signed_word(desk: Desk, plan: Plan, form: Mapping[str, object]) -> Word:
    """
    Return the word of a named person of the maintaining party.

    Raises:
        BadInput: Somebody else signed, the evidence or reason is missing, or it was received at no
            possible time.
    """
    given = {name: str(form.get(name) or "").strip() for name in ("signed_by", "evidence")}
    problem = signer_problem(given["signed_by"], signers(desk, plan), maintainer_name(desk, plan))
    problems = [problem] if problem else []
    if not given["evidence"]:
        problems.append("evidence is empty: say what proves a completion, or why it changes")
    if problems:
        raise BadInput(*problems)
    received_at = received(desk, str(form.get("received_at") or ""))
    return Word(by=given["signed_by"], why=given["evidence"], at=received_at)


def signers(desk: Desk, plan: Plan) -> tuple[str, ...]:
    """Name the people who can speak for the maintaining party (L9)."""
    return people_of(plan.party, desk.mobile_operators().get(plan.maintained_by), desk.policy)


def maintainer_name(desk: Desk, plan: Plan) -> str:
    """Return what people call the maintaining party."""
    maintainer = desk.mobile_operators().get(plan.maintained_by)
    return maintainer.name if maintainer else desk.policy.contacts.program_name


def received(desk: Desk, text: str) -> datetime:
    """
    Return when something reached us; now where nothing is said.

    Raises:
        NaiveDatetime: It has no time zone.
        BadInput: It is no instant, or lies in the future.
    """
    at = parse_instant(text, "received at") if text else desk.now
    if at > desk.now:
        msg = f"received at {text} lies in the future: it is {format_instant(desk.now)}"
        raise BadInput(msg)
    return at
