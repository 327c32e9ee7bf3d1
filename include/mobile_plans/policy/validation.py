"""
From a document to a typed value, with every problem in words.

Unknown keys, wrong types, missing keys: each becomes one line that names the document, the key
path, what is allowed and, for a misspelling, what was probably meant.
"""

import dataclasses
import difflib
import json
import re
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from include.mobile_plans.errors import BadInput
from include.mobile_plans.policy.documents import Document, KeyPath

T = TypeVar("T")

_WORDS = {
    "string_type": "must be text: put a number in quotes",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "dataclass_type": "must be a mapping of keys to values",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must not be empty",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "too_short": "needs at least {min_length} of them",
    "too_long": "allows at most {max_length} of them",
    "string_pattern_mismatch": "does not have the form {pattern}",
}


_adapters: dict[type, TypeAdapter[Any]] = {}


def _adapter(kind: type[T]) -> TypeAdapter[T]:
    """Return pydantic's validator of a type, built once: it costs milliseconds."""
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def validated(kind: type[T], document: Document, *, context: Mapping[str, Any] | None = None) -> T:
    """
    Build a typed value from a document.

    Args:
        kind: The type wanted.
        document: Where it comes from.
        context: What the fields' checks may ask, such as ``allow_loopback``.

    Raises:
        BadInput: One line per problem, all of them.
    """
    try:
        # Strict JSON refuses a number where text is asked and takes ISO 8601 text for times.
        return _adapter(kind).validate_json(
            json.dumps(document.data), strict=True, context=dict(context or {})
        )
    except ValidationError as error:
        found = error.errors(include_url=False)
        raise BadInput(*_lines(document, kind, found)) from None


def to_data(kind: type[T], value: T) -> Any:
    """Write a typed value as the JSON document it came from."""
    return _adapter(kind).dump_python(value, mode="json")


def _lines(document: Document, kind: Any, errors: Sequence[Any]) -> list[str]:
    """Write each error as one line; a misspelled key is not missing as well."""
    misspelled = {
        (*error["loc"][:-1], _closest(error["loc"][-1], _keys_at(kind, error["loc"][:-1])))
        for error in errors
        if error["type"] == "unexpected_keyword_argument"
    }
    return [
        document.problem(error["loc"], _words(kind, error["loc"], error))
        for error in errors
        if error["type"] != "missing" or error["loc"] not in misspelled
    ]


def _words(kind: Any, path: KeyPath, error: Mapping[str, Any]) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "unexpected_keyword_argument":
            allowed = _keys_at(kind, path[:-1])
            return f"unknown key; {_allowed(allowed, path[-1])}"
        case "literal_error":
            allowed = re.findall(r"'([^']*)'", context["expected"])
            return f"{error['input']!r} is not allowed; {_allowed(allowed, error['input'])}"
        case "value_error":
            return str(context["error"])
        case "missing":
            return "is required and missing"
    words = _WORDS.get(error["type"], error["msg"]).format(**context)
    return f"{words}, not {_shown(error['input'])}"


def _allowed(allowed: Iterable[str], given: object) -> str:
    return f"allowed are {', '.join(allowed)}{did_you_mean(given, allowed)}"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - one line of a terminal


def did_you_mean(given: object, allowed: Iterable[str]) -> str:
    """Suggest the likeliest of what is allowed, or nothing."""
    closest = _closest(given, allowed)
    return f"; did you mean {closest!r}?" if closest else ""


def _closest(given: object, allowed: Iterable[str]) -> str | None:
    found = difflib.get_close_matches(str(given), list(allowed), n=1)
    return found[0] if found else None


def _keys_at(kind: Any, path: KeyPath) -> list[str]:
    """Name the keys a mapping at this place may have."""
    found = _class_at(kind, path)
    return [] if found is None else [field.name for field in dataclasses.fields(found)]


def _class_at(kind: Any, path: KeyPath) -> Any:
    """Follow a key path through the types, to the dataclass there."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, types.UnionType):
        found = (_class_at(option, path) for option in get_args(kind))
        return next((option for option in found if option is not None), None)
    if not path:
        return kind if dataclasses.is_dataclass(kind) else None
    inside = _inside(kind, path[0])
    return None if inside is None else _class_at(inside, path[1:])


def _inside(kind: Any, key: str | int) -> Any:
    """Return the type of what a key leads to."""
    if dataclasses.is_dataclass(kind):
        return get_type_hints(kind, include_extras=True).get(str(key))
    arguments = get_args(kind)
    return arguments[-1 if get_origin(kind) is Mapping else 0] if arguments else None
