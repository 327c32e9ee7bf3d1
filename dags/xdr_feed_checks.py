"""
## What it promises

Waits for the files of call, subscription and transaction detail records (CDR, SDR, TDR) that each
live mobile operator owes, checks every file by the feed contract, and keeps what became of it (X1).
A failure is a reporting failure: one Low incident for each feed, one opening mail, later findings
in a daily digest, a proposal to resolve once the feed is whole. Never a breach of the SLA.

## When it runs

Two minutes past every hour, for the periods that have just ended. Each period has a sensor of its
own that holds no slot: a run lasts until its last file is there or missing (4 hours after an hour,
a day after a day). Files that come later, are sent again or have a wrong name are found by the next
run.

## What it needs

The store, the folder `MOBILE_PLANS_XDR_DIR` (one folder for each mobile operator, named by its
slug) and the archive `MOBILE_PLANS_ARCHIVE`, which keeps refused files and rows set aside.

## When it fails

- *Wait for the file* skipped: its period is missing, refused or written off; its log says which.
  `xdr periods` lists them; `xdr write-off` gives one up by name.
- *Check the files* failed: the folder or the archive cannot be used; nothing was recorded, and the
  next run finds the file again. A file that is refused is no failure of the task.
"""

from airflow.sdk import task_group

from include.mobile_plans.orchestration import feeds
from include.mobile_plans.orchestration.defaults import mobile_plans_dag, plain_task


@task_group(group_display_name="Each period")
def each_period(period: dict) -> None:
    """Wait for the file of one period, then check it."""

    @plain_task(task_display_name="Check the files")
    def check_files(places: list) -> list:
        """Check what came for the period."""
        return feeds.check_files(places)

    check_files(feeds.await_file(period).output)


@mobile_plans_dag(
    display_name="xDR feed checks",
    description="Waits for each file of detail records and checks it by the feed contract.",
    area="xdr",
    doc_md=__doc__,
    schedule=feeds.schedule(),
    max_active_runs=48,
)
def xdr_feed_checks() -> None:
    """Wire waiting, checking and telling."""

    @plain_task(task_display_name="List the periods that ended")
    def list_periods() -> list:
        """Name the periods a file is owed of."""
        return feeds.list_periods()

    @plain_task(task_display_name="Find other files")
    def find_other_files() -> list:
        """Name late, resent and misnamed files, feed by feed."""
        return feeds.find_other_files()

    @plain_task(
        task_display_name="Check other files",
        map_index_template="{{ feed['name'] }}",
    )
    def check_other_files(feed: dict) -> list:
        """Check those of one feed, oldest period first."""
        return feeds.check_files(feed["places"])

    @plain_task(task_display_name="Tell what is missing", trigger_rule="all_done")
    def tell_what_is_missing() -> list:
        """Open incidents, send digests, propose to resolve."""
        return feeds.tend()

    each_period.expand(period=list_periods())
    check_other_files.expand(feed=find_other_files()) >> tell_what_is_missing()


xdr_feed_checks()
