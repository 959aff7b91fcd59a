"""Logging for scripts that set up none: the console, and a file if wanted."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

_FORMAT = "%(asctime)s %(levelname)8s - %(message)s"
_TIME_FORMAT = "%H:%M:%S"
_ours: list[logging.Handler] = []


def prepare_simple_logging(path: str | os.PathLike[str] | None = None, level: int = logging.INFO) -> None:
    """Log to stderr and, with a path, into a fresh file. Called again it replaces what it set up before."""
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    if path is not None:
        handlers.append(logging.FileHandler(path, mode="w", encoding="utf-8"))
    root = logging.getLogger()
    for old in _ours:
        root.removeHandler(old)
        old.close()
    _ours[:] = handlers
    for handler in handlers:
        handler.setFormatter(logging.Formatter(_FORMAT, _TIME_FORMAT))
        root.addHandler(handler)
    root.setLevel(level)


def ensure_logging() -> None:
    """Log to the console if nobody has decided where to log."""
    if not logging.getLogger().handlers:
        prepare_simple_logging()
