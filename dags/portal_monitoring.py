"""
## What it promises

Probes the MO Direct portal of every live mobile operator twice a minute (M1) and keeps one record
for each outage: since when, how sure that is, when it was escalated (M2), when it ended. A slot in
which we did not look, or were cut off ourselves, is unknown and never held against a portal.

## When it runs

The probing runs in the triggerer all the time, whether or not a run is under way. Runs tell what
the portals do: when an outage or a finding began, was escalated or ended, and every minute. Which
portals are probed is read from the records before every round: a launch that goes live is probed
within a minute (L10).

## What it needs

The store, a running Airflow triggerer, the control targets of policy. **Never pause it: that stops
the probing.** One process probes about 10,000 portals; `probe.shards` of `monitoring.yaml` splits
them.

## When it fails

- *Is monitoring seeing?* failed: nothing was learnt of a portal for minutes, or the program's
  policy is invalid. Its log says which, and the platform duty has a mail. Until it is repaired no
  outage is noticed, or the last valid policy stays in force.
- A portal that is down fails nothing: *What the portals do* tells it, in its log and result.
- Code that changed in the probing takes effect when the triggerer is restarted.
"""

from include.mobile_plans.orchestration import portal_watch
from include.mobile_plans.orchestration.defaults import FIRST, mobile_plans_dag, plain_task


@mobile_plans_dag(
    display_name="Portal monitoring",
    description="Probes every live portal twice a minute and records each outage once.",
    area="monitoring",
    doc_md=__doc__,
    schedule=portal_watch.schedule(),
    max_active_runs=1,
    task_defaults=FIRST,
)
def portal_monitoring() -> None:
    """Wire a look at the portals."""

    @plain_task(task_display_name="Is monitoring seeing?", retries=0)
    def look_after_the_prober() -> list:
        """Alert the duty person when monitoring is blind or its policy invalid."""
        return portal_watch.look_after_the_prober()

    @plain_task(task_display_name="What the portals do", retries=0, trigger_rule="all_done")
    def tell_of_the_portals() -> list:
        """Tell which portals are out, whether or not monitoring is well."""
        return portal_watch.tell_of_the_portals()

    look_after_the_prober() >> tell_of_the_portals()


portal_monitoring()
