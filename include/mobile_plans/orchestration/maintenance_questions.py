"""The human tasks of maintenance: read a notice by hand, confirm an announcement, completion."""

from collections.abc import Mapping
from datetime import datetime

from include.mobile_plans import maintenance
from include.mobile_plans.errors import DoesNotApply, NotFound
from include.mobile_plans.instants import format_instant
from include.mobile_plans.maintenance import Desk, Maintenance, Proposal, Word
from include.mobile_plans.orchestration.maintenance_outlook import desk_at
from include.mobile_plans.orchestration.sign_off import SignOff
from include.mobile_plans.questions import Answer, Field, Question, Run
from include.mobile_plans.store import store_from_environment

CONFIRM, WITHDRAW = "Confirm", "Withdraw"
RECORD, NO_NOTICE = "Record it", "No notice"
COMPLETED, EXTENDED, CANCELLED = "Completed", "Extended", "Cancelled"
_SHOWN = 3000

RECEIVED_AT = Field(
    title="Received at",
    description="Of a mobile operator's word: when its mail reached us, such as "
    "2026-12-01T10:00:00Z. Empty: now.",
    kind="instant",
)


def own(desk: Desk, run: Run) -> Maintenance:
    """
    Return the maintenance a run is named after.

    Raises:
        DoesNotApply: The run only recorded a plan, which a run of its own name carries.
    """
    try:
        maintenance.number_of(run.run_id)
    except NotFound:
        carrier = desk.of_run(run.run_id).maintenance_id
        msg = f"run {carrier} carries it"
        raise DoesNotApply(msg) from None
    return desk.find(run.run_id)


class MaintenanceQuestion:
    """What the questions about a maintenance have in common."""

    options: tuple[str, ...]
    fields: Mapping[str, Field]

    def found(self, desk: Desk, run: Run) -> Maintenance:
        """Return the maintenance it is about."""
        return own(desk, run)

    def words(self, desk: Desk, of: Maintenance) -> Question:
        """
        Build the question.

        Raises:
            DoesNotApply: There is nothing to ask.
        """
        raise NotImplementedError(desk, of)

    def judge(self, desk: Desk, of: Maintenance, answer: Answer) -> bool:
        """Do what the answer says; return whether it settles the question."""
        raise NotImplementedError(desk, of, answer)

    def ask(self, run: Run, now: datetime) -> Question:
        """
        Build the question from the store.

        Raises:
            DoesNotApply: There is nothing to ask in this run.
        """
        with store_from_environment().snapshot() as connection:
            desk = desk_at(connection, now)
            return self.words(desk, self.found(desk, run))

    def record(self, run: Run, answer: Answer) -> bool:
        """
        Write down what was answered; return whether the question is settled.

        Raises:
            BadInput: It does not hold, one line per problem.
        """
        with store_from_environment().transaction() as connection:
            desk = desk_at(connection, answer.recorded_at)
            return self.judge(desk, self.found(desk, run), answer)


class ReadByHand(MaintenanceQuestion):
    """A notice that could not be read: what does it say? (P2)."""

    options = (RECORD, NO_NOTICE)
    fields: Mapping[str, Field] = {
        "maintained_by": Field(
            title="Mobile operator",
            description="Whose notice it is, by its slug.",
            required_with=frozenset({RECORD}),
        ),
        "service": Field(
            title="Service",
            description="core_network, portal or xdr.",
            suggestions=("core_network", "portal", "xdr"),
            required_with=frozenset({RECORD}),
        ),
        "objects": Field(
            title="What is affected",
            description="One per line, such as portal-west = OUTAGE; also DEGRADED, "
            "REDUCED-REDUNDANCY, NO-IMPACT. Empty: all of the service is out.",
            kind="long text",
        ),
        "window": Field(
            title="Window",
            description="Such as 2026-12-12 22:00 to 2026-12-13 02:00 Europe/London.",
            required_with=frozenset({RECORD}),
        ),
        "summary": Field(
            title="What is done, or why it is no notice",
            description="In one line, after its own reference if it has one: CHG-7: New balancer.",
            required_with=frozenset({RECORD, NO_NOTICE}),
        ),
    }

    def words(self, desk: Desk, of: Maintenance) -> Question:
        """Show why it could not be read, and what it says."""
        if of.state != "unreadable":
            msg = "the notice could be read"
            raise DoesNotApply(msg)
        name, content = maintenance.original_of(desk, of) or ("-", b"")
        why = "\n".join(f"- {problem}" for problem in of.problems)
        shown = "\n".join(
            f"    {line}" for line in content.decode(errors="replace")[:_SHOWN].splitlines()
        )
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
        word = Word(by=answer.recorded_by, at=of.received_at or desk.now)
        if answer.option == NO_NOTICE:
            why = f"no notice: {answer.values['summary']}"
            maintenance.withdraw(desk, of.maintenance_id, Word(by=word.by, why=why, at=desk.now))
            return True
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
        "signed_by": Field(
            title="Signed by",
            description="The named person who stands for it.",
            required_with=frozenset({CONFIRM, WITHDRAW}),
        ),
        "evidence": Field(
            title="Reason, or evidence",
            description="Why it is told all the same, or withdrawn; the notice says so. Of a "
            "mobile operator's notice: its mail.",
            kind="long text",
            required_with=frozenset({CONFIRM, WITHDRAW}),
        ),
        "received_at": RECEIVED_AT,
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
        plan, name = proposal.plan, maintenance.maintainer_name(desk, proposal.plan)
        service = maintenance.service_names(desk.policy)[plan.service]
        people = maintenance.signers(desk, plan)
        fields = dict(self.fields)
        fields["signed_by"] = Field(
            title="Signed by",
            description=f"A named person of {name}: {', '.join(people)}",
            suggestions=people,
            required_with=self.fields["signed_by"].required_with,
        )
        return Question(
            subject=f"{of.maintenance_id}: confirm the maintenance of {service} by {name}",
            body=deadlines_text(proposal, desk.now),
            deadline=maintenance.send_by(proposal.verdicts),
            fields=fields,
        )

    def judge(self, desk: Desk, of: Maintenance, answer: Answer) -> bool:
        """Tell it, with who confirmed it and why; or take it back."""
        assert of.proposal is not None  # noqa: S101 - nothing else is asked about
        word = maintenance.signed_word(desk, of.proposal.plan, answer.values)
        act = maintenance.announce if answer.option == CONFIRM else maintenance.withdraw
        act(desk, of.maintenance_id, word)
        return True


class CompletionConfirmation(MaintenanceQuestion):
    """The program's own maintenance after its window: complete, or until when? (P3)."""

    options = (COMPLETED, EXTENDED, CANCELLED)
    fields: Mapping[str, Field] = {
        "signed_by": AnnouncementConfirmation.fields["signed_by"],
        "evidence": Field(
            title="Evidence, or reason",
            description="What proves that everything works again, or why it takes longer.",
            kind="long text",
            required_with=frozenset(options),
        ),
        "window": Field(
            title="Window",
            description="Of an extension: the whole window with its new end, such as "
            "2026-12-12 22:00 to 2026-12-13 04:00 UTC.",
            required_with=frozenset({EXTENDED}),
        ),
    }

    def words(self, desk: Desk, of: Maintenance) -> Question:
        """Ask the maintaining party; of a mobile operator's, its mail is recorded."""
        if of.plan is None or not of.is_open or of.report is not None:
            msg = f"it is {of.state}" if of.report is None else "it was reported already"
            raise DoesNotApply(msg)
        if of.plan.party == "mobile_operator":
            name = maintenance.maintainer_name(desk, of.plan)
            msg = f"{name} tells it by mail: record it with Change a planned maintenance"
            raise DoesNotApply(msg)
        service = maintenance.service_names(desk.policy)[of.plan.service]
        return Question(
            subject=f"{of.maintenance_id}: is it complete? {service}",
            body=(
                f"The window was {of.plan.window}. {len(of.plan.recipients)} mobile operators wait "
                "for the word that it is complete (P3).\n\n*Completed* is held back while "
                "monitoring still sees the named service fail, and told once it is well. "
                "*Extended* tells them the new end, and asks again."
            ),
            deadline=maintenance.end_of(of) + desk.policy.maintenance.completion_grace,
            fields=self.fields,
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
        calendars = " and ".join(verdict.calendars)
        skipped = [f"{day.date}: {', '.join(day.names)}" for day in verdict.deadline.skipped]
        lines.append(
            f"- {recipient}: {format_instant(verdict.deadline.instant)}, "
            f"{f'late by {late_by}' if late_by else 'in time'}; on the calendars of {calendars}"
            f"{'; not counted ' + ', '.join(skipped) if skipped else ''}"
        )
    lines += [f"- collides: {warning}" for warning in proposal.warnings]
    return "\n".join(lines)


def read_by_hand() -> SignOff:
    """Ask what a notice says that could not be read."""
    return SignOff(
        asker=ReadByHand(),
        task_id="read_notice",
        task_display_name="Read the notice",
        trigger_rule="none_failed",
    )


def announcement_confirmation(*, in_run_of_its_own: bool = True) -> SignOff:
    """Ask a named person to confirm what is late, collides or was typed in."""
    return SignOff(
        asker=AnnouncementConfirmation(in_run_of_its_own=in_run_of_its_own),
        task_id="confirm_announcement",
        task_display_name="Confirm the announcement",
        trigger_rule="none_failed",
    )


def completion_confirmation() -> SignOff:
    """Ask the program whether its maintenance is complete."""
    return SignOff(
        asker=CompletionConfirmation(),
        task_id="confirm_completion",
        task_display_name="Is it complete?",
        trigger_rule="none_failed",
    )
