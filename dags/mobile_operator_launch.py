"""
## What it promises

Brings one mobile operator from the request to go-live: readiness review, ICCID configuration,
migration from staging to production, end-to-end validation, go-live (L1 to L10). Every step is
signed off by a named person with evidence; the record of the launch keeps it all.

## When it runs

Started by hand, one run per mobile operator. It waits for people and portals as long as it takes
and holds no slot meanwhile.

## What it needs

The mobile operator's record in the store, the connections `smtp_mobile_plans` and
`http_mobile_plans_portal`, and people who answer the required actions.

## When it fails

- *check_request* failed: the request cannot be granted, and its log says why in one sentence.
  Nothing was written; start a new run.
- A human task asks again: the answer lacked evidence, a device, a valid ICCID or a person who may
  sign. The task's log names what was missing.
- *go_live* failed: a step is not signed off. Clear that step's task, answer it, then clear go_live.
"""

from airflow.sdk import task_group

from include.mobile_plans.orchestration import launch
from include.mobile_plans.orchestration import launch_sign_offs as sign_offs
from include.mobile_plans.orchestration.defaults import mobile_plans_dag, plain_task


@mobile_plans_dag(
    display_name="Launch a mobile operator",
    description="Brings one mobile operator live: readiness, ICCIDs, production, validation.",
    area="launch",
    doc_md=__doc__,
    params=launch.form(),
    max_active_runs=200,
)
def mobile_operator_launch() -> None:
    """Wire the phases of a launch."""

    @plain_task(task_display_name="Check the request")
    def check_request(params: dict) -> str:
        """Refuse what cannot be granted, or begin the launch."""
        return launch.check_request(params)

    @task_group(group_display_name="Readiness review")
    def readiness_review() -> None:
        """Both parties approve that all outstanding issues are addressed (L1)."""

        @plain_task(task_display_name="Check the ICCID ranges")
        def check_iccid_ranges() -> str:
            """Judge the ranges before anybody approves."""
            return launch.check_iccid_ranges()

        check_iccid_ranges() >> sign_offs.readiness_approvals()

    @task_group(group_display_name="ICCID configuration")
    def iccid_configuration() -> None:
        """The range is configured in production before end-to-end validation (L3, L4)."""

        @plain_task(task_display_name="Ask for the configuration")
        def request_iccid_configuration() -> None:
            """Mail the request; a week is the promise."""
            launch.request_iccid_configuration()

        request_iccid_configuration() >> sign_offs.iccid_confirmation()

    @task_group(group_display_name="Staging to production")
    def staging_to_production() -> None:
        """Who used staging cuts over; everyone's production portal must answer (L2)."""
        sign_offs.cut_over_confirmation() >> launch.await_production_portal()

    @task_group(group_display_name="End-to-end validation")
    def end_to_end_validation() -> None:
        """The mobile operator validates every scenario step by step and signs it off (L5 to L9)."""

        @plain_task(task_display_name="List its own scenarios")
        def list_own_scenarios() -> list:
            """Find what the mobile operator added to the recommended minimum."""
            return launch.list_own_scenarios()

        @task_group(group_display_name="Own scenarios of the mobile operator")
        def own_scenario(title: str) -> None:
            """Validate one scenario the mobile operator added (L8)."""
            del title
            sign_offs.own_scenario_steps()

        own = own_scenario.expand(title=list_own_scenarios())
        [*sign_offs.scenario_groups(), own] >> sign_offs.final_sign_off()

    @task_group(group_display_name="Go-live")
    def go_live_phase() -> None:
        """The record turns live and both parties are told (L10)."""

        @plain_task(task_display_name="Go live")
        def go_live() -> None:
            """Turn the record live."""
            launch.go_live()

        go_live()

    (
        check_request()
        >> readiness_review()
        >> iccid_configuration()
        >> staging_to_production()
        >> end_to_end_validation()
        >> go_live_phase()
    )


mobile_operator_launch()
