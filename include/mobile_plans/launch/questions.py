"""What the questions of a launch have in common: who signs, what is needed, when it is settled."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from include.mobile_plans.errors import BadInput
from include.mobile_plans.launch.asked import Asked, asked_about
from include.mobile_plans.launch.records import launch_of_run, record_answer
from include.mobile_plans.launch.state import Launch
from include.mobile_plans.policy import PartyName, signer_problem
from include.mobile_plans.questions import Answer, Field, Question, Run
from include.mobile_plans.store import Event, store_from_environment

Words = tuple[str, str, datetime | None]
"""Subject, body in Markdown, and deadline of a question."""


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


def received_field() -> Field:
    """The field for when an answer reached us, where it was written down later."""
    return Field(
        title="Received at",
        description=(
            "When the mail or answer reached us, such as 2026-12-01T10:00:00Z; empty: just now. "
            "The clock of the promise uses it."
        ),
        kind="instant",
    )


def fixed_field() -> Field:
    """The field that ends the issue an earlier answer opened."""
    return Field(
        title="How it was fixed",
        description="Needed while the issue of this question is open: what was done about it.",
        kind="long text",
    )


class LaunchQuestion:
    """
    A question of a launch; each answer is an event of the launch.

    Attributes:
        name: What the launch's events call it.
        signing_party: Whose named person must stand for the answer.
        settling: The options that end the question; others are recorded and asked again.
    """

    name: str
    signing_party: PartyName
    settling: tuple[str, ...]
    options: tuple[str, ...]
    fields: Mapping[str, Field]

    def words(self, asked: Asked) -> Words:
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

    def signer(self, asked: Asked) -> PartyName:
        """Return whose named person must stand for the answer."""
        del asked
        return self.signing_party

    def problems(self, asked: Asked, answer: Answer) -> list[str]:
        """List what is wrong with a complete answer, beyond who signed it."""
        del asked, answer
        return []

    def voids(self, asked: Asked, answer: Answer) -> tuple[str, ...]:
        """Name the questions of the earlier passes this answer takes back."""
        del asked, answer
        return ()

    def facts(self, asked: Asked, answer: Answer) -> Mapping[str, Any]:
        """Return what was found while judging the answer, to be kept with it."""
        del asked, answer
        return {}

    def follow_up(
        self, connection: Connection, asked: Asked, answer: Answer, recorded: Event
    ) -> None:
        """Do what follows from an answer, in the transaction that records it."""

    def is_settled(self, launch: Launch, asked: Asked, answer: Answer) -> bool:
        """Tell whether the question is settled, given the launch after the answer."""
        del launch, asked
        return answer.option in self.settling

    def ask(self, run: Run, now: datetime) -> Question:
        """
        Build the question from the store.

        Raises:
            DoesNotApply: There is nothing to ask in this launch.
            BadInput: The launch was cancelled.
        """
        with store_from_environment().snapshot() as connection:
            asked = asked_about(connection, run, now)
        subject, body, deadline = self.words(asked)
        names, whose = asked.people(self.signer(asked)), asked.whose(self.signer(asked))
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
            asked = asked_about(connection, run, answer.recorded_at, to_change=True)
            party = self.signer(asked)
            problem = signer_problem(
                answer.text("signed_by"), asked.people(party), asked.whose(party)
            )
            problems = [*([problem] if problem else []), *self.problems(asked, answer)]
            if problems:
                raise BadInput(*problems)
            recorded = record_answer(
                connection,
                asked.launch,
                self.name_in(asked),
                answer,
                voids=self.voids(asked, answer),
                facts=self.facts(asked, answer),
            )
            self.follow_up(connection, asked, answer, recorded)
            return self.is_settled(launch_of_run(connection, run.run_id), asked, answer)
