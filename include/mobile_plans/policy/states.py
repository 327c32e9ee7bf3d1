"""Which state of a mobile operator may follow which; pure."""

from datetime import datetime

from include.mobile_plans.errors import Conflict
from include.mobile_plans.policy.mobile_operators import State

FOLLOWS: dict[State, tuple[State, ...]] = {
    "draft": ("live", "withdrawn"),
    "live": ("suspended", "withdrawn"),
    "suspended": ("live", "withdrawn"),
    "withdrawn": (),
}
"""What each state may turn into; a withdrawn mobile operator comes back as a new one."""


def require_transition(slug: str, before: State, after: State) -> None:
    """
    Refuse a change of state that is not foreseen.

    Raises:
        Conflict: ``after`` may not follow ``before``.
    """
    if after not in FOLLOWS[before]:
        allowed = ", ".join(FOLLOWS[before]) or "nothing, it is final"
        msg = f"mobile operator {slug} is {before} and cannot become {after}: allowed is {allowed}"
        raise Conflict(msg)


def live_period(
    before: State | None,
    after: State,
    period: tuple[datetime | None, datetime | None],
    at: datetime,
) -> tuple[datetime | None, datetime | None]:
    """
    Return since when and until when a mobile operator is, or was last, live.

    Args:
        before: Its state in the version before, None for the first version.
        after: Its state in the new version.
        period: Since and until, of the version before.
        at: When the new version takes effect.
    """
    if after == "live" and before != "live":
        return at, None
    if before == "live" and after != "live":
        return period[0], at
    return period
