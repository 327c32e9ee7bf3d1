"""
Charts as inline SVG: no script, no library, light, dark and print by the style sheet around them.

A day of which nothing is known is hatched, never in the colour of a good one. Every chart has a
title and a description that says what it shows; every day of the heat strip has its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from include.mobile_plans.sla.model import DayFigures, TargetFigures
from include.mobile_plans.sla.words import (
    STATISTIC_WORDS,
    day_in_words,
    milliseconds,
    percent,
    seconds_in_words,
)

WIDTH, LEFT, RIGHT = 720, 84, 712
_CELL_TOP, _CELL_HEIGHT, _WIDEST_CELL = 4, 58, 46
_LINE_TOP, _LINE_HEIGHT = 12, 132
_MOST_LABELS = 31
_FAR_BELOW = 10
"""A day is far below what is promised when it missed ten times the share it may miss."""
_LEAST_SEEN = 3.0
"""What is shown at all is at least so high: half an hour unknown would be a third of that."""

_LEAST_APART = 0.12
_HOUR_S = 3600

Level = Literal["good", "low", "bad", "unknown"]

LEGEND: tuple[tuple[str, str], ...] = (
    ("good", "as promised"),
    ("low", "below"),
    ("bad", "far below"),
    ("excluded", "maintenance, counted out"),
    ("unknown", "not known"),
)

MARKS = {"low": "\N{MINUS SIGN}", "bad": "\N{MULTIPLICATION SIGN}"}
"""What tells such days apart where there are no colours."""


def level_of(day: DayFigures, promised: float) -> Level:
    """Tell how a day went, by the slots that are known."""
    if day.availability is None:
        return "unknown"
    if day.availability >= promised:
        return "good"
    return "low" if 1 - day.availability <= _FAR_BELOW * (1 - promised) else "bad"


def heat_strip_words(figures: TargetFigures) -> str:
    """Say in a sentence what the heat strip of a target shows."""
    levels = [level_of(one, figures.target_availability) for one in figures.days]
    missed = sum(level in ("low", "bad") for level in levels)
    known = [one for one in figures.days if one.availability is not None]
    text = (
        f"Of {_days(len(levels))}, {levels.count('good')} were as promised "
        f"({percent(figures.target_availability)}), {missed} below, "
        f"{levels.count('unknown')} not known."
    )
    if missed:
        worst = min(known, key=lambda one: one.availability or 0)
        text += f" The worst was {day_in_words(worst.day)} with {percent(worst.availability)}."
    return text


def latency_words(figures: TargetFigures) -> str:
    """Say in a sentence what the latency line of a target shows."""
    known = [(one.mean_ms, one.day) for one in figures.days if one.mean_ms is not None]
    limit = milliseconds(figures.latency_limit_ms)
    if not known:
        return f"No latency is known; the limit is {limit}."
    slowest, day = max(known)
    over = sum(ms > figures.latency_limit_ms for ms, _ in known)
    return (
        f"Mean latency by day, against the limit of {limit} on the "
        f"{STATISTIC_WORDS[figures.latency_statistic]}: the slowest day was {day_in_words(day)} "
        f"with {milliseconds(slowest)}; {_days(over)} of {len(known)} above the limit."
    )


def budget_words(figures: TargetFigures) -> str:
    """Say in a sentence what the burn-down of a target shows."""
    budget = figures.budget
    left = (
        f"{seconds_in_words(budget.left_s)} left"
        if budget.left_s >= 0
        else f"overspent by {seconds_in_words(-budget.left_s)}"
    )
    return (
        f"Of {seconds_in_words(budget.allowed_s)} in which the portal may fail, "
        f"{seconds_in_words(budget.used_s)} are used: {left}."
    )


def left_by_day(figures: TargetFigures) -> list[float]:
    """Return the budget in seconds that was left at the begin, and after each day."""
    left = [figures.budget.allowed_s]
    for one in figures.days:
        left.append(left[-1] - one.bad_s)
    return left


def budget_marks(left: Sequence[float]) -> dict[float, str]:
    """Return which of the budget's figures are written beside it; those too close together not."""
    apart = _LEAST_APART * (max(left) - min(*left, 0))
    marks = {0.0: "used up"}
    for seconds in (left[0], min(left[-1], 0.0)):
        if abs(seconds) > apart:
            # Seconds beside hours say nothing, and there is no room for them.
            brief = int(seconds / 60) * 60 if abs(seconds) >= _HOUR_S else seconds
            marks[seconds] = seconds_in_words(brief)
    return marks


def heat_strip(figures: TargetFigures, name: str) -> str:
    """
    Draw the availability by day: what is known in its colour, maintenance and unknown apart.

    Args:
        figures: Of the target.
        name: Letters, digits and dashes that no other chart of the page is called by.
    """
    days = figures.days
    width = min((WIDTH - 8) / max(len(days), 1), _WIDEST_CELL)
    cells = "".join(
        _cell(day, 4 + place * width, width, figures.target_availability, name)
        for place, day in enumerate(days)
    )
    labels = "".join(
        _text(4 + (place + 0.5) * width, _CELL_TOP + _CELL_HEIGHT + 15, label, "middle")
        for place, label in _day_labels(days)
    )
    return _svg(
        name, "Availability by day", heat_strip_words(figures), cells + labels + _legend(name), 108
    )


def latency_line(figures: TargetFigures, name: str) -> str:
    """Draw the mean latency by day with the limit; see ``heat_strip`` for the arguments."""
    limit = figures.latency_limit_ms
    known = [one.mean_ms for one in figures.days if one.mean_ms is not None]
    plot = _Plot(low=0, high=1.15 * max([*known, limit]), count=len(figures.days))
    runs: list[list[tuple[float, float]]] = [[]]
    for place, one in enumerate(figures.days):
        if one.mean_ms is None:
            runs.append([])
        else:
            runs[-1].append((plot.x(place + 0.5), plot.y(one.mean_ms)))
    drawn = "".join(f'<polyline class="line" points="{_points(run)}"/>' for run in runs if run)
    dots = "".join(
        f'<circle class="dot{" over" * (one.mean_ms > limit)}" r="3" '
        f'cx="{plot.x(place + 0.5):.1f}" cy="{plot.y(one.mean_ms):.1f}">'
        f"<title>{day_in_words(one.day)}: {milliseconds(one.mean_ms)}</title></circle>"
        for place, one in enumerate(figures.days)
        if one.mean_ms is not None
    )
    body = (
        _hatched_days(figures, plot, name)
        + plot.rule(0, "0 ms")
        + plot.rule(limit, f"{limit:,.0f} ms", "limit")
        + drawn
        + dots
        + plot.labels(figures.days)
    )
    return _svg(name, "Latency by day", latency_words(figures), body, plot.height)


def budget_burn_down(figures: TargetFigures, name: str) -> str:
    """Draw how the budget of bad seconds is used up; see ``heat_strip`` for the arguments."""
    left = left_by_day(figures)
    room = 0.08 * max(abs(left[0]), abs(left[-1]), 1)
    plot = _Plot(low=min(0, left[-1]) - room, high=left[0] + room, count=len(figures.days))
    points = [(plot.x(place), plot.y(seconds)) for place, seconds in enumerate(left)]
    depth = plot.y(plot.low) - plot.y(0)
    below = (
        f'<rect class="overspent" x="{LEFT}" y="{plot.y(0):.1f}" '
        f'width="{RIGHT - LEFT}" height="{depth:.1f}"/>'
    )
    body = (
        (below if left[-1] < 0 else "")
        + _hatched_days(figures, plot, name)
        + "".join(
            plot.rule(seconds, said, "grid" if seconds else "limit")
            for seconds, said in budget_marks(left).items()
        )
        + f'<polyline class="line" points="{_points(points)}"/>'
        + f'<circle class="dot{" over" * (left[-1] < 0)}" r="4" '
        f'cx="{points[-1][0]:.1f}" cy="{points[-1][1]:.1f}"/>' + plot.labels(figures.days)
    )
    return _svg(name, "Budget of bad time", budget_words(figures), body, plot.height)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plot:
    """Where days and figures are drawn in a chart with two axes."""

    low: float
    high: float
    count: int

    height = _LINE_TOP + _LINE_HEIGHT + 22

    def x(self, place: float) -> float:
        return LEFT + (RIGHT - LEFT) * place / max(self.count, 1)

    def y(self, value: float) -> float:
        return _LINE_TOP + _LINE_HEIGHT * (self.high - value) / (self.high - self.low)

    def rule(self, value: float, label: str, kind: str = "grid") -> str:
        y = self.y(value)
        line = f'<line class="{kind}" x1="{LEFT}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        return line + _text(LEFT - 6, y + 4, label, "end")

    def labels(self, days: Sequence[DayFigures]) -> str:
        y = _LINE_TOP + _LINE_HEIGHT + 16
        return "".join(
            _text(self.x(place + 0.5), y, label, "middle") for place, label in _day_labels(days)
        )


def _cell(day: DayFigures, x: float, width: float, promised: float, name: str) -> str:
    level = level_of(day, promised)
    slots = day.slots
    total = slots.total or 1
    unknown = slots.unknown if slots.total else total
    bottom = _CELL_TOP + _CELL_HEIGHT
    heights = [
        max(_CELL_HEIGHT * part / total, _LEAST_SEEN) if part else 0.0
        for part in (unknown, slots.excluded)
    ]
    known = max(_CELL_HEIGHT - sum(heights), 0) if slots.good + slots.bad else 0
    parts = zip(
        ("unknown", "excluded", level), (*heights, known), strict=True
    )  # from the top down, so that good days stand on one line
    drawn, y = "", float(_CELL_TOP)
    for kind, height in parts:
        if height > 0:
            shown = min(height, bottom - y)
            drawn += _rect(kind, x, y, width, shown, name)
            y += shown
    mark = MARKS.get(level)
    if mark:
        drawn += _text(x + width / 2, bottom - 6, mark, "middle", "mark")
    words = (
        f"{day_in_words(day.day)}: {percent(day.availability)}, {slots.bad:,} bad of "
        f"{slots.good + slots.bad:,} known slots, {slots.excluded:,} counted out, "
        f"{slots.unknown:,} not known"
    )
    return f"<g><title>{words}</title>{drawn}</g>"


def _rect(kind: str, x: float, y: float, width: float, height: float, name: str) -> str:
    fill = f' fill="url(#{name}-hatch)"' if kind == "unknown" else ""
    return (
        f'<rect class="{kind}"{fill} x="{x + 1:.1f}" y="{y:.1f}" '
        f'width="{max(width - 2, 0.5):.1f}" height="{height:.1f}"/>'
    )


def _hatched_days(figures: TargetFigures, plot: _Plot, name: str) -> str:
    width = plot.x(1) - plot.x(0)
    return "".join(
        _rect("unknown", plot.x(place), _LINE_TOP, width, _LINE_HEIGHT, name)
        for place, one in enumerate(figures.days)
        if one.availability is None
    )


def _legend(name: str) -> str:
    y, x, drawn = _CELL_TOP + _CELL_HEIGHT + 28, 5.0, ""
    for kind, words in LEGEND:
        drawn += _rect(kind, x, y, 14, 12, name) + _text(x + 20, y + 10, words, "start")
        x += 42 + 6.4 * len(words)
    return drawn


def _day_labels(days: Sequence[DayFigures]) -> Iterator[tuple[int, str]]:
    """Yield the place and the number of as many days as fit, with the month where it is one."""
    step = max(1, -(-len(days) // _MOST_LABELS))
    for place in range(0, len(days), step):
        day = days[place].day
        yield place, day_in_words(day)[4:10] if len(days) == 1 else str(day.day)


def _points(points: Sequence[tuple[float, float]]) -> str:
    # Commas, because digits apart by blanks could be read as an ICCID.
    return ", ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _text(x: float, y: float, words: str, anchor: str, kind: str = "label") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text class="{kind}" {place}>{escape(words)}</text>'


def _days(number: int) -> str:
    return f"{number} day{'s' * (number != 1)}"


def _svg(name: str, title: str, words: str, body: str, height: int) -> str:
    return (
        f'<svg class="chart" id="{name}" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-labelledby="{name}-title {name}-words" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{name}-title">{title}</title><desc id="{name}-words">{escape(words)}</desc>'
        f'<defs><pattern id="{name}-hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect class="hatch-ground" width="6" height="6"/>'
        '<line class="hatch" x1="0" y1="0" x2="0" y2="6"/></pattern></defs>'
        f"{body}</svg>"
    )
