"""What the looks at a production portal found, and whether it has answered well enough (L2)."""

from datetime import datetime

from sqlalchemy import Connection

from include.mobile_plans.launch.asked import Asked
from include.mobile_plans.launch.records import record_check

PORTAL_CHECK = "Production portal"


def record_look(connection: Connection, asked: Asked, problems: list[str], now: datetime) -> bool:
    """
    Keep what one look at the production portal found.

    A portal that is down for a week with the same problem is one event, not ten thousand.

    Returns:
        Whether it has answered as expected often enough in a row (L2).
    """
    before = asked.launch.checks.get(PORTAL_CHECK)
    detail = "; ".join(problems) or "answered as expected"
    passed = not problems
    if passed or before is None or before.detail != detail:
        record_check(connection, asked.launch, PORTAL_CHECK, passed=passed, detail=detail, now=now)
    streak = (before.streak if before else 0) + 1 if passed else 0
    return streak >= asked.policy.launch.portal_look.consecutive_good_answers
