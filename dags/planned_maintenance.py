"""
## What it promises

Carries one planned maintenance, of the program or of a mobile operator, from the plan to the word
that it is complete (P1 to P3): each recipient is told five business days ahead on the calendars of
both, or a named person confirms why not.

## When it runs

Started by hand with the form; it then starts the run that carries the maintenance, named after its
number (`MNT-0007`), and ends. Notices that came as files, or by the command line, get their run
from `maintenance_notices`. It waits for weeks and holds no slot of Airflow meanwhile.

## What it needs

The store, and people who answer the required actions. Changes before the end of the window:
*Change a planned maintenance*. Mails leave by `maintenance_notices` and `obligation_clock`.

## When it fails

- *Check and record the plan* failed: its log says in one sentence what is not possible. Nothing was
  written; start a new run.
- A human task asks again: nobody of the maintaining party signed, or something is missing; the
  task's log names it.
- Everything but the first two tasks is skipped: the run named in the second carries it.
"""

from include.mobile_plans.orchestration import maintenance
from include.mobile_plans.orchestration import maintenance_questions as questions
from include.mobile_plans.orchestration.defaults import mobile_plans_dag, plain_task


@mobile_plans_dag(
    display_name="Planned maintenance",
    description="Carries one maintenance of either party: told ahead, confirmed, completed.",
    area="maintenance",
    doc_md=__doc__,
    params=maintenance.plan_form(),
    max_active_runs=500,
)
def planned_maintenance() -> None:
    """Wire one maintenance."""

    @plain_task(task_display_name="Check and record the plan")
    def record_plan(params: dict) -> list:
        """Refuse what is not possible, or record it and announce it where that is in time."""
        return maintenance.record_plan(params)

    recorded = record_plan()
    maintenance.start_runs(recorded)
    (
        recorded
        >> questions.read_by_hand()
        >> questions.announcement_confirmation()
        >> maintenance.await_end()
        >> questions.completion_confirmation()
    )


planned_maintenance()
