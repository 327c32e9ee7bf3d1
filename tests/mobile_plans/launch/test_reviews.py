"""The two reviews of a launch: gates with evidence, then each party's approval."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from include.mobile_plans.errors import BadInput
from include.mobile_plans.launch import (
    GateConfirmation,
    Launch,
    ReviewApproval,
    gate_questions,
    open_issue,
    redo_checks,
    resolve_issue,
    waive_issue,
)
from include.mobile_plans.launch.portal_inspection import PortalInspection
from include.mobile_plans.questions import Answer, Run, require_complete
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.store import Store
from tests.mobile_plans.launch.conftest import RUN

Start = Callable[..., Launch]
Give = Callable[..., Answer]
SIGNERS = {"program": "Laura Chen", "mobile_operator": "Theresa Vogel"}
GOOD = PortalInspection(
    uri="https://localhost/",
    problems=(),
    latencies_s=(0.1, 0.3),
    certificate_ends_at=datetime.fromisoformat("2027-06-01T00:00:00+00:00"),
    certificate_problem=None,
)


def confirm_all(launch: Launch, answer: Give) -> None:
    for index, (_, party) in enumerate(gate_questions(launch)):
        given = answer("Confirm", signed_by=SIGNERS[party], evidence="ticket 4711")
        assert GateConfirmation().record(replace(RUN, map_index=index), given) is True


def test_a_gate_of_both_is_asked_of_each(start: Start) -> None:
    """L1, L9: nobody signs for both parties, so a gate that both own is two questions."""
    asked = [(gate.name, party) for gate, party in gate_questions(start())]

    assert len(asked) == 8
    assert ("monitoring_and_escalation", "program") in asked
    assert ("monitoring_and_escalation", "mobile_operator") in asked
    assert ("walled_garden", "mobile_operator") in asked
    assert ("walled_garden", "program") not in asked


def test_a_gate_needs_evidence_or_a_reason(start: Start, answer: Give, now: datetime) -> None:
    """L1: confirmed with evidence, or with the reason why it does not apply, by its owner."""
    start()
    run, gate = Run(run_id=RUN.run_id, map_index=0), GateConfirmation()
    question = gate.ask(run, now)

    assert "Commercial agreement" in question.subject
    assert "Laura Chen" in question.fields["signed_by"].suggestions
    for option, missing in [("Confirm", "Evidence"), ("Does not apply", "Why it does not apply")]:
        with pytest.raises(BadInput, match=f"'{missing}' is needed"):
            require_complete(question, answer(option, signed_by="Laura Chen"))
    with pytest.raises(BadInput, match="cannot sign for Mobile Plans"):
        gate.record(run, answer("Confirm", signed_by="Theresa Vogel", evidence="x"))
    assert gate.record(
        run, answer("Does not apply", signed_by="Laura Chen", reason="framework contract")
    )


def test_a_gate_that_is_not_met_opens_an_issue(start: Start, reread: Start, answer: Give) -> None:
    """L1: not met is an issue of its owner, and the gate holds once somebody says what was done."""
    start()
    run, gate = Run(run_id=RUN.run_id, map_index=0), GateConfirmation()
    signed = {"signed_by": "Laura Chen", "evidence": "not signed yet"}

    assert gate.record(run, answer("Not met", **signed)) is False
    assert gate.record(run, answer("Not met", **signed)) is False
    (issue,) = reread().issues.values()
    assert (issue.title, issue.party) == ("Commercial agreement: not signed yet", "program")
    with pytest.raises(BadInput, match="say how it was fixed"):
        gate.record(run, answer("Confirm", **signed))
    assert gate.record(run, answer("Confirm", **signed, fixed="signed on 24 Nov")) is True
    assert reread().issues[1].resolution.how == "signed on 24 Nov"


def test_an_approval_needs_every_gate_and_no_outstanding_issue(
    records: Store, start: Start, reread: Start, answer: Give, now: datetime
) -> None:
    """L1: refused while a gate is unanswered, an issue is open, or a waiver has expired."""
    launch = start()
    approval = ReviewApproval("readiness", "program")
    approve = answer("Approve", signed_by="Laura Chen", evidence="review of 23 Nov")
    with pytest.raises(BadInput, match="'Brand and logo' is not answered by the mobile operator"):
        approval.record(RUN, approve)
    confirm_all(launch, answer)
    with records.transaction() as connection:
        open_issue(
            connection, launch.launch_id, "logo is old", party="program", by="Maya Patel", now=now
        )
    with pytest.raises(BadInput, match=r"issue 1 \(open\): logo is old; the program must act"):
        approval.record(RUN, approve)
    assert "**open**" in approval.ask(RUN, now).body
    until = now + timedelta(days=1)
    with records.transaction() as connection:
        waive_issue(
            connection, launch.launch_id, 1, by="Laura Chen", reason="ok", until=until, now=now
        )
    with pytest.raises(BadInput, match="waiver expired"):
        approval.record(RUN, replace(approve, recorded_at=until))
    with records.transaction() as connection:
        resolve_issue(connection, launch.launch_id, 1, by="Maya Patel", how="new logo", now=now)

    assert approval.record(RUN, approve) is True
    body = approval.ask(RUN, now).body
    assert "new logo" in body
    assert body.count("ticket 4711") == 8


def test_the_form_warns_of_a_date_the_weeks_ahead_do_not_allow(start: Start, now: datetime) -> None:
    """L2 to L4: two ICCID weeks and the staging week are shown against the target."""
    start(target_at=now + timedelta(days=20))
    approval = ReviewApproval("readiness", "program")

    earliest = now + timedelta(days=21)
    assert f"may take until {earliest:%Y-%m-%d %H:%M}" in approval.ask(RUN, now).body


def test_a_failed_check_is_an_issue_until_it_passes(
    records: Store, start: Start, reread: Start, now: datetime
) -> None:
    """L1: checks are done again and again; each failure is one issue, which a pass resolves."""
    start(slug="contoso", uses_staging=False)
    clock = VirtualClock(now)
    down = replace(GOOD, problems=("status 503, expected 200",), latencies_s=())

    def look(found: PortalInspection) -> list[str]:
        findings = redo_checks(records, RUN, clock, inspect=lambda *_: found)
        return [one.name for one in findings if not one.passed]

    assert look(down) == look(down) == ["Portal over TLS", "Latency sample"]
    assert [one.state(now) for one in reread().issues.values()] == ["open", "open"]
    assert look(GOOD) == []
    assert [one.state(now) for one in reread().issues.values()] == ["resolved", "resolved"]
    assert reread().checks["Latency sample"].detail == "mean 200 ms of 2, 400 ms allowed (M3)"


def test_the_portal_is_checked_once_it_is_the_one_in_use(
    records: Store, start: Start, now: datetime
) -> None:
    """L2: before the move from staging nobody looks at the production portal."""
    start()

    def unreachable(*_: object) -> PortalInspection:
        raise AssertionError

    findings = redo_checks(records, RUN, VirtualClock(now), inspect=unreachable)

    names = [one.name for one in findings]
    assert names == [
        "Policy",
        "ICCID ranges",
        "Test range a true subset",
        "Contacts",
        "Support contact",
    ]
    assert all(one.passed for one in findings)
