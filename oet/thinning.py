"""Progress for the journal: at most 20 records a second, the newest value within 50 ms even if the script falls silent."""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

PAUSE_S = 0.05


class Thinner:
    """Hands what it is offered to `write`, the newest only where it comes too fast.

    `offer` takes no lock, so that a script may report as often as it likes. A thread writes what is held back; it starts when
    something is. `write` locks for itself.
    """

    def __init__(
        self,
        write: Callable[[Callable[[], Any]], None],
        shielded: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """`shielded` makes a block that no stop interrupts; `write` makes its own."""
        self._write = write
        self._shielded = shielded
        self._held: deque[Any] = deque(maxlen=1)
        self._next_at = 0.0
        self._is_armed = False
        self._wake = threading.Event()
        self._is_closed = threading.Event()
        self._thread: threading.Thread | None = None

    def offer(self, value: Any) -> None:
        """Take a value; written now if the last one is long enough ago, else soon, unless a newer one comes."""
        self._held.append(value)
        if time.monotonic() >= self._next_at:
            self._write(self._take_if_due)
        elif not self._is_armed:
            self._arm()

    def flush(self) -> None:
        """Write what is held back."""
        if self._held:
            self._write(self._take)

    def close(self) -> None:
        """End the thread."""
        self._is_closed.set()
        self._wake.set()

    def _take(self) -> Any:
        """The newest value, once; None if somebody else has taken it. Called by `write`, under its lock."""
        try:
            value = self._held.pop()
        except IndexError:
            return None
        self._next_at = time.monotonic() + PAUSE_S
        return value

    def _take_if_due(self) -> Any:
        """The same, unless another thread has just written one: then it has to wait again."""
        if time.monotonic() >= self._next_at:
            return self._take()
        if self._held and not self._is_armed:
            self._arm()
        return None

    def _arm(self) -> None:
        with self._shielded():  # half armed it would stay so, and hold back what comes for ever
            self._is_armed = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="oet-progress", daemon=True)
                self._thread.start()
            self._wake.set()

    def _serve(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # signals are for the main thread
        while not self._is_closed.is_set():
            self._wake.wait()
            self._wake.clear()
            self._is_closed.wait(max(0.0, self._next_at - time.monotonic()))
            self._is_armed = False  # before looking: what is offered from now on arms again
            self._write(self._take_if_due)
