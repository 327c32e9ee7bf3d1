"""What a way of sending mail promises; the orchestration room implements it with Airflow's hook."""

from datetime import timedelta
from typing import Protocol

from include.mobile_plans.errors import MobilePlansError

PAGER = "pager:"
"""What a recipient begins with who is paged by telephone number instead of mailed."""


class TryAgainLater(MobilePlansError):
    """
    The mail was not taken, for a reason that passes: a 4xx answer, or the line broke too early.

    The text is the server's answer or the reason there was none.
    """


class NobodyThere(TryAgainLater):
    """No mail can be handed over at all: the server cannot be reached or does not let us in."""


class Refused(MobilePlansError):
    """The mail will never be taken for this recipient: a 5xx answer, which is the text."""


class AnswerLost(MobilePlansError):
    """The mail was handed over whole and the line broke before the answer: it may have arrived."""


class Transport(Protocol):
    """Hands one mail for one recipient to a mail server."""

    def send(self, message: bytes, *, sender: str, recipient: str, patience: timedelta) -> str:
        """
        Hand over one mail and return the server's answer.

        Args:
            message: The whole mail.
            sender: Whom the server tells when it cannot deliver after all.
            recipient: The one address it goes to.
            patience: How long this may take altogether.

        Raises:
            TryAgainLater: It was not taken, and may be later.
            NobodyThere: Nor would any other be.
            Refused: It was not taken and never will be.
            AnswerLost: Whether it was taken is not known.
        """
        ...

    def close(self) -> None:
        """Let go of the connection, if there is one."""
        ...
