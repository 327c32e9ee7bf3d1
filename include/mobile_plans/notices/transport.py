"""What a way of sending mail promises; the orchestration room implements it with Airflow's hook."""

from typing import Protocol

from include.mobile_plans.errors import MobilePlansError


class TryAgainLater(MobilePlansError):
    """
    The mail was not taken, for a reason that passes: no connection, or a 4xx answer.

    The text is the server's answer or the reason there was none.
    """


class Refused(MobilePlansError):
    """The mail will never be taken for this recipient: a 5xx answer, which is the text."""


class AnswerLost(MobilePlansError):
    """The mail was handed over whole and the line broke before the answer: it may have arrived."""


class Transport(Protocol):
    """Hands one mail for one recipient to a mail server."""

    def send(self, message: bytes, *, sender: str, recipient: str) -> str:
        """
        Hand over one mail and return the server's answer.

        Raises:
            TryAgainLater: It was not taken, and may be later.
            Refused: It was not taken and never will be.
            AnswerLost: Whether it was taken is not known.
        """
        ...

    def close(self) -> None:
        """Let go of the connection, if there is one."""
        ...
