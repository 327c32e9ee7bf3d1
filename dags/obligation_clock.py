"""
## What it promises

Keeps the clocks of every promise, the program's and the mobile operators': reminds when most of
the time has gone, records a breach the moment it happens, escalates to the next role (E6). Sends
every mail that is due, each once.

## When it runs

When a watcher in the triggerer sees something due (it looks every ten seconds), and every minute
in case it saw nothing. After a stop each overdue step is done once, in order, and marked late.

## What it needs

The store, the connection `smtp_mobile_plans`, and a running Airflow triggerer. Never pause it:
nothing is reminded and no mail leaves while it is paused.

## When it fails

- *Look after incidents* failed: its log names each outage that could not be taken and why; all
  others were. It is tried again within a minute.
- *Keep the promises* failed: its log names each promise that could not be acted on and why; all
  others were. It is tried again within a minute.
- *Send the mails* failed: our own fault, not the mail server's. A mail that was refused or not
  taken is no failure: `notices list` shows it, and it is tried again.
"""

from include.mobile_plans.orchestration import clockwork, incidents
from include.mobile_plans.orchestration.defaults import FIRST, mobile_plans_dag, plain_task


@mobile_plans_dag(
    display_name="Clocks and mails",
    description="Reminds, records breaches, escalates and sends every mail that is due.",
    area="platform",
    doc_md=__doc__,
    schedule=clockwork.schedule(),
    max_active_runs=1,
    task_defaults=FIRST,
)
def obligation_clock() -> None:
    """Wire the clock."""

    @plain_task(task_display_name="Look after incidents", retries=0)
    def tend_incidents() -> list:
        """Open, hear and start what is due of incidents."""
        return incidents.tend()

    @plain_task(task_display_name="Keep the promises", retries=0)
    def keep_promises() -> list:
        """Do what is due about promises."""
        return clockwork.keep_promises()

    @plain_task(task_display_name="Send the mails", retries=0, trigger_rule="all_done")
    def send_notices() -> dict:
        """Drain the outbox, whether or not all of the above could be done."""
        return clockwork.send_notices()

    [tend_incidents(), keep_promises()] >> send_notices()


obligation_clock()
