"""What a launch insists on: the request, the ranges, the people who sign, the steps (L1 to L10)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from include.mobile_plans.errors import BadInput
from include.mobile_plans.iccid import (
    EXPLANATIONS,
    IccidRange,
    check_iccid,
    is_subset,
    range_warnings,
    total_size,
)
from include.mobile_plans.launch.requests import LaunchRequest, RangeChoice
from include.mobile_plans.launch.state import PASS, Launch, RecordedAnswer, step_question
from include.mobile_plans.policy import (
    MobileOperator,
    PartyName,
    ProgramPolicy,
    ReadinessGate,
    Scenario,
    ScenarioStep,
)
from include.mobile_plans.questions import Answer

APPROVE, CONFIRM = "Approve", "Confirm"
FINAL_SIGN_OFF, CUT_OVER = "final_sign_off", "cut_over"
PARTIES: tuple[PartyName, ...] = ("program", "mobile_operator")
_LAUNCHABLE = ("draft", "suspended")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """The ICCID ranges of a mobile operator that are valid at one instant."""

    production: tuple[IccidRange, ...]
    test: tuple[IccidRange, ...]

    def of(self, choice: RangeChoice) -> tuple[IccidRange, ...]:
        """Return those of a choice: the test range, or the full production range (L3, L4)."""
        return self.test if choice == "test" else self.production

    def asked_for(self, request: LaunchRequest) -> tuple[IccidRange, ...]:
        """Return those to configure before end-to-end validation (L3, L4)."""
        return self.of(request.range_choice)


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
    problems += date_problems(request.target_at, policy, now)
    if request.uses_staging and mobile_operator.portals.staging is None:
        problems.append(f"{name} has no staging endpoint on record: start without one")
    problems += range_problems(request, name, ranges_at(mobile_operator, now))
    return problems


def date_problems(target_at: datetime, policy: ProgramPolicy, now: datetime) -> list[str]:
    """List why an instant cannot be the date of a go-live: it is past, or in a freeze (L10)."""
    problems = []
    if target_at <= now:
        problems.append(f"the target launch date {target_at:%Y-%m-%d %H:%M} UTC is past")
    freeze = freeze_problem(target_at, policy)
    return [*problems, freeze] if freeze else problems


def freeze_problem(at: datetime, policy: ProgramPolicy) -> str | None:
    """Say which freeze of the program an instant lies in, or None (L10)."""
    zone = ZoneInfo(policy.calendars.program.zone)
    freeze = policy.launch.freeze_on(at.astimezone(zone).date())
    if freeze is None:
        return None
    return (
        f"the target launch date lies in a freeze, {freeze.first_day} to {freeze.last_day} "
        f"({freeze.reason}): choose a day outside it"
    )


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


def step_problems(
    answer: Answer, scenario: Scenario, step: str, ranges: tuple[IccidRange, ...]
) -> list[str]:
    """List why an answer does not sign a step off: the ICCID must be one that was configured."""
    if answer.option != PASS or not scenario.has_iccid_at(step):
        return []
    iccid = answer.text("iccid")
    if iccid is None:
        title = next(one.title for one in scenario.steps if one.name == step)
        return [f"the device has an ICCID at the step {title!r}: give it"]
    reason = check_iccid(iccid, ranges=ranges).reason
    return [] if reason is None else [f"ICCID {iccid} is not accepted: {EXPLANATIONS[reason]}"]


def signed_steps(launch: Launch) -> list[tuple[Scenario, ScenarioStep, RecordedAnswer]]:
    """List every step with a pass that counts, and the answer that passed it (L9)."""
    return [
        (scenario, step, launch.passed[step_question(scenario.name, step.name)])
        for scenario in launch.all_scenarios
        for step in scenario.steps
        if launch.is_passed(scenario, step)
    ]


def missing_steps(launch: Launch) -> list[str]:
    """Name every step that is not passed: go-live waits for all of them (L5, L9)."""
    return [
        f"{scenario.title}: {step.title}"
        for scenario in launch.all_scenarios
        for step in scenario.steps
        if not launch.is_passed(scenario, step)
    ]


def step_to_do(launch: Launch, scenario: Scenario, step_name: str) -> ScenarioStep:
    """
    Return which step of a scenario is to be done when a step is asked for (L5).

    A failure may void earlier passes; then the earliest of those is done first.
    """
    for step in scenario.steps:
        if step.name == step_name or not launch.is_passed(scenario, step):
            return step
    msg = f"scenario {scenario.name} has no step {step_name!r}"
    raise BadInput(msg)


def gate_questions(launch: Launch) -> list[tuple[ReadinessGate, PartyName]]:
    """List each gate with the party that confirms it; one that both own is asked of each (L1)."""
    return [
        (gate, party) for gate in launch.gates for party in PARTIES if gate.owner in ("both", party)
    ]


def gate_question(gate: ReadinessGate, party: PartyName) -> str:
    """Name the question in which a party confirms a gate."""
    return f"gate.{gate.name}.{party}"


def review_question(review: str, party: PartyName) -> str:
    """Name the question in which a party approves a review: ``readiness`` or ``last_gate``."""
    return f"{review}.{party}"


def range_question(choice: str) -> str:
    """Name the question in which the program confirms that a range is configured."""
    return f"iccid_configuration.{choice}"


def is_on_production(launch: Launch) -> bool:
    """Tell whether its users' portal is the production one: always without staging (L2)."""
    return not launch.request.uses_staging or launch.latest(CUT_OVER) is not None


def weeks_ahead(request: LaunchRequest, policy: ProgramPolicy) -> timedelta:
    """Return how long the promised weeks of a launch may take in all (L2 to L4)."""
    configurations = 2 if request.range_choice == "test" else 1
    weeks = configurations * policy.launch.iccid_configuration_within
    return weeks + policy.launch.staging_migration_within * request.uses_staging


def earliest_go_live(launch: Launch, policy: ProgramPolicy, now: datetime) -> datetime:
    """Return when it could go live if each week still ahead were used up (L2 to L4)."""
    request = launch.request
    weeks = weeks_ahead(request, policy)
    for choice in {request.range_choice, "full"}:
        if launch.latest(range_question(choice)) is not None:
            weeks -= policy.launch.iccid_configuration_within
    if request.uses_staging and is_on_production(launch):
        weeks -= policy.launch.staging_migration_within
    return now + weeks


def go_live_obstacles(launch: Launch, policy: ProgramPolicy, now: datetime) -> list[str]:
    """List everything that refuses go-live at this instant; empty when nothing does (L1 to L10)."""
    obstacles = [f"not passed yet: {step}" for step in missing_steps(launch)]
    final = launch.latest(FINAL_SIGN_OFF)
    if final is None or final.option != APPROVE:
        obstacles.append("the end-to-end validation is not signed off")
    if launch.latest(range_question("full")) is None:
        obstacles.append("the full production range is not configured")
    for party in PARTIES:
        approval = launch.latest(review_question("last_gate", party))
        if approval is None or approval.option != APPROVE:
            obstacles.append(f"the last gate is not approved by the {party.replace('_', ' ')}")
    obstacles += issue_obstacles(launch, now)
    if now < launch.target_at:
        obstacles.append(f"the agreed date is {launch.target_at:%Y-%m-%d %H:%M} UTC")
    freeze = freeze_problem(now, policy)
    return [*obstacles, freeze] if freeze else obstacles


def issue_obstacles(launch: Launch, now: datetime) -> list[str]:
    """Say of each outstanding issue that it refuses an approval and the go-live (L1)."""
    return [
        f"issue {issue.number} ({issue.state(now)}): {issue.title}; "
        f"the {issue.party.replace('_', ' ')} must act"
        for issue in launch.outstanding_issues(now)
    ]
