"""How STOP becomes an exception in the user's function, and nowhere else.

The control thread sends a signal to the main thread, which also wakes it from sleep, locks, sockets and waits for
processes. The handler raises StopRequested if user code runs; while OET's own code runs, the stop waits at its border.

It is raised once: whoever catches it may tidy up undisturbed, until the supervisor's grace period is over. But a stop
can get lost on its way (in a destructor, or a callback of a library that swallows everything). That shows: the exception
object is gone while the function goes on. Then, and only then, it is raised again.
"""

from __future__ import annotations

import signal
import sys
import threading
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from oet import StopRequested

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

T = TypeVar("T")

STOP_SIGNAL = signal.SIGRTMAX - 3
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 1.0


class StopInLoop(StopRequested, KeyboardInterrupt):
    """StopRequested while an asyncio loop runs in the main thread: asyncio swallows every other BaseException of a callback."""


class StopGuard:
    """Knows whether user code runs in the main thread, and raises StopRequested in it when `request` is called."""

    def __init__(self) -> None:
        self.is_requested = False
        self._is_exposed = False
        self._may_open = False
        self._is_retired = False
        self._raised: weakref.ref[StopRequested] | None = None
        self._main_thread = threading.main_thread().ident or 0

    def install(self) -> None:
        """Take the signal; in the main thread."""
        signal.signal(STOP_SIGNAL, self._on_signal)

    def request(self) -> None:
        """Ask for the stop; from any thread. Then call `insist` now and again."""
        self.is_requested = True
        self.insist()

    def insist(self) -> None:
        """Wake the main thread up if user code runs there and does not know of the stop."""
        if self._is_exposed and self._is_due():
            signal.pthread_kill(self._main_thread, STOP_SIGNAL)

    def expose(self, function: Callable[[], T]) -> T:
        """Call `function`, which may be interrupted; what comes out is its result, its exception or StopRequested."""
        try:
            self._is_exposed = True
            if self._is_due():
                raise self.new_stop()
            return function()
        finally:
            self._is_exposed = False

    def retire(self) -> None:
        """Raise nothing any more: the stop has done what it was for, and what runs now is clean-up."""
        self._is_retired = True

    def settle(self) -> None:
        """Make sure that nothing is exposed, whatever interrupted `expose`."""
        self._is_exposed = False

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """A block that is not interrupted; a stop that arrives meanwhile comes right after it."""
        if threading.get_ident() != self._main_thread:
            yield
            return
        was_exposed, could_open = self._is_exposed, self._may_open
        self._is_exposed = False
        self._may_open = was_exposed
        try:
            yield
        finally:
            self._may_open = could_open
            self._is_exposed = was_exposed
        if was_exposed and self._is_due():
            raise self.new_stop()

    def opened(self, function: Callable[[], T]) -> T:
        """Call `function`, a wait, from a shielded block: it may be interrupted as the block itself could have been."""
        if threading.get_ident() != self._main_thread or not self._may_open:
            return function()
        return self.expose(function)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._is_exposed and self._is_due():
            raise self.new_stop()

    def _is_due(self) -> bool:
        """True if a stop is to be raised: asked for, and not on its way through the script already."""
        return self.is_requested and not self.is_dealt_with

    @property
    def is_dealt_with(self) -> bool:
        """True while a StopRequested exists: it is on its way, or whoever caught it tidies up; and for ever once it has done its work."""
        return self._is_retired or (self._raised is not None and self._raised() is not None)

    def new_stop(self) -> StopRequested:
        """A StopRequested for the caller to raise in the main thread; the stop counts as dealt with as long as that exists."""
        stop = StopInLoop() if _is_loop_running() else StopRequested()
        self._raised = weakref.ref(stop)
        return stop


def _is_loop_running() -> bool:
    asyncio: Any = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None
