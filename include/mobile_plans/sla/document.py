"""A statement as files a partner opens: one HTML page that needs nothing but itself, and a CSV."""

import csv
import io
from collections.abc import Iterator
from datetime import date

from include.mobile_plans.notices import render_page
from include.mobile_plans.sla import words
from include.mobile_plans.sla.charts import (
    budget_burn_down,
    budget_words,
    heat_strip,
    latency_line,
    latency_words,
)
from include.mobile_plans.sla.model import SlotCounts, Statement, TargetFigures

CSV_COLUMNS = (
    *("mobile_operator", "target", "kind", "first_day", "last_day"),
    *("good_slots", "bad_slots", "excluded_slots", "unknown_slots"),
    *("availability", "coverage", "bad_s", "mean_ms", "share_within_limit"),
    *("promised_availability", "availability_low", "availability_high"),
    *("availability_without_exclusions", "budget_left_s", "latency_limit_ms"),
    *("p50_ms", "p95_ms", "p99_ms", "verdict_availability", "verdict_latency"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes a text that begins with it for: something to compute."""


def html_document(statement: Statement, so_far: Statement | None = None) -> str:
    """
    Return a statement as one self-contained HTML page: styles and charts inline, no script.

    Args:
        statement: What it says.
        so_far: The month up to it, whose charts stand in a statement of one day, which has none.
    """
    drawn = so_far or statement
    charts = {one.target: _charts(one, place) for place, one in enumerate(drawn.targets)}
    context = {
        "statement": statement,
        "drawn": drawn,
        "charts": charts if drawn.first_day < drawn.last_day else {},
        "words": words,
    }
    return render_page("sla_document", context)


def _charts(one: TargetFigures, place: int) -> tuple[tuple[str, str, str | None], ...]:
    """Return each chart of a target with its title, and its words where they are not obvious."""
    return (
        ("Availability by day", heat_strip(one, f"heat-{place}"), None),
        ("Latency by day", latency_line(one, f"latency-{place}"), latency_words(one)),
        ("Bad time left", budget_burn_down(one, f"budget-{place}"), budget_words(one)),
    )


def csv_text(statement: Statement) -> str:
    """
    Return the figures as CSV: of each target a row for the period and one for each day.

    Shares are 0 to 1, a figure that is not known is empty. Begin the file with a byte order mark
    (``utf-8-sig``) so that spreadsheets read names right.
    """
    file = io.StringIO()
    writer = csv.DictWriter(file, CSV_COLUMNS)
    writer.writeheader()
    for row in _rows(statement):
        writer.writerow({name: as_cell(value) for name, value in row.items()})
    return file.getvalue()


def _rows(statement: Statement) -> Iterator[dict[str, object]]:
    for one in statement.targets:
        whole = {"mobile_operator": statement.mobile_operator, "target": one.target}
        yield whole | _period_row(statement, one)
        for day in one.days:
            yield (
                whole
                | _counted("day", day.day, day.day, day.slots)
                | {
                    "availability": day.availability,
                    "coverage": _coverage(day.slots),
                    "bad_s": day.bad_s,
                    "mean_ms": day.mean_ms,
                    "share_within_limit": day.share_within,
                }
            )


def _period_row(statement: Statement, one: TargetFigures) -> dict[str, object]:
    latency, availability = one.latency, one.availability
    kind = statement.kind if statement.kind == "month" else "period"
    return _counted(kind, statement.first_day, statement.last_day, one.slots) | {
        "availability": availability.share,
        "coverage": availability.coverage,
        "bad_s": one.budget.used_s,
        "mean_ms": latency.mean_ms,
        "share_within_limit": latency.share_within,
        "promised_availability": one.target_availability,
        "availability_low": availability.low,
        "availability_high": availability.high,
        "availability_without_exclusions": availability.without_exclusions,
        "budget_left_s": one.budget.left_s,
        "latency_limit_ms": one.latency_limit_ms,
        "p50_ms": latency.p50_ms,
        "p95_ms": latency.p95_ms,
        "p99_ms": latency.p99_ms,
        "verdict_availability": str(one.judged_availability.verdict),
        "verdict_latency": str(one.judged_latency.verdict),
    }


def _counted(kind: str, first: date, last: date, slots: SlotCounts) -> dict[str, object]:
    return {
        "kind": kind,
        "first_day": first,
        "last_day": last,
        "good_slots": slots.good,
        "bad_slots": slots.bad,
        "excluded_slots": slots.excluded,
        "unknown_slots": slots.unknown,
    }


def _coverage(slots: SlotCounts) -> float | None:
    seen = slots.good + slots.bad
    return seen / (seen + slots.unknown) if seen + slots.unknown else None


def as_cell(value: object) -> object:
    """Round what nobody measures, and keep a name from being taken for a formula."""
    if isinstance(value, float):
        return round(value, 9)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
