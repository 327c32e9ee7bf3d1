"""Whether an HTTP answer is the expected one; pure (M2)."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from include.mobile_plans.policy.expectations import Expectation

if TYPE_CHECKING:
    from requests import Response

_SHOWN = 60
_READ_BYTES = 1_000_000
"""How much of a body is read where no policy of probes applies."""


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


def judge_response(expectation: Expectation, answer: "Response") -> list[str]:
    """
    List how an answer taken with requests differs from the expected response (M2).

    It is judged as a probe would be, redirects and size included; whoever asks passes
    ``allow_redirects=follows_redirects(expectation)``.

    Args:
        expectation: What must hold.
        answer: The last answer, with the redirects that led to it.
    """
    problems = []
    redirects, size = len(answer.history), len(answer.content)
    if expectation.maximum_redirects is not None and redirects > expectation.maximum_redirects:
        problems.append(f"{redirects} redirects, expected at most {expectation.maximum_redirects}")
    if expectation.maximum_body_bytes is not None and size > expectation.maximum_body_bytes:
        problems.append(f"{size:,} bytes, expected at most {expectation.maximum_body_bytes:,}")
    body = answer.content[:_READ_BYTES].decode(answer.encoding or "utf-8", errors="replace")
    return problems + judge_answer(expectation, answer.status_code, answer.headers, body)


def follows_redirects(expectation: Expectation) -> bool:
    """Tell whether redirects are followed; where none may be, a redirect is itself the answer."""
    return expectation.maximum_redirects != 0


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
