"""The words of a notice: one folder of templates per kind."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateNotFound,
    UndefinedError,
    select_autoescape,
)

from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import require_utc
from include.mobile_plans.notices.message import Rendered
from include.mobile_plans.store.types import canonical_json

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


def render(kind: str, context: Mapping[str, Any]) -> Rendered:
    """
    Fill in the templates of a kind of notice.

    Raises:
        BadInput: There is no such kind, or a template names something the context lacks.
    """
    environment = _environment()
    try:
        subject = environment.get_template(f"{kind}/subject.txt").render(context)
        text = environment.get_template(f"{kind}/body.txt").render(context)
        html = environment.get_template(f"{kind}/body.html").render(context)
    except TemplateNotFound as error:
        msg = f"there is no template {error.name}: kinds are {', '.join(kinds())}"
        raise BadInput(msg) from error
    except UndefinedError as error:
        msg = f"the templates of {kind} need something that was not given: {error.message}"
        raise BadInput(msg) from error
    return Rendered(subject=subject.strip(), text=text.strip() + "\n", html=html)


def kinds() -> list[str]:
    """Name every kind of notice there is."""
    return sorted(path.parent.name for path in TEMPLATES.glob("*/subject.txt"))


def render_page(name: str, context: Mapping[str, Any]) -> str:
    """Fill in ``<name>/page.html``: a page that needs nothing but itself."""
    return _environment().get_template(f"{name}/page.html").render(context)


@cache
def template_sources() -> tuple[str, ...]:
    """Return the text of every template, as this process first saw it."""
    return tuple(path.read_text() for path in sorted(TEMPLATES.rglob("*")) if path.is_file())


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html"], default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "utc": _utc,
        "local": _local,
        "duration": duration,
        "to_the_second": _to_the_second,
        "json": canonical_json,
    }
    return environment


def _utc(instant: datetime) -> str:
    return f"{require_utc(instant):%a %d %b %Y %H:%M} UTC"


def _to_the_second(instant: datetime) -> str:
    return f"{require_utc(instant):%Y-%m-%d %H:%M:%S} UTC"


def _local(instant: datetime, zone: str) -> str:
    return f"{instant.astimezone(ZoneInfo(zone)):%a %d %b %Y %H:%M} ({zone})"


def duration(lasted: timedelta) -> str:
    """Say how long something lasts, in days, hours and minutes."""
    minutes, _ = divmod(round(lasted.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "day"), (hours, "hour"), (minutes, "minute")]
    words = [f"{number} {unit}{'s' * (number != 1)}" for number, unit in parts if number]
    return " ".join(words) or "less than a minute"
