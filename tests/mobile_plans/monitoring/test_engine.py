"""The probe engine against a server that misbehaves in every way portals do (M1)."""

import contextlib
import os
import resource
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.mobile_plans.monitoring.engine import Ask, ProbeEngine
from include.mobile_plans.monitoring.probes import (
    LONGEST,
    ProbeRequest,
    ProbeResult,
    ProbeSettings,
)
from include.mobile_plans.policy.expectations import Expectation, ExpectedHeader, ExpectedJson
from include.mobile_plans.policy.program import MonitoringPolicy
from include.mobile_plans.simulation.certificates import LocalCertificate, local_certificate
from include.mobile_plans.simulation.clock import SystemClock
from tests.mobile_plans.monitoring.rough_server import DeafServer, RoughServer

OK = Expectation(statuses=(200,), body_text="MO Direct portal")
WHOLE = Expectation(
    statuses=(200, 204),
    body_text="MO Direct portal",
    json_path=ExpectedJson(path="status.portal", equals="up"),
    header=ExpectedHeader(name="x-portal", contains="ready"),
)


@pytest.fixture(scope="module")
def settings(certificate: LocalCertificate) -> ProbeSettings:
    return ProbeSettings(
        timeout=timedelta(seconds=1),
        maximum_redirects=3,
        maximum_body_bytes=262_144,
        user_agent="MobilePlansMonitoring/1.0",
        authorities=str(certificate.authority),
        is_development=True,
    )


@pytest.fixture(scope="module")
def engine() -> Iterator[ProbeEngine]:
    deaths: list[Exception] = []
    with ProbeEngine(deaths.append) as running:
        yield running
    assert deaths == []


def probe_all(
    engine: ProbeEngine, uris: list[str], settings: ProbeSettings, expectation: Expectation = OK
) -> list[ProbeResult]:
    """Ask all of them now, and return the results in the order they came."""
    results: list[ProbeResult] = []
    finished = threading.Event()

    def done(result: ProbeResult) -> None:
        results.append(result)
        if len(results) == len(uris):
            finished.set()

    now = time.monotonic()
    engine.ask(
        Ask(
            due=now,
            request=ProbeRequest(target=uri, uri=uri, expectation=expectation),
            settings=settings,
            done=done,
        )
        for uri in uris
    )
    assert finished.wait(20)
    return results


def probe(
    engine: ProbeEngine, uri: str, settings: ProbeSettings, expectation: Expectation = OK
) -> ProbeResult:
    (result,) = probe_all(engine, [uri], settings, expectation)
    return result


def test_a_good_answer_tells_every_phase(
    engine: ProbeEngine, server: RoughServer, settings: ProbeSettings
) -> None:
    """M1: DNS, connect, TLS, first byte, total, status and the end of the certificate."""
    result = probe(engine, server.uri("ok", host="localhost"), settings, WHOLE)

    assert (result.is_good, result.status, result.reason) == (True, 200, None)
    phases = (result.dns_us, result.connect_us, result.tls_us, result.first_byte_us)
    assert all(phase is not None and phase >= 0 for phase in phases)
    assert sum(phase or 0 for phase in phases) <= result.total_us < 1_000_000
    assert result.certificate_ends_at is not None
    left = result.certificate_ends_at - datetime.now(UTC)
    assert timedelta(days=364) < left < timedelta(days=366)


def test_each_probe_opens_a_connection_and_says_who_it_is(
    engine: ProbeEngine, server: RoughServer, settings: ProbeSettings
) -> None:
    """M1: a new connection each time, and a named User-Agent."""
    results = [probe(engine, server.uri("ok"), settings) for _ in range(3)]

    assert all(result.tls_us for result in results)
    assert server.user_agents == {"MobilePlansMonitoring/1.0"}


@pytest.mark.parametrize(
    ("path", "phase", "reason"),
    [
        ("status/503", "answer", "unexpected_answer"),
        ("other", "answer", "unexpected_answer"),
        ("reset", "first_byte", "reset"),
        ("close", "first_byte", "reset"),
        ("hang", "first_byte", "timeout"),
        ("trickle", "body", "timeout"),
        ("huge", "body", "too_large"),
        ("short", "body", "cut_short"),
        ("noise", "first_byte", "not_http"),
        ("loop_", "redirect", "too_many_redirects"),
        ("plain", "redirect", "forbidden_address"),
    ],
)
def test_whatever_a_portal_does_costs_one_bad_sample(
    engine: ProbeEngine,
    server: RoughServer,
    settings: ProbeSettings,
    path: str,
    phase: str,
    reason: str,
) -> None:
    """M1: a misbehaving portal is one bad sample with phase and reason."""
    before = time.monotonic()
    result = probe(engine, server.uri(path), settings)

    assert (result.is_good, result.phase, result.reason) == (False, phase, reason)
    assert result.detail
    assert time.monotonic() - before < 5


def test_endless_headers_end(
    engine: ProbeEngine, server: RoughServer, settings: ProbeSettings
) -> None:
    """Headers are bounded too."""
    assert not probe(engine, server.uri("endless"), settings).is_good


def test_a_redirect_is_followed_as_far_as_policy_says(
    engine: ProbeEngine, server: RoughServer, settings: ProbeSettings
) -> None:
    """Only the last answer is judged; without redirects allowed the first one is too many."""
    assert probe(engine, server.uri("once"), settings, WHOLE).is_good

    result = probe(engine, server.uri("once"), replace(settings, maximum_redirects=0))
    assert result.reason == "too_many_redirects"


def test_a_portal_may_allow_fewer_redirects_than_policy(
    engine: ProbeEngine, server: RoughServer, settings: ProbeSettings
) -> None:
    """M2: the redirect rule of one portal; without any a redirect is itself the answer."""
    uri, none = server.uri("once"), Expectation(statuses=(200,), maximum_redirects=0)
    refused = probe(engine, uri, settings, none)
    strict = replace(settings, maximum_redirects=0)
    more_than_policy = probe(engine, uri, strict, replace(none, maximum_redirects=9))

    assert probe(engine, uri, settings, replace(none, maximum_redirects=1)).is_good
    assert (refused.status, refused.reason) == (302, "unexpected_answer")
    assert more_than_policy.reason == "too_many_redirects"
    assert probe(engine, uri, settings, replace(none, statuses=(302,))).is_good
    assert probe(engine, uri, settings).is_good, "the rule is not left to the next probe"


def test_a_portal_may_allow_a_smaller_body_than_policy(
    engine: ProbeEngine, server: RoughServer, settings: ProbeSettings
) -> None:
    """M2: the maximum size of one portal's answer."""
    uri = server.uri("ok")
    small = probe(engine, uri, settings, Expectation(statuses=(200,), maximum_body_bytes=1))

    assert (small.phase, small.reason) == ("body", "too_large")
    assert probe(engine, uri, settings).is_good, "the rule is not left to the next probe"


@pytest.mark.parametrize(
    ("resets", "reasons"), [(True, {"tls_failed", "reset"}), (False, {"timeout"})]
)
def test_a_server_deaf_to_tls(
    *, engine: ProbeEngine, settings: ProbeSettings, resets: bool, reasons: set[str]
) -> None:
    """A handshake that is reset or never answered fails in the phase TLS."""
    with DeafServer(resets=resets) as deaf:
        result = probe(engine, deaf.uri, settings)

    assert (result.is_good, result.phase) == (False, "tls")
    assert result.reason in reasons
    assert result.connect_us is not None
    assert result.tls_us is None


def test_an_expired_certificate_is_named(
    engine: ProbeEngine, settings: ProbeSettings, tmp_path: Path
) -> None:
    expired = local_certificate(tmp_path, SystemClock().now() - timedelta(days=400))
    with RoughServer(expired) as server:
        result = probe(
            engine, server.uri("ok"), replace(settings, authorities=str(expired.authority))
        )

    assert (result.phase, result.reason) == ("tls", "certificate_expired")


def test_a_certificate_of_the_future_is_named(
    engine: ProbeEngine, settings: ProbeSettings, tmp_path: Path
) -> None:
    early = local_certificate(tmp_path, SystemClock().now() + timedelta(days=40))
    with RoughServer(early) as server:
        result = probe(
            engine, server.uri("ok"), replace(settings, authorities=str(early.authority))
        )

    assert (result.phase, result.reason) == ("tls", "certificate_not_yet_valid")


def test_a_certificate_for_another_name_is_named(
    engine: ProbeEngine, server: RoughServer, settings: ProbeSettings
) -> None:
    result = probe(engine, server.uri("ok", host="other.localhost"), settings)

    assert (result.phase, result.reason) == ("tls", "certificate_wrong_name")


def test_an_unknown_authority_is_not_trusted(
    engine: ProbeEngine, server: RoughServer, settings: ProbeSettings, tmp_path: Path
) -> None:
    other = local_certificate(tmp_path, SystemClock().now())
    result = probe(engine, server.uri("ok"), replace(settings, authorities=str(other.authority)))

    assert (result.phase, result.reason) == ("tls", "certificate_not_trusted")


def test_a_closed_port_and_an_unknown_name(engine: ProbeEngine, settings: ProbeSettings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    closed = probe(engine, f"https://127.0.0.1:{port}/", settings)
    # A label of 70 characters is refused by the resolver itself: nothing is sent.
    unknown = probe(engine, f"https://{'a' * 70}.invalid/", settings)

    assert (closed.phase, closed.reason) == ("connect", "not_connected")
    assert (unknown.phase, unknown.reason) == ("dns", "name_not_found")
    assert unknown.connect_us is None


def test_this_machine_is_asked_in_development_only(
    engine: ProbeEngine, server: RoughServer, settings: ProbeSettings
) -> None:
    """A portal that leads to this machine is refused before anything is sent."""
    asked_before = server.requests["ok"]
    result = probe(engine, server.uri("ok"), replace(settings, is_development=False))

    assert (result.phase, result.reason) == ("connect", "forbidden_address")
    assert server.requests["ok"] == asked_before


def test_plain_http_is_asked_in_development_only(
    engine: ProbeEngine, settings: ProbeSettings
) -> None:
    with RoughServer(None) as plain:
        good = probe(engine, plain.uri("ok"), settings)
        refused = probe(engine, plain.uri("ok"), replace(settings, is_development=False))

    assert good.is_good
    assert good.tls_us is None
    assert good.first_byte_us is not None
    assert refused.reason == "forbidden_address"
    assert plain.requests["ok"] == 1


def test_a_machine_out_of_files_says_nothing_about_a_portal(
    engine: ProbeEngine, server: RoughServer, settings: ProbeSettings, tmp_path: Path
) -> None:
    """What fails because this machine has no file left, or no authorities, is ours."""
    probe(engine, server.uri("ok"), settings)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.ExitStack() as held:
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, limits[1]))
        held.callback(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        with contextlib.suppress(OSError):
            while True:
                held.enter_context(Path(os.devnull).open())
        without_files = probe(engine, server.uri("ok"), settings)
    nobody = probe(engine, server.uri("ok"), replace(settings, authorities=str(tmp_path / "none")))

    assert (without_files.phase, without_files.reason) == ("connect", "ours")
    assert (nobody.phase, nobody.reason) == ("tls", "ours")
    assert probe(engine, server.uri("ok"), settings).is_good


def test_an_error_of_ours_that_ends_the_engine_is_told(settings: ProbeSettings) -> None:
    """Whoever waits for a result hears that none will come."""
    deaths: list[Exception] = []
    died = threading.Event()
    with ProbeEngine(lambda error: (deaths.append(error), died.set())) as engine:
        engine.ask([Ask(due=0.0, request=None, settings=settings, done=print)])
        assert died.wait(5)

    assert isinstance(deaths[0], AttributeError)


def test_one_bad_portal_never_delays_the_others(
    engine: ProbeEngine, server: RoughServer, settings: ProbeSettings
) -> None:
    """M1: two hundred portals that hang cost themselves, not the good ones beside them."""
    uris = [server.uri("hang")] * 200 + [server.uri("ok")] * 20
    results = probe_all(engine, uris, settings)

    good = [result for result in results[:40] if result.is_good]
    assert len(good) == 20
    assert sum(result.reason == "timeout" for result in results) == 200


def test_starts_wait_a_moment_for_company(server: RoughServer, settings: ProbeSettings) -> None:
    """Decision 0023: of two probes due 14 ms apart the first waits, and none starts early."""
    late: dict[str, int] = {}
    finished = threading.Event()

    def done(result: ProbeResult) -> None:
        late[result.target] = result.late_us or 0
        if len(late) == 3:
            finished.set()

    # An engine of its own: what other probes left to do would wake it earlier.
    with ProbeEngine(print) as engine:
        begin = time.monotonic() + 0.1
        engine.ask(
            Ask(
                due=begin + after_s,
                request=ProbeRequest(target=target, uri=server.uri("ok"), expectation=OK),
                settings=settings,
                done=done,
            )
            for target, after_s in (("first", 0.0), ("second", 0.014), ("third", 0.030))
        )
        assert finished.wait(20)
    assert min(late.values()) >= 0
    assert late["first"] - late["second"] > 4_000, "both start in one turn"


def test_a_closed_engine_drops_what_is_running(
    server: RoughServer, settings: ProbeSettings
) -> None:
    """Cancelling a round in the middle ends at once."""
    results: list[ProbeResult] = []
    begin = time.monotonic()
    with ProbeEngine(results.append) as engine:
        request = ProbeRequest(target="a", uri=server.uri("hang"), expectation=OK)
        engine.ask([Ask(due=begin, request=request, settings=settings, done=results.append)])
    assert time.monotonic() - begin < 0.9
    assert results == []


def test_settings_come_from_policy_and_never_last_longer_than_ten_seconds(
    monitoring: MonitoringPolicy,
) -> None:
    """M1: the timeout is at most 10 s."""
    policy = replace(monitoring.probe, timeout=timedelta(minutes=1))
    settings = ProbeSettings.of(policy, authorities="/ca.pem", is_development=False)

    assert settings.timeout == LONGEST == timedelta(seconds=10)
    assert settings.user_agent == monitoring.probe.user_agent
    assert settings.authorities == "/ca.pem"
