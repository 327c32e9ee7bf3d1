"""
One probe: what is asked, and what came of it, in words that last.

A probe opens a new connection, so that name resolution, connect and TLS are seen every time. It
reads no more than policy allows and lasts no longer; whatever the other side does costs this one
probe, with the phase it failed in and the reason.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from include.mobile_plans.policy.expectations import Expectation
from include.mobile_plans.policy.program import ProbePolicy

LONGEST = timedelta(seconds=10)
"""The longest a probe may last, whatever policy says."""


class Phase(StrEnum):
    """How far a probe came: the step that failed."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    FIRST_BYTE = "first_byte"
    BODY = "body"
    REDIRECT = "redirect"
    ANSWER = "answer"


class Reason(StrEnum):
    """Why a probe was not good; CUT_OFF and OURS say nothing about the portal."""

    NAME_NOT_FOUND = "name_not_found"
    NOT_CONNECTED = "not_connected"
    RESET = "reset"
    TIMEOUT = "timeout"
    TLS_FAILED = "tls_failed"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_NOT_YET_VALID = "certificate_not_yet_valid"
    CERTIFICATE_WRONG_NAME = "certificate_wrong_name"
    CERTIFICATE_NOT_TRUSTED = "certificate_not_trusted"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    FORBIDDEN_ADDRESS = "forbidden_address"
    TOO_LARGE = "too_large"
    CUT_SHORT = "cut_short"
    NOT_HTTP = "not_http"
    UNEXPECTED_ANSWER = "unexpected_answer"
    CUT_OFF = "cut_off"
    OURS = "ours"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """
    How every probe is made.

    Attributes:
        timeout: The longest a probe may last, whatever it is doing.
        maximum_redirects: How many are followed.
        maximum_body_bytes: After how many bytes of the answer reading stops.
        user_agent: Who we say we are.
        authorities: The file of certificate authorities to trust.
        is_development: Whether plain http and this machine's own addresses may be asked.
    """

    timeout: timedelta
    maximum_redirects: int
    maximum_body_bytes: int
    user_agent: str
    authorities: str
    is_development: bool = False

    @classmethod
    def of(cls, policy: ProbePolicy, *, authorities: str, is_development: bool) -> "ProbeSettings":
        """Take what policy says."""
        return cls(
            timeout=min(policy.timeout, LONGEST),
            maximum_redirects=policy.maximum_redirects,
            maximum_body_bytes=policy.maximum_body_bytes,
            user_agent=policy.user_agent,
            authorities=authorities,
            is_development=is_development,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRequest:
    """
    What is asked.

    Attributes:
        target: Whom the answer is about.
        uri: Where it is asked.
        expectation: What it must answer, None where any answer will do (control targets).
    """

    target: str
    uri: str
    expectation: Expectation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """
    What came of a probe; times are microseconds, None for a phase that was not reached.

    Over redirects each phase is the sum over all of its connections.

    Attributes:
        target: Whom it is about.
        status: The HTTP status, None where there was none.
        phase: The phase it failed in, None for a good one.
        reason: Why it is not good, None for a good one.
        detail: The same in more words, at most 200 characters.
        total_us: From its start to its end.
        late_us: From its due time to its start.
        certificate_ends_at: Until when the certificate is valid, None where none was seen.
    """

    target: str
    status: int | None = None
    phase: Phase | None = None
    reason: Reason | None = None
    detail: str | None = None
    dns_us: int | None = None
    connect_us: int | None = None
    tls_us: int | None = None
    first_byte_us: int | None = None
    total_us: int | None = None
    late_us: int | None = None
    certificate_ends_at: datetime | None = None

    @property
    def is_good(self) -> bool:
        """Whether the answer was the expected one."""
        return self.reason is None


MEASURED = tuple(ProbeResult.__dataclass_fields__)[1:-1]
"""What is kept of a result with each sample, in the store and in the archive."""
