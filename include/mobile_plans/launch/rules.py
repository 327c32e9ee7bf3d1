"""What a launch insists on: the request, the ranges, the people who sign, the steps (L1 to L10)."""

from dataclasses import dataclass, fields
from datetime import datetime
from zoneinfo import ZoneInfo

from include.mobile_plans.iccid import (
    EXPLANATIONS,
    IccidRange,
    check_iccid,
    is_subset,
    range_warnings,
    total_size,
)
from include.mobile_plans.launch.requests import LaunchRequest
from include.mobile_plans.launch.state import Launch, RecordedAnswer, step_question
from include.mobile_plans.policy import MobileOperator, PartyName, ProgramPolicy, Scenario
from include.mobile_plans.questions import Answer

PASS, FAIL = "Pass", "Fail"
_LAUNCHABLE = ("draft", "suspended")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """The ICCID ranges of a mobile operator that are valid at one instant."""

    production: tuple[IccidRange, ...]
    test: tuple[IccidRange, ...]

    def asked_for(self, request: LaunchRequest) -> tuple[IccidRange, ...]:
        """Return those to configure before end-to-end validation (L3, L4)."""
        return self.test if request.range_choice == "test" else self.production


def ranges_at(mobile_operator: MobileOperator, at: datetime) -> Ranges:
    """Return the ranges of a mobile operator at an instant."""
    registered = mobile_operator.iccid_ranges
    return Ranges(production=registered.at("production", at), test=registered.at("test", at))


def request_problems(
    request: LaunchRequest,
    mobile_operator: MobileOperator,
    policy: ProgramPolicy,
    now: datetime,
) -> list[str]:
    """List in plain sentences why a launch cannot start; empty when it can."""
    problems = []
    name = mobile_operator.name
    if mobile_operator.state not in _LAUNCHABLE:
        problems.append(
            f"{name} is {mobile_operator.state}: only a draft or suspended one launches"
        )
    if request.target_at <= now:
        problems.append(f"the target launch date {request.target_at:%Y-%m-%d %H:%M} UTC is past")
    zone = ZoneInfo(policy.calendars.program.zone)
    freeze = policy.launch.freeze_on(request.target_at.astimezone(zone).date())
    if freeze:
        problems.append(
            f"the target launch date lies in a freeze, {freeze.first_day} to {freeze.last_day} "
            f"({freeze.reason}): choose a day outside it"
        )
    if request.uses_staging and mobile_operator.portals.staging is None:
        problems.append(f"{name} has no staging endpoint on record: start without one")
    problems += range_problems(request, name, ranges_at(mobile_operator, now))
    return problems


def range_problems(request: LaunchRequest, name: str, ranges: Ranges) -> list[str]:
    """List what is wrong with the ICCID ranges of the choice made (L3, L4)."""
    if not ranges.production:
        return [f"{name} has no production ICCID range that is valid now"]
    if request.range_choice == "full":
        return []
    if not ranges.test:
        return [f"{name} has no test ICCID range that is valid now: choose the full range"]
    if not is_subset(ranges.test, ranges.production):
        return [f"the test ICCID range of {name} does not lie inside its production range"]
    return []


def range_findings(request: LaunchRequest, ranges: Ranges) -> str:
    """Say in words what the ranges of the choice made are, with what is worth a look."""
    asked = ranges.asked_for(request)
    test = ranges.test if request.range_choice == "test" else ()
    return "; ".join(
        [
            f"{request.range_choice} range of {total_size(asked)} ICCIDs",
            *range_warnings(ranges.production, test),
        ]
    )


def scenarios_for(mobile_operator: MobileOperator, policy: ProgramPolicy) -> tuple[Scenario, ...]:
    """Return the program's scenarios that apply, by the SIM kinds offered (L8)."""
    return tuple(s for s in policy.launch.scenarios if s.sim_kind in mobile_operator.sim_kinds)


def people_of(
    party: PartyName, mobile_operator: MobileOperator, policy: ProgramPolicy
) -> tuple[str, ...]:
    """Name the people who can sign for a party: its contacts, or the duty roster (L9)."""
    if party == "mobile_operator":
        contacts = mobile_operator.contacts
        names = [c.name for role in fields(contacts) for c in getattr(contacts, role.name)]
    else:
        roster = policy.contacts.duty_roster
        names = [p.name for role in fields(roster) for p in getattr(roster, role.name).persons]
    return tuple(dict.fromkeys(names))


def signer_problem(signed_by: str | None, allowed: tuple[str, ...], whose: str) -> str | None:
    """Say why a name cannot sign for a party, or None: only its named people sign (L9)."""
    if signed_by in allowed:
        return None
    return f"{signed_by!r} cannot sign for {whose}: allowed are {', '.join(allowed)}"


def step_problems(
    answer: Answer, scenario: Scenario, step: str, ranges: tuple[IccidRange, ...]
) -> list[str]:
    """List why an answer does not sign a step off: the ICCID must be one that was configured."""
    if answer.option != PASS or not scenario.has_iccid_at(step):
        return []
    iccid = answer.text("iccid")
    if iccid is None:
        return [f"the device has an ICCID at the step {step_title(scenario, step)!r}: give it"]
    reason = check_iccid(iccid, ranges=ranges).reason
    return [] if reason is None else [f"ICCID {iccid} is not accepted: {EXPLANATIONS[reason]}"]


def step_title(scenario: Scenario, step: str) -> str:
    """Return what people read for a step."""
    return next(s.title for s in scenario.steps if s.name == step)


def signed_steps(launch: Launch) -> list[tuple[Scenario, str, RecordedAnswer]]:
    """List every step that was passed: scenario, the step's title, the answer that counts (L9)."""
    found = []
    for scenario in launch.all_scenarios:
        for step in scenario.steps:
            answer = launch.latest(step_question(scenario.name, step.name))
            if answer is not None and answer.option == PASS:
                found.append((scenario, step.title, answer))
    return found


def missing_steps(launch: Launch) -> list[str]:
    """Name every step that is not passed yet: go-live waits for all of them (L5, L9)."""
    signed = {answer.question for _, _, answer in signed_steps(launch)}
    return [
        f"{scenario.title}: {step.title}"
        for scenario in launch.all_scenarios
        for step in scenario.steps
        if step_question(scenario.name, step.name) not in signed
    ]
