"""Strict YAML: what is written is what is meant."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.mobile_plans.errors import BadInput
from include.mobile_plans.policy.documents import (
    LONGEST_DOCUMENT,
    dotted,
    parse_document,
    read_document,
    write_document,
)

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | TEXT,
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(TEXT, inside, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(TEXT, JSON, max_size=5))
def test_what_is_written_is_read_back(data: dict[str, object]) -> None:
    """Any document survives being written and read, text that looks like something else too."""
    assert parse_document(write_document(data), "round.yaml").data == data


def test_only_null_booleans_and_numbers_are_more_than_text() -> None:
    """Norway, a clock time, a leading zero and a date stay text."""
    text = "a: NO\nb: 08:30\nc: 0123\nd: 2026-12-01\ne: 1_000\nf: yes\ng: 1e3\n"
    data = parse_document(text, "x").data
    assert list(data.values()) == ["NO", "08:30", "0123", "2026-12-01", "1_000", "yes", "1e3"]
    typed = parse_document("a: true\nb: null\nc: -5\nd: 0.5\ne:\n", "x").data
    assert list(typed.values()) == [True, None, -5, 0.5, None]


def test_a_problem_names_file_line_and_key_path() -> None:
    """A problem points at the line of the value, or of the nearest mapping that has one."""
    document = parse_document("a:\n  - x: 1\n  - x: 2\n", "f.yaml")
    assert document.problem(("a", 1, "x"), "is wrong") == "f.yaml:3: a[1].x: is wrong"
    assert document.problem(("a", 1, "y"), "is missing") == "f.yaml:3: a[1].y: is missing"
    assert document.problem((), "is empty") == "f.yaml:1: is empty"
    assert dotted(("contacts", "incident", 0, "phone")) == "contacts.incident[0].phone"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3: a: the key is written twice: keep one"),
        ("a: &x [1]\nb: *x\n", "f.yaml:1: b: an alias is not allowed: write the value out"),
        ("a: !!python/object:os.system x\n", "the tag tag:yaml.org,2002:python/object:os.system"),
        ("? [a, b]\n: 1\n", "a key is a word, not a list or mapping"),
        ("a: [1, 2\n", "f.yaml:2: is not YAML: "),
        ("a: b: c\n", "f.yaml:1: is not YAML: "),
        ("a: 1\n---\nb: 2\n", "is not YAML: "),
        ("a: " + "[" * 30 + "]" * 30, "is nested deeper than 20 levels"),
        ("a" * (LONGEST_DOCUMENT + 1), "is longer than 1000000 characters"),
    ],
)
def test_yaml_that_hides_something_is_refused(text: str, words: str) -> None:
    """A doubled key, an alias, a tag, a second document: each is refused with its line."""
    with pytest.raises(BadInput) as refused:
        parse_document(text, "f.yaml")
    assert words in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing file, a directory and a file that is no text are refused by name."""
    with pytest.raises(BadInput, match=r"nothing.yaml: cannot be read: No such file"):
        read_document(tmp_path / "nothing.yaml")
    with pytest.raises(BadInput, match="cannot be read"):
        read_document(tmp_path)
    (tmp_path / "latin.yaml").write_bytes("name: Müller".encode("latin-1"))
    with pytest.raises(BadInput, match=r"latin.yaml: is not text in UTF-8"):
        read_document(tmp_path / "latin.yaml")
