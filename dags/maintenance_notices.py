"""
## What it promises

Takes in the notices of maintenance that mobile operators send as calendar files (P2), each once,
and tells everybody what is due: reminder, start, overdue end, completion once the service is well.
After a stop of any length each missed mail goes out once, in order, and says how late it is.

## When it runs

When a watcher in the triggerer sees a file in the inbox or something due (it looks every ten
seconds), and every hour in case it saw nothing.

## What it needs

The store, the folder `MOBILE_PLANS_INBOX` (a `.ics`, or a mail with one saved as `.eml`), and a
running Airflow triggerer. Never pause it: nobody is told that a window begins while it is paused.

## When it fails

- *Take in the files* failed: its log names the file and why; it stays in the inbox. A notice that
  cannot be read is no failure: it becomes a run of *Planned maintenance* that asks somebody.
- *Tell what is due* failed: its log names the maintenance whose mail could not be written; all
  others were told. It is tried again with the next run.
"""

from include.mobile_plans.orchestration import maintenance
from include.mobile_plans.orchestration.defaults import mobile_plans_dag, plain_task


@mobile_plans_dag(
    display_name="Maintenance notices",
    description="Takes in mobile operators' notices and tells what is due about maintenance.",
    area="maintenance",
    doc_md=__doc__,
    schedule=maintenance.schedule(),
    max_active_runs=1,
)
def maintenance_notices() -> None:
    """Wire intake and telling."""

    @plain_task(task_display_name="Take in the files")
    def take_in_files() -> list:
        """Take each notice in the inbox in, once."""
        return maintenance.take_in_files()

    @plain_task(task_display_name="Find what no run carries", trigger_rule="all_done")
    def runs_to_start() -> list:
        """Name the maintenances that came without a form."""
        return maintenance.runs_to_start()

    @plain_task(task_display_name="Tell what is due")
    def tell_what_is_due() -> list:
        """Remind, tell of starts and overdue ends, each once."""
        return maintenance.tell_what_is_due()

    runs = runs_to_start()
    take_in_files() >> runs
    maintenance.start_runs(runs)
    tell_what_is_due()


maintenance_notices()
