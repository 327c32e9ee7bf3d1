"""
## What it promises

Seals a UTC day, counts it, and makes the SLA statement of every mobile operator that was live in it
(M3, M4). The program gets the overview of all, the worst first; each mobile operator its own
statement as often as it chose, and that of the month before from the program's first business day
on. What was told and is corrected since is told again, with what changed and why.

## When it runs

Every day at 03:00 UTC for the day before, when its last probes are recorded for certain. By hand
for any day that is over; a backfill reports the day before each of its dates. Doing a day again
mails nothing, unless its figures changed.

## What it needs

The store, the archive that `MOBILE_PLANS_ARCHIVE` names, and an idle Airflow worker for a few
minutes. Mails leave by `obligation_clock`.

## When it fails

- *Choose the day* failed: the day is not over yet; its log says when it can be reported.
- *Seal and count the day* failed: the archive cannot be reached or does not hold what was written;
  `archive verify` says what. Run it again for that day when it does.
- *Mail ...* failed: its log names the statement whose mail could not be written, and why; all
  others were. Run it again for that day: what was mailed is not mailed twice.
"""

from include.mobile_plans.orchestration import sla
from include.mobile_plans.orchestration.defaults import mobile_plans_dag, plain_task


@mobile_plans_dag(
    display_name="SLA report",
    description="Statements of a day and of the month: to the program, to each mobile operator.",
    area="sla",
    doc_md=__doc__,
    schedule=sla.schedule(),
    params=sla.form(),
    max_active_runs=1,
)
def sla_report() -> None:
    """Wire one day's report."""

    @plain_task(task_display_name="Choose the day")
    def choose_day(params: dict) -> str:
        """Take the day asked for, or the one before the run's date."""
        return sla.day_to_report(params)

    @plain_task(task_display_name="Seal and count the day")
    def seal_and_count(day: str) -> list:
        """Bring its samples into the archive and make its rollups."""
        return sla.seal_and_count(day)

    @plain_task(task_display_name="Make the statements")
    def make_statements(day: str) -> list:
        """Make one for each mobile operator, or find the one made of the same."""
        return sla.make_statements(day)

    @plain_task(task_display_name="Day: mail the statements")
    def mail_day(day: str) -> list:
        """Tell those that chose a report each day."""
        return sla.mail_day(day)

    @plain_task(task_display_name="Mail the overview")
    def mail_overview(day: str) -> bool:
        """Tell the program of all."""
        return sla.mail_overview(day)

    @plain_task(task_display_name="Month: mail the statements")
    def mail_month(day: str) -> list:
        """Tell everybody of the month before, once it is time."""
        return sla.mail_month(day)

    @plain_task(task_display_name="Mail corrections")
    def mail_corrections() -> list:
        """Tell what was corrected since it was told."""
        return sla.mail_corrections()

    day = choose_day()
    mails = [mail_day(day), mail_overview(day), mail_month(day)]
    seal_and_count(day) >> make_statements(day) >> mails >> mail_corrections()


sla_report()
