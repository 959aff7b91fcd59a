"""When a stop (of OET) or a SIGTERM may interrupt the main thread: while the author's code runs, and nowhere else.

The harness shields itself, so that no event, log line or listener is lost half-way, and exposes what it calls. What arrived
meanwhile takes effect at the next border. In other threads nothing interrupts; there a stop takes effect at the borders alone.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Callable, TypeVar

from oet.harness import seam, termination
from oet.harness.errors import StopRequested

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oet.harness.termination import Termination
    from oet.stopping import StopGuard

_NOTHING: AbstractContextManager[None] = nullcontext()

T = TypeVar("T")


def shielded() -> AbstractContextManager[None]:
    """A block that nothing interrupts but Ctrl-C; what arrives meanwhile comes right after it."""
    guard, sigterm = seam.stop_guard(), termination.active()
    if (guard is None and sigterm is None) or not _is_main_thread():
        return _NOTHING
    return _shielded(guard, sigterm)


def exposed(function: Callable[[], T]) -> T:
    """Call the author's code from a shielded block: it may be interrupted."""
    guard, sigterm = seam.stop_guard(), termination.active()
    if (guard is None and sigterm is None) or not _is_main_thread():
        return function()
    if sigterm is None:
        assert guard is not None
        return guard.expose(function)
    was_exposed = sigterm.is_exposed
    try:
        sigterm.is_exposed = True
        return function() if guard is None else guard.expose(function)
    finally:
        sigterm.is_exposed = was_exposed


def opened(function: Callable[[], T]) -> T:
    """Call a wait of our own from a shielded block: it may be interrupted as the block itself could have been."""
    guard, sigterm = seam.stop_guard(), termination.active()
    wait = function if guard is None else lambda: guard.opened(function)
    if sigterm is None or not sigterm.may_open:
        return wait()
    try:
        sigterm.is_exposed = True
        sigterm.raise_if_due()
        return wait()
    finally:
        sigterm.is_exposed = False


class Watch:
    """Finds out, for one run, whether it must end at the next border."""

    def __init__(self) -> None:
        guard = seam.stop_guard()
        # A script that is run while a stop is being dealt with, to park the mount say, is not ended by that same stop.
        self._is_aftermath = guard is not None and guard.is_requested and guard.is_dealt_with
        self._kept: list[BaseException] = []

    def check(self) -> None:
        """Raise StopRequested if a stop is due (also one that the author's code swallowed), or the Fatal of a SIGTERM."""
        guard = seam.stop_guard()
        if guard is not None and guard.is_requested and not self._is_aftermath:
            raise guard.new_stop() if _is_main_thread() else StopRequested
        sigterm = termination.active()
        if sigterm is not None:
            sigterm.raise_if_due()

    def forgo(self) -> None:
        """Before a POST_FATAL listener: what has arrived since has got what it wanted, and does not cost a listener its turn."""
        guard = seam.stop_guard()
        if guard is not None and guard.is_requested and not guard.is_dealt_with and _is_main_thread():
            self._kept.append(guard.new_stop())
        sigterm = termination.active()
        if sigterm is not None:
            sigterm.forgo()

    def keep(self, error: BaseException) -> None:
        """Hold on to an exception that was dealt with: a stop counts as known for as long as it exists."""
        self._kept.append(error)


@contextmanager
def _shielded(guard: StopGuard | None, sigterm: Termination | None) -> Iterator[None]:
    with ExitStack() as stack:
        if guard is not None:
            stack.enter_context(guard.shielded())
        if sigterm is not None:
            stack.enter_context(_closed(sigterm))
        yield


@contextmanager
def _closed(sigterm: Termination) -> Iterator[None]:
    was_exposed, could_open = sigterm.is_exposed, sigterm.may_open
    sigterm.is_exposed = False
    sigterm.may_open = was_exposed
    try:
        yield
    finally:
        sigterm.may_open = could_open
        sigterm.is_exposed = was_exposed
    if was_exposed:
        sigterm.raise_if_due()


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
