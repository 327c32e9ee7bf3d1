"""
A MO Direct portal for every example mobile operator, over TLS, that fails when it is told to.

``https://localhost:<port>/<slug>/`` answers 200 with the brand and the words "MO Direct portal".
Each path reads ``<slug>.json`` in the control folder at every request, so that a person, a test or
a demo makes one portal fail without touching the others, and the fault survives a restart; every
key may be left out::

    {"status": 503, "delay_s": 0, "body": "Service Unavailable"}

``python -m include.mobile_plans.simulation.portal`` runs it alone; ``make run`` starts it.
"""

import argparse
import asyncio
import json
import re
import signal
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from include.mobile_plans.errors import BadInput
from include.mobile_plans.simulation.certificates import local_certificate
from include.mobile_plans.simulation.clock import Clock, SystemClock
from include.mobile_plans.simulation.serving import WebServer

HEALTHY_WORDS = "MO Direct portal"
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a portal says: an HTTP status, after a delay in seconds, with the usual page or not."""

    status: int = 200
    delay_s: float = 0.0
    body: str | None = None


class PortalControl:
    """
    The answers of the portals, one file per mobile operator that does not answer as usual.

    Args:
        folder: Where those files are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def set(self, slug: str, answer: Answer) -> None:
        """
        Make one mobile operator's portal answer like this from now on.

        Raises:
            BadInput: ``slug`` is none.
        """
        file = self._file(slug)
        unfinished = file.with_suffix(".part")
        unfinished.write_text(json.dumps(asdict(answer)), encoding="utf-8")
        unfinished.replace(file)

    def restore(self, slug: str) -> None:
        """
        Make one mobile operator's portal answer as usual again.

        Raises:
            BadInput: ``slug`` is none.
        """
        self._file(slug).unlink(missing_ok=True)

    def answer(self, slug: str) -> Answer:
        """
        Return what this portal answers now.

        Raises:
            BadInput: ``slug`` is none, or its file is not as described above.
        """
        file = self._file(slug)
        try:
            text = file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return Answer()
        try:
            return Answer(**json.loads(text))
        except (TypeError, ValueError):
            msg = f"{file}: write a JSON object with status, delay_s and body, or remove the file"
            raise BadInput(msg) from None

    def _file(self, slug: str) -> Path:
        if not _SLUG.fullmatch(slug):
            msg = f"{slug!r} is no slug: lower-case letters, digits and dashes"
            raise BadInput(msg)
        return self._folder / f"{slug}.json"


class Portal:
    """
    The portals of all mobile operators on one loopback port, over TLS.

    Args:
        folder: Where its certificate is kept and, in ``control``, its faults.
        port: Where it answers.
        clock: What dates its certificate.
    """

    def __init__(self, folder: Path, *, port: int, clock: Clock | None = None) -> None:
        certificate = local_certificate(folder, (clock or SystemClock()).now())
        self.authority = certificate.authority
        faults = folder / "control"
        faults.mkdir(exist_ok=True)
        self.control = PortalControl(faults)
        self._server = WebServer(
            portal_app(self.control),
            port,
            certificate=certificate.certificate,
            key=certificate.key,
        )

    def start(self) -> Self:
        """
        Answer.

        Raises:
            MobilePlansError: The port is taken.
        """
        self._server.start()
        return self

    def stop(self) -> None:
        """Answer no more."""
        self._server.stop()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()


def portal_app(control: PortalControl) -> Starlette:
    """Return the application that answers for every mobile operator."""

    async def answer(request: Request) -> Response:
        slug = str(request.path_params["slug"])
        now = control.answer(slug)
        await asyncio.sleep(now.delay_s)
        body = _usual_page(slug) if now.body is None else now.body
        return HTMLResponse(body, status_code=now.status)

    async def refuse(request: Request, error: Exception) -> Response:
        del request
        return HTMLResponse(escape(str(error)), status_code=404)

    return Starlette(
        routes=[Route("/{slug}/", answer)],
        exception_handlers={BadInput: refuse},
    )


def _usual_page(slug: str) -> str:
    brand = escape(slug.replace("-", " ").title())
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>{brand}</title><h1>{brand}</h1><p>{HEALTHY_WORDS}</p></html>"
    )


def main() -> None:
    """Run until INT or TERM."""
    parser = argparse.ArgumentParser(description="Portals of the example mobile operators.")
    parser.add_argument("--folder", type=Path, required=True, help="certificate and faults")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    stops = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)  # before threads, so that they inherit it
    with Portal(options.folder, port=options.port):
        signal.sigwait(stops)


if __name__ == "__main__":
    main()
