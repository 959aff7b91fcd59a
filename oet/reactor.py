"""The launcher's loop: descriptors, timers and signals, in one thread. Whatever a callback raises is logged, and the loop goes on."""

from __future__ import annotations

import heapq
import itertools
import select
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from collections.abc import Iterable

READ = select.EPOLLIN
WRITE = select.EPOLLOUT
ONCE = select.EPOLLONESHOT
_LONGEST_WAIT_S = 60.0


class Timer:
    """A callback that is due at some time, until it is cancelled."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Do not call it any more."""
        self.callback = None


class Reactor:
    """Calls back when a descriptor is ready, a time has come or a signal has arrived."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._watched: dict[int, Callable[[int], None]] = {}
        self._timers: list[tuple[float, int, Timer]] = []
        self._count = itertools.count()
        self._signal_callbacks: dict[int, Callable[[], None]] = {}
        self._is_running = False

    def watch(self, descriptor: int, callback: Callable[[int], None], events: int = READ) -> None:
        """Call `callback(events)` whenever the descriptor is ready."""
        self._epoll.register(descriptor, events)
        self._watched[descriptor] = callback

    def change(self, descriptor: int, events: int) -> None:
        """Watch for other events, or again after ONCE."""
        self._epoll.modify(descriptor, events)

    def forget(self, descriptor: int) -> None:
        """Do not watch it any more; before it is closed."""
        if self._watched.pop(descriptor, None) is not None:
            self._epoll.unregister(descriptor)

    def later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call back once, in so many seconds."""
        timer = Timer(callback)
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._count), timer))
        return timer

    def on_signals(self, callbacks: dict[int, Callable[[], None]], ignored: Iterable[int]) -> None:
        """Call back from the loop when these signals arrive, and ignore those."""
        self._signal_callbacks = callbacks
        self._signal_reader, self._signal_writer = socket.socketpair()
        self._signal_reader.settimeout(0)
        self._signal_writer.settimeout(0)
        signal.set_wakeup_fd(self._signal_writer.fileno(), warn_on_full_buffer=False)
        for number in callbacks:
            signal.signal(number, _nothing)
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)
        self.watch(self._signal_reader.fileno(), self._on_signals)

    def run(self) -> None:
        """Go on until `stop`."""
        self._is_running = True
        while self._is_running:
            for descriptor, events in self._epoll.poll(self._next_wait()):
                callback = self._watched.get(descriptor)  # an earlier callback of this turn may have forgotten it
                if callback is not None:
                    _guarded(lambda callback=callback, events=events: callback(events))  # type: ignore[misc]
            self._call_due()

    def stop(self) -> None:
        """End `run` after this turn."""
        self._is_running = False

    def _next_wait(self) -> float:
        while self._timers and self._timers[0][2].callback is None:
            heapq.heappop(self._timers)
        if not self._timers:
            return _LONGEST_WAIT_S
        return min(max(self._timers[0][0] - time.monotonic(), 0.0), _LONGEST_WAIT_S)

    def _call_due(self) -> None:
        now = time.monotonic()
        due = []
        while self._timers and self._timers[0][0] <= now:
            due.append(heapq.heappop(self._timers)[2])
        for timer in due:
            callback, timer.callback = timer.callback, None
            if callback is not None:
                _guarded(callback)

    def _on_signals(self, _events: int) -> None:
        try:
            numbers = set(self._signal_reader.recv(4096))
        except BlockingIOError:
            return
        for number in numbers:
            callback = self._signal_callbacks.get(number)
            if callback is not None:
                _guarded(callback)


def log(message: str) -> None:
    """A line on stderr, with the time; a full disk is no reason to fail."""
    with suppress(OSError):
        sys.stderr.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {message}\n")
        sys.stderr.flush()


def _guarded(callback: Callable[[], None]) -> None:
    try:
        callback()
    except Exception:  # noqa: BLE001 - one bad request or script must not end the process all others hang below
        log("unexpected:\n" + traceback.format_exc())


def _nothing(_number: int, _frame: object) -> None:
    """Signals arrive through the wakeup descriptor; Python only needs some handler to be there."""
