"""
The one human task: asks a named person, insists on evidence, and keeps the answer in our store.

Airflow parks it without holding a slot for as long as it takes. Airflow's form and API check little
(an empty answer passes), so the answer is judged here and the question asked again until it holds.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Context, Param
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, ParamValidationError

from include.mobile_plans.errors import BadInput, DoesNotApply, MobilePlansError
from include.mobile_plans.obligations import claim, end_alert, raise_alert
from include.mobile_plans.policy import program_policy
from include.mobile_plans.questions import (
    Answer,
    Field,
    Question,
    Run,
    answer_from_form,
    require_complete,
)
from include.mobile_plans.simulation.clock import Clock, SystemClock
from include.mobile_plans.store import store_from_environment

TAKE_IT = "I take it"
"""The further option of an urgent task: claim it, and answer it later."""


class Asker(Protocol):
    """
    A question and what its answer means, for the run it is asked in.

    An asker with a ``duty_role`` is urgent: the persons of that role are told in turn until one of
    them takes the task.
    """

    @property
    def options(self) -> tuple[str, ...]:
        """The buttons."""
        ...

    @property
    def fields(self) -> Mapping[str, Field]:
        """What the form asks for, whatever the run."""
        ...

    def ask(self, run: Run, now: datetime) -> Question:
        """
        Build the question from the store.

        Raises:
            DoesNotApply: There is nothing to ask in this run.
        """
        ...

    def record(self, run: Run, answer: Answer) -> bool:
        """
        Write the answer to the store; return whether the question is settled.

        Raises:
            BadInput: The answer does not hold; it is asked again.
        """
        ...


class SignOff(HITLOperator):
    """
    Ask a person and go on when the answer holds.

    Args:
        asker: The question and what its answer means.
        **kwargs: Passed to Airflow's operator; ``retries`` is always 0, since a retry would ask
            twice.
    """

    def __init__(self, *, asker: Asker, **kwargs: Any) -> None:
        kwargs.pop("params", None)  # those of the DAG, which are no part of the form
        super().__init__(
            subject=kwargs.pop("subject", kwargs.get("task_display_name", kwargs["task_id"])),
            options=[*asker.options, *([TAKE_IT] if getattr(asker, "duty_role", None) else [])],
            params={name: form_field(wanted) for name, wanted in asker.fields.items()},
            retries=0,
            **kwargs,
        )
        self.asker = asker
        self.duty_role: str | None = getattr(asker, "duty_role", None)
        self.clock: Clock = SystemClock()

    def execute(self, context: Context) -> Any:
        """Ask, and park until somebody answers."""
        question = self._question(context)
        self._show(question)
        if self.duty_role is not None:
            self._look_for_somebody(context, question, self.duty_role)
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Judge the answer, record it, and go on or ask again."""
        question = self._question(context)
        self._show(question)
        try:
            given = super().execute_complete(context, event)
            answer = _answer(given)
            if answer.option == TAKE_IT:
                self._claim(context, question, answer)
                return self.execute(context)
            require_complete(question, answer)
            settled = self.asker.record(_run(context), answer)
        except (BadInput, ParamValidationError, ValueError) as refusal:
            self.log.warning("The answer was not accepted and is asked again: %s", refusal)
            return self.execute(context)
        if not settled:
            return self.execute(context)
        if self.duty_role is not None:
            with store_from_environment().transaction() as connection:
                now = self.clock.now()
                key = _alert_key(context, question)
                end_alert(connection, key, by=answer.recorded_by, now=now)
        return given

    def _look_for_somebody(self, context: Context, question: Question, role: str) -> None:
        """Tell the persons of a role in turn until one takes the task; once for each task."""
        with store_from_environment().transaction() as connection:
            raise_alert(
                connection,
                _alert_key(context, question),
                role=role,
                headline=question.headline,
                link=self.generate_link_to_ui(task_instance=context["task_instance"]),
                policy=program_policy(),
                now=self.clock.now(),
            )

    def _claim(self, context: Context, question: Question, answer: Answer) -> None:
        with store_from_environment().transaction() as connection:
            key, now = _alert_key(context, question), answer.recorded_at
            claim(connection, key, by=answer.recorded_by, now=now)

    def _question(self, context: Context) -> Question:
        try:
            return self.asker.ask(_run(context), self.clock.now())
        except DoesNotApply as reason:
            self.log.info("Skipped: %s", reason)
            raise AirflowSkipException(str(reason)) from None
        except MobilePlansError as error:
            raise AirflowFailException(str(error)) from None

    def _show(self, question: Question) -> None:
        """Put the words of the store where Airflow's templates would have put theirs."""
        self.subject = question.headline
        self.body = question.body
        for name, wanted in question.fields.items():
            self.params[name] = form_field(wanted)


def form_field(wanted: Field) -> Param:
    """
    Turn a field into one of Airflow's form.

    Every field may be empty as far as Airflow knows: a field that may not would fail the task
    before it is asked, and grey out every button without a word.
    """
    schema: dict[str, Any] = {
        "type": ["null", "string"],
        "title": wanted.title,
    }
    if wanted.kind == "long text":
        schema["format"] = "multiline"
    if wanted.suggestions:
        schema["examples"] = list(wanted.suggestions)
    return Param(None, description=wanted.description, source="task", **schema)


def _alert_key(context: Context, question: Question) -> str:
    """Name the task that waits, or what it shares its search with, with its id and index."""
    instance, run = context["task_instance"], _run(context)
    index = "" if run.map_index < 0 else f":{run.map_index}"
    whole = question.alert or f"{instance.dag_id}:{run.run_id}"
    return f"{whole}:{instance.task_id}{index}"


def _run(context: Context) -> Run:
    instance = context["task_instance"]
    map_index = -1 if instance.map_index is None else instance.map_index
    return Run(run_id=str(context["dag_run"].run_id), map_index=map_index)


def _answer(given: Mapping[str, Any]) -> Answer:
    user = given["responded_by_user"] or {}
    options = given["chosen_options"]
    if len(options) != 1:
        msg = f"choose one option, not {len(options)}"
        raise BadInput(msg)
    return answer_from_form(
        options[0],
        given["params_input"] or {},
        recorded_by=str(user.get("name") or user.get("id") or ""),
        recorded_at=given["responded_at"],
    )
