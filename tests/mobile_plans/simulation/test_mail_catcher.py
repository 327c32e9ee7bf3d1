import smtplib
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
import requests

from include.mobile_plans.errors import MobilePlansError
from include.mobile_plans.simulation.clock import VirtualClock
from include.mobile_plans.simulation.loopback import ADDRESS, Ports, is_free
from include.mobile_plans.simulation.mail_catcher import MailCatcher


@pytest.fixture
def ports() -> Ports:
    return Ports.free()


@pytest.fixture
def catcher(tmp_path: Path, ports: Ports, now: datetime) -> Iterator[MailCatcher]:
    with MailCatcher(
        tmp_path / "mails", smtp_port=ports.smtp, page_port=ports.mail, clock=VirtualClock(now)
    ) as running:
        yield running


def test_a_mail_sent_by_smtp_is_on_disk_when_the_server_says_so(
    catcher: MailCatcher, ports: Ports, now: datetime
) -> None:
    """The answer 250 comes after the file, and names it; blind copies are kept."""
    mail = EmailMessage()
    mail["From"] = "notices@mobileplans.example"
    mail["To"] = "noc@contoso.example"
    mail["Subject"] = "Größe: ICCID range"
    mail.set_content("Please configure.\n.\n..two dots\n")
    with smtplib.SMTP(ADDRESS, ports.smtp) as client:
        client.ehlo()
        client.mail("bounces@mobileplans.example")
        client.rcpt("noc@contoso.example")
        client.rcpt("blind@contoso.example")
        code, answer = client.data(mail.as_bytes(policy=SMTP))
    (caught,) = catcher.folder.all()
    assert (code, answer.decode()) == (250, f"OK kept as {caught.name}.eml")
    assert caught.received_at == now
    assert caught.subject == "Größe: ICCID range"
    assert caught.text == "Please configure.\n.\n..two dots\n"
    assert caught.envelope_to == ("noc@contoso.example", "blind@contoso.example")


def test_caught_mails_are_seen_on_the_page(catcher: MailCatcher, ports: Ports) -> None:
    """What arrived by SMTP a moment ago is in the browser."""
    with smtplib.SMTP(ADDRESS, ports.smtp) as client:
        client.sendmail("a@x.example", ["b@y.example"], b"Subject: Seen\r\n\r\nhello")
    page = requests.get(f"http://localhost:{ports.mail}/", timeout=5)
    assert page.status_code == 200
    assert "Seen" in page.text
    assert catcher.folder.names()[0] in page.text


def test_mail_that_cannot_be_kept_is_not_acknowledged(catcher: MailCatcher, ports: Ports) -> None:
    """A folder that cannot be written makes the server refuse, so that the sender tries again."""
    catcher.folder.path.write_text("a file where the folder should be")
    with smtplib.SMTP(ADDRESS, ports.smtp) as client, pytest.raises(smtplib.SMTPDataError):
        client.sendmail("a@x.example", ["b@y.example"], b"Subject: Lost\r\n\r\nhello")


def test_stopping_frees_both_ports(tmp_path: Path, ports: Ports) -> None:
    with MailCatcher(tmp_path, smtp_port=ports.smtp, page_port=ports.mail):
        assert not is_free(ports.smtp)
        assert not is_free(ports.mail)
    assert is_free(ports.smtp)
    assert is_free(ports.mail)


@pytest.mark.parametrize("use", ["smtp", "mail"])
def test_a_port_that_is_taken_is_said_and_leaves_nothing_running(
    use: str, tmp_path: Path, catcher: MailCatcher, ports: Ports
) -> None:
    del catcher
    own = Ports(**(asdict(Ports.free()) | {use: getattr(ports, use)}))
    second = MailCatcher(tmp_path, smtp_port=own.smtp, page_port=own.mail)
    with pytest.raises(MobilePlansError, match=f"port {getattr(ports, use)}"):
        second.start()
    assert is_free(own.smtp if use == "mail" else own.mail)
