"""
## What it promises

Logs a bug of either party with its counterpart and tells the bug desk (B1), then carries it as
BUG-0003: triage with business justification and impact, or a decline that is told too (B2);
approval; a tentative deployment schedule and its changes; and the notice to every mobile operator
once the fix is deployed (B3).

## When it runs

Started by hand. That run only logs the bug and starts another one with its number, which waits for
people as long as it takes.

## What it needs

The store, and users of Airflow who triage, approve and deploy.

## When it fails

- *Log the bug* failed: its log says in one sentence what is missing. Nothing was written; start a
  new run.
- A step asks again: its log says what the answer lacked, for example words that name no mobile
  operator.
"""

from include.mobile_plans.orchestration import bugs
from include.mobile_plans.orchestration.defaults import mobile_plans_dag, plain_task


@mobile_plans_dag(
    display_name="Request a bug fix",
    description="Logs a bug, and carries it from triage to the notice of its deployment.",
    area="incident",
    doc_md=__doc__,
    params=bugs.form(),
    max_active_runs=200,
)
def bug_fix_request() -> None:
    """Wire a bug."""

    @plain_task(task_display_name="Log the bug")
    def log_bug(params: dict) -> str:
        """Give it a number, and start the run that carries it."""
        return bugs.log_bug(params)

    log_bug() >> bugs.triage() >> bugs.approval() >> bugs.deployment()


bug_fix_request()
