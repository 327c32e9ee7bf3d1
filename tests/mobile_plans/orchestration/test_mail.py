"""SmtpTransport, through the smtp provider's hook, against a real server that misbehaves."""

import json
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.mobile_plans.notices import (
    AnswerLost,
    Attachment,
    DeliveryRow,
    DrainReport,
    NobodyThere,
    Notice,
    Refused,
    RetrySchedule,
    TryAgainLater,
    drain,
    list_notices,
    queue_notice,
)
from include.mobile_plans.orchestration.mail import SmtpTransport, send_due_notices
from include.mobile_plans.policy import Waits
from include.mobile_plans.simulation.certificates import LocalCertificate, local_certificate
from include.mobile_plans.simulation.clock import SystemClock, VirtualClock
from include.mobile_plans.store import Store
from include.mobile_plans.store.schema import upgrade
from tests.mobile_plans.notices.conftest import (
    ICCID_CONTEXT,
    SCHEDULE,
    SENDER,
    THERESA,
    TOBIAS,
)
from tests.smtp_server import ALWAYS, DROP, KEEP_AND_DROP, SmtpServer, free_port

PATIENCE = timedelta(seconds=20)
MAIL = b"Subject: hello\r\n\r\nHello\r\n"


def connect_to(port: int, monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    """Point Airflow's connection at a port of this machine."""
    connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": port}
    extra = {"disable_ssl": True, "disable_tls": True, "timeout": 1, "retry_limit": 0}
    for name in list(changes):
        if name in ("login", "password", "host"):
            connection[name] = changes.pop(name)  # type: ignore[assignment]
    given_extra = json.dumps(extra | changes)
    monkeypatch.setenv(
        "AIRFLOW_CONN_SMTP_MOBILE_PLANS", json.dumps(connection | {"extra": given_extra})
    )


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmtpServer]:
    """A mail server that accepts, and Airflow's connection to it."""
    with SmtpServer() as running:
        connect_to(running.port, monkeypatch)
        yield running


@dataclass
class Outbox:
    """A store with notices, and a clock that a test moves."""

    store: Store
    clock: VirtualClock

    def queue(self, **changes: object) -> None:
        now = self.clock.now()
        notice = Notice(
            key="launch-tailspin-2026-12-14-1:iccid",
            kind="launch_iccid_configuration_requested",
            party="mobile_operator",
            slug="tailspin",
            recipients=(THERESA,),
            context={**ICCID_CONTEXT, "due_at": now, "target_at": now},
            thread="launch-tailspin-2026-12-14-1",
        )
        with self.store.transaction() as connection:
            queue_notice(connection, replace(notice, **changes), sender=SENDER, now=now)

    def drain(self, schedule: RetrySchedule = SCHEDULE) -> DrainReport:
        return drain(self.store, SmtpTransport(), self.clock, schedule=schedule)

    @property
    def deliveries(self) -> list[DeliveryRow]:
        with self.store.snapshot() as connection:
            return [d for notice in list_notices(connection) for d in notice.deliveries]

    @property
    def only(self) -> DeliveryRow:
        (delivery,) = self.deliveries
        return delivery

    def waits_s(self, delivery: DeliveryRow) -> float:
        return (delivery.due_at - self.clock.now()).total_seconds()


@pytest.fixture
def outbox(tmp_path: Path, now: datetime) -> Outbox:
    store = Store(f"sqlite:///{tmp_path}/store.db")
    upgrade(store)
    return Outbox(store, VirtualClock(now))


@pytest.fixture
def transport() -> Iterator[SmtpTransport]:
    sending = SmtpTransport()
    yield sending
    sending.close()


def send(transport: SmtpTransport, message: bytes = MAIL, recipient: str = THERESA.email) -> str:
    return transport.send(message, sender=SENDER, recipient=recipient, patience=PATIENCE)


def test_a_mail_arrives_as_it_was_queued(server: SmtpServer, outbox: Outbox) -> None:
    """The envelope is ours, the answer is kept, and the server is told goodbye."""
    outbox.queue()

    outbox.drain()

    (arrival,) = server.arrivals
    assert (arrival.sender, arrival.recipients) == (SENDER, (THERESA.email,))
    assert arrival.mail["To"] == "Theresa Vogel <theresa@tailspin.example>"
    assert (outbox.only.state, outbox.only.answer) == ("sent", "250 2.0.0 kept")
    assert server.commands[-1].upper() == "QUIT"


TROUBLES = {
    "greylisted at MAIL": ("mail", "451 4.7.1 greylisted", "postponed", 30),
    "greylisted at RCPT": ("rcpt", "450 4.7.1 greylisted", "postponed", 30),
    "greylisted at DATA": ("data", "451 4.7.1 greylisted", "postponed", 30),
    "greylisted at the end": ("end", "451 4.7.1 greylisted", "postponed", 30),
    "no space": ("mail", "452 4.3.1 no space", "postponed", 30),
    "our sender is not wanted": ("mail", "550 5.7.1 who are you", "postponed", 30),
    "too large": ("mail", "552 5.3.4 too large", "refused", None),
    "no such user": ("rcpt", "550 5.1.1 no such user", "refused", None),
    "no valid recipients": ("data", "554 5.5.1 nobody left", "refused", None),
    "looks like spam": ("end", "554 5.7.1 spam", "refused", None),
    "closing at MAIL": ("mail", "421 4.3.2 closing", "postponed", 30),
    "closing at RCPT": ("rcpt", "421 4.3.2 closing", "postponed", 30),
    "closing at DATA": ("data", "421 4.3.2 closing", "postponed", 30),
    "closing at the end": ("end", "421 4.3.2 closing", "postponed", 30),
    "drops at MAIL": ("mail", DROP, "postponed", 30),
    "drops at RCPT": ("rcpt", DROP, "postponed", 30),
    "drops at DATA": ("data", DROP, "postponed", 30),
    "drops at the end": ("end", DROP, "answer_lost", 300),
    "keeps it and drops": ("end", KEEP_AND_DROP, "answer_lost", 300),
    "nonsense before the end": ("rcpt", "hello?", "postponed", 30),
    "nonsense at the end": ("end", "hello?", "answer_lost", 300),
    "no welcome": ("greeting", "554 5.3.2 no service here", "nobody_there", 30),
    "too busy": ("greeting", "421 4.3.2 too busy", "nobody_there", 30),
    "drops at the greeting": ("greeting", DROP, "nobody_there", 30),
    "drops at EHLO": ("ehlo", DROP, "nobody_there", 30),
}


@pytest.mark.parametrize(
    ("phase", "answer", "outcome", "wait_s"), TROUBLES.values(), ids=TROUBLES.keys()
)
def test_each_trouble_has_its_state_and_retry(
    server: SmtpServer, outbox: Outbox, phase: str, answer: str, outcome: str, wait_s: float | None
) -> None:
    """A server that is slow, full, shy or broken costs a wait; only a clear no is final."""
    outbox.queue()
    server.at(phase, answer)  # type: ignore[arg-type]

    assert outbox.drain().outcomes == {outcome: 1}

    found = outbox.only
    assert found.state == ("refused" if wait_s is None else "queued")
    assert found.answer
    if answer[0] in "2345" and answer[3:4] == " ":
        assert answer in found.answer
    kept = 1 if answer == KEEP_AND_DROP else 0
    assert len(server.arrivals) == kept
    if wait_s is None:
        return
    assert outbox.waits_s(found) == wait_s
    outbox.clock.advance_to(found.due_at)
    assert outbox.drain().outcomes == {"sent": 1}
    assert len({arrival.mail["Message-ID"] for arrival in server.arrivals}) == 1
    assert len(server.arrivals) == 1 + kept


def test_greylisting_of_each_phase_in_turn_ends(server: SmtpServer, outbox: Outbox) -> None:
    """Four times later, once sent: the waits double, and the attempts are told."""
    outbox.queue()
    for phase in ("mail", "rcpt", "data", "end"):
        server.at(phase, "451 4.7.1 greylisted")  # type: ignore[arg-type]
    waits = []
    for _ in range(4):
        outbox.drain()
        waits.append(outbox.waits_s(outbox.only))
        outbox.clock.advance_to(outbox.only.due_at)

    outbox.drain()

    assert waits == [30, 60, 120, 240]
    assert (outbox.only.state, outbox.only.attempts) == ("sent", 5)
    assert len(server.arrivals) == 1


def test_a_refused_recipient_stops_no_other(server: SmtpServer, outbox: Outbox) -> None:
    """Over one connection: one is refused and replaced, the others get theirs."""
    desk = replace(THERESA, email="desk@tailspin.example", role="operations")
    outbox.queue(recipients=(THERESA, desk), fallbacks=(TOBIAS,))
    server.at("rcpt", "550 5.1.1 no such user", recipient=THERESA.email)

    outbox.drain()

    assert {d.recipient: d.state for d in outbox.deliveries} == {
        THERESA.email: "refused",
        desk.email: "sent",
        TOBIAS.email: "sent",
    }
    assert server.connections == 1
    assert server.commands.count("rset") == 1


def test_a_slow_server_is_waited_for(server: SmtpServer, outbox: Outbox) -> None:
    """The answer to a whole mail may take longer than the connection's own timeout."""
    outbox.queue()
    server.at("end", "250 2.0.0 kept at last", delay_s=1.3)

    outbox.drain()

    assert (outbox.only.state, outbox.only.answer) == ("sent", "250 2.0.0 kept at last")


@pytest.mark.parametrize(
    ("phase", "outcome", "arrivals"), [("rcpt", "postponed", 0), ("end", "answer_lost", 1)]
)
def test_patience_ends(
    server: SmtpServer, outbox: Outbox, phase: str, outcome: str, arrivals: int
) -> None:
    """A server that is silent for too long is left, before its silence looks like our crash."""
    outbox.queue()
    server.at(phase, "250 too late", delay_s=1.3)  # type: ignore[arg-type]
    hasty = replace(
        SCHEDULE, in_doubt=Waits(first=timedelta(seconds=1), longest=timedelta(hours=1))
    )

    assert outbox.drain(hasty).outcomes == {outcome: 1}

    assert outbox.only.state == "queued"
    assert "timed out" in str(outbox.only.answer)
    assert len(server.arrivals) == arrivals


def test_commands_share_the_patience(server: SmtpServer, transport: SmtpTransport) -> None:
    """When the commands have used it up, the mail itself is not handed over any more."""
    server.answer_after_s = 0.2
    with pytest.raises(TryAgainLater, match="before the whole mail was sent"):
        transport.send(
            b"Subject: long\r\n\r\n" + b"x" * 70 * 1000 * 1000,
            sender=SENDER,
            recipient=THERESA.email,
            patience=timedelta(seconds=0.5),
        )
    assert server.arrivals == []


def test_nobody_listens(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a server each drain asks once for all, and everything waits."""
    connect_to(free_port(), monkeypatch)
    for number in range(3):
        outbox.queue(key=f"notice-{number}", thread=f"thread-{number}")

    assert outbox.drain().outcomes == {"nobody_there": 1}

    assert {d.state for d in outbox.deliveries} == {"queued"}
    assert {outbox.waits_s(d) for d in outbox.deliveries} == {30}
    assert all("cannot be reached" in str(d.answer) for d in outbox.deliveries)


def test_a_server_down_for_a_day_loses_nothing(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few events are written while it is away; all mails arrive once when it is back."""
    port = free_port()
    connect_to(port, monkeypatch)
    for number in range(20):
        outbox.queue(key=f"notice-{number}", thread=f"thread-{number}")
    attempts = 0
    end = outbox.clock.now() + timedelta(days=1)
    while outbox.clock.now() < end:
        attempts += outbox.drain().outcomes["nobody_there"]
        outbox.clock.advance(timedelta(minutes=15))
    assert attempts == 24 * 4

    with SmtpServer(port=port) as server:
        assert outbox.drain().outcomes == {"sent": 20}
    assert len({arrival.mail["Message-ID"] for arrival in server.arrivals}) == 20
    assert len(server.arrivals) == 20


def test_one_connection_carries_many_mails(server: SmtpServer, outbox: Outbox) -> None:
    """Nobody connects anew for each mail."""
    for number in range(50):
        outbox.queue(key=f"notice-{number}", thread=f"thread-{number}")

    assert outbox.drain().outcomes == {"sent": 50}

    assert server.connections == 1
    assert len(server.arrivals) == 50


@pytest.mark.parametrize("phase", ["mail", "rcpt", "data"])
@pytest.mark.parametrize("answer", ["421 4.7.0 too many mails", DROP])
def test_a_connection_that_had_enough_is_replaced_at_once(
    server: SmtpServer, transport: SmtpTransport, phase: str, answer: str
) -> None:
    """Servers bound the mails of one connection; the next mail does not wait for that."""
    send(transport)
    server.at(phase, answer)  # type: ignore[arg-type]

    send(transport)

    assert (len(server.arrivals), server.connections) == (2, 2)


def test_a_lost_answer_is_never_asked_for_again_at_once(
    server: SmtpServer, transport: SmtpTransport
) -> None:
    """The connection had carried mails before; what may have arrived is not repeated."""
    send(transport)
    server.at("end", KEEP_AND_DROP, times=ALWAYS)

    with pytest.raises(AnswerLost, match="before the mail server answered"):
        send(transport)

    assert len(server.arrivals) == 2


def test_a_refusal_whose_reset_breaks_is_still_a_refusal(
    server: SmtpServer, transport: SmtpTransport
) -> None:
    """The answer counts; the next mail opens a new connection."""
    server.at("rcpt", "550 5.1.1 no such user").at("rset", DROP)
    with pytest.raises(Refused, match=r"550 5\.1\.1 no such user"):
        send(transport)

    send(transport)

    assert (len(server.arrivals), server.connections) == (1, 2)


@pytest.mark.parametrize("extensions", [("SIZE 1000000", "8BITMIME", "SMTPUTF8"), ("SIZE",), ()])
def test_any_server_takes_any_language(
    monkeypatch: pytest.MonkeyPatch, outbox: Outbox, extensions: tuple[str, ...]
) -> None:
    """Mails are ASCII on the line whatever they say; sizes are announced where that is asked."""
    name = 'Jörg Ångström-桜 (Betrieb), "der" <Chef>'
    csv = "Größe;€\r\n".encode()
    with SmtpServer(extensions=extensions) as server:
        connect_to(server.port, monkeypatch)
        outbox.queue(
            recipients=(replace(THERESA, name=name),),
            context={
                **ICCID_CONTEXT,
                "mobile_operator_name": "Tailspin Größenwahn 桜",
                "requested_by": "Zoë\n.\n..\n" + "ü" * 3000,
                "due_at": outbox.clock.now(),
                "target_at": outbox.clock.now(),
            },
            attachments=(Attachment(filename="Größe.csv", content_type="text/csv", content=csv),),
        )
        assert outbox.drain().outcomes == {"sent": 1}

    (arrival,) = server.arrivals
    assert arrival.content.isascii()
    (to,) = arrival.mail["To"].addresses
    assert (to.display_name, to.addr_spec) == (name, THERESA.email)
    assert "Tailspin Größenwahn 桜" in arrival.mail["Subject"]
    (attached,) = arrival.mail.iter_attachments()
    assert (attached.get_filename(), attached.get_payload(decode=True)) == ("Größe.csv", csv)
    plain = arrival.mail.get_body(("plain",))
    assert plain is not None
    assert {"Requested by Zoë", ".", ".."} < {*plain.get_content().splitlines()}
    assert "ü" * 3000 in plain.get_content()
    mail_line = next(line for line in server.commands if line.lower().startswith("mail"))
    assert (f"SIZE={len(arrival.content)}" in mail_line) is any("SIZE" in e for e in extensions)


def test_a_server_of_the_oldest_kind_takes_mails(
    server: SmtpServer, transport: SmtpTransport
) -> None:
    """One that knows no EHLO is greeted with HELO and told no size."""
    server.at("ehlo", "502 5.5.1 what?")

    send(transport)

    assert len(server.arrivals) == 1
    assert not any("SIZE=" in line for line in server.commands)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.one_of(
            st.sampled_from([b"", b".", b"..", b".\r", b"\r.\r", b"RCPT TO:<eve@x.example>"]),
            st.binary(max_size=40).map(lambda b: bytes(c & 0x7F for c in b)),
        ),
        max_size=12,
    )
)
def test_whatever_lines_a_mail_has_they_stay_its_lines(
    server: SmtpServer, lines: list[bytes]
) -> None:
    """No line ends the mail early or turns into a command: dots, bare CR and LF included."""
    mail = b"Subject: lines\r\n\r\n" + b"\n".join(lines)
    transport = SmtpTransport()
    before = len(server.arrivals)

    send(transport, mail)
    transport.close()

    assert len(server.arrivals) == before + 1
    expected = mail.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n").split(b"\n")
    assert server.arrivals[-1].content.split(b"\r\n")[:-1] == expected
    assert server.arrivals[-1].recipients == (THERESA.email,)


def test_an_answer_is_one_harmless_line(server: SmtpServer, transport: SmtpTransport) -> None:
    """Several lines, control characters and a flood of words become what a terminal can show."""
    server.at("end", "250-first\r\n250-\x1b[2Jsecond\x07\r\n250 " + "long " * 150)

    answer = send(transport)

    assert answer.startswith("250 first \N{REPLACEMENT CHARACTER}[2Jsecond")
    assert answer.isprintable()
    assert len(answer) == 500


def test_a_server_with_encryption_and_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """STARTTLS with a certificate that is trusted, then a password, then mails."""
    certificate = local_certificate(tmp_path, SystemClock().now())
    with SmtpServer(certificate=context_of(certificate), password="secret") as server:
        connect_to(
            server.port,
            monkeypatch,
            host="localhost",
            login="ops",
            password="secret",
            disable_tls=False,
        )
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.authority))
        transport = SmtpTransport()
        assert send(transport) == "250 2.0.0 kept"
        transport.close()
    assert len(server.arrivals) == 1


@pytest.mark.parametrize(
    ("trusted", "password", "words"),
    [(False, "secret", "CERTIFICATE_VERIFY_FAILED"), (True, "wrong", "535 5.7.8 wrong password")],
)
def test_who_is_not_let_in_says_why_without_the_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, trusted: bool, password: str, words: str
) -> None:
    """An unknown certificate or a wrong password keeps every mail waiting."""
    certificate = local_certificate(tmp_path, SystemClock().now())
    with SmtpServer(certificate=context_of(certificate), password="secret") as server:
        connect_to(
            server.port,
            monkeypatch,
            host="localhost",
            login="ops",
            password=password,
            disable_tls=False,
        )
        if trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate.authority))
        with pytest.raises(NobodyThere) as refused:
            send(SmtpTransport())
    assert words in str(refused.value)
    assert password not in str(refused.value).replace("wrong password", "")


def context_of(certificate: LocalCertificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context


@pytest.mark.parametrize(
    "break_it",
    [
        lambda patch: patch.delenv("AIRFLOW_CONN_SMTP_MOBILE_PLANS"),
        lambda patch: connect_to(1, patch, disable_tls=False, disable_ssl=False, ssl_context="?"),
        lambda patch: connect_to(1, patch, timeout=0),
    ],
    ids=["no connection", "a setting nobody knows", "no time"],
)
def test_a_connection_that_is_set_up_wrong_keeps_mails_waiting(
    server: SmtpServer,
    monkeypatch: pytest.MonkeyPatch,
    break_it: Callable[[pytest.MonkeyPatch], None],
) -> None:
    """Nothing is lost by a mistake in Airflow's connection, and the reason is told."""
    break_it(monkeypatch)
    with pytest.raises(NobodyThere, match=r"the mail server cannot be reached: ."):
        send(SmtpTransport())


def test_a_mail_of_ten_megabytes_arrives(server: SmtpServer, transport: SmtpTransport) -> None:
    """The largest mail policy allows is handed over whole."""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = "large"
    message.set_content("see attachment")
    message.add_attachment(b"x" * 7_000_000, maintype="application", subtype="pdf", filename="a")

    send(transport, message.as_bytes())

    assert server.arrivals[0].content == message.as_bytes()


def test_due_notices_are_sent_with_the_waits_of_policy(
    server: SmtpServer, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the DAGs call sends so many, from the store and policy of the environment."""
    monkeypatch.setenv(
        "MOBILE_PLANS_DATABASE_URL", outbox.store.url.render_as_string(hide_password=False)
    )
    queued = Outbox(outbox.store, VirtualClock(SystemClock().now()))
    for number in range(3):
        queued.queue(key=f"notice-{number}", thread=f"thread-{number}")
    assert send_due_notices(at_most=2).outcomes == {"sent": 2}
    assert len(server.arrivals) == 2
