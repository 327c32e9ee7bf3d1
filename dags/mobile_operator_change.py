"""
## What it promises

Changes one section of a mobile operator's record - contacts, portals, ICCID ranges, calendar and
so on: the change is validated, the difference shown, and a second named person approves it. It is
in force within a minute in every process, without a restart, and the versions before it are kept.

## When it runs

Started by hand, one run per change.

## What it needs

The store, and two users of Airflow: who proposes cannot approve. The section's present content:
`mobile-operator show SLUG`.

## When it fails

- *propose_change* failed: the new content is not allowed, and its log says what is. Nothing was
  written; start a new run.
- *Approve the change* asks again: who proposed a change cannot approve it, or another change of
  the same record came in between. Reject it and propose it again.
"""

from include.mobile_plans.orchestration import record_changes
from include.mobile_plans.orchestration.defaults import mobile_plans_dag, plain_task


@mobile_plans_dag(
    display_name="Change a mobile operator",
    description="Changes a mobile operator's record once a second named person approves it.",
    area="records",
    doc_md=__doc__,
    params=record_changes.form(),
    max_active_runs=50,
)
def mobile_operator_change() -> None:
    """Wire the change of a record."""

    @plain_task(task_display_name="Propose the change")
    def propose_change(params: dict) -> list:
        """Validate the change and show what it changes."""
        return record_changes.propose(params)

    propose_change() >> record_changes.decision()


mobile_operator_change()
