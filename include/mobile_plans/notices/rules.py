"""When a delivery that was not taken, or may not have been, is tried again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from include.mobile_plans.policy import NoticePolicy, Waits

_PATIENT_SHARE = 0.8
"""What a living sender may use of the time after which it counts as crashed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySchedule:
    """
    How long to wait before a delivery is tried again; none is ever given up.

    Attributes:
        try_again: After it was not taken.
        in_doubt: After it may have been taken; each time may be one more copy, so these waits
            grow further.
    """

    try_again: Waits
    in_doubt: Waits

    @classmethod
    def of(cls, policy: NoticePolicy) -> Self:
        """Take the waits from policy."""
        return cls(try_again=policy.try_again, in_doubt=policy.in_doubt)

    @property
    def answer_timeout(self) -> timedelta:
        """How long a sender that holds a delivery may be silent before it counts as crashed."""
        return self.in_doubt.first

    @property
    def patience(self) -> timedelta:
        """How long handing over one mail may take, so that its sender never counts as crashed."""
        return self.answer_timeout * _PATIENT_SHARE

    def after_failure(self, now: datetime, failures: int) -> datetime:
        """Return when to try again what was not taken, after so many attempts, from 1."""
        return now + _wait(self.try_again, failures)

    def after_doubt(self, since: datetime, doubts: int) -> datetime:
        """
        Return when to send again what may have arrived.

        Args:
            since: When its sending began, or its answer was lost.
            doubts: How often that has happened to this delivery, from 1.
        """
        return since + _wait(self.in_doubt, doubts)


def _wait(waits: Waits, times: int) -> timedelta:
    # Beyond 2 ** 16 the longest holds anyhow, and a timedelta would overflow.
    return min(waits.first * (1 << min(times - 1, 16)), waits.longest)
