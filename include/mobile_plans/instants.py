"""
Points in time at the edges: aware UTC inside, ISO 8601 with ``Z`` outside.

Naive datetimes are refused everywhere, because a wrong clock costs a contract.
"""

from datetime import UTC, datetime, timedelta

from include.mobile_plans.errors import BadInput, NaiveDatetime


def require_utc(instant: datetime, name: str = "the instant") -> datetime:
    """
    Return the same instant in UTC.

    Raises:
        NaiveDatetime: It has no time zone.
    """
    if instant.tzinfo is None or instant.utcoffset() is None:
        msg = f"{name} {instant.isoformat()} has no time zone: give an offset, such as Z or +01:00"
        raise NaiveDatetime(msg)
    return instant.astimezone(UTC)


def parse_instant(text: str, name: str = "the instant") -> datetime:
    """
    Read an ISO 8601 instant that carries its offset.

    Raises:
        BadInput: It is not ISO 8601.
        NaiveDatetime: It carries no offset.
    """
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        example = "2026-12-01T10:00:00Z"
        msg = f"{name} {text!r} is not an ISO 8601 time with an offset, such as {example}"
        raise BadInput(msg) from None
    return require_utc(instant, name)


def format_instant(instant: datetime) -> str:
    """
    Write an instant as ISO 8601 in UTC with ``Z``, with as many decimals as it needs.

    Raises:
        NaiveDatetime: It has no time zone.
    """
    return require_utc(instant).isoformat().replace("+00:00", "Z")


def seconds(duration: timedelta) -> float:
    """Seconds of a duration, as JSON fields named ``_s`` carry them."""
    return duration.total_seconds()
