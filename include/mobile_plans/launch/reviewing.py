"""Doing the checks of a review: what they find wrong is an issue, what they find right ends it."""

from collections.abc import Callable

from sqlalchemy import Connection

from include.mobile_plans.launch.asked import Asked, asked_about
from include.mobile_plans.launch.checks import Finding, review_findings
from include.mobile_plans.launch.issue_records import open_issue, resolve_issue
from include.mobile_plans.launch.portal_inspection import PortalInspection, inspect_portal
from include.mobile_plans.launch.records import SYSTEM, record_check
from include.mobile_plans.launch.rules import is_on_production
from include.mobile_plans.policy import Expectation, policy_source
from include.mobile_plans.questions import Run
from include.mobile_plans.simulation.clock import Clock
from include.mobile_plans.store import Store

Inspect = Callable[[str, Expectation], PortalInspection]


def redo_checks(
    store: Store, run: Run, clock: Clock, *, inspect: Inspect | None = None
) -> list[Finding]:
    """
    Check everything a review checks by itself, and keep what changed.

    A check that fails opens an issue, once; when it passes again, that issue is resolved.

    Args:
        store: Our store.
        run: The run that carries the launch.
        clock: What tells the time.
        inspect: How a portal is looked at; over the network where none is given.

    Raises:
        NotFound: The run carries no launch.
        BadInput: The launch was cancelled.
        Conflict: The launch has ended.
    """
    with store.snapshot() as connection:
        asked = asked_about(connection, run, clock.now())
    portal = _looked_at(asked, inspect)
    with store.transaction() as connection:
        asked = asked_about(connection, run, clock.now(), to_change=True)
        findings = review_findings(asked, policy_source().problems, portal)
        for finding in findings:
            _keep(connection, asked, finding)
    return findings


def _looked_at(asked: Asked, inspect: Inspect | None) -> PortalInspection | None:
    if not is_on_production(asked.launch):
        return None
    portal = asked.mobile_operator.portals.production
    expectation = portal.expectation or asked.policy.monitoring.expectation
    if inspect is not None:
        return inspect(portal.uri, expectation)
    looks = asked.policy.launch.portal_look.latency_sample
    return inspect_portal(portal.uri, expectation, looks=looks)


def _keep(connection: Connection, asked: Asked, finding: Finding) -> None:
    launch, now = asked.launch, asked.now
    before = launch.checks.get(finding.name)
    if before is None or (before.passed, before.detail) != (finding.passed, finding.detail):
        record_check(
            connection, launch, finding.name, passed=finding.passed, detail=finding.detail, now=now
        )
    unresolved = [
        issue
        for issue in launch.issues.values()
        if issue.found_in == finding.found_in and issue.resolution is None
    ]
    if not finding.passed and not unresolved:
        open_issue(
            connection,
            launch.launch_id,
            f"{finding.name}: {finding.detail}",
            party=finding.party,
            by=SYSTEM,
            now=now,
            found_in=finding.found_in,
        )
    if finding.passed:
        for issue in unresolved:
            resolve_issue(
                connection,
                launch.launch_id,
                issue.number,
                by=SYSTEM,
                how=f"the check passed: {finding.detail}",
                now=now,
            )
