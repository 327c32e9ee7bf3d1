"""
## What it promises

Takes an incident down in either direction: who, what, since when and a call-back are enough, and no
caller is turned away (E5). It gets a number, such as INC-0042, at once, and its run of
*Escalate an incident* asks for the severity. A report of an outage that is still running joins its
incident; a customer's matter is turned back with the support contact (C1).

## When it runs

Started by hand, at any time, one run per report.

## What it needs

The store, the mobile operator's record, and an idle Airflow worker for a few seconds.

## When it fails

- *Record the report* failed: its log says in one sentence what is missing. Nothing was written;
  start a new run, or use `incident open` on the command line.
"""

from include.mobile_plans.orchestration import incidents
from include.mobile_plans.orchestration.defaults import mobile_plans_dag, plain_task


@mobile_plans_dag(
    display_name="Report an incident",
    description="Takes an incident of either party down, gives it a number and starts its run.",
    area="incident",
    doc_md=__doc__,
    params=incidents.report_form(),
    max_active_runs=50,
)
def incident_report() -> None:
    """Wire the intake."""

    @plain_task(task_display_name="Record the report")
    def record_report(params: dict) -> str:
        """Give it a number, and start the run that carries it."""
        return incidents.record_report(params)

    record_report()


incident_report()
