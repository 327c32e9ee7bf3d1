"""A closer look at a portal before a launch: its answers, how fast they are, its certificate."""

import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from os import environ
from statistics import mean
from urllib.parse import urlsplit

import requests

from include.mobile_plans.monitoring import follows_redirects, judge_response
from include.mobile_plans.policy import Expectation

CERTIFICATES_VARIABLE = "MOBILE_PLANS_CA_FILE"
_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalInspection:
    """
    What a closer look at a portal found.

    Attributes:
        uri: Which portal.
        problems: How its answers differed from the expected one; empty when they did not.
        latencies_s: Seconds from request to first byte of each good answer.
        certificate_ends_at: Until when its certificate is valid, or None where none was seen.
        certificate_problem: Why no valid certificate was seen, or None.
    """

    uri: str
    problems: tuple[str, ...]
    latencies_s: tuple[float, ...]
    certificate_ends_at: datetime | None
    certificate_problem: str | None

    @property
    def mean_latency_s(self) -> float | None:
        """The mean over the good answers, or None without any."""
        return mean(self.latencies_s) if self.latencies_s else None


def inspect_portal(uri: str, expectation: Expectation, *, looks: int) -> PortalInspection:
    """
    Look at a portal some times and at its certificate once.

    Args:
        uri: Its https address.
        expectation: What it must answer.
        looks: How often it is asked.
    """
    problems: list[str] = []
    latencies: list[float] = []
    for _ in range(looks):
        found, latency = _look(uri, expectation)
        problems += [problem for problem in found if problem not in problems]
        if not found and latency is not None:
            latencies.append(latency)
    ends_at, problem = _certificate(uri)
    return PortalInspection(
        uri=uri,
        problems=tuple(problems),
        latencies_s=tuple(latencies),
        certificate_ends_at=ends_at,
        certificate_problem=problem,
    )


def _look(uri: str, expectation: Expectation) -> tuple[list[str], float | None]:
    trusted = environ.get(CERTIFICATES_VARIABLE) or True
    try:
        follows = follows_redirects(expectation)
        answer = requests.get(uri, timeout=_TIMEOUT_S, verify=trusted, allow_redirects=follows)
    except requests.RequestException as error:
        return [f"no answer: {type(error).__name__}"], None
    return judge_response(expectation, answer), answer.elapsed.total_seconds()


def _certificate(uri: str) -> tuple[datetime | None, str | None]:
    """Read until when the certificate of a real TLS connection is valid."""
    parts = urlsplit(uri)
    trusted = ssl.create_default_context(cafile=environ.get(CERTIFICATES_VARIABLE) or None)
    host = parts.hostname or ""
    try:
        with (
            socket.create_connection((host, parts.port or 443), timeout=_TIMEOUT_S) as plain,
            trusted.wrap_socket(plain, server_hostname=host) as secure,
        ):
            ends = str((secure.getpeercert() or {})["notAfter"])
    except (OSError, KeyError) as error:
        return None, f"no valid certificate was seen: {type(error).__name__}: {error}"
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), tz=UTC), None
