"""
The mails of a folder in a browser.

Mail is hostile by habit: its HTML is shown in a sandboxed frame whose policy loads nothing from
anywhere and runs no script, and its attachments are only ever offered as downloads.
"""

import base64
import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from include.mobile_plans.errors import NotFound
from include.mobile_plans.instants import format_instant
from include.mobile_plans.simulation.mail_folder import CaughtMail, MailFolder

PAGES = Path(__file__).parent / "pages"
MAILS_PER_PAGE = 100
COMMON_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src data:; frame-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
MAIL_HEADERS = COMMON_HEADERS | {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; "
        "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
    )
}


def mail_page(folder: MailFolder) -> Starlette:
    """Return the application that shows the mails of one folder."""
    pages = _Pages(folder)
    return Starlette(
        routes=[
            Route("/", pages.listing),
            Route("/style.css", pages.style),
            Route("/api/mails", pages.as_json),
            Route("/mails/{name}", pages.one),
            Route("/mails/{name}/html", pages.html),
            Route("/mails/{name}/file", pages.file),
            Route("/mails/{name}/attachments/{number:int}", pages.attachment),
        ],
        # A page of another site that renames itself to this address must not read mails.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1"])],
        exception_handlers={NotFound: _not_found},
    )


class _Pages:
    def __init__(self, folder: MailFolder) -> None:
        self._folder = folder
        self._templates = Environment(
            loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined
        )

    def listing(self, request: Request) -> Response:
        """Show the newest mails, those that contain ``q`` only."""
        wanted = request.query_params.get("q", "").strip()
        names = self._folder.names()
        if wanted:
            names = [name for name in names if _contains(self._folder.mail(name), wanted)]
        page = max(1, _number(request.query_params.get("page", "1")))
        first = (page - 1) * MAILS_PER_PAGE
        return self._render(
            "mails.html",
            mails=[self._folder.mail(name) for name in names[first : first + MAILS_PER_PAGE]],
            total=len(names),
            wanted=wanted,
            page=page,
            has_older=len(names) > first + MAILS_PER_PAGE,
            folder=self._folder.path,
        )

    def one(self, request: Request) -> Response:
        """Show one mail: what it says, its headers, its attachments."""
        return self._render("mail.html", mail=self._mail(request))

    def html(self, request: Request) -> Response:
        """Answer with the HTML of a mail, its own images put into it."""
        return HTMLResponse(_self_contained(self._mail(request)), headers=MAIL_HEADERS)

    def file(self, request: Request) -> Response:
        """Answer with the whole mail as a download."""
        mail = self._mail(request)
        return _download(mail.raw, f"{mail.name}.eml")

    def attachment(self, request: Request) -> Response:
        """Answer with one attachment as a download, whatever type it claims to have."""
        mail, number = self._mail(request), int(request.path_params["number"])
        if not 1 <= number <= len(mail.attachments):
            msg = f"mail {mail.name} has {len(mail.attachments)} attachments, not number {number}"
            raise NotFound(msg)
        chosen = mail.attachments[number - 1]
        return _download(chosen.content, chosen.file_name)

    def as_json(self, request: Request) -> Response:
        """Answer with every mail's outside, for scripts."""
        del request
        return JSONResponse(
            {
                "mails": [
                    {
                        "name": mail.name,
                        "received_at": format_instant(mail.received_at),
                        "envelope_from": mail.envelope_from,
                        "envelope_to": list(mail.envelope_to),
                        "subject": mail.subject,
                        "message_id": mail.header("Message-ID") or None,
                        "attachments": [each.file_name for each in mail.attachments],
                    }
                    for mail in self._folder.all()
                ]
            },
            headers=COMMON_HEADERS,
        )

    def style(self, request: Request) -> Response:
        """Answer with the style of these pages."""
        del request
        return Response(
            (PAGES / "mail.css").read_text(), media_type="text/css", headers=COMMON_HEADERS
        )

    def _mail(self, request: Request) -> CaughtMail:
        return self._folder.mail(request.path_params["name"])

    def _render(self, template: str, **values: object) -> Response:
        return HTMLResponse(
            self._templates.get_template(template).render(values), headers=COMMON_HEADERS
        )


def _contains(mail: CaughtMail, wanted: str) -> bool:
    seen = " ".join((mail.subject, mail.envelope_from, *mail.envelope_to))
    return wanted.casefold() in seen.casefold()


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 1


def _self_contained(mail: CaughtMail) -> str:
    """Put the mail's own images into its HTML, and let links open beside it."""
    html = mail.html
    for part in mail.attachments:
        if part.content_id and part.content_type.startswith("image/"):
            encoded = base64.b64encode(part.content).decode()
            html = html.replace(
                f"cid:{part.content_id}", f"data:{part.content_type};base64,{encoded}"
            )
    base = '<base target="_blank">'
    with_base, heads = re.subn(r"(?i)<head\b[^>]*>", lambda head: head[0] + base, html, count=1)
    return with_base if heads else base + html


def _download(content: bytes, file_name: str) -> Response:
    return Response(
        content,
        media_type="application/octet-stream",
        headers=COMMON_HEADERS | {"Content-Disposition": f'attachment; filename="{file_name}"'},
    )


async def _not_found(request: Request, error: Exception) -> Response:
    del request
    return PlainTextResponse(f"{error}\n", status_code=404, headers=COMMON_HEADERS)
