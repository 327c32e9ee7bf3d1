"""An engine whose portals answer as a script says, at once and in the engine's place."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Self

from include.mobile_plans.monitoring.engine import Ask
from include.mobile_plans.monitoring.probes import ProbeResult, Reason


def answer(target: str, *, is_good: bool, reason: Reason = Reason.TIMEOUT) -> ProbeResult:
    """Return what comes of a probe."""
    return ProbeResult(
        target=target,
        status=200 if is_good else None,
        reason=None if is_good else reason,
        detail=None if is_good else "as told",
        total_us=1000,
        late_us=0,
    )


@dataclass
class FakeEngine:
    """
    Take asks and answer them when told to.

    Attributes:
        script: Given a target, returns its result, or None for a probe that never ends.
        asked: Every ask so far.
        waiting: Those that were not answered yet.
        at_once: Whether asks are answered as they come.
        died: What the one who made it wants to be told of.
    """

    script: Callable[[str], ProbeResult | None]
    at_once: bool = True
    asked: list[Ask] = field(default_factory=list)
    waiting: list[Ask] = field(default_factory=list)
    died: Callable[[Exception], None] | None = None

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """End."""

    def ask(self, asks: Iterable[Ask]) -> None:
        """Take asks."""
        new = list(asks)
        self.asked += new
        self.waiting += new
        if self.at_once:
            self.answer()

    def answer(self, *targets: str) -> None:
        """Answer the asks of these targets, or of all."""
        wanted = [ask for ask in self.waiting if not targets or ask.request.target in targets]
        for ask in wanted:
            result = self.script(ask.request.target)
            if result is not None and any(ask is one for one in self.waiting):
                self.waiting = [one for one in self.waiting if one is not ask]
                ask.done(result)
