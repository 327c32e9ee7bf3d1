"""What a launch is at this moment: its row and the replay of its events."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from include.mobile_plans.instants import parse_instant
from include.mobile_plans.launch.issues import ISSUE_KINDS, Issue, issues_after
from include.mobile_plans.launch.requests import LaunchRequest
from include.mobile_plans.policy import PartyName, ReadinessGate, Scenario, ScenarioStep
from include.mobile_plans.store import Event

PASS, FAIL = "Pass", "Fail"
_STEP = "step."
_SCENARIOS = TypeAdapter(tuple[Scenario, ...])
_GATES = TypeAdapter(tuple[ReadinessGate, ...])
_REQUEST = TypeAdapter(LaunchRequest)

STARTED = "launch.started"
ANSWERED = "answer.recorded"
CHECKED = "check.recorded"
POSTPONED = "launch.postponed"
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
        voids: The questions of the earlier passes it takes back.
        recorded_by: The user of Airflow who wrote it down.
        recorded_at: When.
        position: Its place in the launch's events.
    """

    question: str
    option: str
    values: Mapping[str, str]
    voids: tuple[str, ...]
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
class Postponement:
    """
    A new date both parties agreed to.

    Attributes:
        target_at: The new date.
        reason: Why.
        agreed: The named person of each party.
        at: When it was recorded.
    """

    target_at: datetime
    reason: str
    agreed: Mapping[PartyName, str]
    at: datetime


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
        gates: What people confirm before going on, as it was at the start (L1).
        started_at: When it began.
        ended_at: When it turned live or was cancelled.
        answers: Every answer by its question, oldest first.
        checks: The latest finding of each check of ours.
        passed: The passes of steps that count, by question: failed or voided ones do not.
        issues: Every issue, by its number.
        postponements: Every new date, oldest first.
        reason: Why it was cancelled, or how it ended; None while it is active.
    """

    launch_id: str
    run_id: str
    slug: str
    state: str
    request: LaunchRequest
    scenarios: tuple[Scenario, ...]
    own_scenarios: tuple[Scenario, ...]
    gates: tuple[ReadinessGate, ...]
    started_at: datetime
    ended_at: datetime | None
    answers: Mapping[str, tuple[RecordedAnswer, ...]] = field(default_factory=dict)
    checks: Mapping[str, RecordedCheck] = field(default_factory=dict)
    passed: Mapping[str, RecordedAnswer] = field(default_factory=dict)
    issues: Mapping[int, Issue] = field(default_factory=dict)
    postponements: tuple[Postponement, ...] = ()
    reason: str | None = None

    @property
    def target_at(self) -> datetime:
        """When it is to go live: the date asked for, or the one last agreed to."""
        return self.postponements[-1].target_at if self.postponements else self.request.target_at

    @property
    def date_sequence(self) -> int:
        """How often its date was settled anew, its end included: the SEQUENCE of its calendar."""
        return len(self.postponements) + (self.state != "active")

    def is_passed(self, scenario: Scenario, step: ScenarioStep) -> bool:
        """Tell whether a step has a pass that counts."""
        return step_question(scenario.name, step.name) in self.passed

    def outstanding_issues(self, now: datetime) -> list[Issue]:
        """Return the issues that refuse go-live at this instant (L1)."""
        return [issue for issue in self.issues.values() if issue.is_outstanding(now)]

    def open_issue_of(self, found_in: str, now: datetime) -> Issue | None:
        """Return the outstanding issue a question or check found, or None."""
        found = (issue for issue in self.outstanding_issues(now) if issue.found_in == found_in)
        return next(found, None)

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
    return f"{_STEP}{scenario}.{step}"


def replay(row: Mapping[str, Any], events: Iterable[Event]) -> Launch:
    """
    Build a launch from its row and its events.

    Args:
        row: Its row of the ``launch`` table.
        events: Its whole stream, in order; the first one is ``launch.started``.
    """
    replayed = _Replay()
    for event in events:
        replayed.take(event)
    started = replayed.started
    return Launch(
        launch_id=row["launch_id"],
        run_id=row["run_id"],
        slug=row["slug"],
        state=row["state"],
        request=_REQUEST.validate_python(started["request"]),
        scenarios=_SCENARIOS.validate_python(started["scenarios"]),
        own_scenarios=_SCENARIOS.validate_python(started["own_scenarios"]),
        gates=_GATES.validate_python(started["gates"]),
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        answers=replayed.answers,
        checks=replayed.checks,
        passed=replayed.passed,
        issues=replayed.issues,
        postponements=tuple(replayed.postponements),
        reason=replayed.reason,
    )


class _Replay:
    """What the events read so far add up to."""

    def __init__(self) -> None:
        self.started: dict[str, Any] = {}
        self.answers: dict[str, tuple[RecordedAnswer, ...]] = {}
        self.checks: dict[str, RecordedCheck] = {}
        self.passed: dict[str, RecordedAnswer] = {}
        self.issues: dict[int, Issue] = {}
        self.postponements: list[Postponement] = []
        self.reason: str | None = None

    def take(self, event: Event) -> None:
        """Add one event."""
        if event.kind == STARTED:
            self.started = event.data
        elif event.kind == ANSWERED:
            self._answer(_answer_of(event))
        elif event.kind == CHECKED:
            check = _check_of(event, self.checks.get(event.data["name"]))
            self.checks[check.name] = check
        elif event.kind == POSTPONED:
            self.postponements.append(_postponement_of(event))
        elif event.kind in ISSUE_KINDS:
            self.issues = issues_after(self.issues, event)
        elif event.kind in (LIVE, CANCELLED):
            self.reason = event.data["reason"]

    def _answer(self, answer: RecordedAnswer) -> None:
        """A pass counts until its step fails or a later failure takes it back (L5)."""
        self.answers[answer.question] = (*self.answers.get(answer.question, ()), answer)
        if not answer.question.startswith(_STEP):
            return
        for question in (answer.question, *answer.voids):
            self.passed.pop(question, None)
        if answer.option == PASS:
            self.passed[answer.question] = answer


def _postponement_of(event: Event) -> Postponement:
    return Postponement(
        target_at=parse_instant(event.data["target_at"]),
        reason=event.data["reason"],
        agreed=event.data["agreed"],
        at=event.recorded_at,
    )


def _check_of(event: Event, before: RecordedCheck | None) -> RecordedCheck:
    streak = (before.streak if before else 0) + 1 if event.data["passed"] else 0
    return RecordedCheck(**event.data, at=event.recorded_at, streak=streak)


def _answer_of(event: Event) -> RecordedAnswer:
    return RecordedAnswer(
        question=event.data["question"],
        option=event.data["option"],
        values=event.data["values"],
        voids=tuple(event.data["voids"]),
        recorded_by=event.actor,
        recorded_at=event.recorded_at,
        position=event.position,
    )
