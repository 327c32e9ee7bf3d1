"""
A TLS server on this machine that misbehaves as its path says.

``/ok`` answers as expected; the other paths are what portals and the things before them really do.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections import Counter
from typing import Self

from include.mobile_plans.simulation.certificates import LocalCertificate

BODY = b'{"status": {"portal": "up"}, "words": "MO Direct portal"}'


class RoughServer:
    """
    Answer on a free port of 127.0.0.1 until stopped.

    Args:
        certificate: What it presents, or None to speak no TLS at all.
    """

    def __init__(self, certificate: LocalCertificate | None) -> None:
        self.requests: Counter[str] = Counter()
        self.user_agents: set[str] = set()
        self.port = 0
        self._context = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate.certificate, certificate.key)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def uri(self, path: str, host: str = "127.0.0.1") -> str:
        """Return the address of one of its behaviours."""
        scheme = "http" if self._context is None else "https"
        return f"{scheme}://{host}:{self.port}/{path}"

    def __enter__(self) -> Self:
        """Answer."""
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _serve(self) -> None:
        with contextlib.closing(self._loop):
            self._loop.set_exception_handler(lambda *_: None)
            self._loop.run_until_complete(self._main())

    async def _main(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(
            self._answer, "127.0.0.1", 0, ssl=self._context, backlog=1024
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        pending = asyncio.all_tasks() - {asyncio.current_task()}
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            request = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = request.split()[1].strip("/")
            self.requests[path] += 1
            agent = [line for line in request.splitlines() if line.lower().startswith("user-agent")]
            self.user_agents.update(line.partition(": ")[2] for line in agent)
            await getattr(self, f"_{path.partition('/')[0]}")(writer, path)
            writer.close()

    async def _send(
        self, writer: asyncio.StreamWriter, body: bytes, *, status: str = "200 OK", head: str = ""
    ) -> None:
        told = (
            f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{head}\r\n"
        )
        writer.write(told.encode() + body)
        await writer.drain()

    async def _ok(self, writer: asyncio.StreamWriter, path: str) -> None:
        await self._send(writer, BODY, head="X-Portal: node-3 ready\r\n")

    async def _status(self, writer: asyncio.StreamWriter, path: str) -> None:
        await self._send(writer, BODY, status=f"{path.partition('/')[2]} Told So")

    async def _other(self, writer: asyncio.StreamWriter, path: str) -> None:
        await self._send(writer, b"<h1>Welcome to our hotel's Wi-Fi</h1>")

    async def _once(self, writer: asyncio.StreamWriter, path: str) -> None:
        await self._send(writer, b"", status="302 Found", head="Location: /ok\r\nX-Portal: no\r\n")

    async def _loop_(self, writer: asyncio.StreamWriter, path: str) -> None:
        await self._send(writer, b"", status="302 Found", head="Location: /loop_\r\n")

    async def _plain(self, writer: asyncio.StreamWriter, path: str) -> None:
        await self._send(writer, b"", status="302 Found", head="Location: ftp://127.0.0.1/\r\n")

    async def _hang(self, writer: asyncio.StreamWriter, path: str) -> None:
        await self._stop.wait()

    async def _trickle(self, writer: asyncio.StreamWriter, path: str) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not self._stop.is_set():
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.02)

    async def _huge(self, writer: asyncio.StreamWriter, path: str) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x" * 1_000_000)
            await writer.drain()
            await asyncio.sleep(0)

    async def _endless(self, writer: asyncio.StreamWriter, path: str) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(1000):
            writer.write(b"X-More: " + b"x" * 8000 + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0)

    async def _short(self, writer: asyncio.StreamWriter, path: str) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")
        await writer.drain()

    async def _noise(self, writer: asyncio.StreamWriter, path: str) -> None:
        writer.write(b"\x00\x01\x02 what?\r\n\r\n")
        await writer.drain()

    async def _close(self, writer: asyncio.StreamWriter, path: str) -> None:
        return

    async def _reset(self, writer: asyncio.StreamWriter, path: str) -> None:
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()


class DeafServer:
    """Accept connections and then do nothing, or reset them, in the middle of TLS."""

    def __init__(self, *, resets: bool) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._resets = resets
        self._held: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self.uri = f"https://127.0.0.1:{self._socket.getsockname()[1]}/ok"

    def __enter__(self) -> Self:
        """Accept."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
        for held in self._held:
            held.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            if self._resets:
                connection.recv(1)  # before it was spoken to, it would not even be connected
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
            else:
                self._held.append(connection)
