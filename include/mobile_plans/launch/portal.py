"""Whether a portal answered as expected."""

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from include.mobile_plans.launch.asked import Asked
from include.mobile_plans.launch.records import record_check
from include.mobile_plans.policy import Expectation

PORTAL_CHECK = "Production portal"
_SHOWN = 60


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


def judge_answer(
    expectation: Expectation, status: int, headers: Mapping[str, str], body: str
) -> list[str]:
    """
    List how an HTTP answer differs from the expected response (M2); empty when it is as expected.

    Args:
        expectation: What must hold.
        status: The HTTP status, after redirects.
        headers: The answer's headers; their names are compared without case.
        body: The answer's body as text.
    """
    problems = []
    if status not in expectation.statuses:
        allowed = ", ".join(map(str, expectation.statuses))
        problems.append(f"status {status}, expected {allowed}")
    if expectation.body_text is not None and expectation.body_text not in body:
        problems.append(f"the body does not contain {expectation.body_text[:_SHOWN]!r}")
    wanted = expectation.header
    if wanted is not None:
        value = {name.lower(): text for name, text in headers.items()}.get(wanted.name.lower())
        if value is None or wanted.contains not in value:
            problems.append(
                f"header {wanted.name} is {value!r}, expected {wanted.contains!r} in it"
            )
    if expectation.json_path is not None:
        found = _value_at(expectation.json_path.path, body)
        if found != expectation.json_path.equals:
            problems.append(
                f"{expectation.json_path.path} is {found!r}, "
                f"expected {expectation.json_path.equals!r}"
            )
    return problems


def _value_at(path: str, body: str) -> str | None:
    """Follow a dotted path into a JSON body; None where there is no such value."""
    try:
        value = json.loads(body)
    except ValueError:
        return None
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value if isinstance(value, str) else json.dumps(value)
