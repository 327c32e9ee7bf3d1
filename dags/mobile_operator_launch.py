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
  sign, or an issue is open. The task's log names it. After a failed step the page keeps its first
  words: `launch show` tells which step is to be done next, `launch issues` what is open.
- *await_launch_date* waits although the date has come: its log names what is in the way.
- The launch was cancelled: what waits ends with that sentence. Nothing else is to be done.
"""

from airflow.sdk import task_group

from include.mobile_plans.orchestration import launch
from include.mobile_plans.orchestration import launch_sign_offs as sign_offs
from include.mobile_plans.orchestration.defaults import mobile_plans_dag, plain_task


@task_group(group_display_name="Readiness review")
def readiness_review() -> None:
    """Both parties approve that all outstanding issues are addressed (L1)."""

    @plain_task(task_display_name="Check what can be checked")
    def check_readiness() -> list:
        """Policy, ranges, portal, certificate, latency, contacts."""
        return launch.check_readiness()

    @plain_task(task_display_name="List the gates")
    def list_gates() -> list:
        """Find what people confirm."""
        return launch.list_gates()

    @task_group(group_display_name="Gates")
    def gate(title: str) -> None:
        """Confirm one gate with evidence, or say why it does not apply."""
        sign_offs.gate_confirmation(title)

    @plain_task(task_display_name="Tell both parties the date")
    def announce_date() -> None:
        """Mail the date as a calendar entry."""
        launch.announce_date()

    gates = list_gates()
    check_readiness() >> gates
    (
        gate.expand(title=gates)
        >> sign_offs.approvals("readiness", "approve_readiness")
        >> announce_date()
    )


@task_group(group_display_name="ICCID configuration")
def iccid_configuration() -> None:
    """The range is configured in production before end-to-end validation (L3, L4)."""

    @plain_task(task_display_name="Ask for the configuration")
    def request_iccid_configuration() -> None:
        """Mail the request; a week is the promise."""
        launch.request_iccid_configuration(after_sign_off=False)

    request_iccid_configuration() >> sign_offs.iccid_confirmation(after_sign_off=False)


@task_group(group_display_name="Staging to production")
def staging_to_production() -> None:
    """Who used staging cuts over; everyone's production portal must answer (L2)."""

    @plain_task(task_display_name="Ask for the move to production")
    def request_migration() -> None:
        """Mail the request; a week is the promise."""
        launch.request_migration()

    (request_migration() >> sign_offs.cut_over_confirmation() >> launch.await_production_portal())


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
        sign_offs.own_scenario_steps(title)

    own = own_scenario.expand(title=list_own_scenarios())
    [*sign_offs.scenario_groups(), own] >> sign_offs.final_sign_off()


@task_group(group_display_name="Go-live")
def go_live_phase() -> None:
    """The full range, the last gate, the agreed date; then the record turns live (L4, L10)."""

    @task_group(group_display_name="Full ICCID range after a test range")
    def full_range() -> None:
        """What a test range was signed off on is configured in full (L4)."""

        @plain_task(task_display_name="Ask for the full range")
        def request_full_range() -> None:
            """Mail the request; a week is the promise."""
            launch.request_iccid_configuration(after_sign_off=True)

        request_full_range() >> sign_offs.iccid_confirmation(after_sign_off=True)

    @task_group(group_display_name="Last gate")
    def last_gate() -> None:
        """Both parties approve again, on everything found since (L1)."""

        @plain_task(task_display_name="Check again", trigger_rule="none_failed")
        def check_again() -> list:
            """Do every check once more."""
            return launch.check_readiness()

        check_again() >> sign_offs.approvals("last_gate", "approve_go_live")

    @plain_task(task_display_name="Go live")
    def go_live() -> None:
        """Turn the record live."""
        launch.go_live()

    full_range() >> last_gate() >> launch.await_go_live() >> go_live()


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

    (
        check_request()
        >> readiness_review()
        >> iccid_configuration()
        >> staging_to_production()
        >> end_to_end_validation()
        >> go_live_phase()
    )


mobile_operator_launch()
