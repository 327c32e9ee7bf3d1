"""The charts of a target as one PNG, for mails: mail programs show no SVG."""

import io
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from include.mobile_plans.sla.charts import (
    LEGEND,
    MARKS,
    budget_marks,
    budget_words,
    heat_strip_words,
    latency_words,
    left_by_day,
    level_of,
)
from include.mobile_plans.sla.model import DayFigures, TargetFigures

INK, QUIET, GRID, LINE = "#1b2430", "#566476", "#d5dce4", "#1f5fae"
COLOURS = {
    "good": "#2f855a",
    "low": "#d08700",
    "bad": "#b3261e",
    "excluded": "#7c9cc4",
    "unknown": "#eef1f4",
}
_HATCHED: dict[str, Any] = {"hatch": "////", "edgecolor": "#6b7685", "linewidth": 0.5}
_PLAIN: dict[str, Any] = {"linewidth": 0}
_INCHES, _DOTS = (6.4, 5.6), 150
_PLACES = {"left": 0.16, "right": 0.985, "top": 0.92, "bottom": 0.05, "hspace": 0.42}
_MOST_LABELS = 16


def chart_png(figures: TargetFigures) -> bytes:
    """Return heat strip, latency and budget of a target, one below the other, on white."""
    figure = Figure(figsize=_INCHES, dpi=_DOTS, facecolor="white")
    canvas: Any = FigureCanvasAgg(figure)  # it ships no types
    # A layout of its own for each would take as long as drawing it.
    strip, latency, budget = figure.subplots(3, 1, height_ratios=(1, 2, 2), gridspec_kw=_PLACES)
    _draw_strip(strip, figures)
    _draw_latency(latency, figures)
    _draw_budget(budget, figures)
    for axes in (strip, latency, budget):
        _label_days(axes, figures.days)
    file = io.BytesIO()
    canvas.print_png(file, metadata={"Software": None})
    return file.getvalue()


def chart_words(figures: TargetFigures) -> str:
    """Return what stands in place of the picture where it is not shown."""
    return " ".join((heat_strip_words(figures), latency_words(figures), budget_words(figures)))


def _draw_strip(axes: Any, figures: TargetFigures) -> None:
    axes.set_title("Availability by day", loc="left", fontsize=9, color=INK, pad=18)
    for place, day in enumerate(figures.days):
        bottom = 0.0
        for kind, height in _parts(day, figures.target_availability):
            style = _HATCHED if kind == "unknown" else _PLAIN
            axes.add_patch(
                Rectangle((place - 0.46, bottom), 0.92, height, facecolor=COLOURS[kind], **style)
            )
            bottom += height
        mark = MARKS.get(level_of(day, figures.target_availability))
        if mark:
            axes.text(place, 0.12, mark, ha="center", color="white", fontsize=9, weight="bold")
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    patches = [
        Rectangle(
            (0, 0), 1, 1, facecolor=COLOURS[kind], **(_HATCHED if kind == "unknown" else _PLAIN)
        )
        for kind, _ in LEGEND
    ]
    axes.legend(
        patches,
        [words for _, words in LEGEND],
        loc="lower left",
        bbox_to_anchor=(-0.01, 0.98),
        ncols=len(LEGEND),
        fontsize=6.5,
        frameon=False,
        handlelength=1.2,
        columnspacing=1.0,
        borderpad=0,
    )


def _parts(day: DayFigures, promised: float) -> list[tuple[str, float]]:
    """Return what a day consists of, from the bottom up, each part large enough to be seen."""
    slots, level = day.slots, level_of(day, promised)
    if not slots.total:
        return [("unknown", 1.0)]
    above = [
        (kind, max(part / slots.total, 0.06))
        for kind, part in (("excluded", slots.excluded), ("unknown", slots.unknown))
        if part
    ]
    if not slots.good + slots.bad:
        return above
    return [(level, max(1 - sum(height for _, height in above), 0.06)), *above]


def _draw_latency(axes: Any, figures: TargetFigures) -> None:
    axes.set_title("Mean latency by day, ms", loc="left", fontsize=9, color=INK)
    values = [float("nan") if one.mean_ms is None else one.mean_ms for one in figures.days]
    limit = figures.latency_limit_ms
    _hatch_unknown_days(axes, figures)
    axes.axhline(limit, color=COLOURS["bad"], linestyle=(0, (5, 3)), linewidth=1)
    axes.text(
        1.0,
        limit,
        f"limit {limit:,.0f} ",
        transform=axes.get_yaxis_transform(),
        ha="right",
        va="bottom",
        fontsize=7,
        color=COLOURS["bad"],
    )
    axes.plot(range(len(values)), values, color=LINE, linewidth=1.5, marker="o", markersize=3)
    known = [one for one in values if one == one]  # noqa: PLR0124 - not a number is unlike itself
    axes.set_ylim(0, 1.15 * max([*known, limit]))
    _plain(axes)


def _draw_budget(axes: Any, figures: TargetFigures) -> None:
    axes.set_title("Bad time left of what is allowed", loc="left", fontsize=9, color=INK)
    left = left_by_day(figures)
    places = [place - 0.5 for place in range(len(left))]
    room = 0.1 * max(abs(left[0]), abs(left[-1]), 1)
    _hatch_unknown_days(axes, figures)
    axes.axhline(0, color=COLOURS["bad"], linestyle=(0, (5, 3)), linewidth=1)
    axes.plot(places, left, color=LINE, linewidth=1.5)
    axes.plot(places[-1:], left[-1:], "o", color=LINE if left[-1] >= 0 else COLOURS["bad"])
    axes.set_ylim(min(0, left[-1]) - room, left[0] + room)
    if left[-1] < 0:
        axes.axhspan(min(0, left[-1]) - room, 0, color=COLOURS["bad"], alpha=0.12, linewidth=0)
    marks = budget_marks(left)
    axes.set_yticks(list(marks), list(marks.values()))
    _plain(axes)


def _hatch_unknown_days(axes: Any, figures: TargetFigures) -> None:
    for place, day in enumerate(figures.days):
        if day.availability is None:
            axes.axvspan(place - 0.5, place + 0.5, facecolor=COLOURS["unknown"], **_HATCHED)


def _plain(axes: Any) -> None:
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(GRID)


def _label_days(axes: Any, days: tuple[DayFigures, ...]) -> None:
    step = max(1, -(-len(days) // _MOST_LABELS))
    shown = range(0, len(days), step)
    names = [
        f"{days[place].day.day} {days[place].day:%b}" if place == 0 else str(days[place].day.day)
        for place in shown
    ]
    axes.set_xticks(list(shown), names)
    # A day alone is drawn as narrow as it is in a week.
    room = 0.6 if len(days) > 1 else 3
    axes.set_xlim(-room, len(days) - 1 + room)
    axes.tick_params(length=0, labelsize=7, colors=QUIET)
