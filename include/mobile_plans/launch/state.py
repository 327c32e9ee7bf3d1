"""What a launch is at this moment: its row and the replay of its events."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from include.mobile_plans.launch.requests import LaunchRequest
from include.mobile_plans.policy import Scenario
from include.mobile_plans.store import Event

_SCENARIOS = TypeAdapter(tuple[Scenario, ...])
_REQUEST = TypeAdapter(LaunchRequest)

STARTED = "launch.started"
ANSWERED = "answer.recorded"
CHECKED = "check.recorded"
LIVE = "launch.live"
CANCELLED = "launch.cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAnswer:
    """
    An answer as the record keeps it.

    Attributes:
        question: Which question it answers, such as ``step.esim_first_run.launch_portal``.
        option: What was chosen.
        values: What was filled in.
        recorded_by: The user of Airflow who wrote it down.
        recorded_at: When.
        position: Its place in the launch's events.
    """

    question: str
    option: str
    values: Mapping[str, str]
    recorded_by: str
    recorded_at: datetime
    position: int

    @property
    def signed_by(self) -> str:
        """The named person who stands for the answer."""
        return self.values.get("signed_by", self.recorded_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCheck:
    """
    What a check of ours found.

    Attributes:
        name: What was checked.
        passed: Whether it was as it should be.
        detail: The evidence in words.
        at: When.
        streak: How often in a row it has passed by now.
    """

    name: str
    passed: bool
    detail: str
    at: datetime
    streak: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """
    One launch, replayed from its events.

    Attributes:
        launch_id: ``launch-<slug>-<target date>-<n>``.
        run_id: The Airflow run that carries it.
        slug: The mobile operator.
        state: ``active``, ``live`` or ``cancelled``.
        request: What was asked for.
        scenarios: The program's scenarios that apply, as they were at the start (L6, L7).
        own_scenarios: Those the mobile operator added, as they were at the start (L8).
        started_at: When it began.
        ended_at: When it turned live or was cancelled.
        answers: Every answer by its question, oldest first.
        checks: The latest finding of each check of ours.
    """

    launch_id: str
    run_id: str
    slug: str
    state: str
    request: LaunchRequest
    scenarios: tuple[Scenario, ...]
    own_scenarios: tuple[Scenario, ...]
    started_at: datetime
    ended_at: datetime | None
    answers: Mapping[str, tuple[RecordedAnswer, ...]] = field(default_factory=dict)
    checks: Mapping[str, RecordedCheck] = field(default_factory=dict)

    def latest(self, question: str) -> RecordedAnswer | None:
        """Return the answer that counts, the newest, or None while nobody answered."""
        given = self.answers.get(question, ())
        return given[-1] if given else None

    def scenario(self, name: str) -> Scenario | None:
        """Return a scenario of this launch, or None if it does not apply to it."""
        return next((s for s in self.scenarios if s.name == name), None)

    @property
    def all_scenarios(self) -> tuple[Scenario, ...]:
        """Everything to validate, the program's scenarios first."""
        return (*self.scenarios, *self.own_scenarios)

    @property
    def stream(self) -> str:
        """The name of its events' stream."""
        return stream_of(self.launch_id)


def stream_of(launch_id: str) -> str:
    """Name the stream of a launch's events."""
    return f"launch:{launch_id}"


def step_question(scenario: str, step: str) -> str:
    """Name the question that signs off one step of a scenario."""
    return f"step.{scenario}.{step}"


def replay(row: Mapping[str, Any], events: Iterable[Event]) -> Launch:
    """
    Build a launch from its row and its events.

    Args:
        row: Its row of the ``launch`` table.
        events: Its whole stream, in order; the first one is ``launch.started``.
    """
    answers: dict[str, tuple[RecordedAnswer, ...]] = {}
    checks: dict[str, RecordedCheck] = {}
    started: dict[str, Any] = {}
    for event in events:
        if event.kind == STARTED:
            started = event.data
        elif event.kind == ANSWERED:
            answer = _answer_of(event)
            answers[answer.question] = (*answers.get(answer.question, ()), answer)
        elif event.kind == CHECKED:
            check = _check_of(event, checks.get(event.data["name"]))
            checks[check.name] = check
    return Launch(
        launch_id=row["launch_id"],
        run_id=row["run_id"],
        slug=row["slug"],
        state=row["state"],
        request=_REQUEST.validate_python(started["request"]),
        scenarios=_SCENARIOS.validate_python(started["scenarios"]),
        own_scenarios=_SCENARIOS.validate_python(started["own_scenarios"]),
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        answers=answers,
        checks=checks,
    )


def _check_of(event: Event, before: RecordedCheck | None) -> RecordedCheck:
    streak = (before.streak if before else 0) + 1 if event.data["passed"] else 0
    return RecordedCheck(**event.data, at=event.recorded_at, streak=streak)


def _answer_of(event: Event) -> RecordedAnswer:
    return RecordedAnswer(
        question=event.data["question"],
        option=event.data["option"],
        values=event.data["values"],
        recorded_by=event.actor,
        recorded_at=event.recorded_at,
        position=event.position,
    )
