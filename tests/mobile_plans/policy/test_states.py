"""Which state of a mobile operator may follow which."""

from datetime import datetime, timedelta
from itertools import product

import pytest

from include.mobile_plans.errors import Conflict
from include.mobile_plans.policy.states import FOLLOWS, live_period, require_transition

ALLOWED = {
    ("draft", "live"),
    ("draft", "withdrawn"),
    ("live", "suspended"),
    ("live", "withdrawn"),
    ("suspended", "live"),
    ("suspended", "withdrawn"),
}


@pytest.mark.parametrize(("before", "after"), [*product(FOLLOWS, FOLLOWS)])
def test_only_foreseen_changes_of_state_are_allowed(before: str, after: str) -> None:
    """Draft, live, suspended, withdrawn: every other change is refused with what is allowed."""
    if (before, after) in ALLOWED:
        require_transition("contoso", before, after)
        return
    with pytest.raises(Conflict, match=f"contoso is {before} and cannot become {after}: allowed"):
        require_transition("contoso", before, after)


def test_a_live_period_begins_and_ends_with_the_state(now: datetime) -> None:
    """Only turning live begins one, only ceasing to be live ends it."""
    later = now + timedelta(days=1)
    assert live_period(None, "draft", (None, None), now) == (None, None)
    assert live_period(None, "live", (None, None), now) == (now, None)
    assert live_period("live", "live", (now, None), later) == (now, None)
    assert live_period("live", "withdrawn", (now, None), later) == (now, later)
    assert live_period("suspended", "withdrawn", (now, later), later) == (now, later)
    assert live_period("suspended", "live", (now, now), later) == (later, None)
