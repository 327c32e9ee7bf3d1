"""What changed between two records, in lines a person can approve."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from include.mobile_plans.policy.documents import KeyPath, dotted
from include.mobile_plans.policy.mobile_operators import MobileOperator, document_of

_ABSENT = object()


def difference(before: MobileOperator, after: MobileOperator) -> list[str]:
    """
    List what changed, one line per value: ``contacts.incident[0].phone: +1... -> +2...``.

    Returns:
        The lines in the order of the record; none when both are the same.
    """
    return [*_differences(document_of(before), document_of(after), ())]


def _differences(before: Any, after: Any, path: KeyPath) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before | after:
            yield from _differences(before.get(key, _ABSENT), after.get(key, _ABSENT), (*path, key))
    elif isinstance(before, list) and isinstance(after, list):
        for position, pair in enumerate(zip_longest(before, after, fillvalue=_ABSENT)):
            yield from _differences(*pair, (*path, position))
    elif before is _ABSENT or before is None:
        yield f"{dotted(path)}: added {_shown(after)}"
    elif after is _ABSENT or after is None:
        yield f"{dotted(path)}: removed {_shown(before)}"
    else:
        yield f"{dotted(path)}: {_shown(before)} -> {_shown(after)}"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        named = ((key, item) for key, item in value.items() if item not in (None, []))
        return ", ".join(f"{key} {_shown(item)}" for key, item in named)
    if isinstance(value, list):
        return "; ".join(_shown(item) for item in value) or "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
