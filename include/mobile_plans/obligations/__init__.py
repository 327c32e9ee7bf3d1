"""
Obligations: every promise with a clock, of either party, never lost and never acted on twice.

A promise is opened with the terms of policy, and from then on its state follows from its events
alone; a sweep does what is due, and what counts for a clock is when something was received.
"""

from include.mobile_plans.obligations.promises import Promise, Wanted
from include.mobile_plans.obligations.reading import (
    find_obligation,
    history,
    list_obligations,
    next_due,
)
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
    "Difference",
    "Obligation",
    "Pause",
    "Performed",
    "Promise",
    "State",
    "Step",
    "SweepReport",
    "Wanted",
    "cancel",
    "find_obligation",
    "history",
    "list_obligations",
    "meet",
    "next_due",
    "next_step",
    "open_obligation",
    "pause",
    "renew",
    "replay",
    "resume",
    "sweep",
    "upcoming_step",
    "verify_obligations",
]
