"""What a portal must answer for a probe to be good (M1, M2)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from include.mobile_plans.policy.values import FORBID_UNKNOWN, Line, Prose


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedJson:
    """A value that a JSON answer must hold: ``path`` as ``status.portal``, ``equals`` as text."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    path: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$")]
    equals: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedHeader:
    """A header the answer must carry, with the text its value must contain."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]
    contains: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """
    The expected response (M2); every part that is named must hold.

    Attributes:
        statuses: The HTTP statuses that are good, after redirects.
        body_text: Text the body must contain.
        json_path: A value the body, as JSON, must hold.
        header: A header the answer must carry.
        maximum_redirects: How many redirects may lead to it, of those that policy follows; with 0 a
            redirect is itself the answer. None for as many as policy follows.
        maximum_body_bytes: How large the body may be, of what policy reads; None for all of that.
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    statuses: Annotated[tuple[Annotated[int, Field(ge=100, le=599)], ...], Field(min_length=1)]
    body_text: Prose | None = None
    json_path: ExpectedJson | None = None
    header: ExpectedHeader | None = None
    maximum_redirects: Annotated[int, Field(ge=0, le=10)] | None = None
    maximum_body_bytes: Annotated[int, Field(ge=1)] | None = None
