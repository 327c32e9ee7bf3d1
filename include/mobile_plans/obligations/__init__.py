"""
Obligations: every promise with a clock, of either party, never lost and never acted on twice.

A promise is opened with the terms of policy, and from then on its state follows from its events
alone; a sweep does what is due, and what counts for a clock is when something was received.
"""

from include.mobile_plans.obligations.calls import (
    Call,
    CallAttempt,
    CallWanted,
    PhoneCall,
    PhoneContact,
    call_task,
    find_call,
    open_call,
    record_attempt,
)
from include.mobile_plans.obligations.duty import (
    DutyAlert,
    claim,
    end_alert,
    find_alert,
    next_alert_due,
    open_alerts,
    raise_alert,
    tell_the_next,
)
from include.mobile_plans.obligations.housekeeping import HousekeepingReport, housekeep
from include.mobile_plans.obligations.mails import contacts_of
from include.mobile_plans.obligations.promises import Promise, Wanted
from include.mobile_plans.obligations.reading import (
    PromiseCount,
    count_promises,
    find_obligation,
    history,
    list_obligations,
    next_due,
)
from include.mobile_plans.obligations.received import received_at_of
from include.mobile_plans.obligations.records import (
    cancel,
    meet,
    open_obligation,
    pause,
    renew,
    resume,
)
from include.mobile_plans.obligations.rules import Step, next_step, upcoming_step
from include.mobile_plans.obligations.state import Answer, Obligation, Pause, State, replay
from include.mobile_plans.obligations.sweep import Performed, SweepReport, sweep
from include.mobile_plans.obligations.verification import Difference, verify_obligations

__all__ = [
    "Answer",
    "Call",
    "CallAttempt",
    "CallWanted",
    "Difference",
    "DutyAlert",
    "HousekeepingReport",
    "Obligation",
    "Pause",
    "Performed",
    "PhoneCall",
    "PhoneContact",
    "Promise",
    "PromiseCount",
    "State",
    "Step",
    "SweepReport",
    "Wanted",
    "call_task",
    "cancel",
    "claim",
    "contacts_of",
    "count_promises",
    "end_alert",
    "find_alert",
    "find_call",
    "find_obligation",
    "history",
    "housekeep",
    "list_obligations",
    "meet",
    "next_alert_due",
    "next_due",
    "next_step",
    "open_alerts",
    "open_call",
    "open_obligation",
    "pause",
    "raise_alert",
    "received_at_of",
    "record_attempt",
    "renew",
    "replay",
    "resume",
    "sweep",
    "tell_the_next",
    "upcoming_step",
    "verify_obligations",
]
