"""Signing off the steps of end-to-end validation, one by one, and the whole (L5 to L9)."""

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from include.mobile_plans.errors import DoesNotApply
from include.mobile_plans.launch.asked import Asked
from include.mobile_plans.launch.mails import tell_failed_step
from include.mobile_plans.launch.questions import (
    LaunchQuestion,
    Words,
    evidence_field,
    fixed_field,
    signed_by_field,
)
from include.mobile_plans.launch.reviews import (
    NOT_YET,
    end_issue,
    open_once,
    unfixed_problems,
)
from include.mobile_plans.launch.rules import (
    APPROVE,
    FINAL_SIGN_OFF,
    missing_steps,
    step_problems,
    step_to_do,
)
from include.mobile_plans.launch.state import FAIL, PASS, Launch, step_question
from include.mobile_plans.launch.tables import issues_table, steps_table
from include.mobile_plans.policy import PartyName, Scenario, ScenarioStep
from include.mobile_plans.questions import Answer, Field
from include.mobile_plans.store import Event

REPEAT, RESTART = "repeat this step", "restart the scenario"


class StepSignOff(LaunchQuestion):
    """
    A step of a scenario, passed or failed on a named device (L5 to L9).

    A failure may void earlier passes. Their tasks are over, and the run is never restarted, so the
    step that failed first asks for the earliest voided one, then the next, until its own turn comes
    again. An answer for another step than the form's own names it, so that nothing is signed by
    mistake.
    """

    settling = (PASS,)
    options = (PASS, FAIL)
    signing_party: PartyName = "mobile_operator"

    def __init__(self, scenario: str, step: str, *, has_iccid: bool) -> None:
        self.scenario, self.step = scenario, step
        self.fields = step_fields(has_iccid=has_iccid)

    def own_place(self, asked: Asked) -> tuple[Scenario, str]:
        """
        Return the scenario, as it was when the launch began, and the step's name.

        Raises:
            DoesNotApply: This launch does not have it.
        """
        scenario = asked.launch.scenario(self.scenario)
        if scenario is None:
            msg = f"{asked.mobile_operator.name} does not offer what this scenario needs"
            raise DoesNotApply(msg)
        return scenario, self.step

    def place(self, asked: Asked) -> tuple[Scenario, ScenarioStep]:
        """
        Return the scenario and the step that is to be done now: its own, or a voided earlier one.

        Raises:
            DoesNotApply: This launch does not have it.
        """
        scenario, own = self.own_place(asked)
        return scenario, step_to_do(asked.launch, scenario, own)

    def name_in(self, asked: Asked) -> str:
        """Return the name of the question of the step that is to be done now."""
        scenario, step = self.place(asked)
        return step_question(scenario.name, step.name)

    def words(self, asked: Asked) -> Words:
        """Show where the tester is in the scenario, and how it went before."""
        scenario, step = self.place(asked)
        launch = asked.launch
        attempts = launch.answers.get(step_question(scenario.name, step.name), ())
        failures = [answer.values["evidence"] for answer in attempts if answer.option == FAIL]
        before = f"\n\nFailed {len(failures)} times; last: {failures[-1]}" if failures else ""
        steps = "\n".join(
            f"{number}. {_line(launch, scenario, one, step)}"
            for number, one in enumerate(scenario.steps, start=1)
        )
        conditions = "\n".join(f"- {condition}" for condition in scenario.initial_conditions)
        body = (
            f"Scenario **{scenario.title}** of **{asked.mobile_operator.name}**\n\n"
            f"Initial conditions:\n\n{conditions}\n\nSteps:\n\n{steps}{before}\n\n"
            "Pass needs device, evidence and a named person of the mobile operator; an answer "
            "without them is asked again. Fail logs an issue, mails both parties and asks again: "
            f"*{REPEAT}* or *{RESTART}*, and which earlier passes the fix voids. After a failure "
            "this page keeps its first words: the live state, and which step is to be done next, "
            f"is what `launch show {launch.launch_id}` says."
        )
        subject = f"{asked.mobile_operator.name}, {scenario.title}: {step.title}"
        return subject, body, launch.target_at

    def problems(self, asked: Asked, answer: Answer) -> list[str]:
        """Check that the right step is answered, what follows a failure, the ICCID, the issue."""
        scenario, step = self.place(asked)
        _, own = self.own_place(asked)
        named = answer.text("step")
        if (named is not None or step.name != own) and named not in (step.title, step.name):
            to_do = f"the step to be done now is {step.title!r} of {scenario.title!r}"
            return [f"{to_do}: name it in 'Step' once it is done"]
        if answer.option == FAIL:
            return _failure_problems(answer, scenario, step)
        ranges = asked.ranges.asked_for(asked.launch.request)
        question = step_question(scenario.name, step.name)
        return [
            *unfixed_problems(question, asked, answer, self.settling),
            *step_problems(answer, scenario, step.name, ranges),
        ]

    def voids(self, asked: Asked, answer: Answer) -> tuple[str, ...]:
        """Name the questions of the passes a failure takes back."""
        if answer.option != FAIL:
            return ()
        scenario, step = self.place(asked)
        found, _ = _voided(answer, scenario, step)
        return tuple(step_question(scenario.name, one.name) for one in found)

    def facts(self, asked: Asked, answer: Answer) -> Mapping[str, Any]:
        """Keep the words of the step beside its name."""
        del answer
        scenario, step = self.place(asked)
        return {"scenario": scenario.title, "step": step.title}

    def follow_up(
        self, connection: Connection, asked: Asked, answer: Answer, recorded: Event
    ) -> None:
        """Open an issue and tell both parties of a failure; a pass ends the step's issue (L5)."""
        scenario, step = self.place(asked)
        question = step_question(scenario.name, step.name)
        if answer.option == PASS:
            end_issue(connection, asked, answer, question)
            return
        title = f"{scenario.title}, {step.title}: {answer.values['evidence']}"
        open_once(
            connection, asked, answer, found_in=question, title=title, party="mobile_operator"
        )
        voided, _ = _voided(answer, scenario, step)
        tell_failed_step(connection, asked, answer, recorded, (scenario, step, voided))

    def is_settled(self, launch: Launch, asked: Asked, answer: Answer) -> bool:
        """Tell whether its own step and so every earlier one is passed."""
        del answer
        scenario, own = self.own_place(asked)
        return step_question(scenario.name, own) in launch.passed


class OwnStepSignOff(StepSignOff):
    """One step of a scenario that the mobile operator added, found by its numbers (L8)."""

    def __init__(self, number: int) -> None:
        self.number = number
        # Which step it is, and so whether the device has an ICCID, is known only in the run.
        self.fields = step_fields(has_iccid=True)

    def own_place(self, asked: Asked) -> tuple[Scenario, str]:
        """
        Return the scenario of this run's index and its step of this number.

        Raises:
            DoesNotApply: The scenario has fewer steps.
        """
        scenario = asked.launch.own_scenarios[asked.map_index]
        if self.number > len(scenario.steps):
            msg = f"{scenario.title} has {len(scenario.steps)} steps"
            raise DoesNotApply(msg)
        return scenario, scenario.steps[self.number - 1].name


class FinalSignOff(LaunchQuestion):
    """The mobile operator's sign-off of the whole end-to-end validation, listing it all (L9)."""

    name = FINAL_SIGN_OFF
    signing_party: PartyName = "mobile_operator"
    settling = (APPROVE,)
    options = (APPROVE, NOT_YET)
    fields: Mapping[str, Field] = {
        "evidence": evidence_field("The mobile operator's own mail or answer.", *options),
        "signed_by": signed_by_field(*options),
    }

    def words(self, asked: Asked) -> Words:
        """List every step with person, time and evidence, and every issue."""
        launch = asked.launch
        body = (
            f"End-to-end validation of **{asked.mobile_operator.name}**\n\n{steps_table(launch)}"
            f"\n\n{issues_table(launch, asked.now)}"
        )
        subject = f"{asked.mobile_operator.name}: end-to-end validation signed off?"
        return subject, body, launch.target_at

    def problems(self, asked: Asked, answer: Answer) -> list[str]:
        """Refuse while a step is not passed."""
        if answer.option != APPROVE:
            return []
        return [f"not passed yet: {step}" for step in missing_steps(asked.launch)]


def step_fields(*, has_iccid: bool) -> dict[str, Field]:
    """Return what the form of a step asks for; the ICCID only from where the device has one."""
    fields = {
        "device": Field(
            title="Device",
            description="Which device, with its Windows version.",
            required_with=frozenset({PASS, FAIL}),
        ),
        "iccid": Field(
            title="ICCID",
            description="The ICCID of the device's profile or SIM, 18 to 20 digits.",
        ),
        "evidence": evidence_field(
            "What was seen: screenshot, recording, log. With Fail: what went wrong.", PASS, FAIL
        ),
        "what_next": Field(
            title="With Fail: what next",
            description=f"'{REPEAT}' or '{RESTART}'.",
            suggestions=(REPEAT, RESTART),
            required_with=frozenset({FAIL}),
        ),
        "voids": Field(
            title="With Fail: earlier passes the fix voids",
            description="Steps of this scenario, with ; between them; empty for none.",
        ),
        "fixed": fixed_field(),
        "step": Field(
            title="Step",
            description="Only after a failure voided earlier steps: which one you answer for.",
        ),
        "signed_by": signed_by_field(PASS, FAIL),
    }
    if not has_iccid:
        del fields["iccid"]
    return fields


def _line(launch: Launch, scenario: Scenario, step: ScenarioStep, now: ScenarioStep) -> str:
    if step == now:
        return f"**{step.title}** (to be done now)"
    return f"{step.title} (passed)" if launch.is_passed(scenario, step) else step.title


def _failure_problems(answer: Answer, scenario: Scenario, step: ScenarioStep) -> list[str]:
    following = answer.text("what_next")
    problems = []
    if following not in (REPEAT, RESTART):
        problems.append(f"what next is {following!r}: allowed are {REPEAT!r} and {RESTART!r}")
    _, unknown = _voided(answer, scenario, step)
    earlier = ", ".join(one.title for one in _earlier(scenario, step)) or "none"
    problems += [
        f"{name!r} is no earlier step of {scenario.title!r}: allowed are {earlier}"
        for name in unknown
    ]
    return problems


def _voided(
    answer: Answer, scenario: Scenario, step: ScenarioStep
) -> tuple[list[ScenarioStep], list[str]]:
    """Return the earlier steps a failure takes back, and the names that are none."""
    earlier = _earlier(scenario, step)
    if answer.text("what_next") == RESTART:
        return earlier, []
    names = [name.strip() for name in re.split(r"[;\n]", answer.text("voids") or "")]
    names = [name for name in names if name]
    found = [one for one in earlier if one.name in names or one.title in names]
    known = {text for one in found for text in (one.name, one.title)}
    return found, [name for name in names if name not in known]


def _earlier(scenario: Scenario, step: ScenarioStep) -> list[ScenarioStep]:
    return list(scenario.steps[: scenario.steps.index(step)])
