"""
## What it promises

Carries one incident, INC-0042, to the end of its escalation. It has a severity before anybody is
told (E2): decided by the guidelines in policy from what is stated, or by a named person with a
reason. High is told by telephone, contact after contact until one is reached, and by mail beside it
(E3); Low by mail (E4). The other party's clocks run from the moment either reached it. The incident
lives on in the store with its clocks when the run has ended.

## When it runs

Started by the system for every incident, and again when one is raised to High. Up to 500 at once;
a mail never waits for a run, and `incident sheet` shows every call to be made.

## What it needs

The store, *Clocks and mails*, and people on duty for the telephone.

## When it fails

- *Assess the severity* failed: the run's name is no incident. Start *Report an incident* instead.
- It asks again, or a call does: its log says what the answer lacked.
- *Wait until the escalation reached them* waits: its log says for what. A mail that is refused by
  every contact is in `notices list`; find another way, and record it with `incident call`.
"""

from airflow.sdk import chain

from include.mobile_plans.orchestration import incidents
from include.mobile_plans.orchestration.defaults import mobile_plans_dag


@mobile_plans_dag(
    display_name="Escalate an incident",
    description="Assesses one incident, calls the other party, and ends when it was reached.",
    area="incident",
    doc_md=__doc__,
    max_active_runs=500,
    # Of many at once the first are called before the last are looked at.
    task_defaults={"weight_rule": "upstream"},
)
def incident_escalation() -> None:
    """Wire an escalation."""
    chain(incidents.assess_severity(), *incidents.calls(), incidents.await_reached())


incident_escalation()
