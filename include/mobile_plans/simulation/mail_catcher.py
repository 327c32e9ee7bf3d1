"""
The local mail catcher: a real SMTP server that keeps every mail and delivers none.

``python -m include.mobile_plans.simulation.mail_catcher`` runs it alone; ``make run`` starts it
with everything else. It listens on this machine only.
"""

import argparse
import signal
from pathlib import Path
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from include.mobile_plans.errors import MobilePlansError
from include.mobile_plans.simulation.clock import Clock, SystemClock
from include.mobile_plans.simulation.loopback import ADDRESS, is_free
from include.mobile_plans.simulation.mail_folder import MailFolder
from include.mobile_plans.simulation.mail_page import mail_page
from include.mobile_plans.simulation.serving import WebServer

LARGEST_MAIL_BYTES = 32 * 1024 * 1024


class MailCatcher:
    """
    An SMTP server and a web page over one folder of mails.

    Args:
        folder: Where each mail becomes a file.
        smtp_port: Where mail is accepted, on the loopback.
        page_port: Where mails are shown, on the loopback.
        clock: What stamps arrivals.
    """

    def __init__(
        self, folder: Path, *, smtp_port: int, page_port: int, clock: Clock | None = None
    ) -> None:
        self.folder = MailFolder(folder)
        self._clock = clock or SystemClock()
        self._smtp_port = smtp_port
        self._page = WebServer(mail_page(self.folder), page_port)
        self._smtp: Controller | None = None

    def start(self) -> Self:
        """
        Accept mail and show it.

        Raises:
            MobilePlansError: One of the ports is taken.
        """
        if not is_free(self._smtp_port):
            msg = f"no mail can be accepted on port {self._smtp_port}: another program has it"
            raise MobilePlansError(msg)
        self._page.start()
        self._smtp = Controller(
            _Keeper(self.folder, self._clock),
            hostname=ADDRESS,
            port=self._smtp_port,
            server_hostname="localhost",
            data_size_limit=LARGEST_MAIL_BYTES,
            enable_SMTPUTF8=True,
        )
        self._smtp.start()
        return self

    def stop(self) -> None:
        """Stop both; the mails stay."""
        if self._smtp is not None:
            self._smtp.stop()
        self._page.stop()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()


class _Keeper:
    """What the SMTP server asks about each mail: keep it, and say so only when it is on disk."""

    def __init__(self, folder: MailFolder, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  the server's name
        del server, session
        content = envelope.content or b""
        file = self._folder.save(
            content.encode() if isinstance(content, str) else content,
            sender=envelope.mail_from or "",
            recipients=envelope.rcpt_tos,
            now=self._clock.now(),
        )
        return f"250 OK kept as {file.name}"


def main() -> None:
    """Run until INT or TERM."""
    parser = argparse.ArgumentParser(description="Keep every mail, deliver none.")
    parser.add_argument("--folder", type=Path, required=True, help="where mails become files")
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--page-port", type=int, required=True)
    options = parser.parse_args()
    stops = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)  # before threads, so that they inherit it
    with MailCatcher(options.folder, smtp_port=options.smtp_port, page_port=options.page_port):
        signal.sigwait(stops)


if __name__ == "__main__":
    main()
