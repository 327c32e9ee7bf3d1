"""
## What it promises

Checks every night that nobody changed the record behind its back, and removes closed promises and
sent notices that are older than policy keeps them. Never anything open; what was removed is itself
on record.

## When it runs

Every night at 03:17 UTC.

## What it needs

The store. An idle Airflow worker for a minute or two.

## When it fails

- *Verify the record* failed: a row was edited, removed or inserted by hand. `db verify` lists
  where. Nothing is removed until it is understood; restore the rows from a backup.
- *Remove what is old* failed: its log says why; it is tried again the next night.
"""

from include.mobile_plans.orchestration import tidying
from include.mobile_plans.orchestration.defaults import mobile_plans_dag, plain_task


@mobile_plans_dag(
    display_name="Housekeeping",
    description="Verifies the record every night and removes what policy no longer keeps.",
    area="platform",
    doc_md=__doc__,
    schedule=tidying.schedule(),
    max_active_runs=1,
)
def housekeeping() -> None:
    """Wire the night's work."""

    @plain_task(task_display_name="Verify the record", retries=0)
    def verify_the_record() -> int:
        """Recompute every chain of events."""
        return tidying.verify_the_record()

    @plain_task(task_display_name="Remove what is old")
    def remove_what_is_old() -> dict:
        """Remove closed promises and sent notices beyond their time."""
        return tidying.remove_what_is_old()

    verify_the_record() >> remove_what_is_old()


housekeeping()
