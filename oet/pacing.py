"""How fast something may happen: a steady rate with room for bursts."""

from __future__ import annotations

import threading
import time


class Pace:
    """Gives leave `rate_hz` times a second, and `burst` times at once after a rest. Threads may share it."""

    def __init__(self, rate_hz: float, burst: float) -> None:
        self._rate_hz = rate_hz
        self._burst = burst
        self._left = burst
        self._at = time.monotonic()
        self._lock = threading.Lock()

    def take(self) -> float:
        """0 where there is leave now; else the seconds after which to ask again."""
        with self._lock:
            now = time.monotonic()
            self._left = min(self._burst, self._left + (now - self._at) * self._rate_hz)
            self._at = now
            if self._left >= 1:
                self._left -= 1
                return 0.0
            return (1 - self._left) / self._rate_hz

    def wait(self) -> None:
        """Return when there is leave: whoever is too fast is slowed, and nobody else. A stop ends the wait."""
        while pause_s := self.take():
            time.sleep(pause_s)
