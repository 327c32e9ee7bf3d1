"""
The clock: the one place where the time of day is read.

Rules take ``now`` as an argument; only the edges (command line, tasks, triggers, board) hold a
clock, and tests hold a virtual one.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol

from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import require_utc


class Clock(Protocol):
    """Anything that tells the current instant."""

    def now(self) -> datetime:
        """Return the current instant, aware UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current instant, aware UTC."""
        return datetime.now(UTC)


class VirtualClock:
    """
    A clock that stands still until it is moved, and never runs backwards.

    Args:
        start: The first instant it tells, aware.

    Raises:
        NaiveDatetime: ``start`` has no time zone.
    """

    def __init__(self, start: datetime) -> None:
        self._now = require_utc(start, "the start of the clock")

    def now(self) -> datetime:
        """Return the current instant, aware UTC."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """
        Move forward and return the new instant.

        Raises:
            BadInput: ``by`` is negative.
        """
        if by < timedelta(0):
            msg = f"a clock cannot go back by {-by}: only forward"
            raise BadInput(msg)
        self._now += by
        return self._now

    def advance_to(self, instant: datetime) -> datetime:
        """
        Move forward to an instant and return it.

        Raises:
            BadInput: It lies in the past of this clock.
            NaiveDatetime: It has no time zone.
        """
        return self.advance(require_utc(instant) - self._now)
