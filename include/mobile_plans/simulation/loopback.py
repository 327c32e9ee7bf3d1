"""
The ports the local world listens on: one number moves them all, and a taken one is said plainly.

Everything listens on the loopback addresses of this machine and nowhere else.
"""

import errno
import os
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, fields
from typing import Self

from include.mobile_plans.errors import BadInput

ADDRESS = "127.0.0.1"
HIGHEST_PORT = 65535
FIRST_UNPRIVILEGED_PORT = 1024
EXAMPLE_PORTAL_PORT = 8843
"""The port in the portal URIs of the example mobile operators, ``include/policy``."""
SQLITE_PATIENCE = {"timeout": 60}
"""Seconds Airflow's processes wait for each other's writes on SQLite; after five, its default, a
busy machine answers people with an error."""


def hostname() -> str:
    """
    Name this machine for Airflow, which puts the name into the URLs of its log servers.

    The real name may resolve to an address outside the loopback, slowly, or not at all.
    """
    return "localhost"


def is_free(port: int) -> bool:
    """Tell whether nothing listens on a port of either loopback address."""
    for family, address in ((socket.AF_INET, ADDRESS), (socket.AF_INET6, "::1")):
        try:
            listener = socket.socket(family, socket.SOCK_STREAM)
        except OSError:
            continue  # the machine has no such family, so nobody can listen on it
        with listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((address, port))
            except OSError as error:
                if error.errno != errno.EADDRNOTAVAIL:  # no IPv6 on this machine
                    return False
    return True


def _named(use: str, variable: str, default: int | None = None) -> int:
    """Describe a port: its use, the variable that sets it, its default where it is a fixed one."""
    description = {"use": use, "variable": variable, "default": default}
    return field(metadata=description)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """
    The TCP ports of one local world; each has a use and the variable that sets it.

    The portal's does not follow ``PORT``: the store holds it in the mobile operators' portal URIs.
    """

    web: int = _named("Airflow", "PORT")
    smtp: int = _named("mail in", "SMTP_PORT")
    mail: int = _named("mail page", "MAIL_PORT")
    worker_log: int = _named("task logs", "WORKER_LOG_PORT")
    trigger_log: int = _named("trigger logs", "TRIGGER_LOG_PORT")
    portal: int = _named("portal", "PORTAL_PORT", EXAMPLE_PORTAL_PORT)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """
        Read ``PORT`` and its relatives; those that are not set follow ``PORT`` one by one.

        Raises:
            BadInput: A value is no port number, or two uses share one.
        """
        first = _port_number(environment, "PORT", 8080)
        ports = {
            each.name: _port_number(
                environment, each.metadata["variable"], each.metadata["default"] or first + offset
            )
            for offset, each in enumerate(fields(cls))
        }
        problems = [
            f"{each.metadata['variable']}={ports[each.name]} is used twice: give each its own port"
            for each in fields(cls)
            if list(ports.values()).count(ports[each.name]) > 1
        ]
        if problems:
            raise BadInput(*problems)
        return cls(**ports)

    @classmethod
    def free(cls) -> Self:
        """Choose ports nobody uses at this moment, for a world beside others."""
        with ExitStack() as held:
            listeners = [held.enter_context(socket.socket()) for _ in fields(cls)]
            for listener in listeners:
                listener.bind((ADDRESS, 0))
            numbers = [listener.getsockname()[1] for listener in listeners]
        return cls(**dict(zip((each.name for each in fields(cls)), numbers, strict=True)))

    def require_free(self) -> None:
        """
        Refuse to start beside another program.

        Raises:
            BadInput: One line for each port that is taken, with a value that would work.
        """
        taken = [each for each in fields(self) if not is_free(getattr(self, each.name))]
        if taken and taken[0].name == "web":  # the others move with it
            taken = taken[:1]
        if taken:
            raise BadInput(
                *(
                    f"port {getattr(self, each.name)} ({each.metadata['use']}) is taken: "
                    f"make run {each.metadata['variable']}={self._free_instead_of(each.name)}"
                    for each in taken
                )
            )

    def _free_instead_of(self, name: str) -> int:
        """Suggest a free port; for the first one, a place where those that follow it fit."""
        width = len(fields(self)) if name == "web" else 1
        candidate = getattr(self, name) + 10
        while not all(is_free(candidate + offset) for offset in range(width)):
            candidate += 10
        return int(candidate)


def _port_number(environment: Mapping[str, str], variable: str, default: int) -> int:
    text = environment.get(variable, "").strip() or str(default)
    if not text.isdecimal() or not FIRST_UNPRIVILEGED_PORT <= int(text) <= HIGHEST_PORT:
        msg = (
            f"{variable}={text} is no port: give a number from {FIRST_UNPRIVILEGED_PORT} "
            f"to {HIGHEST_PORT}"
        )
        raise BadInput(msg)
    return int(text)
