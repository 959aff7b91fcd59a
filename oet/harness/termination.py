"""SIGTERM as a fatal error: raised once, in the main thread, while the script's own code runs there."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from oet.harness.errors import ScriptHarnessException, ScriptHarnessFatal
from oet.harness.outcome import EXIT_STOPPED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class Termination:
    """Takes SIGTERM for a while. One that arrives while the harness does its book-keeping waits until that is done."""

    def __init__(self) -> None:
        self.is_exposed = False
        self.may_open = False
        """In a shielded block: whether it was exposed outside of it."""
        self._pid = os.getpid()
        self._is_received = False
        self._is_due = False

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        """Handle SIGTERM; every one after the first is ignored."""
        if os.getpid() != self._pid:  # a process that the script forked, multiprocessing's say, dies of it as ever
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)
            return
        if self._is_received:
            return
        self._is_received = self._is_due = True
        if self.is_exposed:
            self.raise_if_due()

    def raise_if_due(self) -> None:
        """Raise ScriptHarnessFatal(143) for a SIGTERM that has not been raised yet."""
        if self._is_due:
            self._is_due = False
            raise ScriptHarnessFatal(EXIT_STOPPED)

    def forgo(self) -> None:
        """The script is ending anyway: a SIGTERM that waits has got what it wanted."""
        self._is_due = False


_active: Termination | None = None


def active() -> Termination | None:
    """The Termination in force; None if SIGTERM is not ours, and in every thread but the main one."""
    return _active if _active is not None and threading.current_thread() is threading.main_thread() else None


@contextmanager
def sigterm_is_fatal() -> Iterator[None]:
    """A block in which SIGTERM raises ScriptHarnessFatal(143); for the main thread. Nested blocks share the outermost."""
    global _active
    if threading.current_thread() is not threading.main_thread():
        raise ScriptHarnessException(
            "handle_sigterm=True works in the main thread only; call main() there, or without it."
        )
    if _active is not None:
        yield
        return
    termination = Termination()
    previous = signal.signal(signal.SIGTERM, termination.on_signal)
    _active = termination
    try:
        yield
    finally:
        _active = None
        signal.signal(signal.SIGTERM, signal.SIG_DFL if previous is None else previous)
