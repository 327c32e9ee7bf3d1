"""A small web server in a thread, on a loopback port: the mail page and the portal."""

import socket
import threading
from pathlib import Path
from typing import Self

import uvicorn
from starlette.types import ASGIApp

from include.mobile_plans.errors import MobilePlansError
from include.mobile_plans.simulation.loopback import ADDRESS

START_WITHIN_S = 15.0


class WebServer:
    """
    Serve one application on one loopback port until it is stopped.

    Args:
        app: What answers.
        port: Where.
        certificate: Certificate chain in PEM, for https.
        key: Its private key in PEM.
    """

    def __init__(
        self,
        app: ASGIApp,
        port: int,
        *,
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> None:
        self._server = _AnnouncingServer(
            uvicorn.Config(
                app,
                host=ADDRESS,
                port=port,
                log_level="warning",
                access_log=False,
                server_header=False,
                lifespan="off",
                timeout_graceful_shutdown=2,
                ssl_certfile=certificate,
                ssl_keyfile=key,
            )
        )
        self._thread = threading.Thread(target=self._server.run, name=f"port {port}", daemon=True)
        self._port = port

    def start(self) -> Self:
        """
        Start, and return when connections are accepted.

        Raises:
            MobilePlansError: The port is taken.
        """
        self._thread.start()
        if not self._server.settled.wait(START_WITHIN_S) or not self._server.started:
            msg = f"nothing can be served on port {self._port}: another program has it"
            raise MobilePlansError(msg)
        return self

    def stop(self) -> None:
        """Stop, and return when the port is free again."""
        self._server.should_exit = True
        self._thread.join(START_WITHIN_S)

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()


class _AnnouncingServer(uvicorn.Server):
    """A server that tells another thread when it listens, or that it never will."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            super().run(sockets)
        except SystemExit:
            return  # uvicorn leaves so when the port is taken; start() says it
        finally:
            self.settled.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()
