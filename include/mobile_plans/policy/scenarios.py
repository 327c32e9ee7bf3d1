"""The scenarios of end-to-end validation, of the program and of a mobile operator (L6 to L8)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from include.mobile_plans.policy.values import FORBID_UNKNOWN, Line, Name

SimKind = Literal["esim", "sim"]
MOST_STEPS = 12
"""The steps one scenario may have: each is a task in the graph of a launch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioStep:
    """One step: its name inside the scenario and what the tester reads."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    name: Name
    title: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """
    One scenario, done step by step on one device.

    Attributes:
        name: What names it in a launch.
        title: What people read.
        sim_kind: It applies to a mobile operator that offers this kind (L8).
        initial_conditions: What holds before its first step.
        steps: In order.
        iccid_from_step: The step from which on the device has an ICCID to ask for.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    name: Name
    title: Line
    sim_kind: SimKind
    initial_conditions: Annotated[tuple[Line, ...], Field(min_length=1)]
    steps: Annotated[tuple[ScenarioStep, ...], Field(min_length=1, max_length=MOST_STEPS)]
    iccid_from_step: Name

    def has_iccid_at(self, step_name: str) -> bool:
        """Tell whether the device has an ICCID when a step is done."""
        names = [step.name for step in self.steps]
        return names.index(step_name) >= names.index(self.iccid_from_step)

    def problem(self) -> str | None:
        """Say what contradicts itself in this scenario, or None."""
        names = [step.name for step in self.steps]
        if len(set(names)) < len(names):
            return f"scenario {self.name} names a step twice: give each its own name"
        if self.iccid_from_step not in names:
            return (
                f"scenario {self.name}: iccid_from_step {self.iccid_from_step!r} is no step of it; "
                f"allowed are {', '.join(names)}"
            )
        return None
