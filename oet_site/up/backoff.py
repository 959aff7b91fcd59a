"""How long to wait before something that crashed is started again."""

from dataclasses import dataclass

FIRST_S = 0.1
LONGEST_S = 15.0
LIVED_S = 5.0
"""Whatever ran this long had started well: the next crash is a new one, not the same again."""


@dataclass
class Backoff:
    """Doubles with every crash soon after a start, from FIRST_S to LONGEST_S."""

    _next_s: float = FIRST_S

    def pause_s(self, lived_s: float) -> float:
        """Seconds to wait after a crash of what had lived `lived_s`."""
        if lived_s >= LIVED_S:
            self._next_s = FIRST_S
        pause, self._next_s = self._next_s, min(self._next_s * 2, LONGEST_S)
        return pause
