"""
The probe engine: libcurl multi in a thread of its own, so that its starts wait for nobody.

Whoever asks gives a due time on the monotonic clock and a function that is called, in the engine's
thread, with the result.
"""

import contextlib
import heapq
import math
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Self

import pycurl

from include.mobile_plans.monitoring.probes import ProbeRequest, ProbeResult, ProbeSettings
from include.mobile_plans.monitoring.transfer import Transfer

Done = Callable[[ProbeResult], None]
Died = Callable[[Exception], None]
_LONGEST_WAIT_S = 60.0
_SLACK_S = 0.015
"""
How long a start may wait for company (decision 0023).

A thread woken for one start alone finds its caches cold, which costs more than the start does.
"""
_INTERESTS = {
    pycurl.POLL_NONE: 0,
    pycurl.POLL_IN: select.EPOLLIN,
    pycurl.POLL_OUT: select.EPOLLOUT,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT,
}


@dataclass(slots=True)
class Ask:
    """
    One probe to be made.

    Attributes:
        due: When it is started, on the monotonic clock.
        request: What is asked.
        settings: How.
        done: Told the result.
        with_certificate: Whether the end of the certificate is read, which costs.
    """

    due: float
    request: ProbeRequest
    settings: ProbeSettings
    done: Done
    with_certificate: bool = True


class ProbeEngine:
    """
    Make probes when they are due, as many at once as there are.

    Args:
        died: Told, in the engine's thread, of an error of ours that ended it.
    """

    def __init__(self, died: Died) -> None:
        self._died = died
        self._inbox: deque[Iterable[Ask]] = deque()
        self._due: list[tuple[float, int, Ask]] = []
        self._numbers = count()
        self._running: dict[Transfer, tuple[Ask, int]] = {}
        self._idle: list[Transfer] = []
        self._closing = False
        self._curl_due: float | None = None
        self._watched: set[int] = set()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll = select.epoll()
        self._epoll.register(self._wake, select.EPOLLIN)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._thread = threading.Thread(target=self._run, name="probe-engine", daemon=True)

    def __enter__(self) -> Self:
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End the thread; what is still running is dropped."""
        self._closing = True
        os.eventfd_write(self._wake, 1)
        self._thread.join()
        self._epoll.close()
        os.close(self._wake)

    def ask(self, asks: Iterable[Ask]) -> None:
        """Take probes to be made, from any thread."""
        self._inbox.append(asks)
        os.eventfd_write(self._wake, 1)

    def _run(self) -> None:
        try:
            while not self._closing:
                self._turn()
        except Exception as error:  # noqa: BLE001 - whoever waits for results must hear of it
            self._died(error)
        finally:
            for transfer in self._running:
                self._multi.remove_handle(transfer.curl)
            self._multi.close()

    def _turn(self) -> None:
        """Let libcurl work, take what was asked, start what is due, hand out what has ended."""
        running = len(self._running)
        for file, events in self._epoll.poll(self._wait_s()):
            if file == self._wake:
                os.eventfd_read(self._wake)
            else:
                _, running = self._multi.socket_action(file, _actions(events))
        while self._inbox:
            for ask in self._inbox.popleft():
                heapq.heappush(self._due, (ask.due, next(self._numbers), ask))
        self._start_due()
        if self._curl_due is not None and self._curl_due <= time.monotonic():
            self._curl_due = None
            _, running = self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        if running < len(self._running):
            self._collect()

    def _wait_s(self) -> float:
        """Return how long nothing has to be done."""
        until = self._due[0][0] + _SLACK_S if self._due else math.inf
        if self._curl_due is not None and self._curl_due < until:
            until = self._curl_due
        return min(max(until - time.monotonic(), 0.0), _LONGEST_WAIT_S)

    def _start_due(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic():
            due, _, ask = heapq.heappop(self._due)
            transfer = self._transfer(ask.settings)
            transfer.begin(ask.request, with_certificate=ask.with_certificate)
            self._running[transfer] = (ask, int((time.monotonic() - due) * 1_000_000))
            self._multi.add_handle(transfer.curl)

    def _transfer(self, settings: ProbeSettings) -> Transfer:
        """Return an idle handle with these settings, or a new one."""
        while self._idle:
            transfer = self._idle.pop()
            if transfer.settings == settings:
                return transfer
            transfer.curl.close()
        return Transfer(settings)

    def _collect(self) -> None:
        more = 1
        while more:
            more, good, failed = self._multi.info_read()
            for curl in good:
                self._finish(curl.transfer, pycurl.E_OK, "")
            for curl, error, message in failed:
                self._finish(curl.transfer, error, message)

    def _finish(self, transfer: Transfer, error: int, message: str) -> None:
        ask, late_us = self._running.pop(transfer)
        self._multi.remove_handle(transfer.curl)
        result = transfer.outcome(error, message, late_us)
        self._idle.append(transfer)
        ask.done(result)

    def _watch(self, what: int, file: int, _multi: object, _data: object) -> None:
        """Watch a socket as libcurl tells."""
        if what == pycurl.POLL_REMOVE:
            self._watched.discard(file)
            with contextlib.suppress(OSError):  # a closed file has left by itself
                self._epoll.unregister(file)
            return
        if file in self._watched:
            with contextlib.suppress(FileNotFoundError):  # closed, and opened again as another
                self._epoll.modify(file, _INTERESTS[what])
                return
        self._epoll.register(file, _INTERESTS[what])
        self._watched.add(file)

    def _set_timer(self, milliseconds: int) -> None:
        self._curl_due = None if milliseconds < 0 else time.monotonic() + milliseconds / 1000


def _actions(events: int) -> int:
    """Turn what epoll saw into what libcurl is told."""
    actions = 0
    if events & select.EPOLLIN:
        actions |= pycurl.CSELECT_IN
    if events & select.EPOLLOUT:
        actions |= pycurl.CSELECT_OUT
    if events & (select.EPOLLERR | select.EPOLLHUP):
        actions |= pycurl.CSELECT_ERR
    return actions
