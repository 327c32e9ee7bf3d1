"""Duty persons are paged over a real webhook."""

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from include.mobile_plans.notices import AnswerLost, Refused, TryAgainLater, list_notices
from include.mobile_plans.obligations import raise_alert
from include.mobile_plans.orchestration.mail import send_due_notices
from include.mobile_plans.orchestration.pager import PagerTransport
from include.mobile_plans.policy import program_policy
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import Store
from include.mobile_plans.store.schema import upgrade
from tests.smtp_server import SmtpServer

MAIL = b"Subject: Needs somebody now\r\nMessage-ID: <1@x>\r\n\r\nCall Keller\r\n"
PATIENCE = timedelta(seconds=1)


class Webhook(HTTPServer):
    """A webhook that keeps what it is sent and answers as it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 202
        self.pages: list[dict[str, str]] = []
        self.may_answer = threading.Event()
        self.may_answer.set()


class Handler(BaseHTTPRequestHandler):
    """One request to the webhook."""

    server: Webhook

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.pages.append(json.loads(self.rfile.read(length)))
        self.server.may_answer.wait(10)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    """A webhook that the connection names."""
    server = Webhook()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    connection = {"conn_type": "http", "host": "127.0.0.1", "port": server.server_port}
    monkeypatch.setenv("AIRFLOW_CONN_HTTP_MOBILE_PLANS_PAGER", json.dumps(connection))
    yield server
    server.may_answer.set()
    server.shutdown()
    server.server_close()


def page() -> str:
    return PagerTransport().send(
        MAIL, sender="a@b.example", recipient="pager:+14255550110", patience=PATIENCE
    )


def test_a_page_says_what_the_mail_says(webhook: Webhook) -> None:
    """Number, subject, text and Message-ID are posted as JSON."""
    assert page().startswith("202")

    assert webhook.pages == [
        {
            "to": "+14255550110",
            "subject": "Needs somebody now",
            "text": "Call Keller\n",
            "message_id": "<1@x>",
        }
    ]


@pytest.mark.parametrize(
    ("status", "raised"),
    [(404, Refused), (401, Refused), (429, TryAgainLater), (503, TryAgainLater)],
)
def test_each_answer_has_its_meaning(
    webhook: Webhook, status: int, raised: type[Exception]
) -> None:
    """What will never be taken is refused, what may be later is tried again."""
    webhook.status = status
    with pytest.raises(raised, match=str(status)):
        page()


def test_a_pager_that_does_not_answer(webhook: Webhook) -> None:
    """It may have paged, so the outcome is in doubt; one that is not there has not."""
    webhook.may_answer.clear()
    with pytest.raises(AnswerLost):
        page()


def test_a_pager_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A webhook that cannot be reached, or that nobody named, is tried again."""
    connection = {"conn_type": "http", "host": "127.0.0.1", "port": 1}
    monkeypatch.setenv("AIRFLOW_CONN_HTTP_MOBILE_PLANS_PAGER", json.dumps(connection))
    with pytest.raises(TryAgainLater, match="cannot be reached"):
        page()


def test_the_duty_person_is_mailed_and_paged(
    webhook: Webhook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    """Paging is switched on in policy; a pager in trouble holds up no mail."""
    text = (SHIPPED_POLICY / "contacts.yaml").read_text()
    for file in SHIPPED_POLICY.rglob("*.yaml"):
        copy = tmp_path / "policy" / file.relative_to(SHIPPED_POLICY)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(file.read_text())
    switched = text.replace("duty_paging: false", "duty_paging: true")
    (tmp_path / "policy" / "contacts.yaml").write_text(switched)
    url = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", url)
    monkeypatch.setenv("MOBILE_PLANS_POLICY_DIR", str(tmp_path / "policy"))
    monkeypatch.setenv("MOBILE_PLANS_ALLOW_LOOPBACK_PORTALS", "1")
    upgrade(Store(url))
    with Store(url).transaction() as connection:
        raise_alert(
            connection,
            "task",
            role="operations_centre",
            headline="Call Keller",
            link="http://localhost/",
            policy=program_policy(),
            now=SystemClock().now(),
        )
    with SmtpServer() as mail_server:
        smtp = {
            "conn_type": "smtp",
            "host": "127.0.0.1",
            "port": mail_server.port,
            "extra": {"disable_ssl": True, "disable_tls": True, "timeout": 5},
        }
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_MOBILE_PLANS", json.dumps(smtp))
        webhook.status = 503

        send_due_notices()

        assert len(mail_server.arrivals) == 1
    with Store(url).snapshot() as connection:
        (notice,) = list_notices(connection)
    states = {delivery.recipient: delivery.state for delivery in notice.deliveries}
    assert states == {
        "olivia.stone@mobileplans.example": "sent",
        "pager:+14255550110": "queued",
    }
    assert webhook.pages[0]["to"] == "+14255550110"
