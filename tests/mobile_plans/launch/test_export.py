"""One file that shows a launch to a partner or an auditor."""

from collections.abc import Callable
from datetime import datetime
from html.parser import HTMLParser

import pytest

from include.mobile_plans.errors import NotFound
from include.mobile_plans.launch import REPEAT, Launch, StepSignOff, export_launch
from include.mobile_plans.questions import Answer
from include.mobile_plans.store import Store, read_events
from tests.mobile_plans.launch.conftest import RUN
from tests.mobile_plans.launch.test_steps import SIGNED


class Tags(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]


def test_it_holds_everything_and_needs_nothing(
    records: Store, start: Callable[..., Launch], answer: Callable[..., Answer], now: datetime
) -> None:
    """Every event with its hash, no script, nothing loaded, no whole ICCID, text stays text."""
    launch = start()
    step = StepSignOff("esim_first_run", "phone_number_lookup", has_iccid=True)
    seen = SIGNED | {"evidence": "<script>alert(1)</script>"}
    step.record(RUN, answer("Fail", **seen, what_next=REPEAT))
    step.record(RUN, answer("Pass", **SIGNED, fixed="new build"))

    with records.snapshot() as connection:
        page = export_launch(connection, launch.launch_id, now)
        events = read_events(connection, launch.stream)
    tags = Tags()
    tags.feed(page)

    assert "script" not in tags.names
    assert tags.links == []
    assert all(event.hash in page for event in events)
    assert len(events) == 5
    assert SIGNED["iccid"] not in page
    assert "8988280*********0009" in page
    assert "&lt;script&gt;" in page
    assert "new build" in page
    assert ">whole<" in page


def test_what_does_not_exist_is_not_exported(records: Store, now: datetime) -> None:
    """An unknown launch is named."""
    with records.snapshot() as connection, pytest.raises(NotFound):
        export_launch(connection, "launch-nobody-2026-01-01-1", now)
