"""The human tasks of maintenance: read a notice by hand, confirm an announcement, completion."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from include.mobile_plans import maintenance
from include.mobile_plans.errors import DoesNotApply, NotFound
from include.mobile_plans.instants import format_instant
from include.mobile_plans.maintenance import Desk, Maintenance, Plan, Proposal, Word
from include.mobile_plans.orchestration.maintenance_outlook import desk_at
from include.mobile_plans.orchestration.sign_off import SignOff
from include.mobile_plans.questions import Answer, Field, Question, Run
from include.mobile_plans.store import store_from_environment

CONFIRM, WITHDRAW = "Confirm", "Withdraw"
RECORD, NO_NOTICE = "Record it", "No notice"
COMPLETED, EXTENDED, CANCELLED = "Completed", "Extended", "Cancelled"
_SHOWN = 3000

FIELDS: Mapping[str, Field] = {
    "maintained_by": Field(
        title="Who maintains",
        description="The program, or the mobile operator that told us, by its slug.",
    ),
    "service": Field(
        title="Service",
        description="What is maintained. A window leaves nothing out but the service named.",
        suggestions=("core_network", "portal", "xdr"),
    ),
    "objects": Field(
        title="What of it is affected",
        description="One per line with its impact, such as gateway-eu = OUTAGE; also DEGRADED, "
        "REDUCED-REDUNDANCY, NO-IMPACT. Empty: all of the service is out.",
        kind="long text",
    ),
    "window": Field(
        title="Window",
        description="All of it, such as 2026-12-12 22:00 to 2026-12-13 02:00 Europe/London.",
    ),
    "recipients": Field(
        title="Who is told",
        description="Slugs of mobile operators where the program maintains; empty for all live.",
    ),
    "summary": Field(
        title="What is done",
        description="In one line, after a reference if there is one: CHG-7: New gateway.",
    ),
    "signed_by": Field(title="Signed by", description="The named person of the maintaining party."),
    "evidence": Field(
        title="Reason, or evidence",
        description="Why it changes, or is told although late; the mails say so. What proves a "
        "completion; of a mobile operator's word its mail.",
        kind="long text",
    ),
    "received_at": Field(
        title="Received at",
        description="When a mobile operator's mail reached us, such as 2026-12-01T10:00:00Z; "
        "empty: now.",
        kind="instant",
    ),
}
"""What people fill in about maintenance, in forms and human tasks alike."""


def needed(*options: str, names: tuple[str, ...]) -> dict[str, Field]:
    """Return fields that these options need."""
    return {name: replace(FIELDS[name], required_with=frozenset(options)) for name in names}


def own(desk: Desk, run: Run) -> Maintenance:
    """
    Return the maintenance a run is named after.

    Raises:
        DoesNotApply: The run only recorded a plan, which a run of its own name carries.
    """
    try:
        maintenance.number_of(run.run_id)
    except NotFound:
        msg = f"run {desk.of_run(run.run_id).maintenance_id} carries it"
        raise DoesNotApply(msg) from None
    return desk.find(run.run_id)


class MaintenanceQuestion:
    """What the questions about a maintenance have in common; see ``sign_off.Asker``."""

    options: tuple[str, ...]
    fields: Mapping[str, Field]

    def found(self, desk: Desk, run: Run) -> Maintenance:
        """Return the maintenance it is about."""
        return own(desk, run)

    def words(self, desk: Desk, of: Maintenance) -> Question:
        """Build the question, or raise ``DoesNotApply``."""
        raise NotImplementedError(desk, of)

    def judge(self, desk: Desk, of: Maintenance, answer: Answer) -> bool:
        """Do what the answer says; return whether it settles the question."""
        raise NotImplementedError(desk, of, answer)

    def ask(self, run: Run, now: datetime) -> Question:
        """Build the question from the store."""
        with store_from_environment().snapshot() as connection:
            desk = desk_at(connection, now)
            return self.words(desk, self.found(desk, run))

    def record(self, run: Run, answer: Answer) -> bool:
        """Write down what was answered; return whether the question is settled."""
        with store_from_environment().transaction() as connection:
            desk = desk_at(connection, answer.recorded_at)
            return self.judge(desk, self.found(desk, run), answer)


class ReadByHand(MaintenanceQuestion):
    """A notice that could not be read: what does it say? (P2)."""

    options = (RECORD, NO_NOTICE)
    fields: Mapping[str, Field] = {
        **needed(RECORD, names=("maintained_by", "service", "window")),
        "objects": FIELDS["objects"],
        "summary": Field(
            title="What is done, or why it is no notice",
            description=FIELDS["summary"].description,
            required_with=frozenset(options),
        ),
    }

    def words(self, desk: Desk, of: Maintenance) -> Question:
        """Show why it could not be read, and what it says."""
        if of.state != "unreadable":
            msg = "the notice could be read"
            raise DoesNotApply(msg)
        name, content = maintenance.original_of(desk, of) or ("-", b"")
        why = "\n".join(f"- {problem}" for problem in of.problems)
        lines = content.decode(errors="replace")[:_SHOWN].splitlines()
        shown = "\n".join(f"    {line}" for line in lines)
        return Question(
            subject=f"{of.maintenance_id}: read the notice {name}",
            body=(
                f"It reached us {of.received_at:%Y-%m-%d %H:%M} UTC, which is what counts, and "
                f"could not be read:\n\n{why}\n\nIt says:\n\n{shown}\n\n"
                f"The whole file: `maintenance export {of.maintenance_id} --original`."
            ),
            fields=self.fields,
        )

    def judge(self, desk: Desk, of: Maintenance, answer: Answer) -> bool:
        """Record what it says as received when it came, or that it is no notice."""
        if answer.option == NO_NOTICE:
            why = f"no notice: {answer.values['summary']}"
            word = Word(by=answer.recorded_by, why=why, at=desk.now)
            maintenance.withdraw(desk, of.maintenance_id, word)
            return True
        word = Word(by=answer.recorded_by, at=of.received_at or desk.now)
        plan = maintenance.plan_from_form(answer.values, desk.policy)
        maintenance.propose(desk, plan, word, desk.lock(of.maintenance_id))
        maintenance.announce(desk, of.maintenance_id, word)
        return True


class AnnouncementConfirmation(MaintenanceQuestion):
    """
    A late or colliding announcement, or a mobile operator's notice that was typed in (P1, P2).

    Args:
        in_run_of_its_own: Whether the run that asks carries the maintenance; else it changes one.
    """

    options = (CONFIRM, WITHDRAW)
    fields: Mapping[str, Field] = {
        **needed(CONFIRM, names=("signed_by",)),
        **needed(*options, names=("evidence",)),
        "received_at": FIELDS["received_at"],
    }

    def __init__(self, *, in_run_of_its_own: bool = True) -> None:
        self.in_run_of_its_own = in_run_of_its_own

    def found(self, desk: Desk, run: Run) -> Maintenance:
        """Return the maintenance of the run, or the one it changes."""
        return own(desk, run) if self.in_run_of_its_own else desk.of_run(run.run_id)

    def words(self, desk: Desk, of: Maintenance) -> Question:
        """Show every deadline, what is late, and what it collides with."""
        proposal = of.proposal
        if proposal is None or not of.is_open:
            msg = f"nothing is to be confirmed, it is {of.state}"
            raise DoesNotApply(msg)
        return Question(
            subject=f"{of.maintenance_id}: confirm maintenance of {_title(desk, proposal.plan)}",
            body=deadlines_text(proposal, desk.now),
            deadline=maintenance.send_by(proposal.verdicts),
            fields=_signed_by_own(desk, proposal.plan, self.fields),
        )

    def judge(self, desk: Desk, of: Maintenance, answer: Answer) -> bool:
        """Tell it, with who confirmed it and why; or take it back."""
        assert of.proposal is not None  # noqa: S101 - nothing else is asked about
        if answer.option == WITHDRAW:
            word = Word(by=answer.recorded_by, why=answer.values["evidence"], at=desk.now)
            maintenance.withdraw(desk, of.maintenance_id, word)
        else:
            word = maintenance.signed_word(desk, of.proposal.plan, answer.values)
            maintenance.announce(desk, of.maintenance_id, word)
        return True


class CompletionConfirmation(MaintenanceQuestion):
    """The program's own maintenance after its window: complete, or until when? (P3)."""

    options = (COMPLETED, EXTENDED, CANCELLED)
    fields: Mapping[str, Field] = {
        **needed(*options, names=("signed_by", "evidence")),
        **needed(EXTENDED, names=("window",)),
    }

    def words(self, desk: Desk, of: Maintenance) -> Question:
        """Ask the maintaining party; of a mobile operator's, its mail is recorded."""
        plan = of.plan
        if plan is None or not of.is_open or of.report is not None:
            msg = f"it is {of.state}" if of.report is None else "it was reported already"
            raise DoesNotApply(msg)
        if plan.party == "mobile_operator":
            msg = "the mobile operator tells it by mail: record that with its own form"
            raise DoesNotApply(msg)
        return Question(
            subject=f"{of.maintenance_id}: is it complete? {_title(desk, plan)}",
            body=(
                f"The window was {plan.window}. {len(plan.recipients)} mobile operators wait for "
                "the word that it is complete (P3).\n\n*Completed* is held back while monitoring "
                "still sees the named service fail, and told once it is well. *Extended* needs the "
                "whole window with its new end, tells them, and asks again."
            ),
            deadline=maintenance.end_of(of) + desk.policy.maintenance.completion_grace,
            fields=_signed_by_own(desk, plan, self.fields),
        )

    def judge(self, desk: Desk, of: Maintenance, answer: Answer) -> bool:
        """Record it; an extension is asked about again."""
        maintenance.update(desk, of.maintenance_id, answer.option, answer.values)
        return answer.option != EXTENDED


def deadlines_text(proposal: Proposal, now: datetime) -> str:
    """Say by when each recipient must be told, and what stands against telling it now."""
    lines = [f"{proposal.plan.summary}, {proposal.plan.window}.\n"]
    first = maintenance.send_by(proposal.verdicts)
    if first is not None:
        lines.append(f"Send by **{first:%a %d %b %Y %H:%M} UTC**, the earliest of these:\n")
    for recipient, verdict in proposal.verdicts.items():
        late_by = verdict.late_by(now)
        skipped = [f"{day.date}: {', '.join(day.names)}" for day in verdict.deadline.skipped]
        lines.append(
            f"- {recipient}: {format_instant(verdict.deadline.instant)}, "
            f"{f'late by {late_by}' if late_by else 'in time'}; on the calendars of "
            f"{' and '.join(verdict.calendars)}"
            f"{'; not counted ' + ', '.join(skipped) if skipped else ''}"
        )
    lines += [f"- collides: {warning}" for warning in proposal.warnings]
    return "\n".join(lines)


def read_by_hand() -> SignOff:
    """Ask what a notice says that could not be read."""
    return _sign_off(ReadByHand(), "read_notice", "Read the notice")


def announcement_confirmation(*, in_run_of_its_own: bool = True) -> SignOff:
    """Ask a named person to confirm what is late, collides or was typed in."""
    asker = AnnouncementConfirmation(in_run_of_its_own=in_run_of_its_own)
    return _sign_off(asker, "confirm_announcement", "Confirm the announcement")


def completion_confirmation() -> SignOff:
    """Ask the program whether its maintenance is complete."""
    return _sign_off(CompletionConfirmation(), "confirm_completion", "Is it complete?")


def _sign_off(asker: MaintenanceQuestion, task_id: str, name: str) -> SignOff:
    return SignOff(asker=asker, task_id=task_id, task_display_name=name, trigger_rule="none_failed")


def _title(desk: Desk, plan: Plan) -> str:
    service = maintenance.service_names(desk.policy)[plan.service]
    return f"{service} by {maintenance.maintainer_name(desk, plan)}"


def _signed_by_own(desk: Desk, plan: Plan, fields: Mapping[str, Field]) -> dict[str, Field]:
    """Offer the named people of the maintaining party as signers."""
    people = maintenance.signers(desk, plan)
    whose = f"A named person of {maintenance.maintainer_name(desk, plan)}: {', '.join(people)}"
    signed = replace(fields["signed_by"], description=whose, suggestions=people)
    return {**fields, "signed_by": signed}
