"""
The people of one launch: they read what they are asked and answer it from the record.

They can be told to make mistakes first; every mistake is asked again, as for real people.
"""

from collections.abc import Mapping

from include.mobile_plans.iccid import with_check_digit
from include.mobile_plans.launch import Launch, launch_of_run, step_question, step_to_do
from include.mobile_plans.policy import MobileOperator, mobile_operator_in_force
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.simulation.people import OpenQuestion
from include.mobile_plans.store import Store

Mistake = tuple[str, Mapping[str, str]]
"""The option chosen, and what is filled in otherwise than it should be."""


class LaunchPeople:
    """
    Everybody who answers in one launch.

    Args:
        store: Where they look things up.
        slug: The mobile operator.
        run_id: The run that carries the launch.
        mistakes: What is answered first, by the task's id.
    """

    def __init__(
        self,
        store: Store,
        slug: str,
        run_id: str,
        mistakes: Mapping[str, list[Mistake]] | None = None,
    ) -> None:
        self.store, self.slug, self.run_id = store, slug, run_id
        self.mistakes = {task: list(made) for task, made in (mistakes or {}).items()}

    def answer_to(self, question: OpenQuestion) -> Mistake:
        """Return the option chosen and what is filled in."""
        values = self._right_values(question)
        option = question.options[0]
        if waiting := self.mistakes.get(question.task_id):
            option, wrong = waiting[0]
            values |= wrong
        return option, {name: text for name, text in values.items() if name in question.fields}

    def answered(self, question: OpenQuestion) -> None:
        """Go on to the next answer of a task: this one was taken."""
        if waiting := self.mistakes.get(question.task_id):
            waiting.pop(0)

    def launch(self) -> Launch:
        """Return the launch as it stands."""
        with self.store.snapshot() as connection:
            return launch_of_run(connection, self.run_id)

    def mobile_operator(self) -> MobileOperator:
        """Return the record in force."""
        with self.store.snapshot() as connection:
            now = SystemClock().now()
            return mobile_operator_in_force(connection, self.slug, now).mobile_operator

    def _right_values(self, question: OpenQuestion) -> dict[str, str]:
        signer = question.fields["signed_by"]["schema"]["examples"][0]
        values = {
            "signed_by": signer,
            "evidence": f"Mail of {signer}, attached to the ticket of this launch",
            "device": "Surface Pro, Windows 10 22H2",
            "iccid": self._iccid(),
            "configured": self._configured(question),
        }
        launch, now = self.launch(), SystemClock().now()
        asked = self._step(question, launch)
        if asked is not None:
            name, title, is_own = asked
            values |= {} if is_own else {"step": title}
            if launch.open_issue_of(name, now) is not None:
                values["fixed"] = "A new build of the portal was deployed"
        elif launch.outstanding_issues(now):
            values["fixed"] = "The missing evidence came by mail"
        return values

    def _step(self, question: OpenQuestion, launch: Launch) -> tuple[str, str, bool] | None:
        """Return name and title of the step to be done now, and whether it is the task's own."""
        _, _, place = question.task_id.partition("end_to_end_validation.")
        group, _, task = place.partition(".sign_off_")
        if not task:
            return None
        if group == "own_scenario":
            scenario = launch.own_scenarios[question.map_index]
            own = scenario.steps[int(task.removeprefix("step_")) - 1].name
        else:
            scenario = next(one for one in launch.scenarios if one.name == group)
            own = task
        step = step_to_do(launch, scenario, own)
        return step_question(scenario.name, step.name), step.title, step.name == own

    def _iccid(self) -> str:
        """Take the first card of the test range."""
        first = self.mobile_operator().iccid_ranges.at("test", SystemClock().now())[0]
        return with_check_digit(first.start) if first.has_check_digit else first.start

    def _configured(self, question: OpenQuestion) -> str:
        """Read back what should be configured now."""
        is_test = self.launch().request.range_choice == "test"
        is_full = not is_test or question.task_id.endswith("confirm_full_range")
        ranges = self.mobile_operator().iccid_ranges
        return "; ".join(
            map(str, ranges.at("production" if is_full else "test", SystemClock().now()))
        )
