"""Paging over a webhook, through the http provider's hook and ``http_mobile_plans_pager``."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import requests
from airflow.providers.http.hooks.http import HttpHook
from airflow.sdk.exceptions import AirflowException

from include.mobile_plans.notices import PAGER, AnswerLost, Refused, Transport, TryAgainLater

CONNECTION_ID = "http_mobile_plans_pager"
_CLIENT_ERROR, _SERVER_ERROR, _TOO_MANY = 400, 500, 429


class PagerTransport:
    """Posts a notice's subject and text to a webhook, for one telephone number."""

    def send(self, message: bytes, *, sender: str, recipient: str, patience: timedelta) -> str:
        """
        Post one page and return the webhook's answer.

        Raises:
            TryAgainLater: It cannot be reached, is overloaded or in trouble.
            Refused: It does not want this page.
            AnswerLost: It took too long to answer; it may have paged.
        """
        del sender
        mail = message_from_bytes(message, policy=default)
        text = mail.get_body(("plain",))
        page = {
            "to": recipient.removeprefix(PAGER),
            "subject": str(mail["Subject"]),
            "text": "" if text is None else text.get_content().replace("\r\n", "\n"),
            "message_id": str(mail["Message-ID"]),
        }
        try:
            answer = HttpHook(method="POST", http_conn_id=CONNECTION_ID).run(
                json=page,
                extra_options={"timeout": patience.total_seconds(), "check_response": False},
            )
        except requests.ReadTimeout as error:
            msg = f"the pager did not answer in {patience.total_seconds():.0f} s"
            raise AnswerLost(msg) from error
        except (requests.RequestException, AirflowException) as error:
            msg = f"the pager cannot be reached: {type(error).__name__}"
            raise TryAgainLater(msg) from error
        told = f"{answer.status_code} {answer.reason}"
        if answer.status_code == _TOO_MANY or answer.status_code >= _SERVER_ERROR:
            raise TryAgainLater(told)
        if answer.status_code >= _CLIENT_ERROR:
            raise Refused(told)
        return told

    def close(self) -> None:
        """Nothing is kept open."""


class ByRecipient:
    """
    Pages those who are to be paged and mails everybody else.

    Args:
        mail: Hands over mails.
        pager: Hands over pages.
    """

    def __init__(self, mail: Transport, pager: Transport) -> None:
        self._mail = mail
        self._pager = pager

    def send(self, message: bytes, *, sender: str, recipient: str, patience: timedelta) -> str:
        """Hand over one notice and return the answer, with the errors of whoever took it."""
        way = self._pager if recipient.startswith(PAGER) else self._mail
        return way.send(message, sender=sender, recipient=recipient, patience=patience)

    def close(self) -> None:
        """Let go of both."""
        self._mail.close()
        self._pager.close()
