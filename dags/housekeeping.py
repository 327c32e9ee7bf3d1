"""
## What it promises

Checks every night that nobody changed the record behind its back, seals the samples of each day
that is over into the archive, and removes closed promises, sent notices, sealed samples and ids of
detail records that are older than policy keeps them. Never anything open; what was removed is
itself on record.

## When it runs

Every night at 03:17 UTC.

## What it needs

The store, and the archive that `MOBILE_PLANS_ARCHIVE` names: a folder, or a URL such as
`s3://bucket/name`. An idle Airflow worker for a few minutes.

## When it fails

- *Verify the record* failed: a row was edited, removed or inserted by hand. `db verify` lists
  where. Nothing is removed until it is understood; restore the rows from a backup.
- *Seal the days* failed: the archive cannot be reached or does not hold what was written. Samples
  stay in the store until it does; `archive seal` tries again at once.
- *Remove what is old* failed: its log says why; it is tried again the next night. A sealed file
  that is not what was sealed keeps its samples in the store: `archive verify` names it.
"""

from include.mobile_plans.orchestration import tidying
from include.mobile_plans.orchestration.defaults import mobile_plans_dag, plain_task


@mobile_plans_dag(
    display_name="Housekeeping",
    description="Verifies the record, seals samples, removes what policy no longer keeps.",
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

    @plain_task(task_display_name="Seal the days")
    def seal_closed_days() -> list:
        """Bring the samples of each day that is over into the archive."""
        return tidying.seal_closed_days()

    @plain_task(task_display_name="Remove what is old")
    def remove_what_is_old() -> dict:
        """Remove promises, notices, sealed samples and ids beyond their time."""
        return tidying.remove_what_is_old()

    verify_the_record() >> seal_closed_days() >> remove_what_is_old()


housekeeping()
