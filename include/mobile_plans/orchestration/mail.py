"""Handing mails over through the smtp provider's hook and the connection ``smtp_mobile_plans``."""

import contextlib
import smtplib
import time
from collections.abc import Callable
from datetime import timedelta
from typing import cast

from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.sdk.exceptions import AirflowException

from include.mobile_plans.notices import (
    AnswerLost,
    DrainReport,
    NobodyThere,
    Refused,
    RetrySchedule,
    TryAgainLater,
    drain,
)
from include.mobile_plans.orchestration.pager import ByRecipient, PagerTransport
from include.mobile_plans.policy import program_policy
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment

CONNECTION_ID = "smtp_mobile_plans"
_GO_AHEAD = 354
_CLOSING = 421
_TOO_LARGE = 552
_MOST_OF_AN_ANSWER = 500
_GOODBYE_S = 2.0
_BROKEN = (OSError, smtplib.SMTPException)

Reply = tuple[int, bytes]


class _LineBroke(TryAgainLater):
    """The server closed the connection before the mail was handed over whole."""


class SmtpTransport:
    """
    Sends mails one by one over one connection, opened when first needed and after every trouble.

    It walks through the SMTP dialogue itself, because only then is it known how far it came when
    the line broke, and what the server answered. While the final dot is not on its way no server
    delivers a mail; from then on only its answer tells.

    Args:
        connection_id: The Airflow connection.
    """

    def __init__(self, connection_id: str = CONNECTION_ID) -> None:
        self._connection_id = connection_id
        self._client: smtplib.SMTP | None = None

    def send(self, message: bytes, *, sender: str, recipient: str, patience: timedelta) -> str:
        """
        Hand over one mail and return the server's answer.

        Raises:
            NobodyThere: No connection, or the server does not let us in.
            TryAgainLater: A 4xx answer, a line that broke too early, or no more patience; also
                where the server wants no mail from our sender, which is not the recipient's fault.
            Refused: A 5xx answer about the recipient or the mail.
            AnswerLost: The line broke after the whole mail was sent.
        """
        ends_at = time.monotonic() + patience.total_seconds()
        had_line = self._client is not None
        try:
            client = self._announce(len(message), sender, recipient)
        except _LineBroke:
            if not had_line:
                raise
            # Servers bound the mails of one connection: the first words of a new one decide.
            client = self._announce(len(message), sender, recipient)
        return self._deliver(client, message, ends_at)

    def close(self) -> None:
        """Say goodbye and close the connection, if there is one."""
        if self._client is not None:
            with contextlib.suppress(*_BROKEN):
                _limit(self._client, _GOODBYE_S)
                self._client.quit()
        self._drop()

    def _announce(self, size: int, sender: str, recipient: str) -> smtplib.SMTP:
        """Come as far as the server's go-ahead for the mail itself."""
        client = self._connected()
        options = [f"SIZE={size}"] if client.has_extn("size") else []
        code, answer = self._ask(lambda: client.mail(sender, options))
        if not _is_yes(code):
            self._give_up(code, answer, is_final=code == _TOO_LARGE)
        code, answer = self._ask(lambda: client.rcpt(recipient))
        if not _is_yes(code):
            self._give_up(code, answer, is_final=_is_no(code))
        code, answer = self._ask(lambda: client.docmd("DATA"))
        if code != _GO_AHEAD:
            self._give_up(code, answer, is_final=_is_no(code))
        return client

    def _deliver(self, client: smtplib.SMTP, message: bytes, ends_at: float) -> str:
        usual = client.timeout
        try:
            _limit(client, ends_at - time.monotonic())
            client.send(_as_data(message))
        except _BROKEN as error:
            self._drop()
            msg = f"the line broke before the whole mail was sent: {_told(error)}"
            raise TryAgainLater(msg) from error
        try:
            _limit(client, ends_at - time.monotonic())
            code, answer = client.getreply()
            _limit(client, usual)
        except _BROKEN as error:
            self._drop()
            msg = f"the line broke before the mail server answered: {_told(error)}"
            raise AnswerLost(msg) from error
        if _is_yes(code):
            return _one_line(code, answer)
        if code // 100 not in (4, 5):
            self._drop()
            msg = f"the mail server's answer makes no sense: {_one_line(code, answer)}"
            raise AnswerLost(msg)
        return self._give_up(code, answer, is_final=_is_no(code))

    def _connected(self) -> smtplib.SMTP:
        if self._client is None:
            hook = SmtpHook(smtp_conn_id=self._connection_id)
            try:
                hook.get_conn()
                client = _client_of(hook)
                client.ehlo_or_helo_if_needed()
            except (*_BROKEN, AirflowException, RuntimeError, ValueError) as error:
                if hook._smtp_client is not None:  # noqa: SLF001 - half a connection is left open
                    _client_of(hook).close()
                msg = f"the mail server cannot be reached: {_told(error)}"
                raise NobodyThere(msg) from error
            self._client = client
        return self._client

    def _ask(self, command: Callable[[], Reply]) -> Reply:
        try:
            return command()
        except _BROKEN as error:
            self._drop()
            msg = f"the mail server broke off: {_told(error)}"
            raise _LineBroke(msg) from error

    def _give_up(self, code: int, answer: bytes, *, is_final: bool) -> str:
        """Leave the server ready for the next mail, and raise what it answered."""
        text = _one_line(code, answer)
        if code == _CLOSING:
            self._drop()
            raise _LineBroke(text)
        if self._client is not None:
            try:
                self._client.rset()
            except _BROKEN:
                # The answer is known already; the next mail finds no connection and opens one.
                self._drop()
        raise Refused(text) if is_final else TryAgainLater(text)

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def send_due_notices(*, at_most: int = 1000) -> DrainReport:
    """Send what the outbox holds, oldest first; what cannot be sent now stays there."""
    schedule = RetrySchedule.of(program_policy().notices)
    store = store_from_environment()
    transport = ByRecipient(SmtpTransport(), PagerTransport())
    return drain(store, transport, SystemClock(), schedule=schedule, at_most=at_most)


def _client_of(hook: SmtpHook) -> smtplib.SMTP:
    """Return the client behind the hook, which itself offers only its own way to compose mails."""
    return cast("smtplib.SMTP", hook._smtp_client)  # noqa: SLF001 - there is no public way


def _is_yes(code: int) -> bool:
    return code // 100 == 2  # noqa: PLR2004 - SMTP's first digit


def _is_no(code: int) -> bool:
    return code // 100 == 5  # noqa: PLR2004 - SMTP's first digit


def _limit(client: smtplib.SMTP, seconds: float) -> None:
    """Bound the next waits for the server; with no time left they fail at once."""
    if client.sock is not None:
        client.sock.settimeout(max(seconds, 0.001))


def _one_line(code: int, answer: bytes) -> str:
    """Show a server's answer as one harmless line: a server may say anything."""
    words = answer.decode(errors="replace").split()
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(words))
    return f"{code} {shown}"[:_MOST_OF_AN_ANSWER]


def _told(error: Exception) -> str:
    """Show why the line broke, or what the server said when it let nobody in."""
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return _one_line(error.smtp_code, said if isinstance(said, bytes) else str(said).encode())
    return " ".join(str(error).split())[:_MOST_OF_AN_ANSWER] or type(error).__name__


def _as_data(message: bytes) -> bytes:
    """Double leading dots, end every line as SMTP does, and the whole with a dot (RFC 5321)."""
    lines = message.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n").split(b"\n")
    stuffed = [b"." + line if line.startswith(b".") else line for line in lines]
    return b"\r\n".join([*stuffed, b".", b""])
