"""
What can go wrong, in words for the person who has to put it right.

Every message is one plain sentence or line that names the thing and what is allowed; the command
line prints it without a traceback and a task fails with it.
"""


class MobilePlansError(Exception):
    """Base of every error this product raises on purpose; its text is meant for people."""


class BadInput(MobilePlansError):
    """
    Somebody gave us something we refuse; nothing was written.

    Args:
        *problems: One line each, naming the thing, what is wrong and what is allowed.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class NaiveDatetime(BadInput):
    """A point in time without a time zone, which could mean any of several instants."""


class NotFound(BadInput):
    """A record was named that the store does not hold."""


class Conflict(BadInput):
    """The request is well formed but contradicts what the store holds now."""


class StoreUnavailable(MobilePlansError):
    """The store cannot be reached, or was not prepared for this release."""


class DoesNotApply(MobilePlansError):
    """A step has nothing to do in this case; the text says why, and the step is skipped."""
