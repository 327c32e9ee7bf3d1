"""Whether a portal answered as expected."""

from collections.abc import Callable
from datetime import datetime

import pytest

from include.mobile_plans.launch import Launch, asked_about, record_look
from include.mobile_plans.monitoring import judge_answer
from include.mobile_plans.policy import Expectation
from include.mobile_plans.policy.expectations import ExpectedHeader, ExpectedJson
from include.mobile_plans.store import Store, read_events
from tests.mobile_plans.launch.conftest import RUN

EXPECTATION = Expectation(
    statuses=(200, 204),
    body_text="MO Direct",
    json_path=ExpectedJson(path="status.portal", equals="up"),
    header=ExpectedHeader(name="X-Portal", contains="northwind"),
)
BODY = '{"title": "MO Direct", "status": {"portal": "up"}}'
HEADERS = {"x-portal": "northwind-7"}


@pytest.mark.parametrize(
    ("status", "headers", "body", "words"),
    [
        (200, HEADERS, BODY, []),
        (503, HEADERS, BODY, ["status 503, expected 200, 204"]),
        (200, {}, BODY, ["header X-Portal is None"]),
        (200, {"X-Portal": "other"}, BODY, ["'other'"]),
        (200, HEADERS, BODY.replace("up", "down"), ["status.portal is 'down', expected 'up'"]),
        (200, HEADERS, "MO Direct", ["status.portal is None"]),
        (200, HEADERS, '{"status": "up"}', ["does not contain 'MO Direct'", "is None"]),
    ],
)
def test_an_answer_is_held_against_the_expectation(
    status: int, headers: dict, body: str, words: list[str]
) -> None:
    """M2: each part of the expected response that is missing is named."""
    problems = judge_answer(EXPECTATION, status, headers, body)

    assert len(problems) == len(words)
    for problem, word in zip(problems, words, strict=True):
        assert word in problem


def test_only_good_answers_in_a_row_settle_it(
    records: Store, start: Callable[..., Launch], now: datetime
) -> None:
    """L2: the portal has to answer well several times in a row; the same trouble is one event."""
    launch = start()
    settled = []
    for problems in ([], [], ["down"], ["down"], ["down"], [], [], []):
        with records.transaction() as connection:
            asked = asked_about(connection, RUN, now)
            settled.append(record_look(connection, asked, problems, now))

    assert settled == [False] * 7 + [True]
    with records.snapshot() as connection:
        kinds = [event.kind for event in read_events(connection, launch.stream)]
    assert kinds == ["launch.started"] + ["check.recorded"] * 6
