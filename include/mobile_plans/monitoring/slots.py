"""
Slots: the aligned half-minutes every figure of monitoring is counted in (M1).

A slot is named by its start in whole seconds since 1970 UTC. Each target is asked once per slot,
at an offset that follows from the mobile operator's slug alone, so that starts are spread evenly
and stay where they are when others come and go.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import require_utc

SPREAD = 0.8
"""The part of a slot over which starts are spread; the rest is for the last ones to end."""
_PORTAL = "/portal"


class SlotState(StrEnum):
    """
    What is known of a target in one slot.

    GOOD: it answered as expected. BAD: it did not, while a control target answered. EXCLUDED:
    planned maintenance told in time. UNKNOWN: we did not look, or were cut off ourselves.
    """

    GOOD = "good"
    BAD = "bad"
    EXCLUDED = "excluded"
    UNKNOWN = "unknown"


def whole_seconds(interval: timedelta) -> int:
    """
    Return the length of a slot in seconds.

    Raises:
        BadInput: It is not a whole number of seconds from 1.
    """
    length_s = int(interval.total_seconds())
    if length_s < 1 or timedelta(seconds=length_s) != interval:
        msg = f"a slot cannot be {interval} long: allowed are whole seconds from PT1S"
        raise BadInput(msg)
    return length_s


def slot_at(instant: datetime, interval: timedelta) -> int:
    """
    Return the slot an instant lies in.

    Raises:
        NaiveDatetime: The instant has no time zone.
        BadInput: The interval is no whole number of seconds.
    """
    length_s = whole_seconds(interval)
    return int(require_utc(instant).timestamp()) // length_s * length_s


def start_of(slot: int) -> datetime:
    """Return the instant a slot starts."""
    return datetime.fromtimestamp(slot, tz=UTC)


def portal_target(slug: str) -> str:
    """Name the target that is a mobile operator's production portal."""
    return f"{slug}{_PORTAL}"


def slug_of(target: str) -> str:
    """
    Return the mobile operator a target belongs to.

    Raises:
        BadInput: It is not ``<slug>/portal``.
    """
    slug = target.removesuffix(_PORTAL)
    if not slug or slug == target or "/" in slug:
        msg = f"target {target!r} is unknown: allowed is <slug>/portal"
        raise BadInput(msg)
    return slug


def start_offset_s(slug: str, interval: timedelta) -> float:
    """Return how many seconds into each slot the targets of a mobile operator are asked."""
    return _fraction(slug, "start") * SPREAD * interval.total_seconds()


def shard_of(slug: str, shards: int) -> int:
    """Return which of so many watchers asks the targets of a mobile operator."""
    return int(_fraction(slug, "shard") * shards)


def _fraction(slug: str, purpose: str) -> float:
    """Turn a slug into a number from 0 up to 1, evenly and for good."""
    digest = sha256(f"{purpose}:{slug}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
