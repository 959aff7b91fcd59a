"""What `up` prints: its own words, and the lines of its processes with their names before them."""

import os
import sys
from collections.abc import Mapping

_RESET = "\x1b[0m"
_BOLD = "\x1b[1m"
_COLOURS = ("\x1b[36m", "\x1b[35m", "\x1b[33m", "\x1b[32m")
OWN_NAME = "up"


class Console:
    """Lines with the name of who says them; in colour on a terminal (unless NO_COLOR is set)."""

    def __init__(self, names: list[str], descriptor: int = 1, environment: Mapping[str, str] = os.environ) -> None:
        self._descriptor = descriptor
        self._width = max(len(name) for name in [*names, OWN_NAME])
        self._is_colourful = os.isatty(descriptor) and "NO_COLOR" not in environment
        self._colours = {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(names)} | {OWN_NAME: _BOLD}

    def say(self, text: str) -> None:
        """Print what `up` itself has to say."""
        for line in text.splitlines():
            self.line(OWN_NAME, line)

    def line(self, name: str, text: str) -> None:
        """Print one line of `name`."""
        prefix = f"{name:<{self._width}} | "
        if self._is_colourful:
            prefix = f"{self._colours[name]}{prefix}{_RESET}"
        self._write(f"{prefix}{text}\n".encode())

    def _write(self, data: bytes) -> None:
        sys.stdout.flush()
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            # Nobody reads any more: the terminal was closed, or what our output was piped into has ended. That must not end an
            # observation; who has no eyes on it can look at the pages.
            pass
