"""The shipped policy and its example mobile operators, for tests to use and to change."""

from functools import cache
from pathlib import Path
from typing import Any

from include.mobile_plans.policy.consistency import read_mobile_operator
from include.mobile_plans.policy.documents import Document, read_document
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.policy.mobile_operators import MobileOperator

EXAMPLES = SHIPPED_POLICY / "mobile_operators"


@cache
def example(slug: str) -> MobileOperator:
    """Return one of the shipped example mobile operators."""
    return read_mobile_operator(read_document(EXAMPLES / f"{slug}.yaml"), allow_loopback=True)


def example_data(slug: str = "contoso") -> dict[str, Any]:
    """Return what an example's file says, to be changed by a test."""
    data: dict[str, Any] = read_document(EXAMPLES / f"{slug}.yaml").data
    return data


def document(data: object, name: str = "test.yaml") -> Document:
    """Return data as a document that problems call by a name."""
    return Document(name=name, data=data)


def copy_policy(target: Path) -> Path:
    """Copy the shipped policy into a directory that a test may spoil."""
    for path in SHIPPED_POLICY.rglob("*.yaml"):
        copy = target / path.relative_to(SHIPPED_POLICY)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text())
    return target
