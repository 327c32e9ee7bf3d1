"""Issues of a launch in the store."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from include.mobile_plans.errors import BadInput, Conflict, NaiveDatetime, NotFound
from include.mobile_plans.launch import (
    Launch,
    assign_issue,
    cancel_launch,
    open_issue,
    resolve_issue,
    waive_issue,
)
from include.mobile_plans.store import Store

Start = Callable[..., Launch]


def test_the_life_of_an_issue(records: Store, start: Start, reread: Start, now: datetime) -> None:
    """L1: opened for a party, assigned to the other, waived for a while, resolved for good."""
    launch_id = start().launch_id
    tomorrow = now + timedelta(days=1)
    with records.transaction() as connection:
        first = open_issue(
            connection, launch_id, "no  logo\n", party="program", by="Maya Patel", now=now
        )
        second = open_issue(
            connection, launch_id, "no mail", party="program", by="Maya Patel", now=now
        )
        moved = assign_issue(connection, launch_id, 1, "mobile_operator", by="x", now=now)
        waived = waive_issue(
            connection, launch_id, 1, by="Laura Chen", reason="ok", until=tomorrow, now=now
        )

    assert (first.number, first.title, second.number) == (1, "no logo", 2)
    assert moved.party == "mobile_operator"
    assert (waived.state(now), waived.state(tomorrow)) == ("waived", "waiver expired")
    launch = reread()
    assert [one.number for one in launch.outstanding_issues(now)] == [2]
    assert [one.number for one in launch.outstanding_issues(tomorrow)] == [1, 2]
    with records.transaction() as connection:
        resolve_issue(connection, launch_id, 1, by="Maya Patel", how="here it is", now=tomorrow)
        with pytest.raises(Conflict, match="resolved by Maya Patel"):
            assign_issue(connection, launch_id, 1, "program", by="x", now=tomorrow)
    assert reread().issues[1].state(tomorrow) == "resolved"


def test_what_an_issue_insists_on(records: Store, start: Start, now: datetime) -> None:
    """Nothing empty, no waiver into the past, no unknown number, no launch that ended."""
    launch_id = start().launch_id
    waiver = {"by": "Laura Chen", "reason": "ok", "now": now}
    with records.transaction() as connection:
        with pytest.raises(BadInput, match="'title'"):
            open_issue(connection, launch_id, " ", party="program", by="x", now=now)
        open_issue(connection, launch_id, "x", party="program", by="x", now=now)
        with pytest.raises(BadInput, match="'how'"):
            resolve_issue(connection, launch_id, 1, by="x", how="", now=now)
        with pytest.raises(BadInput, match="'by'"):
            assign_issue(connection, launch_id, 1, "program", by="", now=now)
        with pytest.raises(BadInput, match="expired already"):
            waive_issue(connection, launch_id, 1, until=now, **waiver)
        with pytest.raises(NaiveDatetime):
            waive_issue(connection, launch_id, 1, until=now.replace(tzinfo=None), **waiver)
        with pytest.raises(NotFound, match="no issue 7: it has 1"):
            resolve_issue(connection, launch_id, 7, by="x", how="x", now=now)
        with pytest.raises(NotFound, match="no launch"):
            open_issue(connection, "nothing", "x", party="program", by="x", now=now)
        cancel_launch(connection, launch_id, by="x", reason="x", now=now)
        with pytest.raises(Conflict, match="only an active launch"):
            resolve_issue(connection, launch_id, 1, by="x", how="x", now=now)
