"""Mails as policy sees them: when one is tried again, and what one may hold."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from include.mobile_plans.policy.values import FORBID_UNKNOWN, Duration

OrdinaryWord = Annotated[str, StringConstraints(pattern=r"^[^\W_A-Z]+$")]
"""One word in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long to wait after the first time, doubled after each further one up to the longest."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    first: Duration
    longest: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePolicy:
    """
    When mails are tried again, and what they may hold.

    Attributes:
        try_again: After a mail was not taken, or the mail server could not be reached.
        in_doubt: After nobody knows whether it was taken; ``first`` is also how long a sender may
            be silent before it counts as crashed.
        maximum_message_bytes: Of a whole mail, attachments encoded.
        maximum_subject_characters: Of its subject.
        most_references: How many earlier mails of a thread one names.
        ordinary_words: Names of mobile operators that are not looked for in mails to others.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    try_again: Waits
    in_doubt: Waits
    maximum_message_bytes: Annotated[int, Field(ge=64 * 1024)]
    maximum_subject_characters: Annotated[int, Field(ge=80, le=900)]
    most_references: Annotated[int, Field(ge=2, le=50)]
    ordinary_words: tuple[OrdinaryWord, ...]
