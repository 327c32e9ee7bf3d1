"""
One round: every portal of a plan asked once, and a verdict on each.

A failure is only bad while a control target answers, asked within a second of it: otherwise we are
cut off ourselves, and the slot is unknown.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from include.mobile_plans.monitoring.engine import Ask, ProbeEngine
from include.mobile_plans.monitoring.planning import Plan, PlannedProbe
from include.mobile_plans.monitoring.probes import ProbeResult, Reason
from include.mobile_plans.monitoring.records import Round, Sample
from include.mobile_plans.monitoring.slots import SlotState, whole_seconds

_SHARED_FOR_S = 1.0
"""How long after its start one look at the control targets serves further failures."""
_CERTIFICATE_EVERY = 20
"""Certificates change rarely and reading one costs a tenth of a probe: every so many slots."""


@dataclass(slots=True)
class _Look:
    """One look at all control targets."""

    started: float
    open: int
    has_answer: bool = False


class RunningRound:
    """
    A round under way; everything here runs in the engine's thread once it has begun.

    Args:
        engine: What makes the probes.
        plan: What is asked.
        slot: In which slot.
        new: The targets whose certificate is read whether or not it is their turn.
        ended: Told the whole round when its last probe has ended.
    """

    def __init__(
        self,
        engine: ProbeEngine,
        plan: Plan,
        slot: int,
        *,
        new: Collection[str],
        ended: Callable[[Round], None],
    ) -> None:
        self._engine = engine
        self._plan = plan
        self._slot = slot
        self._new = new
        self._ended = ended
        self._samples: list[Sample] = []
        self._failures: list[tuple[ProbeResult, _Look]] = []
        self._open = len(plan.probes)
        self._looks: list[_Look] = []

    def begin(self, at: float, *, spread: bool = True) -> None:
        """
        Ask the portals from a time of the monotonic clock on, spread over the slot or at once.

        A round without portals still asks the control targets.
        """
        self._look_at_controls(at)
        self._engine.ask(
            [
                Ask(
                    due=at + (probe.offset_s if spread else 0.0),
                    request=probe.request,
                    settings=self._plan.settings,
                    done=self._take,
                    with_certificate=self._is_turn(probe),
                )
                for probe in self._plan.probes
            ]
        )

    def _is_turn(self, probe: PlannedProbe) -> bool:
        length_s = whole_seconds(self._plan.policy.probe.interval)
        turn = self._slot // length_s + int(probe.offset_s * 1_000_000)
        return probe.request.target in self._new or turn % _CERTIFICATE_EVERY == 0

    def _take(self, result: ProbeResult) -> None:
        if result.is_good:
            self._samples.append(Sample(state=SlotState.GOOD, result=result))
        else:
            now = time.monotonic()
            if now - self._looks[-1].started > _SHARED_FOR_S:
                self._look_at_controls(now)
            self._failures.append((result, self._looks[-1]))
        self._one_less()

    def _look_at_controls(self, at: float) -> None:
        look = _Look(started=at, open=len(self._plan.controls))
        self._looks.append(look)
        self._open += 1

        def take(result: ProbeResult) -> None:
            look.open -= 1
            look.has_answer = look.has_answer or result.status is not None
            if not look.open:
                self._one_less()

        self._engine.ask(
            [
                Ask(
                    due=at,
                    request=control,
                    settings=self._plan.control_settings,
                    done=take,
                    with_certificate=False,
                )
                for control in self._plan.controls
            ]
        )

    def _one_less(self) -> None:
        self._open -= 1
        if self._open:
            return
        judged = [_judged(result, look) for result, look in self._failures]
        self._ended(
            Round(
                slot=self._slot,
                samples=(*self._samples, *judged),
                is_cut_off=not self._looks[0].has_answer,
            )
        )


def _judged(result: ProbeResult, look: _Look) -> Sample:
    if result.reason is Reason.OURS:
        return Sample(state=SlotState.UNKNOWN, result=result)
    if look.has_answer:
        return Sample(state=SlotState.BAD, result=result)
    detail = f"no control target answered; {result.reason}: {result.detail}"
    cut_off = replace(result, reason=Reason.CUT_OFF, detail=detail[:200])
    return Sample(state=SlotState.UNKNOWN, result=cut_off)
