"""A person at the screen: signs in, starts a launch by its form, finds what needs an answer."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from include.mobile_plans.simulation.local_world import LocalWorld

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(600)]

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 90_000


@pytest.fixture(scope="module")
def page(world: LocalWorld) -> Iterator[Page]:
    """A browser in which ops is signed in."""
    if CHROMIUM is None:
        reason = "no Chromium on this machine: install the package chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        opened = browser.new_page(viewport={"width": 1400, "height": 1000})
        opened.set_default_timeout(PATIENCE_MS)
        opened.goto(f"{world.airflow.url}/auth/login?next={world.airflow.url}/")
        opened.fill("input[name=username]", "ops")
        opened.fill("input[name=password]", world.airflow.passwords["ops"])
        opened.keyboard.press("Enter")
        opened.wait_for_url(f"{world.airflow.url}/")
        yield opened
        browser.close()


def test_a_launch_started_by_its_form(world: LocalWorld, page: Page, project: Path) -> None:
    """The list of DAGs, the form, the phases and the required action read as people's words."""
    page.goto(f"{world.airflow.url}/dags")
    page.get_by_text("Launch a mobile operator").first.click()
    page.get_by_text("Readiness review").first.wait_for()
    for phase in ("ICCID configuration", "End-to-end validation", "Go-live"):
        assert page.get_by_text(phase).first.is_visible()

    page.get_by_role("button", name="Trigger").first.click()
    dialog = page.locator("[role=dialog][aria-modal=true]")
    dialog.get_by_text("Target launch date").wait_for()
    dialog.locator("input[role=combobox]").first.fill("Tailspin")
    page.keyboard.press("Enter")
    dialog.locator("input[type=date]").fill("2099-12-14")
    pictures = project / "build" / "screenshots"
    pictures.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=pictures / "launch-form.png")
    dialog.get_by_role("button", name="Trigger").last.click()
    dialog.wait_for(state="hidden")

    question = page.get_by_text("Tailspin:").first
    for _ in range(30):
        page.goto(f"{world.airflow.url}/required_actions")
        page.wait_for_timeout(3000)
        if question.is_visible():
            break
    page.screenshot(path=pictures / "required-actions.png")
    assert question.inner_text().startswith("By 2099-12-14 09:00 UTC: Tailspin")
    question.click()
    page.get_by_text("Signed by").first.wait_for()
    page.screenshot(path=pictures / "human-task.png", full_page=True)
    assert page.get_by_text("Evidence").first.is_visible()
