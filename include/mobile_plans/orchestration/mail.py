"""Handing mails over through the smtp provider's hook and the connection ``smtp_mobile_plans``."""

import smtplib
from typing import cast

from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.sdk.exceptions import AirflowException

from include.mobile_plans.notices import AnswerLost, Refused, TryAgainLater

CONNECTION_ID = "smtp_mobile_plans"
_OK, _PERMANENT = 250, 500


class SmtpTransport:
    """
    Sends mails one by one over one connection, opened when first needed and after every trouble.

    It walks through the SMTP dialogue itself, because only then is it known how far it came when
    the line broke, and what the server answered.
    """

    def __init__(self, connection_id: str = CONNECTION_ID) -> None:
        self._connection_id = connection_id
        self._client: smtplib.SMTP | None = None

    def send(self, message: bytes, *, sender: str, recipient: str) -> str:
        """
        Hand over one mail and return the server's answer.

        Raises:
            TryAgainLater: No connection, or a 4xx answer.
            Refused: A 5xx answer.
            AnswerLost: The line broke after the whole mail was sent.
        """
        client = self._connected()
        try:
            self._judge(*client.mail(sender))
            self._judge(*client.rcpt(recipient))
            self._judge_start(*client.docmd("DATA"))
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            msg = f"the mail server broke off: {error}"
            raise TryAgainLater(msg) from error
        return self._deliver(client, message)

    def _deliver(self, client: smtplib.SMTP, message: bytes) -> str:
        try:
            client.send(_dot_stuffed(message))
            code, answer = client.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            msg = f"the line broke before the mail server answered: {error}"
            raise AnswerLost(msg) from error
        self._judge(code, answer)
        return f"{code} {answer.decode(errors='replace')}"

    def _connected(self) -> smtplib.SMTP:
        if self._client is None:
            try:
                hook = SmtpHook(smtp_conn_id=self._connection_id).get_conn()
            except (OSError, smtplib.SMTPException, AirflowException) as error:
                msg = f"the mail server cannot be reached: {error}"
                raise TryAgainLater(msg) from error
            # The hook offers only its own way of composing mails; the client behind it sends ours.
            self._client = cast("smtplib.SMTP", hook._smtp_client)  # noqa: SLF001
            self._client.ehlo_or_helo_if_needed()
        return self._client

    def _judge(self, code: int, answer: bytes) -> None:
        if code // 10 * 10 == _OK:
            return
        self._give_up(code, answer)

    def _judge_start(self, code: int, answer: bytes) -> None:
        if code != 354:  # noqa: PLR2004 - the SMTP code for "go ahead"
            self._give_up(code, answer)

    def _give_up(self, code: int, answer: bytes) -> None:
        """Leave the server ready for the next mail, and say what it answered."""
        text = f"{code} {answer.decode(errors='replace')}"
        if code == 421:  # noqa: PLR2004 - the server is closing the connection
            self.close()
        else:
            self._reset()
        if code >= _PERMANENT:
            raise Refused(text)
        raise TryAgainLater(text)

    def _reset(self) -> None:
        try:
            if self._client is not None:
                self._client.rset()
        except (OSError, smtplib.SMTPException):
            # The answer is already known; a broken line only means connecting anew next time.
            self.close()

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._client is not None:
            self._client.close()
            self._client = None


def _dot_stuffed(message: bytes) -> bytes:
    """Double leading dots and end with the line that says the mail is over (RFC 5321 4.5.2)."""
    lines = message.replace(b"\r\n", b"\n").rstrip(b"\n").split(b"\n")
    stuffed = [b"." + line if line.startswith(b".") else line for line in lines]
    return b"\r\n".join(stuffed) + b"\r\n.\r\n"
