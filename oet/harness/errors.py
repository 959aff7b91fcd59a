"""What the harness raises, and what authors raise to say how an action ended."""

from __future__ import annotations

from typing import Any

from oet import StopRequested


class ScriptHarnessBaseException(Exception):
    """Everything the harness raises, except StopRequested."""


class ScriptHarnessException(ScriptHarnessBaseException):
    """The harness was misused, or the configuration is bad."""

    def __str__(self) -> str:
        """All arguments in words; a list of messages is joined."""
        parts = ["; ".join(map(str, arg)) if isinstance(arg, (list, tuple)) else str(arg) for arg in self.args]
        return " ".join(parts)


class ScriptHarnessTimeout(ScriptHarnessException):
    """A command hit a limit of time."""


class ScriptHarnessError(ScriptHarnessBaseException):
    """An action failed; the script goes on."""


class ScriptHarnessFatal(SystemExit, ScriptHarnessBaseException):
    """The script ends, after its POST_FATAL listeners.

    `code` is never one that a shell takes for success. It is an Exception too, so `except Exception` swallows it.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._code: Any = None

    def __str__(self) -> str:
        """The message: all arguments, joined by blanks."""
        return "" if self.args == (None,) else " ".join(map(str, self.args))

    @property  # type: ignore[override]
    def code(self) -> str | int:
        """What Python exits with: the text (printed, then 1), or the number; 1 instead of every number that means success."""
        # Worked out when asked: a subclass need not call our __init__, and nothing may turn a fatal error into an exit of 0.
        code = vars(self).get("_code")
        if code is None:
            code = self.args[0] if len(self.args) == 1 and isinstance(self.args[0], int) else str(self)
            code = code if self.args not in {(), (None,)} else 1
        if isinstance(code, int):
            return int(code) if code & 0xFF else 1
        return str(code)

    @code.setter
    def code(self, value: Any) -> None:
        self._code = value


for _class in (
    ScriptHarnessBaseException,
    ScriptHarnessException,
    ScriptHarnessTimeout,
    ScriptHarnessError,
    ScriptHarnessFatal,
):
    _class.__module__ = "oet.harness"  # as authors know them, in stack traces and histories

__all__ = [
    "ScriptHarnessBaseException",
    "ScriptHarnessError",
    "ScriptHarnessException",
    "ScriptHarnessFatal",
    "ScriptHarnessTimeout",
    "StopRequested",
]
