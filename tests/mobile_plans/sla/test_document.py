"""A statement as a page, as charts and as figures for a spreadsheet (M3, M4)."""

import csv
import io
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from xml.etree import ElementTree as ET

import pytest

from include.mobile_plans.sla import words
from include.mobile_plans.sla.charts import (
    budget_burn_down,
    budget_marks,
    budget_words,
    heat_strip,
    heat_strip_words,
    latency_line,
    left_by_day,
    level_of,
)
from include.mobile_plans.sla.document import csv_text, html_document
from include.mobile_plans.sla.images import chart_png, chart_words
from include.mobile_plans.sla.model import TargetFigures
from tests.mobile_plans.sla import examples

SVG = "{http://www.w3.org/2000/svg}"
CHARTS = {"heat": heat_strip, "latency": latency_line, "budget": budget_burn_down}


def days_of(number: int) -> TargetFigures:
    """Return a target with so many good days."""
    days = [examples.day(date(2026, 1, 1) + timedelta(days=n)) for n in range(number)]
    return examples.target("contoso/portal", days)


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (None, "not known"),
        (1.0, "100.00 %"),
        (0.999, "99.90 %"),
        (0.9989999, "99.89 %"),
        (0.9999999, "99.99 %"),
        (0.9995, "99.95 %"),
        (0.0, "0.00 %"),
    ],
)
def test_a_share_never_reads_better_than_it_is(share: float | None, said: str) -> None:
    """M3: just below 99.90 % does not read as 99.90 %, nor is 100.00 % anything but all."""
    assert words.percent(share) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (30, "30 s"),
        (4320, "1 h 12 min"),
        (-90.5, "-1 min 30 s"),
        (90061, "1 d 1 h 1 min 1 s"),
        (-0.2, "0 s"),
    ],
)
def test_durations_in_words(seconds: float, said: str) -> None:
    """Durations read as people say them; an overspent budget keeps its sign."""
    assert words.seconds_in_words(seconds) == said


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("number", [1, 30, 31, 366])
def test_a_chart_is_well_formed_and_says_what_it_shows(name: str, number: int) -> None:
    """M4: each has a title and a description, whatever the length of the period."""
    root = ET.fromstring(CHARTS[name](days_of(number), name))  # noqa: S314 - our own
    assert root.get("role") == "img"
    named = root.get("aria-labelledby", "").split()
    texts = {one.get("id"): one.text for one in root if one.get("id")}
    assert len(named) == 2
    assert all(texts[one] for one in named)


def test_a_day_nobody_saw_is_hatched() -> None:
    """M3: unknown is not up: no part of such a day is in the colour of a good one."""
    figures = examples.month().targets[0]
    root = ET.fromstring(heat_strip(figures, "heat"))  # noqa: S314 - our own
    cells = [
        {rect.get("class"): float(rect.get("height")) for rect in group.iter(f"{SVG}rect")}
        for group in root.iter(f"{SVG}g")
    ]
    assert cells[17].keys() == {"unknown"}
    assert cells[18].keys() == {"unknown", "good"}
    assert cells[13].keys() == {"excluded", "good"}
    assert cells[8].keys() == {"bad"}
    assert cells[22].keys() == {"low"}
    assert all(sum(cell.values()) == pytest.approx(58, abs=0.11) for cell in cells)
    assert 'fill="url(#heat-hatch)"' in heat_strip(figures, "heat")


def test_the_smallest_gap_is_seen() -> None:
    """M3: one unknown slot of a day is drawn high enough to be seen."""
    one = examples.target("contoso/portal", [examples.day(examples.FIRST, unknown=1)])
    assert re.search(r'class="unknown"[^>]+height="3\.0"', heat_strip(one, "heat"))


def test_the_levels() -> None:
    """M3: as promised from 99.90 % on, far below from ten times the share that may be missed."""
    levels = {
        bad: level_of(examples.day(examples.FIRST, bad=bad), examples.PROMISED)
        for bad in (0, 2, 3, 28, 29)
    }
    assert levels == {0: "good", 2: "good", 3: "low", 28: "low", 29: "bad"}


def test_the_budget_goes_down_to_what_is_left() -> None:
    """M3: the line ends where the statement says, below zero where it is overspent."""
    figures = examples.month().targets[0]
    assert left_by_day(figures)[-1] == pytest.approx(figures.budget.left_s)
    over = examples.one_day(bad=90).targets[0]
    assert "overspent by 43 min 33 s" in budget_words(over)
    assert 'class="overspent"' in budget_burn_down(over, "budget")
    assert 'class="overspent"' not in budget_burn_down(figures, "budget")


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ([2592.0, 1000.0], ["used up", "43 min 12 s"]),
        ([1036.0, -25963.0], ["used up", "-7 h 12 min"]),
        ([2592.0, -1000.0], ["used up", "43 min 12 s", "-16 min 40 s"]),
        ([0.0, 0.0], ["used up"]),
    ],
)
def test_figures_beside_the_budget_do_not_overlap(left: list[float], said: list[str]) -> None:
    """What is allowed is not written over the line where it is used up."""
    assert list(budget_marks(left).values()) == said


def test_the_words_of_the_heat_strip() -> None:
    """What a picture shows is said for those who do not see it."""
    said = heat_strip_words(examples.month().targets[0])
    assert said.startswith("Of 30 days, 27 were as promised (99.90 %), 2 below, 1 not known.")
    assert "Mon 9 Nov 2026" in said


def test_the_picture_for_mails() -> None:
    """M4: a PNG at twice the width it is shown in, of any period, also of nothing known."""
    for statement in (examples.month(), examples.unseen(), examples.one_day(bad=90)):
        figures = statement.targets[0]
        png = chart_png(figures)
        assert png.startswith(b"\x89PNG")
        assert int.from_bytes(png[16:20], "big") == 960
        assert len(png) < 150_000
        assert chart_words(figures)
    assert chart_png(examples.month().targets[0]) == chart_png(examples.month().targets[0])


def test_the_page_says_all(policy: object) -> None:
    """M3, M4: three services, both availabilities with bounds, every outage, both parties."""
    page = html_document(examples.month())
    for said in (
        *("Core Network Services", "not monitored by the program", "xDR (CDR, SDR, TDR)"),
        *("Planned maintenance not counted out", "If all we did not see had been bad"),
        *("INC-0042", "2026-11-09 14:00:30 UTC", "not seen", "not yet"),
        *("told 1 day 4 hours late", "Initial response within 1 hour", "1,204,311"),
        *("41 min 30 s", "Waiting for the first byte".lower(), examples.SEAL.sha256),
    ):
        assert said in page, said
    assert "Indicative" not in page
    assert "Indicative" in html_document(examples.one_day())
    assert "Nothing was monitored" in html_document(examples.month(targets=()))


def test_the_page_of_a_correction() -> None:
    """M4: what changed stands first: before, now and why."""
    page = html_document(examples.corrected())
    assert page.index("What this correction changes") < page.index("MO Direct portal")
    assert "DSP-0001 was accepted by Maya Patel" in page
    assert examples.SEAL.sha256[:16] in page


def test_a_page_escapes_what_people_wrote() -> None:
    """A name with markup in it stays text, also in the words of a chart."""
    page = html_document(examples.month(mobile_operator="<script>alert(1)</script> & Co"))
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_figures_of_each_day_as_csv() -> None:
    """M4: a row for the period and one for each day; what is not known is empty, never 0 or 1."""
    rows = list(csv.DictReader(io.StringIO(csv_text(examples.month()))))
    period, *days = rows
    assert (period["kind"], period["availability"]) == ("month", "0.998983341")
    assert period["verdict_availability"] == "missed"
    assert len(days) == 30
    assert days[17]["availability"] == days[17]["mean_ms"] == ""
    assert days[17]["coverage"] == "0.0"
    assert sum(int(row["bad_slots"]) for row in days) == int(period["bad_slots"])


def test_no_cell_is_a_formula() -> None:
    """A name that a spreadsheet would compute is text; numbers below zero stay numbers."""
    wrong = examples.one_day(name='=HYPERLINK("https://x.example")', bad=90)
    (period, _) = csv.DictReader(io.StringIO(csv_text(wrong)))
    assert period["mobile_operator"].startswith("'=HYPERLINK")
    assert float(period["budget_left_s"]) < 0


def test_the_room_stays_light() -> None:
    """Every DAG file imports the room: matplotlib and numpy come with the first picture."""
    code = (
        "import sys; import include.mobile_plans.sla as room; room.queue_statement; "
        "print([name for name in ('matplotlib', 'numpy', 'pyarrow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_two_portals_are_told_apart() -> None:
    """Each target has its own heading and its own charts, no id twice."""
    one = examples.month().targets[0]
    page = html_document(examples.month(targets=(one, replace(one, target="contoso/other"))))
    ids = re.findall(r'id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert "MO Direct portal: contoso/other" in page
