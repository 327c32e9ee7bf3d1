"""Signing off the steps of end-to-end validation, one by one (L5 to L9)."""

from datetime import datetime

from include.mobile_plans.errors import DoesNotApply
from include.mobile_plans.launch.questions import (
    Asked,
    LaunchQuestion,
    evidence_field,
    signed_by_field,
)
from include.mobile_plans.launch.rules import FAIL, PASS, step_problems, step_title
from include.mobile_plans.launch.state import step_question
from include.mobile_plans.policy import PartyName, Scenario
from include.mobile_plans.questions import Answer, Field


class StepSignOff(LaunchQuestion):
    """One step of a scenario, passed or failed on a named device (L5 to L9)."""

    settling = PASS
    options = (PASS, FAIL)
    signing_party: PartyName = "mobile_operator"

    def __init__(self, scenario: str, step: str, *, has_iccid: bool) -> None:
        self.scenario, self.step = scenario, step
        self.fields = step_fields(has_iccid=has_iccid)

    def place(self, asked: Asked) -> tuple[Scenario, str]:
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

    def name_in(self, asked: Asked) -> str:
        """Return the name of this step's question."""
        scenario, step = self.place(asked)
        return step_question(scenario.name, step)

    def words(self, asked: Asked) -> tuple[str, str, datetime | None]:
        """Show where the tester is in the scenario, and how it went before."""
        scenario, step = self.place(asked)
        answers = asked.launch.answers.get(step_question(scenario.name, step), ())
        failures = [answer.values["evidence"] for answer in answers if answer.option == FAIL]
        before = f"\n\nFailed {len(failures)} times; last: {failures[-1]}" if failures else ""
        steps = "\n".join(
            f"{number}. **{s.title}** (this step)" if s.name == step else f"{number}. {s.title}"
            for number, s in enumerate(scenario.steps, start=1)
        )
        conditions = "\n".join(f"- {condition}" for condition in scenario.initial_conditions)
        body = (
            f"Scenario **{scenario.title}** of **{asked.mobile_operator.name}**\n\n"
            f"Initial conditions:\n\n{conditions}\n\nSteps:\n\n{steps}{before}\n\n"
            "Pass needs device, evidence and a named person of the mobile operator; an answer "
            "without them is asked again, and so is a failed step."
        )
        subject = f"{asked.mobile_operator.name}, {scenario.title}: {step_title(scenario, step)}"
        return subject, body, asked.launch.request.target_at

    def problems(self, asked: Asked, answer: Answer) -> list[str]:
        """Check the ICCID against the configured range."""
        scenario, step = self.place(asked)
        return step_problems(answer, scenario, step, asked.ranges.asked_for(asked.launch.request))


class OwnStepSignOff(StepSignOff):
    """One step of a scenario that the mobile operator added, found by its numbers (L8)."""

    def __init__(self, number: int) -> None:
        self.number = number
        # Which step it is, and so whether the device has an ICCID, is known only in the run.
        self.fields = step_fields(has_iccid=True)

    def place(self, asked: Asked) -> tuple[Scenario, str]:
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
        "signed_by": signed_by_field(PASS, FAIL),
    }
    if not has_iccid:
        del fields["iccid"]
    return fields
