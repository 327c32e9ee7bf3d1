"""
## What it promises

Posts to an incident: a first response, an update, a change of severity (its clocks start anew, both
are kept), a pause with whom we wait for, the resolution. Each counts from when it was received. It
shows the mobile operator and every recipient before anything is sent. What is posted to a parent
of many is told to each mobile operator alone.

## When it runs

Started by hand, one run per update.

## What it needs

The store, the number of the incident, and a user of Airflow who confirms.

## When it fails

- *Check the update* failed: its log says in one sentence why it cannot be posted. Nothing was
  written; start a new run, or use `incident update` on the command line.
- *Confirm what is sent* asks again: something changed meanwhile, and its log says what.
"""

from include.mobile_plans.orchestration import incidents
from include.mobile_plans.orchestration.defaults import mobile_plans_dag, plain_task


@mobile_plans_dag(
    display_name="Update an incident",
    description="Posts a response, update, severity, pause or resolution, once it is confirmed.",
    area="incident",
    doc_md=__doc__,
    params=incidents.update_form(),
    max_active_runs=50,
)
def incident_update() -> None:
    """Wire an update."""

    @plain_task(task_display_name="Check the update")
    def check_update(params: dict) -> list:
        """Refuse what cannot be posted, or list the recipients."""
        return incidents.check_update(params)

    check_update() >> incidents.confirm_update()


incident_update()
