"""Signing off end-to-end validation: repeats, restarts, voided passes, the final sign-off."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from include.mobile_plans.errors import BadInput, DoesNotApply
from include.mobile_plans.launch import (
    REPEAT,
    RESTART,
    FinalSignOff,
    Launch,
    OwnStepSignOff,
    StepSignOff,
    missing_steps,
    resolve_issue,
    step_to_do,
)
from include.mobile_plans.notices import list_notices
from include.mobile_plans.questions import Answer, Run
from include.mobile_plans.store import Store
from tests.mobile_plans.launch.conftest import RUN

Start = Callable[..., Launch]
Give = Callable[..., Answer]
SIGNED = {
    "signed_by": "Theresa Vogel",
    "evidence": "mail of 23 Nov",
    "device": "Surface Pro",
    "iccid": "89882806660004900009",
}
NAMES = [
    "phone_number_lookup",
    "launch_portal",
    "complete_transaction",
    "profile_installed",
    "device_connected",
]


def step(name: str) -> StepSignOff:
    has_iccid = name in ("profile_installed", "device_connected")
    return StepSignOff("esim_first_run", name, has_iccid=has_iccid)


def pass_until(name: str, answer: Give) -> None:
    for earlier in NAMES[: NAMES.index(name)]:
        assert step(earlier).record(RUN, answer("Pass", **SIGNED)) is True


def test_steps_are_signed_off_one_by_one(
    start: Start, reread: Start, answer: Give, now: datetime
) -> None:
    """L5, L6, L9: the final sign-off lists every step with person, time and evidence."""
    start()
    final = FinalSignOff()
    signed = {"signed_by": "Theresa Vogel", "evidence": "signed paper"}
    with pytest.raises(BadInput, match="not passed yet: First run with eSIM: Device is connected"):
        final.record(RUN, answer("Approve", **signed))
    for name in NAMES:
        assert ("iccid" in step(name).ask(RUN, now).fields) is (name in NAMES[3:])
        assert step(name).record(RUN, answer("Pass", **SIGNED)) is True

    assert missing_steps(reread()) == []
    body = final.ask(RUN, now).body
    assert body.count("Theresa Vogel") == 5
    assert body.count("mail of 23 Nov") == 5
    assert final.record(RUN, answer("Approve", **signed)) is True


def test_a_failure_is_repeated(
    records: Store, start: Start, reread: Start, answer: Give, now: datetime
) -> None:
    """L5: a failure is an issue and two mails; a pass is refused until it is said to be fixed."""
    launch = start()
    pass_until("launch_portal", answer)
    failing = step("launch_portal")
    failed = SIGNED | {"evidence": "blank page"}
    with pytest.raises(BadInput, match="what next is 'go on'"):
        failing.record(RUN, answer("Fail", **failed, what_next="go on"))

    assert failing.record(RUN, answer("Fail", **failed, what_next=REPEAT)) is False
    assert "Failed 1 times; last: blank page" in failing.ask(RUN, now).body
    with records.snapshot() as connection:
        notices = list_notices(connection)
    assert sorted(one.party for one in notices) == ["mobile_operator", "program"]
    assert {one.subject for one in notices} == {
        f"[{launch.launch_id}] Tailspin: failed: Launch the MO Direct web portal"
    }
    with pytest.raises(BadInput, match="issue 1 is open"):
        failing.record(RUN, answer("Pass", **SIGNED))
    assert failing.record(RUN, answer("Fail", **failed, what_next=REPEAT)) is False
    assert len(reread().issues) == 1
    assert failing.record(RUN, answer("Pass", **SIGNED, fixed="new build")) is True
    assert reread().issues[1].state(now) == "resolved"
    options = [one.option for one in reread().answers["step.esim_first_run.launch_portal"]]
    assert options == ["Fail", "Fail", "Pass"]


def test_an_issue_resolved_elsewhere_lets_the_step_pass(
    records: Store, start: Start, answer: Give, now: datetime
) -> None:
    """L5: the issue can be resolved on the command line as well."""
    launch = start()
    failing = step("phone_number_lookup")
    failing.record(RUN, answer("Fail", **SIGNED, what_next=REPEAT))
    with records.transaction() as connection:
        resolve_issue(connection, launch.launch_id, 1, by="Laura Chen", how="fixed", now=now)

    assert failing.record(RUN, answer("Pass", **SIGNED)) is True


def test_a_restart_asks_for_every_earlier_step_again(
    start: Start, reread: Start, answer: Give, now: datetime
) -> None:
    """L5: in the task that failed, since the run is never restarted; each answer names its step."""
    start()
    pass_until("complete_transaction", answer)
    failing = step("complete_transaction")
    assert failing.record(RUN, answer("Fail", **SIGNED, what_next=RESTART)) is False
    assert "1. **Phone number lookup verification** (to be done now)" in failing.ask(RUN, now).body
    with pytest.raises(BadInput, match="the step to be done now is 'Phone number lookup verif"):
        failing.record(RUN, answer("Pass", **SIGNED))

    for named in ("Phone number lookup verification", "launch_portal"):
        assert failing.record(RUN, answer("Pass", **SIGNED, step=named)) is False
    with pytest.raises(BadInput, match="issue 1 is open"):
        failing.record(RUN, answer("Pass", **SIGNED))
    assert failing.record(RUN, answer("Pass", **SIGNED, fixed="payment works")) is True
    attempts = reread().answers["step.esim_first_run.phone_number_lookup"]
    assert [one.option for one in attempts] == ["Pass", "Pass"]


def test_a_fix_voids_the_passes_named(start: Start, reread: Start, answer: Give) -> None:
    """L5: only the steps the fix touches are done again; others are no earlier steps."""
    start()
    pass_until("device_connected", answer)
    failing = step("device_connected")
    wrong = "launch_portal; buy a plane; Device is connected"
    with pytest.raises(BadInput) as refused:
        failing.record(RUN, answer("Fail", **SIGNED, what_next=REPEAT, voids=wrong))
    assert len(refused.value.problems) == 2
    voids = "Launch the MO Direct web portal; profile_installed"
    failing.record(RUN, answer("Fail", **SIGNED, what_next=REPEAT, voids=voids))

    launch = reread()
    scenario = launch.scenarios[0]
    assert [one.name for one in scenario.steps if launch.is_passed(scenario, one)] == [
        "phone_number_lookup",
        "complete_transaction",
    ]
    assert step_to_do(launch, scenario, "device_connected").name == "launch_portal"


def test_a_wrong_iccid_is_refused(start: Start, reread: Start, answer: Give) -> None:
    """A pass with an ICCID outside the configured range is not recorded."""
    start()
    pass_until("device_connected", answer)
    before = reread().answers

    with pytest.raises(BadInput, match="not accepted"):
        step("device_connected").record(
            RUN, answer("Pass", **SIGNED | {"iccid": "89882806660000000006"})
        )
    assert reread().answers == before


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


def test_an_unknown_step_is_named(start: Start) -> None:
    """A step that the scenario does not have is refused."""
    launch = start()
    with pytest.raises(BadInput, match="has no step 'dance'"):
        step_to_do(_all_passed(launch), launch.scenarios[0], "dance")


def _all_passed(launch: Launch) -> Launch:
    names = [f"step.esim_first_run.{name}" for name in NAMES]
    return replace(launch, passed=dict.fromkeys(names))


def test_a_failure_with_an_iccid_is_mailed_masked(
    records: Store, start: Start, answer: Give
) -> None:
    """What people type may hold an ICCID; mails show it masked."""
    start()
    seen = SIGNED | {"evidence": "card 89882806660004900009 was rejected"}
    step("phone_number_lookup").record(RUN, answer("Fail", **seen, what_next=REPEAT))

    with records.snapshot() as connection:
        assert len(list_notices(connection)) == 2
