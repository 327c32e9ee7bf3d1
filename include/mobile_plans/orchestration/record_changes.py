"""What ``mobile_operator_change`` does: propose a change, let a second person decide."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from airflow.sdk import Param, get_current_context

from include.mobile_plans.errors import DoesNotApply
from include.mobile_plans.orchestration.forms import mobile_operator_field
from include.mobile_plans.orchestration.sign_off import SignOff
from include.mobile_plans.policy import SECTIONS, decide_change, propose_change, read_change
from include.mobile_plans.questions import Answer, Field, Question, Run
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment

clock = SystemClock()
APPROVE, REJECT = "Approve", "Reject"


def form() -> dict[str, Param]:
    """Return the fields of the trigger form."""
    return {
        "mobile_operator": mobile_operator_field("Whose record changes."),
        "section": Param(
            type="string",
            enum=list(SECTIONS),
            title="What changes",
            description="The section of the record, as its YAML file names it.",
        ),
        "value": Param(
            type="string",
            format="multiline",
            minLength=1,
            title="New content",
            description=(
                "The whole section as YAML. `mobile-operator show SLUG` prints the present one."
            ),
        ),
        "reason": Param(
            type="string",
            minLength=3,
            title="Reason",
            description="Why; kept with the new version.",
        ),
    }


def propose(form_values: Mapping[str, Any]) -> list[str]:
    """
    Record the change as proposed and return what it changes, in lines.

    Raises:
        BadInput: The change is not allowed; nothing was written.
    """
    run = get_current_context()["dag_run"]
    with store_from_environment().transaction() as connection:
        change = propose_change(
            connection,
            run.run_id,
            form_values["mobile_operator"],
            {"section": form_values["section"], "value": form_values["value"]},
            proposed_by=run.triggering_user_name or "unknown",
            reason=form_values["reason"],
            now=clock.now(),
        )
    return list(change.differences)


def decision() -> SignOff:
    """Make the human task that decides."""
    return SignOff(
        asker=ChangeDecision(), task_id="decide_change", task_display_name="Approve the change"
    )


class ChangeDecision:
    """A second named person approves or rejects a proposed change of a record."""

    options = (APPROVE, REJECT)
    fields: Mapping[str, Field] = {
        "note": Field(
            title="Note",
            description="What was checked, or why it is rejected.",
            kind="long text",
            required_with=frozenset({REJECT}),
        )
    }

    def ask(self, run: Run, now: datetime) -> Question:
        """
        Show what would change.

        Raises:
            DoesNotApply: It was decided already.
        """
        del now
        with store_from_environment().snapshot() as connection:
            change = read_change(connection, run.run_id)
        if change.state != "proposed":
            msg = f"the change was {change.state} by {change.decided_by}"
            raise DoesNotApply(msg)
        lines = "\n".join(f"    {line}" for line in change.differences)
        return Question(
            subject=f"{change.mobile_operator.name}: approve the change of its record?",
            body=(
                f"**{change.proposed_by}** proposes, because: {change.reason}\n\n{lines}\n\n"
                f"Anybody but {change.proposed_by} may decide. Approved, it is in force at once."
            ),
            fields=self.fields,
        )

    def record(self, run: Run, answer: Answer) -> bool:
        """
        Decide the change, as the user who answers.

        Raises:
            BadInput: That user proposed it, or it no longer fits the newest version.
        """
        with store_from_environment().transaction() as connection:
            decide_change(
                connection,
                run.run_id,
                approved=answer.option == APPROVE,
                decided_by=answer.recorded_by,
                note=answer.text("note") or "",
                now=answer.recorded_at,
            )
        return True
