"""The questions of a launch: who is asked what, what they must give, and when it is settled."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from include.mobile_plans.errors import BadInput, DoesNotApply
from include.mobile_plans.launch.records import launch_of_run, record_answer
from include.mobile_plans.launch.rules import (
    Ranges,
    missing_steps,
    people_of,
    ranges_at,
    signed_steps,
    signer_problem,
)
from include.mobile_plans.launch.state import Launch
from include.mobile_plans.policy import (
    MobileOperator,
    PartyName,
    ProgramPolicy,
    mobile_operator_in_force,
    program_policy,
)
from include.mobile_plans.questions import Answer, Field, Question, Run
from include.mobile_plans.store import store_from_environment

CONFIRM = "Confirm"
APPROVE = "Approve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """
    What a question is asked about: the launch, the record in force, the policy.

    Attributes:
        launch: The launch as it stands.
        mobile_operator: Its mobile operator's record in force.
        policy: The program's policy in force.
        ranges: The ICCID ranges valid now.
        map_index: Which of several like questions is asked, from 0; -1 where there is one.
    """

    launch: Launch
    mobile_operator: MobileOperator
    policy: ProgramPolicy
    ranges: Ranges
    map_index: int

    def people(self, party: PartyName) -> tuple[str, ...]:
        """Name the people who can sign for a party (L9)."""
        return people_of(party, self.mobile_operator, self.policy)

    def whose(self, party: PartyName) -> str:
        """Return the name of a party."""
        if party == "mobile_operator":
            return self.mobile_operator.name
        return self.policy.contacts.program_name


def asked_about(connection: Connection, run: Run, now: datetime) -> Asked:
    """
    Read what the questions of a run are about.

    Raises:
        NotFound: The run carries no launch.
        BadInput: The launch was cancelled.
    """
    launch = launch_of_run(connection, run.run_id)
    if launch.state == "cancelled":
        msg = f"launch {launch.launch_id} was cancelled: nothing more is asked"
        raise BadInput(msg)
    mobile_operator = mobile_operator_in_force(connection, launch.slug, now).mobile_operator
    return Asked(
        launch=launch,
        mobile_operator=mobile_operator,
        policy=program_policy(),
        ranges=ranges_at(mobile_operator, now),
        map_index=run.map_index,
    )


def signed_by_field(*required_with: str) -> Field:
    """The field for the named person who stands for an answer."""
    return Field(
        title="Signed by",
        description="The named person who stands for this; the evidence is theirs.",
        required_with=frozenset(required_with),
    )


def evidence_field(description: str, *required_with: str) -> Field:
    """The field for what proves the answer."""
    return Field(
        title="Evidence",
        description=description,
        kind="long text",
        required_with=frozenset(required_with),
    )


class LaunchQuestion:
    """
    A question asked once in a launch; its answer is an event of the launch.

    Attributes:
        name: What the launch's events call it.
        signing_party: Whose named person must stand for the answer.
        settling: The option that ends the question; every other one is recorded and asked again.
    """

    name: str
    signing_party: PartyName
    settling: str
    options: tuple[str, ...]
    fields: Mapping[str, Field]

    def words(self, asked: Asked) -> tuple[str, str, datetime | None]:
        """
        Return subject, body in Markdown, and deadline.

        Raises:
            DoesNotApply: There is nothing to ask in this launch.
        """
        raise NotImplementedError(asked)

    def name_in(self, asked: Asked) -> str:
        """Return what the events call the question."""
        del asked
        return self.name

    def problems(self, asked: Asked, answer: Answer) -> list[str]:
        """List what is wrong with a complete answer, beyond who signed it."""
        del asked, answer
        return []

    def ask(self, run: Run, now: datetime) -> Question:
        """
        Build the question from the store.

        Raises:
            DoesNotApply: There is nothing to ask in this launch.
        """
        with store_from_environment().snapshot() as connection:
            asked = asked_about(connection, run, now)
        subject, body, deadline = self.words(asked)
        names = asked.people(self.signing_party)
        whose = asked.whose(self.signing_party)
        fields = dict(self.fields)
        fields["signed_by"] = Field(
            title="Signed by",
            description=f"A named person of {whose}: {', '.join(names)}",
            suggestions=names,
            required_with=fields["signed_by"].required_with,
        )
        return Question(subject=subject, body=body, deadline=deadline, fields=fields)

    def record(self, run: Run, answer: Answer) -> bool:
        """
        Write the answer as an event of the launch; return whether it settles the question.

        Raises:
            BadInput: The answer does not hold, one line per problem.
        """
        with store_from_environment().transaction() as connection:
            asked = asked_about(connection, run, answer.recorded_at)
            problem = signer_problem(
                answer.text("signed_by"),
                asked.people(self.signing_party),
                asked.whose(self.signing_party),
            )
            problems = [problem] if problem else []
            problems += self.problems(asked, answer)
            if problems:
                raise BadInput(*problems)
            record_answer(connection, asked.launch, self.name_in(asked), answer)
        return answer.option == self.settling


class ReadinessApproval(LaunchQuestion):
    """One party's approval that all outstanding issues are addressed (L1)."""

    settling = APPROVE
    options = (APPROVE, "Not yet")

    def __init__(self, party: PartyName) -> None:
        self.name = f"readiness.{party}"
        self.signing_party = party
        self.fields = {
            "signed_by": signed_by_field(*self.options),
            "evidence": evidence_field(
                "For a mobile operator: its own mail or answer. Otherwise what was reviewed.",
                *self.options,
            ),
        }

    def words(self, asked: Asked) -> tuple[str, str, datetime | None]:
        """Show what our checks found and ask for the approval."""
        launch = asked.launch
        checks = "\n".join(
            f"| {check.name} | {'ok' if check.passed else '**not ok**'} | {check.detail} |"
            for check in launch.checks.values()
        )
        gates = "\n".join(
            f"- **{gate.title}** ({gate.owner.replace('_', ' ')}): {gate.evidence}"
            for gate in asked.policy.launch.readiness_gates
        )
        whose = asked.whose(self.signing_party)
        body = (
            f"Launch **{launch.launch_id}** of **{asked.mobile_operator.name}**, "
            f"to go live {launch.request.target_at:%Y-%m-%d %H:%M} UTC.\n\n"
            f"| Our check | Result | Found |\n|---|---|---|\n{checks}\n\n"
            f"Reviewed before approving:\n\n{gates}\n\n"
            f"Approve in the name of a person of {whose}, with evidence. An answer without them "
            "is asked again."
        )
        subject = f"{asked.mobile_operator.name}: readiness approved by {whose}?"
        return subject, body, launch.request.target_at


class IccidConfirmation(LaunchQuestion):
    """The program confirms that the range is configured in production (L3)."""

    name = "iccid_configuration"
    signing_party: PartyName = "program"
    settling = CONFIRM
    options = (CONFIRM,)
    fields: Mapping[str, Field] = {
        "signed_by": signed_by_field(CONFIRM),
        "evidence": evidence_field(
            "How it was verified: ticket, screenshot, export of the configuration.", CONFIRM
        ),
    }

    def words(self, asked: Asked) -> tuple[str, str, datetime | None]:
        """Show the whole numbers, which mails only show masked."""
        launch = asked.launch
        rows = "\n".join(
            f"| {r.start} | {r.end} | {r.length} | {r.size} |"
            for r in asked.ranges.asked_for(launch.request)
        )
        body = (
            f"Configure the **{launch.request.range_choice}** range of "
            f"**{asked.mobile_operator.name}** in the Mobile Plans production environment.\n\n"
            "| From (without check digit) | To | Digits of the card | Cards |\n"
            f"|---|---|---|---|\n{rows}\n\n"
            "End-to-end validation starts only after this confirmation."
        )
        subject = f"{asked.mobile_operator.name}: ICCID range configured in production?"
        return subject, body, iccid_deadline(launch, asked.policy)


class CutOverConfirmation(LaunchQuestion):
    """The mobile operator confirms that it moved from staging to production (L2)."""

    name = "cut_over"
    signing_party: PartyName = "mobile_operator"
    settling = CONFIRM
    options = (CONFIRM,)
    fields: Mapping[str, Field] = {
        "signed_by": signed_by_field(CONFIRM),
        "evidence": evidence_field("The mobile operator's own mail or answer.", CONFIRM),
    }

    def words(self, asked: Asked) -> tuple[str, str, datetime | None]:
        """Name both endpoints."""
        launch, portals = asked.launch, asked.mobile_operator.portals
        if not launch.request.uses_staging or portals.staging is None:
            msg = f"{asked.mobile_operator.name} integrated without a staging endpoint"
            raise DoesNotApply(msg)
        body = (
            f"**{asked.mobile_operator.name}** moves from `{portals.staging.uri}` to "
            f"`{portals.production.uri}`. Confirm when production serves its users; afterwards we "
            "look at the production portal until it answers as expected."
        )
        within = asked.policy.launch.staging_migration_within
        subject = f"{asked.mobile_operator.name}: moved from staging to production?"
        return subject, body, launch.started_at + within


class FinalSignOff(LaunchQuestion):
    """The mobile operator's sign-off of the whole end-to-end validation, listing it all (L9)."""

    name = "final_sign_off"
    signing_party: PartyName = "mobile_operator"
    settling = APPROVE
    options = (APPROVE, "Not yet")
    fields: Mapping[str, Field] = {
        "signed_by": signed_by_field(*options),
        "evidence": evidence_field("The mobile operator's own mail or answer.", *options),
    }

    def words(self, asked: Asked) -> tuple[str, str, datetime | None]:
        """List every step with person, time and evidence."""
        launch = asked.launch
        rows = "\n".join(
            f"| {scenario.title} | {title} | {answer.signed_by} | "
            f"{answer.recorded_at:%Y-%m-%d %H:%M} | {answer.values['evidence']} |"
            for scenario, title, answer in signed_steps(launch)
        )
        body = (
            f"End-to-end validation of **{asked.mobile_operator.name}**\n\n"
            f"| Scenario | Step | Signed by | At (UTC) | Evidence |\n|---|---|---|---|---|\n{rows}"
        )
        subject = f"{asked.mobile_operator.name}: end-to-end validation signed off?"
        return subject, body, launch.request.target_at

    def problems(self, asked: Asked, answer: Answer) -> list[str]:
        """Refuse while a step is not passed."""
        if answer.option != APPROVE:
            return []
        return [f"not passed yet: {step}" for step in missing_steps(asked.launch)]


def iccid_deadline(launch: Launch, policy: ProgramPolicy) -> datetime:
    """Return when the ICCID configuration is due: a week after it was asked for (L3)."""
    within: timedelta = policy.launch.iccid_configuration_within
    requested = launch.checks.get("ICCID configuration requested")
    return (requested.at if requested else launch.started_at) + within
