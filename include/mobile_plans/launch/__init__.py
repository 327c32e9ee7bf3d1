"""
The launch of a mobile operator: from the request to go-live (L1 to L10).

The store is the truth: a launch is its row and the replay of its events; Airflow only carries it.
"""

from include.mobile_plans.launch.mails import announce_live, request_iccid_configuration
from include.mobile_plans.launch.portal import judge_answer, record_look
from include.mobile_plans.launch.questions import (
    Asked,
    CutOverConfirmation,
    FinalSignOff,
    IccidConfirmation,
    LaunchQuestion,
    ReadinessApproval,
    asked_about,
)
from include.mobile_plans.launch.records import (
    cancel_launch,
    end_launch,
    find_launch,
    launch_of_run,
    list_launches,
    record_check,
    start_launch,
)
from include.mobile_plans.launch.requests import (
    RANGE_CHOICES,
    LaunchRequest,
    request_from_form,
)
from include.mobile_plans.launch.rules import (
    FAIL,
    PASS,
    missing_steps,
    range_findings,
    range_problems,
    request_problems,
)
from include.mobile_plans.launch.state import Launch
from include.mobile_plans.launch.steps import OwnStepSignOff, StepSignOff

__all__ = [
    "FAIL",
    "PASS",
    "RANGE_CHOICES",
    "Asked",
    "CutOverConfirmation",
    "FinalSignOff",
    "IccidConfirmation",
    "Launch",
    "LaunchQuestion",
    "LaunchRequest",
    "OwnStepSignOff",
    "ReadinessApproval",
    "StepSignOff",
    "announce_live",
    "asked_about",
    "cancel_launch",
    "end_launch",
    "find_launch",
    "judge_answer",
    "launch_of_run",
    "list_launches",
    "missing_steps",
    "range_findings",
    "range_problems",
    "record_check",
    "record_look",
    "request_from_form",
    "request_iccid_configuration",
    "request_problems",
    "start_launch",
]
