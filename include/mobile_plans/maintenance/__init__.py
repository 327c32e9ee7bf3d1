"""
Planned maintenance, both directions: five business days ahead, in a form machines can read (P1-P3).

The store is the truth: a maintenance is the replay of its events. What rooms above know, launch
days and what monitoring sees, is brought by whoever opens a ``Desk``.
"""

from include.mobile_plans.maintenance.calendar_files import calendar_file
from include.mobile_plans.maintenance.changes import (
    announce,
    cancel,
    preview,
    propose,
    withdraw,
)
from include.mobile_plans.maintenance.compliance import Compliance, compliance
from include.mobile_plans.maintenance.desk import Desk, Outlook, number_of
from include.mobile_plans.maintenance.intake import (
    original_of,
    read_file,
    take_in,
    waiting_files,
)
from include.mobile_plans.maintenance.plans import PROGRAM, Plan, plan_from_form, service_names
from include.mobile_plans.maintenance.rules import (
    Exclusion,
    end_of,
    exclusions,
    overruns,
    reservations,
    send_by,
)
from include.mobile_plans.maintenance.state import (
    CARRIED,
    REQUESTED,
    Maintenance,
    Proposal,
    Verdict,
    Word,
)
from include.mobile_plans.maintenance.sweep import next_due, sweep
from include.mobile_plans.maintenance.updates import (
    CHANGES,
    maintainer_name,
    signed_word,
    signers,
    update,
)

__all__ = [
    "CARRIED",
    "CHANGES",
    "PROGRAM",
    "REQUESTED",
    "Compliance",
    "Desk",
    "Exclusion",
    "Maintenance",
    "Outlook",
    "Plan",
    "Proposal",
    "Verdict",
    "Word",
    "announce",
    "calendar_file",
    "cancel",
    "compliance",
    "end_of",
    "exclusions",
    "maintainer_name",
    "next_due",
    "number_of",
    "original_of",
    "overruns",
    "plan_from_form",
    "preview",
    "propose",
    "read_file",
    "reservations",
    "send_by",
    "service_names",
    "signed_word",
    "signers",
    "sweep",
    "take_in",
    "update",
    "waiting_files",
    "withdraw",
]
