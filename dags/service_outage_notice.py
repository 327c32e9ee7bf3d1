"""
## What it promises

Tells every affected mobile operator of an outage of our network, Mobile Plans or Store, by
telephone and mail within 30 minutes of our first awareness (O1): one promise, one thread and one
call each, side by side. Late is shown as late. Updates and the end are posted once, to the number
of the whole, and told to each of them alone.

## When it runs

Started by hand, one run per outage, as soon as we know of it.

## What it needs

The store, *Clocks and mails* for the mails, and people on duty for the telephone: in Airflow the
calls are in the runs of *Escalate an incident*, one per mobile operator.

## When it fails

- *Tell the outage* failed: its log says in one sentence why, for example that the words name a
  mobile operator. Nobody was told; start a new run.
"""

from include.mobile_plans.orchestration import incidents
from include.mobile_plans.orchestration.defaults import mobile_plans_dag, plain_task


@mobile_plans_dag(
    display_name="Tell an outage of ours",
    description="Tells each affected mobile operator of an outage by phone and mail in 30 minutes.",
    area="incident",
    doc_md=__doc__,
    params=incidents.outage_form(),
    max_active_runs=5,
)
def service_outage_notice() -> None:
    """Wire the notice."""

    @plain_task(task_display_name="Tell the outage")
    def tell_outage(params: dict) -> str:
        """Queue a mail for each mobile operator, and start the runs of their calls."""
        return incidents.record_outage(params)

    tell_outage()


service_outage_notice()
