import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from include.mobile_plans.errors import BadInput, MobilePlansError
from include.mobile_plans.simulation.loopback import Ports
from include.mobile_plans.simulation.portal import HEALTHY_WORDS, Answer, Portal


@pytest.fixture
def port() -> int:
    return Ports.free().portal


@pytest.fixture
def portal(tmp_path: Path, port: int) -> Iterator[Portal]:
    with Portal(tmp_path / "portal", port=port) as running:
        yield running


def look(portal: Portal, port: int, path: str, host: str = "localhost") -> requests.Response:
    return requests.get(f"https://{host}:{port}{path}", verify=str(portal.authority), timeout=5)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_every_mobile_operator_has_a_portal_over_verified_tls(
    portal: Portal, port: int, host: str
) -> None:
    """A client that trusts the authority, and only it, sees brand and words with status 200."""
    answer = look(portal, port, "/tailspin-staging/", host)
    assert answer.status_code == 200
    assert "Tailspin Staging" in answer.text
    assert HEALTHY_WORDS in answer.text


def test_a_client_that_does_not_trust_the_authority_is_refused(portal: Portal, port: int) -> None:
    """The certificate is signed by no authority the system knows."""
    del portal
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"https://localhost:{port}/contoso/", timeout=5)


def test_a_strict_client_accepts_the_certificate(portal: Portal) -> None:
    """The chain holds under the strictest checks of the standard library."""
    context = ssl.create_default_context(cafile=portal.authority)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    assert context.get_ca_certs()


def test_one_portal_fails_without_the_others_and_recovers(portal: Portal, port: int) -> None:
    """A fault set by file is seen at the next request of that mobile operator only (M2)."""
    portal.control.set("contoso", Answer(status=503, body="Service Unavailable"))
    down = look(portal, port, "/contoso/")
    assert (down.status_code, down.text) == (503, "Service Unavailable")
    assert look(portal, port, "/fabrikam/").status_code == 200
    portal.control.restore("contoso")
    portal.control.restore("contoso")
    assert look(portal, port, "/contoso/").status_code == 200


def test_a_portal_can_be_slow(portal: Portal, port: int) -> None:
    portal.control.set("contoso", Answer(delay_s=0.3))
    assert look(portal, port, "/contoso/").elapsed.total_seconds() >= 0.3


def test_a_fault_survives_a_restart(tmp_path: Path, port: int) -> None:
    with Portal(tmp_path, port=port) as first:
        first.control.set("contoso", Answer(status=500))
    with Portal(tmp_path, port=port) as second:
        assert look(second, port, "/contoso/").status_code == 500


@pytest.mark.parametrize("text", ["not json", "[1]", '{"state": 503}'])
def test_a_fault_that_is_not_understood_is_refused(
    text: str, portal: Portal, port: int, tmp_path: Path
) -> None:
    (tmp_path / "portal" / "control" / "contoso.json").write_text(text)
    with pytest.raises(BadInput, match=r"contoso\.json"):
        portal.control.answer("contoso")
    assert look(portal, port, "/contoso/").status_code == 404


@pytest.mark.parametrize("slug", ["", "../x", "Contoso", "a b", "-a"])
def test_what_is_no_slug_is_refused(slug: str, portal: Portal) -> None:
    for attempt in (
        lambda: portal.control.set(slug, Answer()),
        lambda: portal.control.restore(slug),
        lambda: portal.control.answer(slug),
    ):
        with pytest.raises(BadInput, match="no slug"):
            attempt()


def test_a_port_that_is_taken_is_said(portal: Portal, tmp_path: Path, port: int) -> None:
    del portal
    with pytest.raises(MobilePlansError, match=f"port {port}"):
        Portal(tmp_path / "other", port=port).start()
