"""Whether an HTTP answer is the expected one; pure (M2)."""

import json
from collections.abc import Mapping

from include.mobile_plans.policy.expectations import Expectation

_SHOWN = 60


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
    except (ValueError, RecursionError):
        return None
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value if isinstance(value, str) else json.dumps(value)
