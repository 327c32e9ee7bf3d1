"""What people are asked in a launch, and which answers hold."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from include.mobile_plans.errors import BadInput, DoesNotApply
from include.mobile_plans.launch import (
    CutOverConfirmation,
    FinalSignOff,
    IccidConfirmation,
    Launch,
    OwnStepSignOff,
    ReadinessApproval,
    StepSignOff,
    cancel_launch,
    launch_of_run,
    missing_steps,
)
from include.mobile_plans.questions import Answer, Run, require_complete
from include.mobile_plans.store import Store
from tests.mobile_plans.launch.conftest import RUN

Start = Callable[..., Launch]
Give = Callable[..., Answer]
THEIRS = {"signed_by": "Theresa Vogel", "evidence": "mail of 23 Nov"}
OURS = {"signed_by": "Laura Chen", "evidence": "ticket 4711"}
STEPS = [
    ("phone_number_lookup", False),
    ("launch_portal", False),
    ("complete_transaction", False),
    ("profile_installed", True),
    ("device_connected", True),
]


def reread(records: Store) -> Launch:
    with records.snapshot() as connection:
        return launch_of_run(connection, RUN.run_id)


def test_each_party_approves_for_itself(
    records: Store, start: Start, answer: Give, now: datetime
) -> None:
    """L1, L9: the program's people cannot approve for the mobile operator, nor the reverse."""
    start()
    theirs, ours = ReadinessApproval("mobile_operator"), ReadinessApproval("program")

    question = theirs.ask(RUN, now)
    assert question.headline == (
        "By 2026-12-14 09:00 UTC: Tailspin: readiness approved by Tailspin?"
    )
    assert "Theresa Vogel" in question.fields["signed_by"].suggestions
    with pytest.raises(BadInput, match="cannot sign for Tailspin"):
        theirs.record(RUN, answer("Approve", **OURS))
    with pytest.raises(BadInput, match="cannot sign for Mobile Plans"):
        ours.record(RUN, answer("Approve", **THEIRS))
    assert reread(records).answers == {}

    assert theirs.record(RUN, answer("Not yet", **THEIRS)) is False
    assert theirs.record(RUN, answer("Approve", **THEIRS)) is True
    assert [a.option for a in reread(records).answers["readiness.mobile_operator"]] == [
        "Not yet",
        "Approve",
    ]


def test_the_iccid_confirmation_shows_whole_numbers_and_its_week(
    start: Start, answer: Give, now: datetime
) -> None:
    """L3: configured within seven days, confirmed with evidence by the program."""
    start()
    question = IccidConfirmation().ask(RUN, now)

    assert question.deadline == now + timedelta(days=7)
    assert "8988280666000490000" in question.body
    with pytest.raises(BadInput, match="'Evidence' is needed"):
        require_complete(question, answer("Confirm", signed_by="Laura Chen"))
    assert IccidConfirmation().record(RUN, answer("Confirm", **OURS)) is True


def test_without_staging_there_is_no_cut_over(start: Start, now: datetime) -> None:
    """L2: one that has no staging endpoint skips the step, with the reason."""
    start()
    assert "tailspin-staging" in CutOverConfirmation().ask(RUN, now).body

    run = Run(run_id="other")
    start(run_id="other", slug="contoso", uses_staging=False)
    with pytest.raises(DoesNotApply, match="without a staging endpoint"):
        CutOverConfirmation().ask(run, now)


def test_steps_are_signed_off_one_by_one(
    records: Store, start: Start, answer: Give, now: datetime
) -> None:
    """L5, L6, L9: a failed step is asked again and kept; the final sign-off lists every step."""
    start()
    device = {**THEIRS, "device": "Surface Pro", "iccid": "89882806660004900001"}
    failed = StepSignOff("esim_first_run", "launch_portal", has_iccid=False)
    assert failed.record(RUN, answer("Fail", **device | {"evidence": "blank page"})) is False
    assert "Failed 1 times; last: blank page" in failed.ask(RUN, now).body
    assert (
        "Failed"
        not in StepSignOff("esim_first_run", "phone_number_lookup", has_iccid=False)
        .ask(RUN, now)
        .body
    )

    final = FinalSignOff()
    with pytest.raises(BadInput, match="not passed yet: First run with eSIM: Device is connected"):
        final.record(RUN, answer("Approve", **THEIRS))
    for name, has_iccid in STEPS:
        step = StepSignOff("esim_first_run", name, has_iccid=has_iccid)
        assert ("iccid" in step.ask(RUN, now).fields) is has_iccid
        values = device | {"iccid": "89882806660004900009"} if has_iccid else device
        assert step.record(RUN, answer("Pass", **values)) is True

    assert missing_steps(reread(records)) == []
    body = final.ask(RUN, now).body
    assert body.count("Theresa Vogel") == 5
    assert body.count("mail of 23 Nov") == 5
    assert final.record(RUN, answer("Approve", **THEIRS)) is True


def test_a_wrong_iccid_is_refused(records: Store, start: Start, answer: Give) -> None:
    """A pass with an ICCID outside the configured range is not recorded."""
    start()
    step = StepSignOff("esim_first_run", "device_connected", has_iccid=True)

    with pytest.raises(BadInput, match="not accepted"):
        step.record(RUN, answer("Pass", **THEIRS, device="Surface", iccid="89882806660000000006"))
    assert reread(records).answers == {}


def test_scenarios_not_offered_are_skipped(start: Start, now: datetime) -> None:
    """L8: a step of a scenario that does not apply says so."""
    start()

    with pytest.raises(DoesNotApply, match="does not offer"):
        StepSignOff("sim_first_run", "launch_portal", has_iccid=True).ask(RUN, now)


def test_own_scenarios_are_asked_by_number(start: Start, now: datetime) -> None:
    """L8: the scenarios a mobile operator adds are data; steps beyond theirs are skipped."""
    run = Run(run_id="own", map_index=0)
    launch = start(run_id="own", slug="northwind", uses_staging=False)
    scenario = launch.own_scenarios[0]

    question = OwnStepSignOff(1).ask(run, now)

    assert scenario.steps[0].title in question.subject
    with pytest.raises(DoesNotApply, match=f"has {len(scenario.steps)} steps"):
        OwnStepSignOff(len(scenario.steps) + 1).ask(run, now)


def test_a_cancelled_launch_asks_nothing(records: Store, start: Start, now: datetime) -> None:
    """Questions of a cancelled launch say that it was cancelled."""
    launch = start()
    with records.transaction() as connection:
        cancel_launch(connection, launch.launch_id, by="Laura Chen", reason="why", now=now)

    with pytest.raises(BadInput, match="was cancelled"):
        FinalSignOff().ask(RUN, now)
