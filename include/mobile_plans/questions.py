"""
What we ask people, and what they answer: the words of a human task, without Airflow.

A question is built from the store at the moment it is asked; its answer is judged before it is
recorded, because neither Airflow's form nor its API insists on anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import parse_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """
    Where a question is asked.

    Attributes:
        run_id: The run of Airflow that asks.
        map_index: Which of several like tasks of that run asks, from 0; -1 where there is one.
    """

    run_id: str
    map_index: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """
    One thing to fill in.

    Attributes:
        title: Its label.
        description: What belongs in it, in the user's words.
        kind: ``text`` (one line), ``long text``, or ``instant`` (a date and time with offset).
        suggestions: Values offered; others are allowed unless the rule behind the question says no.
        required_with: The options that cannot be chosen while it is empty.
    """

    title: str
    description: str
    kind: Literal["text", "long text", "instant"] = "text"
    suggestions: tuple[str, ...] = ()
    required_with: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """
    What a person is asked.

    Attributes:
        subject: One line; names the mobile operator.
        body: Markdown with everything needed to answer.
        deadline: When the answer is due, aware UTC, or None; shown in the subject.
        fields: What to fill in, by name.
        alert: What one search for somebody is called that several urgent tasks share, or None.
    """

    subject: str
    body: str
    deadline: datetime | None = None
    fields: Mapping[str, Field] = field(default_factory=dict)
    alert: str | None = None

    @property
    def headline(self) -> str:
        """The subject after its deadline in UTC: Airflow's list cuts off what comes late."""
        if self.deadline is None:
            return self.subject
        return f"By {self.deadline:%Y-%m-%d %H:%M} UTC: {self.subject}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    What a person answered.

    Attributes:
        option: The button pressed.
        values: What was filled in, by the field's name; empty ones are left out.
        recorded_by: The user of Airflow who answered.
        recorded_at: When, aware UTC.
    """

    option: str
    values: Mapping[str, str]
    recorded_by: str
    recorded_at: datetime

    def text(self, name: str) -> str | None:
        """Return what was filled in, or None."""
        return self.values.get(name)

    def instant(self, name: str, title: str) -> datetime | None:
        """
        Return the instant filled in, or None.

        Raises:
            BadInput: It is not an instant with an offset.
        """
        text = self.text(name)
        return None if text is None else parse_instant(text, title)


def answer_from_form(
    option: str, values: Mapping[str, object], *, recorded_by: str, recorded_at: datetime
) -> Answer:
    """Make an answer of what a form or the API delivered, dropping what was left empty."""
    texts = {name: str(value).strip() for name, value in values.items() if value is not None}
    return Answer(
        option=option,
        values={name: text for name, text in texts.items() if text},
        recorded_by=recorded_by,
        recorded_at=recorded_at,
    )


def require_complete(question: Question, answer: Answer) -> None:
    """
    Refuse an answer that leaves out what its option needs.

    Raises:
        BadInput: A required field is empty, one line each; or an instant is malformed.
    """
    problems = [
        f"{wanted.title!r} is needed to answer {answer.option!r}"
        for name, wanted in question.fields.items()
        if answer.option in wanted.required_with and answer.text(name) is None
    ]
    if problems:
        raise BadInput(*problems)
    for name, wanted in question.fields.items():
        if wanted.kind == "instant":
            answer.instant(name, wanted.title)
