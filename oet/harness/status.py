"""How an action, a command or a run ended."""

from __future__ import annotations

from enum import IntEnum

SKIPPED = "SKIPPED"
"""Stands where a status would, for an action that did not run."""


class Status(IntEnum):
    """The higher, the worse."""

    SUCCESS = 0
    ERROR = 10
    """It failed; the script went on."""
    TIMEOUT = 15
    """A limit of time was hit; commands only."""
    FATAL = 100
    """It failed and ended the script; the POST_FATAL listeners ran."""
    CRASHED = 110
    """An exception nobody had planned for ended the script."""
    STOPPED = 120
    """It was ended on request."""
