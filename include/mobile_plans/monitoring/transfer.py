"""One transfer of libcurl: a handle is set up for a probe, and afterwards read for its outcome."""

import ipaddress
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache

import pycurl

from include.mobile_plans.monitoring.answers import follows_redirects, judge_answer
from include.mobile_plans.monitoring.probes import (
    Phase,
    ProbeRequest,
    ProbeResult,
    ProbeSettings,
    Reason,
)
from include.mobile_plans.policy.expectations import Expectation

_ANYTHING = Expectation(statuses=())
_MOST_DETAIL = 200
_DNS_CACHE_OFF = 0
_CURVES = "X25519:P-256:P-384"
"""What a Windows 10 device offers; the newer ones OpenSSL adds cost a tenth of a probe."""

_FAILURES: dict[int, tuple[Phase | None, Reason]] = {
    pycurl.E_COULDNT_RESOLVE_HOST: (Phase.DNS, Reason.NAME_NOT_FOUND),
    pycurl.E_COULDNT_CONNECT: (Phase.CONNECT, Reason.NOT_CONNECTED),
    pycurl.E_OPERATION_TIMEDOUT: (None, Reason.TIMEOUT),
    pycurl.E_SSL_CONNECT_ERROR: (Phase.TLS, Reason.TLS_FAILED),
    pycurl.E_TOO_MANY_REDIRECTS: (Phase.REDIRECT, Reason.TOO_MANY_REDIRECTS),
    pycurl.E_ABORTED_BY_CALLBACK: (Phase.CONNECT, Reason.FORBIDDEN_ADDRESS),
    pycurl.E_WRITE_ERROR: (Phase.BODY, Reason.TOO_LARGE),
    pycurl.E_PARTIAL_FILE: (Phase.BODY, Reason.CUT_SHORT),
    pycurl.E_GOT_NOTHING: (Phase.FIRST_BYTE, Reason.RESET),
    pycurl.E_RECV_ERROR: (None, Reason.RESET),
    pycurl.E_SEND_ERROR: (Phase.FIRST_BYTE, Reason.RESET),
    pycurl.E_OUT_OF_MEMORY: (None, Reason.OURS),
    pycurl.E_SSL_CACERT_BADFILE: (Phase.TLS, Reason.OURS),
    pycurl.E_FTP_WEIRD_SERVER_REPLY: (Phase.FIRST_BYTE, Reason.NOT_HTTP),
}
"""What libcurl's errors mean; a phase of None is the one in which the times stop."""

_CERTIFICATE_FAULTS = {
    9: Reason.CERTIFICATE_NOT_YET_VALID,
    10: Reason.CERTIFICATE_EXPIRED,
}
"""OpenSSL's verification results that have a name of their own."""
_CHAIN_NOT_AT_FAULT = (0, 1)
"""The results where OpenSSL found nothing: libcurl itself compares the name, before it asks."""


class Transfer:
    """
    A libcurl handle that is used for one probe after another.

    Args:
        settings: How its probes are made.
    """

    def __init__(self, settings: ProbeSettings) -> None:
        self.settings = settings
        self.curl = pycurl.Curl()
        self.curl.transfer = self
        self._request: ProbeRequest | None = None
        self._set_to: dict[int, int] = {}
        self._keeps_headers = False
        self._most_bytes = settings.maximum_body_bytes
        self._body = bytearray()
        self._headers: dict[str, str] = {}
        self._prepare()

    def begin(self, request: ProbeRequest, *, with_certificate: bool) -> None:
        """Set the handle up for a probe."""
        self._request = request
        self._body.clear()
        self._headers.clear()
        self.curl.setopt(pycurl.URL, request.uri)
        self._set(pycurl.OPT_CERTINFO, int(with_certificate))
        self._expect(request.expectation)

    def _expect(self, expectation: Expectation | None) -> None:
        """Set the handle up for what is expected, within what policy allows."""
        redirects, most_bytes = self.settings.maximum_redirects, self.settings.maximum_body_bytes
        wanted = expectation or _ANYTHING
        if wanted.maximum_redirects is not None:
            redirects = min(redirects, wanted.maximum_redirects)
        if wanted.maximum_body_bytes is not None:
            most_bytes = min(most_bytes, wanted.maximum_body_bytes)
        self._most_bytes = most_bytes
        self._set(pycurl.MAXREDIRS, redirects)
        self._set(pycurl.FOLLOWLOCATION, int(follows_redirects(wanted)))
        keeps_headers = wanted.header is not None
        if keeps_headers != self._keeps_headers:
            self._keeps_headers = keeps_headers
            if keeps_headers:
                self.curl.setopt(pycurl.HEADERFUNCTION, self._keep_header)
            else:
                self.curl.unsetopt(pycurl.HEADERFUNCTION)

    def _set(self, option: int, value: int) -> None:
        """Set an option, unless it is set so: most probes are made like the one before."""
        if self._set_to.get(option) != value:
            self._set_to[option] = value
            self.curl.setopt(option, value)

    def outcome(self, error: int, message: str, late_us: int) -> ProbeResult:
        """
        Read what came of the probe.

        Args:
            error: libcurl's error, 0 for none.
            message: Its words.
            late_us: How late the probe was started.
        """
        get = self.curl.getinfo
        dns, connect = get(pycurl.NAMELOOKUP_TIME_T), get(pycurl.CONNECT_TIME_T)
        ready, first_byte = get(pycurl.APPCONNECT_TIME_T), get(pycurl.STARTTRANSFER_TIME_T)
        connected = ready or (connect if self._is_plain() else 0)
        phase, reason, detail = self._judge(error, message, (dns, connect, connected, first_byte))
        return ProbeResult(
            target=self._request.target if self._request else "",
            late_us=late_us,
            dns_us=dns or None,
            connect_us=connect - dns if connect else None,
            tls_us=ready - connect if ready else None,
            first_byte_us=first_byte - connected if first_byte and connected else None,
            total_us=get(pycurl.TOTAL_TIME_T),
            status=get(pycurl.RESPONSE_CODE) or None,
            phase=phase,
            reason=reason,
            detail=detail and detail[:_MOST_DETAIL],
            certificate_ends_at=(
                self._certificate_ends_at() if self._set_to.get(pycurl.OPT_CERTINFO) else None
            ),
        )

    def _prepare(self) -> None:
        settings, set_option = self.settings, self.curl.setopt
        protocols = pycurl.PROTO_HTTPS | (pycurl.PROTO_HTTP if settings.is_development else 0)
        for option, value in (
            (pycurl.PROTOCOLS, protocols),
            (pycurl.REDIR_PROTOCOLS, protocols),
            (pycurl.TIMEOUT_MS, int(settings.timeout.total_seconds() * 1000)),
            (pycurl.NOSIGNAL, 1),
            (pycurl.FRESH_CONNECT, 1),
            (pycurl.FORBID_REUSE, 1),
            (pycurl.SSL_SESSIONID_CACHE, 0),
            (pycurl.DNS_CACHE_TIMEOUT, _DNS_CACHE_OFF),
            (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
            (pycurl.PROXY, ""),  # the portal itself is asked, whatever the environment says
            (pycurl.USERAGENT, settings.user_agent),
            (pycurl.HTTPHEADER, ["Connection: close"]),  # so the portal need not wait for more
            (pycurl.WRITEFUNCTION, self._keep_body),
            (pycurl.CAINFO, settings.authorities),
            (pycurl.SSL_EC_CURVES, _CURVES),
        ):
            set_option(option, value)
        if not settings.is_development:
            set_option(pycurl.PREREQFUNCTION, _refuse_this_machine)

    def _keep_body(self, chunk: bytes) -> int | None:
        """Take a part of the body; anything but its length or None ends the transfer."""
        if len(self._body) + len(chunk) > self._most_bytes:
            return 0
        self._body += chunk
        return None

    def _keep_header(self, line: bytes) -> None:
        text = line.decode("iso-8859-1").strip()
        if text.startswith("HTTP/"):
            self._headers.clear()  # those before belong to a redirect
        name, separator, value = text.partition(":")
        if separator:
            self._headers[name.strip()] = value.strip()

    def _is_plain(self) -> bool:
        return (self.curl.getinfo(pycurl.EFFECTIVE_URL) or "").startswith("http:")

    def _judge(
        self, error: int, message: str, times: tuple[int, int, int, int]
    ) -> tuple[Phase | None, Reason | None, str | None]:
        if error == pycurl.E_OK:
            problems = self._problems()
            if not problems:
                return None, None, None
            return Phase.ANSWER, Reason.UNEXPECTED_ANSWER, "; ".join(problems)
        reached = _reached(times)
        if error == pycurl.E_PEER_FAILED_VERIFICATION:
            return Phase.TLS, self._certificate_fault(), message
        if error == pycurl.E_UNSUPPORTED_PROTOCOL:
            if self.curl.getinfo(pycurl.REDIRECT_COUNT):
                return Phase.REDIRECT, Reason.FORBIDDEN_ADDRESS, message
            is_answer = reached in (Phase.FIRST_BYTE, Phase.BODY)
            reason = Reason.NOT_HTTP if is_answer else Reason.FORBIDDEN_ADDRESS
            return reached, reason, message
        phase, reason = _FAILURES.get(error, (None, Reason.OTHER))
        if error == pycurl.E_COULDNT_CONNECT and not self.curl.getinfo(pycurl.OS_ERRNO):
            reason = Reason.OURS  # nobody refused: no file was left for a socket
        return phase or reached, reason, message

    def _problems(self) -> list[str]:
        expectation = self._request.expectation if self._request else None
        if expectation is None:
            return []
        looks_inside = expectation.body_text is not None or expectation.json_path is not None
        body = self._body.decode("utf-8", errors="replace") if looks_inside else ""
        status = self.curl.getinfo(pycurl.RESPONSE_CODE)
        return judge_answer(expectation, status, self._headers, body)

    def _certificate_fault(self) -> Reason:
        result = self.curl.getinfo(pycurl.SSL_VERIFYRESULT)
        if result in _CHAIN_NOT_AT_FAULT:
            return Reason.CERTIFICATE_WRONG_NAME
        return _CERTIFICATE_FAULTS.get(result, Reason.CERTIFICATE_NOT_TRUSTED)

    def _certificate_ends_at(self) -> datetime | None:
        chain = self.curl.getinfo(pycurl.INFO_CERTINFO)
        if not chain:
            return None
        return next((_instant(text) for name, text in chain[0] if name == "Expire date"), None)


def _reached(times: tuple[int, int, int, int]) -> Phase:
    """Return the phase in which the times stop: those of DNS, connect, TLS and first byte."""
    phases = (Phase.DNS, Phase.CONNECT, Phase.TLS, Phase.FIRST_BYTE)
    return next((phase for phase, time in zip(phases, times, strict=True) if not time), Phase.BODY)


@lru_cache(maxsize=20_000)
def _instant(text: str) -> datetime | None:
    """Read the end of a certificate, ``Nov 23 10:00:00 2027 GMT``; None for another form."""
    with suppress(ValueError):
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), tz=UTC)
    return None


def _refuse_this_machine(address: str, *_: object) -> int:
    """Refuse a connection to this machine or its own network, before anything is sent on it."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    is_ours = ip.is_loopback or ip.is_unspecified or ip.is_link_local
    return int(pycurl.PREREQFUNC_ABORT if is_ours else pycurl.PREREQFUNC_OK)
