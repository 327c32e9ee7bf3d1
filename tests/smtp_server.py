"""
A real SMTP server on this machine that misbehaves exactly as it is told.

It accepts every mail until a test tells it otherwise: ``server.at("rcpt", "451 later", times=2)``.
``python -m tests.smtp_server`` runs it as a process of its own and prints its port.
"""

import asyncio
import base64
import json
import re
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Literal, Self

Phase = Literal["greeting", "ehlo", "auth", "mail", "rcpt", "data", "end", "rset"]
"""``data`` is the answer to DATA, ``end`` the one to the final dot."""

ALWAYS = 10**9
DROP = "drop"
"""Close the connection instead of answering."""
KEEP_AND_DROP = "keep and drop"
"""At ``end`` only: accept the mail, and close the connection instead of saying so."""
EXTENSIONS = ("SIZE 33554432", "8BITMIME", "SMTPUTF8")
ACCEPTED = {
    "greeting": "220 mail.test ESMTP",
    "auth": "235 2.7.0 welcome",
    "mail": "250 2.1.0 ok",
    "rcpt": "250 2.1.5 ok",
    "data": "354 go ahead",
    "end": "250 2.0.0 kept",
    "rset": "250 2.0.0 ok",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One mail that the server accepted."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes

    @property
    def message_id(self) -> str:
        """What tells a copy of a mail from another mail; read without reading the whole."""
        found = re.search(rb"^Message-ID: (.*)\r$", self.content, re.MULTILINE)
        return found[1].decode() if found else ""

    @property
    def mail(self) -> EmailMessage:
        """The mail as a reader sees it."""
        read = message_from_bytes(self.content, policy=default)
        assert isinstance(read, EmailMessage)
        return read


@dataclass(slots=True)
class Rule:
    """What the server does at a phase, so many times, to one recipient or to all."""

    phase: Phase
    answer: str
    times: int
    recipient: str | None
    delay_s: float


@dataclass
class SmtpServer:
    """
    The server, running while its context lasts.

    Attributes:
        extensions: What EHLO offers.
        answer_after_s: How long every answer to a mail takes: MAIL, RCPT, DATA and the final dot.
        end_after_s: How long the answer to the final dot takes besides.
        certificate: Offers STARTTLS with these certificates.
        password: Asks for AUTH PLAIN or LOGIN with it.
        arrivals: Every mail accepted.
        commands: Every line received outside of mails.
        connections: How many there were.
        problems: How clients broke the protocol.
    """

    extensions: tuple[str, ...] = EXTENSIONS
    answer_after_s: float = 0.0
    end_after_s: float = 0.0
    certificate: ssl.SSLContext | None = None
    password: str | None = None
    arrivals: list[Arrival] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    problems: list[str] = field(default_factory=list)
    port: int = 0
    _rules: list[Rule] = field(default_factory=list)

    def at(
        self,
        phase: Phase,
        answer: str,
        *,
        times: int = 1,
        recipient: str | None = None,
        delay_s: float = 0.0,
    ) -> Self:
        """Answer so at a phase, for the next so many times; then the next rule holds."""
        self._rules.append(Rule(phase, answer, times, recipient, delay_s))
        return self

    def __enter__(self) -> Self:
        """Listen on a free port, or on the one named."""
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        assert started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening; a client that broke the protocol fails the test."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive()
        assert self.problems == []

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve(started))
        self._loop.close()

    async def _serve(self, started: threading.Event) -> None:
        self._stop = asyncio.Event()
        self._talks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, limit=2**20)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self._stop.wait()
        server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.add(talk)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                await _Talk(self, reader, writer).run()
        except AssertionError as error:
            self.problems.append(str(error))
        finally:
            self._talks.discard(talk)
            with suppress(ConnectionError, ssl.SSLError):
                writer.close()

    def rule_for(self, phase: Phase, recipient: str | None) -> Rule | None:
        """Use up one time of the first rule that holds now."""
        for rule in self._rules:
            if rule.phase == phase and rule.times and rule.recipient in (None, recipient):
                rule.times -= 1
                return rule
        return None

    def wait_until_quiet(self) -> None:
        """Wait until every connection is closed and what came over it is kept."""

        async def quiet() -> None:
            await asyncio.gather(*self._talks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(quiet(), self._loop).result(10)

    def mails_to(self, recipient: str) -> list[Arrival]:
        """Return what arrived for one recipient."""
        return [arrival for arrival in self.arrivals if recipient in arrival.recipients]


class _HangUp(Exception):
    """The connection is to be closed."""


class _Talk:
    """One connection."""

    def __init__(
        self, server: SmtpServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.is_encrypted = self.is_known = False
        self.sender: str | None = None
        self.recipients: list[str] = []

    async def run(self) -> None:
        with suppress(_HangUp):
            await self.answer("greeting")
            while line := await self.reader.readline():
                self.server.commands.append(line.decode("utf-8").rstrip("\r\n"))
                verb, _, rest = self.server.commands[-1].partition(" ")
                await self.obey(verb.upper(), rest)

    async def obey(self, verb: str, rest: str) -> None:
        commands = {
            "EHLO": self.on_ehlo,
            "HELO": self.on_helo,
            "STARTTLS": self.on_starttls,
            "AUTH": self.on_auth,
            "MAIL": self.on_mail,
            "RCPT": self.on_rcpt,
            "DATA": self.on_data,
            "RSET": self.on_rset,
            "QUIT": self.on_quit,
        }
        await commands.get(verb, self.on_anything_else)(rest)

    async def on_ehlo(self, _: str) -> None:
        await self.answer("ehlo", "\r\n".join(self.offer()))

    async def on_helo(self, _: str) -> None:
        await self.say("250 mail.test")

    async def on_starttls(self, _: str) -> None:
        assert self.server.certificate is not None
        await self.say("220 go ahead")
        await self.writer.start_tls(self.server.certificate)
        self.is_encrypted = True

    async def on_mail(self, rest: str) -> None:
        if self.server.password and not self.is_known:
            await self.say("530 5.7.0 authentication required")
        elif await self.answer("mail"):
            self.sender, self.recipients = address_in(rest), []

    async def on_rcpt(self, rest: str) -> None:
        assert self.sender is not None, "RCPT before MAIL"
        if await self.answer("rcpt", recipient=address_in(rest)):
            self.recipients.append(address_in(rest))

    async def on_data(self, _: str) -> None:
        assert self.recipients, "DATA before RCPT"
        if await self.answer("data"):
            await self.take()

    async def on_rset(self, _: str) -> None:
        self.sender, self.recipients = None, []
        await self.answer("rset")

    async def on_quit(self, _: str) -> None:
        await self.say("221 bye")
        raise _HangUp

    async def on_anything_else(self, _: str) -> None:
        await self.say("502 5.5.1 not here")

    def offer(self) -> Iterator[str]:
        lines = ["mail.test", *self.server.extensions]
        if self.server.certificate and not self.is_encrypted:
            lines.append("STARTTLS")
        if self.server.password:
            lines.append("AUTH PLAIN LOGIN")
        for line in lines[:-1]:
            yield f"250-{line}"
        yield f"250 {lines[-1]}"

    async def on_auth(self, rest: str) -> None:
        method, _, first = rest.partition(" ")
        given = first or await self.ask("")
        words = base64.b64decode(given).decode()
        if method.upper() == "LOGIN":
            words = f"\0{words}\0{base64.b64decode(await self.ask('Password:')).decode()}"
        self.is_known = words.rpartition("\0")[2] == self.server.password
        await self.answer("auth", None if self.is_known else "535 5.7.8 wrong password")

    async def ask(self, prompt: str) -> str:
        await self.say(f"334 {base64.b64encode(prompt.encode()).decode()}")
        return (await self.reader.readline()).decode().strip()

    async def take(self) -> None:
        """Read the mail as it is on the line, and keep it if no rule says otherwise."""
        lines = []
        while (line := await self.reader.readline()) != b".\r\n":
            if not line:
                raise _HangUp
            assert line.endswith(b"\r\n"), line[-80:]
            assert b"\r" not in line[:-2], line
            assert len(line) <= 1000, len(line)
            assert line.isascii() or "8BITMIME" in self.server.extensions, line
            lines.append(line[1:] if line.startswith(b".") else line)
        await asyncio.sleep(self.server.end_after_s)
        assert self.sender is not None
        arrival = Arrival(
            sender=self.sender, recipients=tuple(self.recipients), content=b"".join(lines)
        )
        self.sender, recipients = None, self.recipients
        await self.answer("end", recipient=recipients[0], arrival=arrival)

    async def answer(
        self,
        phase: Phase,
        usual: str | None = None,
        *,
        recipient: str | None = None,
        arrival: Arrival | None = None,
    ) -> bool:
        """Do what the rules say, or accept; return whether it was accepted."""
        rule = self.server.rule_for(phase, recipient)
        text = rule.answer if rule else usual or ACCEPTED[phase]
        if phase in ("mail", "rcpt", "data", "end"):
            await asyncio.sleep(self.server.answer_after_s)
        if arrival and (text == KEEP_AND_DROP or text.startswith("2")):
            # A server that accepts has the mail before it says so.
            self.server.arrivals.append(arrival)
        await asyncio.sleep(rule.delay_s if rule else 0)
        if text in (DROP, KEEP_AND_DROP):
            raise _HangUp
        await self.say(text)
        if text.startswith("421"):
            raise _HangUp
        return text[0] in "23"

    async def say(self, text: str) -> None:
        self.writer.write(text.encode() + b"\r\n")
        await self.writer.drain()


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


def address_in(words: str) -> str:
    """Return what stands between the angle brackets of MAIL and RCPT."""
    return words.partition("<")[2].rpartition(">")[0]


def main() -> None:
    """Accept mails until standard input closes, then print how many arrived."""
    settings = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    with SmtpServer(**settings) as server:
        print(server.port, flush=True)  # noqa: T201
        sys.stdin.read()
        print(len(server.arrivals), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
