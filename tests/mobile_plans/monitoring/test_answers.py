"""An answer taken with requests is judged as a probe would judge it (M2)."""

import pytest
import requests

from include.mobile_plans.monitoring import follows_redirects, judge_response
from include.mobile_plans.policy.expectations import Expectation
from include.mobile_plans.simulation.certificates import LocalCertificate
from tests.mobile_plans.monitoring.rough_server import RoughServer


@pytest.mark.parametrize(
    ("path", "rule", "problems"),
    [
        ("ok", {}, []),
        ("once", {}, []),
        ("once", {"maximum_redirects": 1}, []),
        ("once", {"maximum_redirects": 0}, ["status 302, expected 200"]),
        ("once", {"maximum_redirects": 0, "statuses": (302,)}, []),
        ("ok", {"maximum_body_bytes": 1_000_000}, []),
        ("ok", {"maximum_body_bytes": 1}, ["bytes, expected at most 1"]),
    ],
)
def test_redirects_and_size_are_part_of_what_is_expected(
    server: RoughServer,
    certificate: LocalCertificate,
    path: str,
    rule: dict[str, object],
    problems: list[str],
) -> None:
    """M2: what a launch looks at is held against the same rules as every probe."""
    expectation = Expectation(**{"statuses": (200,)} | rule)
    answer = requests.get(
        server.uri(path),
        timeout=5,
        verify=str(certificate.authority),
        allow_redirects=follows_redirects(expectation),
    )
    found = judge_response(expectation, answer)

    assert len(found) == len(problems)
    assert all(words in text for words, text in zip(problems, found, strict=True))


def test_more_redirects_than_allowed_are_counted(
    server: RoughServer, certificate: LocalCertificate
) -> None:
    answer = requests.get(server.uri("once"), timeout=5, verify=str(certificate.authority))
    answer.history = answer.history * 2

    (problem,) = judge_response(Expectation(statuses=(200,), maximum_redirects=1), answer)
    assert problem == "2 redirects, expected at most 1"
