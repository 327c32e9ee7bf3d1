"""When a delivery that failed is tried again."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySchedule:
    """
    How long to wait after each failed attempt.

    Attributes:
        first: After the first failure; doubled after each further one.
        longest: The wait never grows beyond this; a delivery is never given up.
        answer_timeout: A claimed delivery whose sender has not reported for this long was
            interrupted, and is sent again with the same Message-ID.
    """

    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=5)
    answer_timeout: timedelta = timedelta(minutes=5)

    def next_attempt(self, now: datetime, attempts: int) -> datetime:
        """Return when to try again after the given number of attempts, at least one."""
        doubled = self.first * (1 << min(attempts - 1, 16))
        return now + min(doubled, self.longest)
