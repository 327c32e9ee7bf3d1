"""Every number of policy names its source."""

import pytest

from include.mobile_plans.errors import BadInput
from include.mobile_plans.policy.documents import parse_document
from include.mobile_plans.policy.sources import without_sources


def test_sources_are_taken_out_and_kept() -> None:
    """A value with its source becomes the value; the source stays known by key path."""
    text = "a: {value: PT30S, source: M1}\nb:\n  c: 4\n  d: [0.5, x]\n  source: 'P1, ours'\ne: x\n"
    document, sources = without_sources(parse_document(text, "f.yaml"))
    assert document.data == {"a": "PT30S", "b": {"c": 4, "d": [0.5, "x"]}, "e": "x"}
    assert sources == {"a": "M1", "b": "P1, ours"}


@pytest.mark.parametrize("value", ["5", "0.5", "PT30M", "P7D", "{business_days: 5}"])
def test_a_number_without_a_source_is_refused(value: str) -> None:
    """Nobody invents a number silently."""
    with pytest.raises(BadInput, match=r"f.yaml:2: b.+names no source: write \{value: "):
        without_sources(parse_document(f"a: text\nb: {value}\n", "f.yaml"))


@pytest.mark.parametrize("source", ["M", "because", "7", "[M1]", "M1 and P1", "Q1"])
def test_a_source_is_a_clause_or_ours(source: str) -> None:
    """A source that is no clause is refused, with what is allowed."""
    with pytest.raises(BadInput, match="is no source: write clause ids such as M3"):
        without_sources(parse_document(f"a: {{value: 5, source: {source}}}\n", "f.yaml"))
