"""The two reviews of a launch: gates with evidence, and each party's approval (L1)."""

from collections.abc import Mapping

from sqlalchemy import Connection

from include.mobile_plans.launch.asked import Asked
from include.mobile_plans.launch.issue_records import open_issue, resolve_issue
from include.mobile_plans.launch.questions import (
    LaunchQuestion,
    Words,
    evidence_field,
    fixed_field,
    signed_by_field,
)
from include.mobile_plans.launch.rules import (
    APPROVE,
    CONFIRM,
    earliest_go_live,
    gate_question,
    gate_questions,
    issue_obstacles,
    review_question,
)
from include.mobile_plans.launch.tables import checks_table, gates_table, issues_table, steps_table
from include.mobile_plans.policy import PartyName, ReadinessGate
from include.mobile_plans.questions import Answer, Field
from include.mobile_plans.store import Event

DOES_NOT_APPLY, NOT_MET, NOT_YET = "Does not apply", "Not met", "Not yet"
READINESS, LAST_GATE = "readiness", "last_gate"
_TITLES = {READINESS: "readiness", LAST_GATE: "go-live"}


class GateConfirmation(LaunchQuestion):
    """One gate of policy, confirmed by its owner's named person; which one says the index."""

    settling = (CONFIRM, DOES_NOT_APPLY)
    options = (CONFIRM, DOES_NOT_APPLY, NOT_MET)
    fields: Mapping[str, Field] = {
        "evidence": evidence_field(
            "What proves it. With Not met: what is missing.", CONFIRM, NOT_MET
        ),
        "reason": Field(
            title="Why it does not apply",
            description="Needed with Does not apply.",
            required_with=frozenset({DOES_NOT_APPLY}),
        ),
        "fixed": fixed_field(),
        "signed_by": signed_by_field(*options),
    }

    def gate(self, asked: Asked) -> tuple[ReadinessGate, PartyName]:
        """Return the gate and whose it is."""
        return gate_questions(asked.launch)[asked.map_index]

    def name_in(self, asked: Asked) -> str:
        """Return the name of this gate's question."""
        return gate_question(*self.gate(asked))

    def signer(self, asked: Asked) -> PartyName:
        """Return the party that owns the gate."""
        return self.gate(asked)[1]

    def words(self, asked: Asked) -> Words:
        """Say what the evidence is."""
        gate, party = self.gate(asked)
        body = (
            f"Launch **{asked.launch.launch_id}** of **{asked.mobile_operator.name}**\n\n"
            f"**{gate.title}**, confirmed by {asked.whose(party)}. Evidence: {gate.evidence}\n\n"
            "Confirm it with evidence, or say why it does not apply. *Not met* opens an issue and "
            "asks again."
        )
        subject = f"{asked.mobile_operator.name}: {gate.title} ({asked.whose(party)})"
        return subject, body, asked.launch.target_at

    def problems(self, asked: Asked, answer: Answer) -> list[str]:
        """Refuse to settle a gate while its issue is open and nobody says how it was fixed."""
        return unfixed_problems(self.name_in(asked), asked, answer, self.settling)

    def follow_up(
        self, connection: Connection, asked: Asked, answer: Answer, recorded: Event
    ) -> None:
        """Open an issue for a gate that is not met, and end it when it is."""
        del recorded
        gate, party = self.gate(asked)
        if answer.option == NOT_MET:
            found_in, title = self.name_in(asked), f"{gate.title}: {answer.values['evidence']}"
            open_once(connection, asked, answer, found_in=found_in, title=title, party=party)
        else:
            end_issue(connection, asked, answer, self.name_in(asked))


class ReviewApproval(LaunchQuestion):
    """One party's approval that all outstanding issues are addressed (L1)."""

    settling = (APPROVE,)
    options = (APPROVE, NOT_YET)

    def __init__(self, review: str, party: PartyName) -> None:
        self.review = review
        self.name = review_question(review, party)
        self.signing_party = party
        self.fields = {
            "evidence": evidence_field(
                "For a mobile operator: its own mail or answer. Otherwise what was reviewed.",
                *self.options,
            ),
            "signed_by": signed_by_field(*self.options),
        }

    def words(self, asked: Asked) -> Words:
        """Show what was checked, confirmed and found, and ask for the approval."""
        launch = asked.launch
        parts = [
            f"Launch **{launch.launch_id}** of **{asked.mobile_operator.name}**",
            f"To go live {launch.target_at:%Y-%m-%d %H:%M} UTC.",
            *_warning(asked),
            checks_table(launch),
            gates_table(launch),
            *([steps_table(launch)] if self.review == LAST_GATE else []),
            issues_table(launch, asked.now),
            f"Approve in the name of a person of {asked.whose(self.signing_party)}, with evidence.",
            "The checks are done again when you answer; Approve is refused while an issue is open.",
            f"`launch issues {launch.launch_id}` shows, resolves and waives issues.",
        ]
        whose = asked.whose(self.signing_party)
        subject = f"{asked.mobile_operator.name}: {_TITLES[self.review]} approved by {whose}?"
        return subject, "\n\n".join(parts), launch.target_at

    def problems(self, asked: Asked, answer: Answer) -> list[str]:
        """Refuse an approval while an issue is neither resolved nor waived."""
        if answer.option != APPROVE:
            return []
        launch = asked.launch
        unanswered = [
            f"gate {gate.title!r} is not answered by the {party.replace('_', ' ')}"
            for gate, party in gate_questions(launch)
            if launch.latest(gate_question(gate, party)) is None
        ]
        return [*unanswered, *issue_obstacles(launch, asked.now)]


def unfixed_problems(
    question: str, asked: Asked, answer: Answer, settling: tuple[str, ...]
) -> list[str]:
    """Say that a question cannot be settled while its issue is open and nobody fixed it (L5)."""
    issue = asked.launch.open_issue_of(question, asked.now)
    if issue is None or answer.option not in settling or answer.text("fixed"):
        return []
    return [
        f"issue {issue.number} is open ({issue.title}): say how it was fixed, or resolve it first"
    ]


def open_once(
    connection: Connection,
    asked: Asked,
    answer: Answer,
    *,
    found_in: str,
    title: str,
    party: PartyName,
) -> None:
    """Open an issue for a question unless it has an outstanding one."""
    if asked.launch.open_issue_of(found_in, asked.now) is None:
        open_issue(
            connection,
            asked.launch.launch_id,
            title,
            party=party,
            by=answer.values["signed_by"],
            now=answer.recorded_at,
            found_in=found_in,
        )


def end_issue(connection: Connection, asked: Asked, answer: Answer, question: str) -> None:
    """Resolve the outstanding issue of a question as its answer says."""
    issue, fixed = asked.launch.open_issue_of(question, asked.now), answer.text("fixed")
    if issue is not None and fixed is not None:
        by, now = answer.values["signed_by"], answer.recorded_at
        resolve_issue(connection, asked.launch.launch_id, issue.number, by=by, how=fixed, now=now)


def _warning(asked: Asked) -> list[str]:
    earliest = earliest_go_live(asked.launch, asked.policy, asked.now)
    if earliest <= asked.launch.target_at:
        return []
    until = f"the weeks ahead may take until {earliest:%Y-%m-%d %H:%M} UTC"
    return [f"**Tight**: {until}, later than the target. `launch postpone` agrees on another date."]
