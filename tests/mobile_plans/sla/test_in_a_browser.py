"""The page of a statement in a real browser: charts are seen, nothing is fetched (M4)."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from include.mobile_plans.sla.document import html_document
from tests.mobile_plans.sla import examples

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
MINE = """() => [...document.querySelectorAll('svg.chart')].flatMap(chart => {
  const whole = chart.getBoundingClientRect();
  return [...chart.querySelectorAll('text')].filter(text => {
    const part = text.getBoundingClientRect();
    return part.left < whole.left - 1 || part.right > whole.right + 1
      || part.top < whole.top - 1 || part.bottom > whole.bottom + 1;
  }).map(text => chart.id + ': ' + text.textContent);
})"""
"""Labels that stick out of their chart."""
COLOUR = "name => getComputedStyle(document.querySelector(name)).fill"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    if CHROMIUM is None:
        reason = "no Chromium on this machine: install the package chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month with good, bad, excluded and unknown days, as a partner saves it."""
    file = tmp_path_factory.mktemp("page") / "statement.html"
    file.write_text(html_document(examples.month()))
    return file


def opened(browser: Browser, file: Path, **how: object) -> tuple[Page, list[str]]:
    """Open the page, and note everything it asks for and complains of."""
    page = browser.new_context(viewport={"width": 1000, "height": 900}, **how).new_page()
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    page.on("console", lambda message: seen.append(message.text))
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.goto(file.as_uri())
    return page, seen


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1000, 390])
def test_charts_are_seen_and_nothing_is_fetched(
    browser: Browser, file: Path, scheme: str, width: int
) -> None:
    """M4: three charts, no label cut off, on wide and narrow screens; the file is all it needs."""
    page, seen = opened(browser, file, color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    charts = page.locator("svg.chart").all()
    assert len(charts) == 3
    for chart in charts:
        box = chart.bounding_box()
        assert chart.is_visible()
        assert box is not None
        assert box["width"] >= 350
        assert box["height"] > 60
    assert page.evaluate(MINE) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert seen == [file.as_uri()]


def test_unknown_days_are_hatched_and_colours_follow_the_reader(
    browser: Browser, file: Path
) -> None:
    """M3: what nobody saw is hatched; dark mode has its own colours, paper always the light."""
    page, _ = opened(browser, file, color_scheme="dark")
    assert page.evaluate(COLOUR, "rect.unknown").startswith('url("#heat-0-hatch")')
    dark = page.evaluate(COLOUR, "rect.good")
    page.emulate_media(media="print", color_scheme="dark")
    paper = page.evaluate(COLOUR, "rect.good")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    page.emulate_media(media="screen", color_scheme="light")
    assert paper == page.evaluate(COLOUR, "rect.good") != dark


def test_paper_shows_the_days(browser: Browser, file: Path) -> None:
    """M4: what is folded on the screen is printed."""
    page, _ = opened(browser, file)
    first_day = page.locator("details td").first
    assert not first_day.is_visible()
    page.emulate_media(media="print")
    assert first_day.is_visible()
