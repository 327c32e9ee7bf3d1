"""
The launch of a mobile operator: from the request to go-live (L1 to L10).

The store is the truth: a launch is its row and the replay of its events; Airflow only carries it.
"""

from include.mobile_plans.launch.asked import Asked, asked_about, launch_in_context
from include.mobile_plans.launch.configuration import configuration_problems, configured_ranges
from include.mobile_plans.launch.configurations import (
    CutOverConfirmation,
    IccidConfirmation,
    configuration_choice,
    promise_configuration,
    promise_migration,
    require_staging,
)
from include.mobile_plans.launch.ending import (
    bring_live,
    cancel_launch,
    may_go_live,
    postpone_launch,
)
from include.mobile_plans.launch.export import export_launch
from include.mobile_plans.launch.issue_records import (
    assign_issue,
    open_issue,
    resolve_issue,
    waive_issue,
)
from include.mobile_plans.launch.issues import Issue
from include.mobile_plans.launch.mails import (
    request_iccid_configuration,
    request_migration,
    tell_date,
)
from include.mobile_plans.launch.portal import record_look
from include.mobile_plans.launch.questions import LaunchQuestion
from include.mobile_plans.launch.records import (
    end_launch,
    find_launch,
    launch_of_run,
    list_launches,
    next_id,
    record_check,
    start_launch,
)
from include.mobile_plans.launch.requests import (
    RANGE_CHOICES,
    LaunchRequest,
    RangeChoice,
    request_from_form,
)
from include.mobile_plans.launch.reviewing import redo_checks
from include.mobile_plans.launch.reviews import (
    LAST_GATE,
    READINESS,
    GateConfirmation,
    ReviewApproval,
)
from include.mobile_plans.launch.rules import (
    PARTIES,
    earliest_go_live,
    gate_questions,
    go_live_obstacles,
    missing_steps,
    request_problems,
    step_to_do,
    weeks_ahead,
)
from include.mobile_plans.launch.state import FAIL, PASS, Launch, step_question
from include.mobile_plans.launch.steps import (
    REPEAT,
    RESTART,
    FinalSignOff,
    OwnStepSignOff,
    StepSignOff,
)

__all__ = [
    "FAIL",
    "LAST_GATE",
    "PARTIES",
    "PASS",
    "RANGE_CHOICES",
    "READINESS",
    "REPEAT",
    "RESTART",
    "Asked",
    "CutOverConfirmation",
    "FinalSignOff",
    "GateConfirmation",
    "IccidConfirmation",
    "Issue",
    "Launch",
    "LaunchQuestion",
    "LaunchRequest",
    "OwnStepSignOff",
    "RangeChoice",
    "ReviewApproval",
    "StepSignOff",
    "asked_about",
    "assign_issue",
    "bring_live",
    "cancel_launch",
    "configuration_choice",
    "configuration_problems",
    "configured_ranges",
    "earliest_go_live",
    "end_launch",
    "export_launch",
    "find_launch",
    "gate_questions",
    "go_live_obstacles",
    "launch_in_context",
    "launch_of_run",
    "list_launches",
    "may_go_live",
    "missing_steps",
    "next_id",
    "open_issue",
    "postpone_launch",
    "promise_configuration",
    "promise_migration",
    "record_check",
    "record_look",
    "redo_checks",
    "request_from_form",
    "request_iccid_configuration",
    "request_migration",
    "request_problems",
    "require_staging",
    "resolve_issue",
    "start_launch",
    "step_question",
    "step_to_do",
    "tell_date",
    "waive_issue",
    "weeks_ahead",
]
