"""The human tasks of ``mobile_operator_launch``, each with its name in the graph."""

from airflow.sdk import TaskGroup, chain

from include.mobile_plans import launch
from include.mobile_plans.orchestration.sign_off import SignOff
from include.mobile_plans.policy import MOST_STEPS, PartyName, Scenario, program_policy
from include.mobile_plans.questions import Answer, Run
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment

_APPROVERS: dict[PartyName, str] = {
    "program": "Approved by the program",
    "mobile_operator": "Approved by the mobile operator",
}


class JudgedOnFreshChecks(launch.ReviewApproval):
    """An approval of a review: what it is judged on is checked again when it is answered (L1)."""

    def record(self, run: Run, answer: Answer) -> bool:
        """
        Do the checks, then judge and record the answer.

        Raises:
            BadInput: The answer does not hold, or an issue is outstanding.
        """
        launch.redo_checks(store_from_environment(), run, SystemClock())
        return super().record(run, answer)


def gate_confirmation(title: str) -> SignOff:
    """Ask a gate's owner for evidence; one task per gate and owner, named by it (L1)."""
    return SignOff(
        asker=launch.GateConfirmation(),
        subject=title,
        task_id="confirm_gate",
        task_display_name="Confirm the gate",
        map_index_template="{{ task.subject }}",
    )


def approvals(review: str, verb: str) -> list[SignOff]:
    """Ask each party for its approval of a review; nobody signs for both (L1, L9)."""
    return [
        SignOff(
            asker=JudgedOnFreshChecks(review, party),
            task_id=f"{verb}_{party}",
            task_display_name=name,
            # Without gates in policy their group is skipped, the approval is asked all the same.
            trigger_rule="none_failed",
        )
        for party, name in _APPROVERS.items()
    ]


def iccid_confirmation(*, after_sign_off: bool) -> SignOff:
    """Ask the program which ranges are configured (L3, L4)."""
    return SignOff(
        asker=launch.IccidConfirmation(after_sign_off=after_sign_off),
        task_id="confirm_full_range" if after_sign_off else "confirm_iccid_configuration",
        task_display_name="Confirm the full range"
        if after_sign_off
        else "Confirm the ICCID configuration",
    )


def cut_over_confirmation() -> SignOff:
    """Ask a mobile operator that used staging whether it moved to production (L2)."""
    return SignOff(
        asker=launch.CutOverConfirmation(),
        task_id="confirm_cut_over",
        task_display_name="Confirm the move to production",
    )


def final_sign_off() -> SignOff:
    """Ask for the sign-off that lists every step; scenarios that do not apply were skipped (L9)."""
    return SignOff(
        asker=launch.FinalSignOff(),
        task_id="sign_off_validation",
        task_display_name="Sign off the end-to-end validation",
        trigger_rule="none_failed_min_one_success",
    )


def scenario_groups() -> list[TaskGroup]:
    """Make one group per scenario of policy, its steps signed off one after the other (L6, L7)."""
    return [_scenario_group(scenario) for scenario in program_policy().launch.scenarios]


def own_scenario_steps(title: str) -> None:
    """Sign off the steps of one scenario the mobile operator added, as many as it has (L8)."""
    chain(
        *(
            SignOff(
                asker=launch.OwnStepSignOff(number),
                subject=title,
                task_id=f"sign_off_step_{number}",
                task_display_name=f"Step {number}",
                map_index_template="{{ task.subject }}",
            )
            for number in range(1, MOST_STEPS + 1)
        )
    )


def _scenario_group(scenario: Scenario) -> TaskGroup:
    with TaskGroup(scenario.name, group_display_name=scenario.title) as group:
        chain(
            *(
                SignOff(
                    asker=launch.StepSignOff(
                        scenario.name, step.name, has_iccid=scenario.has_iccid_at(step.name)
                    ),
                    task_id=f"sign_off_{step.name}",
                    task_display_name=step.title,
                )
                for step in scenario.steps
            )
        )
    return group
