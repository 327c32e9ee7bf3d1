"""What people are asked about a bug in Airflow, step by step (B2, B3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from include.mobile_plans.errors import DoesNotApply
from include.mobile_plans.incidents.bugs import FOLLOWS, advance_bug, find_bug
from include.mobile_plans.questions import Answer, Field, Question, Run
from include.mobile_plans.store import store_from_environment


def _text(title: str, description: str, *options: str) -> Field:
    needed = frozenset(options)
    return Field(title=title, description=description, kind="long text", required_with=needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class BugQuestion:
    """
    One step of a bug.

    Attributes:
        title: What the step is about, for the subject.
        states: The state each option brings the bug to; it is asked where the first may follow.
        fields: What is filled in.
        settling: The states after which the step is over; others are recorded and asked again.
    """

    title: str
    states: Mapping[str, str]
    fields: Mapping[str, Field]
    settling: tuple[str, ...]

    @property
    def options(self) -> tuple[str, ...]:
        """The buttons."""
        return tuple(self.states)

    def ask(self, run: Run, now: datetime) -> Question:
        """
        Show what is known of the bug.

        Raises:
            DoesNotApply: The run only logs a bug, or this step of it is over.
        """
        del now
        if not run.run_id.startswith("BUG-"):
            msg = f"run {run.run_id} only logs a bug: another one carries it"
            raise DoesNotApply(msg)
        with store_from_environment().snapshot() as connection:
            bug = find_bug(connection, run.run_id)
        if bug.state not in FOLLOWS[next(iter(self.states.values()))]:
            msg = f"{bug.bug_id} is {bug.state}"
            raise DoesNotApply(msg)
        report = bug.report
        known = "\n".join(f"- {name}: {value}" for name, value in bug.known.items() if value)
        return Question(
            subject=f"{bug.bug_id}, {self.title}: {report['title'][:80]}",
            body=f"{report['what']}\n\n{known}",
            fields=self.fields,
        )

    def record(self, run: Run, answer: Answer) -> bool:
        """
        Bring the bug to its next state.

        Raises:
            BadInput: Something is missing, or it does not follow.
        """
        state, by = self.states[answer.option], answer.recorded_by
        with store_from_environment().transaction() as connection:
            advance_bug(connection, run.run_id, state, answer.values, by=by, now=answer.recorded_at)
        return state in self.settling


REASON = _text("Reason", "Why it is declined; who reported it reads this.", "Decline")
TRIAGE = BugQuestion(
    title="triage",
    states={"Take it up": "triaged", "Decline": "declined"},
    fields={
        "justification": _text("Business justification", "Why it is worth it.", "Take it up"),
        "impact": _text("Impact", "On whom, and how badly.", "Take it up"),
        "reason": REASON,
    },
    settling=("triaged", "declined"),
)
APPROVAL = BugQuestion(
    title="approve the fix",
    states={"Approve": "approved", "Decline": "declined"},
    fields={"reason": REASON},
    settling=("approved", "declined"),
)
DEPLOYMENT = BugQuestion(
    title="schedule and deployment",
    states={"Share the schedule": "scheduled", "It is deployed": "deployed"},
    fields={
        "deployment": Field(
            title="Tentative deployment",
            description="When it is likely to be deployed, in words; may be changed later.",
            required_with=frozenset({"Share the schedule"}),
        ),
        "note": _text(
            "What every mobile operator reads",
            "What was fixed, in words that name no mobile operator.",
            "It is deployed",
        ),
    },
    settling=("deployed",),
)
