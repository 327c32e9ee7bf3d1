"""Figures of statements as people read them; never better than they are."""

from datetime import date
from math import floor

from include.mobile_plans.sla.model import FeedLine, Statement, Verdict

NOT_KNOWN = "not known"
_MOST_DECIMALS = 6
CAUSE_WORDS = {
    "theirs": "the portal did not answer as agreed",
    "ours": "nobody probed: our monitoring stood still",
    "network": "our own network was cut off",
    "maintenance": "planned maintenance told in time, counted out",
    "overrun": "of what the portal missed: after the end of a window, before completion",
}
PHASE_WORDS = {
    "dns": "looking up the name",
    "connect": "connecting",
    "tls": "TLS handshake",
    "first_byte": "waiting for the first byte",
}
STATISTIC_WORDS = {
    "mean": "mean",
    "p50": "median",
    "p95": "95th percentile",
    "p99": "99th percentile",
}
VERDICT_WORDS = {
    Verdict.MET: "kept",
    Verdict.MISSED: "missed",
    Verdict.UNDECIDED: "undecided",
}


def percent(share: float | None, other: float | None = None) -> str:
    """
    Write a share such as ``99.95 %``, rounded down: 99.8999 % never reads as 99.90 %.

    Args:
        share: From 0 to 1, or None where it is not known.
        other: Another one it must be told from; then with as many decimals as that needs.
    """
    if share is None:
        return NOT_KNOWN
    decimals = 2
    while (
        other is not None
        and share != other
        and decimals < _MOST_DECIMALS
        and _down(share, decimals) == _down(other, decimals)
    ):
        decimals += 1
    return f"{_down(share, decimals):.{decimals}f} %"


def _down(share: float, decimals: int) -> float:
    scale = float(10**decimals)
    # Rounded far behind the figures shown first, because 0.9995 is a little less in binary.
    return floor(round(share * 100 * scale, 6)) / scale


def milliseconds(value: float | None) -> str:
    """Write a latency such as ``212.4 ms``."""
    return NOT_KNOWN if value is None else f"{value:,.1f} ms"


def seconds_in_words(seconds: float) -> str:
    """Write seconds such as ``1 h 12 min`` or ``-30 s``, days apart, parts of a second left out."""
    whole = int(abs(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
    words = " ".join(f"{number} {unit}" for number, unit in parts if number)
    return f"{'-' * (seconds < 0 and whole > 0)}{words or '0 s'}"


def day_in_words(day: date) -> str:
    """Write a day such as ``Tue 24 Nov 2026``."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def period_in_words(statement: Statement) -> str:
    """Say over what a statement is: ``November 2026`` or ``Tue 24 Nov 2026``."""
    if statement.kind == "month":
        return f"{statement.first_day:%B %Y}"
    if statement.first_day == statement.last_day:
        return day_in_words(statement.first_day)
    return f"{day_in_words(statement.first_day)} to {day_in_words(statement.last_day)}"


def worst_verdict(statement: Statement) -> Verdict:
    """Return the verdict of a whole statement: missed if anything is, then undecided."""
    verdicts = [
        judged.verdict
        for one in statement.targets
        for judged in (one.judged_availability, one.judged_latency)
    ]
    order = (Verdict.MISSED, Verdict.UNDECIDED, Verdict.MET)
    return next((one for one in order if one in verdicts), Verdict.UNDECIDED)


def in_short(statement: Statement) -> str:
    """Say the verdicts of a statement in a few words, for a subject."""
    if not statement.targets:
        return "not monitored"
    if len(statement.targets) > 1:
        return VERDICT_WORDS[worst_verdict(statement)]
    (one,) = statement.targets
    share = one.availability.share
    figure = "" if share is None else f"{percent(share)} "
    return (
        f"availability {figure}{VERDICT_WORDS[one.judged_availability.verdict]}, "
        f"latency {VERDICT_WORDS[one.judged_latency.verdict]}"
    )


def feed_in_words(feed: FeedLine) -> str:
    """Say what came of a feed: what was expected and accepted, and whatever went wrong."""
    wrong = {
        "refused": feed.rejected,
        "late": feed.late,
        "missing": feed.missing,
        "rows set aside": feed.quarantined,
    }
    parts = [
        f"{feed.expected:,} files expected",
        f"{feed.received:,} received",
        f"{feed.accepted:,} accepted",
        f"{feed.rows:,} rows",
        *(f"{number:,} {words}" for words, number in wrong.items() if number),
    ]
    return ", ".join(parts)
