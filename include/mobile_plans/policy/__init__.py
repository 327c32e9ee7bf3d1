"""
Policy as data: the program's rules from YAML, and mobile operators as versioned records.

One strict loader at the edge; everything behind it is typed, frozen and checked.
"""

from include.mobile_plans.policy.changes import (
    SECTIONS,
    ProposedChange,
    decide_change,
    propose_change,
    read_change,
)
from include.mobile_plans.policy.contacts import DutyPerson
from include.mobile_plans.policy.current import policy_source, program_policy
from include.mobile_plans.policy.expectations import Expectation
from include.mobile_plans.policy.kept import (
    keep_policy,
    kept_policy,
    policies_in_force,
    policies_taken_up,
)
from include.mobile_plans.policy.loading import load_policy, loopback_allowed, policy_directory
from include.mobile_plans.policy.mobile_operators import Contact, ContactRole, MobileOperator, State
from include.mobile_plans.policy.names import mobile_operator_names
from include.mobile_plans.policy.notices import NoticePolicy, Waits
from include.mobile_plans.policy.people import people_of, signer_problem
from include.mobile_plans.policy.program import ProgramPolicy, ReadinessGate
from include.mobile_plans.policy.promises import (
    Escalation,
    PartyName,
    PromiseKind,
    PromiseRoles,
    party_of,
)
from include.mobile_plans.policy.records import change_state, record_version
from include.mobile_plans.policy.scenarios import MOST_STEPS, Scenario, ScenarioStep
from include.mobile_plans.policy.severity import (
    FactValue,
    SeverityDecision,
    SeverityEdition,
    SeverityName,
)
from include.mobile_plans.policy.values import BusinessDays, PartyCalendar, Period
from include.mobile_plans.policy.versions import (
    MobileOperatorVersion,
    live_spans,
    mobile_operator_in_force,
    mobile_operator_versions,
    mobile_operators_in_force,
    versions_begun,
)

__all__ = [
    "MOST_STEPS",
    "SECTIONS",
    "BusinessDays",
    "Contact",
    "ContactRole",
    "DutyPerson",
    "Escalation",
    "Expectation",
    "FactValue",
    "MobileOperator",
    "MobileOperatorVersion",
    "NoticePolicy",
    "PartyCalendar",
    "PartyName",
    "Period",
    "ProgramPolicy",
    "PromiseKind",
    "PromiseRoles",
    "ProposedChange",
    "ReadinessGate",
    "Scenario",
    "ScenarioStep",
    "SeverityDecision",
    "SeverityEdition",
    "SeverityName",
    "State",
    "Waits",
    "change_state",
    "decide_change",
    "keep_policy",
    "kept_policy",
    "live_spans",
    "load_policy",
    "loopback_allowed",
    "mobile_operator_in_force",
    "mobile_operator_names",
    "mobile_operator_versions",
    "mobile_operators_in_force",
    "party_of",
    "people_of",
    "policies_in_force",
    "policies_taken_up",
    "policy_directory",
    "policy_source",
    "program_policy",
    "propose_change",
    "read_change",
    "record_version",
    "signer_problem",
    "versions_begun",
]
