"""
## What it promises

Records what the maintaining party says of a maintenance that was told: another window, more time,
completion, cancellation. Whoever was told of it is told that too, in the same thread. Another
window starts the five business days anew, unless it lies inside the one that was told.

## When it runs

Started by hand in Airflow, one run per change; `maintenance update` does the same without it.

## What it needs

The number of the maintenance (`MNT-0007`, in all of its mails), and the word of a named person of
the party that maintains: of a mobile operator, its mail with the time it was received.

## When it fails

- *Record the change* failed: its log says what does not hold. Nothing was written; start a new run.
- *Confirm the announcement* is asked when another window is late for somebody or collides with
  something: the task shows each deadline.
"""

from include.mobile_plans.orchestration import maintenance
from include.mobile_plans.orchestration import maintenance_questions as questions
from include.mobile_plans.orchestration.defaults import mobile_plans_dag, plain_task


@mobile_plans_dag(
    display_name="Change a planned maintenance",
    description="Moves, extends, completes or cancels a maintenance, and tells who was told of it.",
    area="maintenance",
    doc_md=__doc__,
    params=maintenance.update_form(),
    max_active_runs=100,
)
def maintenance_update() -> None:
    """Wire a change."""

    @plain_task(task_display_name="Record the change")
    def record_update(params: dict) -> str:
        """Record what the maintaining party says."""
        return maintenance.record_update(params)

    record_update() >> questions.announcement_confirmation(in_run_of_its_own=False)


maintenance_update()
