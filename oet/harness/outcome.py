"""What an exception means: a status, words, an exit code."""

from __future__ import annotations

import sys

from oet import failures
from oet.harness.errors import ScriptHarnessFatal, StopRequested
from oet.harness.status import Status

EXIT_STOPPED = 143
"""What a shell reports for a program ended by SIGTERM; also the exit code of a run that was stopped."""


def status_of(error: BaseException) -> Status:
    """The status of an action, or of a run, that this exception ended. ScriptHarnessError is not for here: it ends nothing."""
    if isinstance(error, StopRequested):
        return Status.STOPPED
    return Status.FATAL if isinstance(error, ScriptHarnessFatal) else Status.CRASHED


def message_of(error: BaseException) -> str:
    """The message; never fails, whatever the exception does."""
    try:
        return str(error)
    except Exception as fault:  # noqa: BLE001 - runs the author's own __str__
        return f"<its message cannot be shown: {type(fault).__name__}>"


def words_of(error: BaseException) -> str:
    """`Type: message`."""
    message = message_of(error)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def exit_code_of(error: BaseException) -> int:
    """What a shell sees of a program that this exception ended."""
    if isinstance(error, StopRequested):
        return EXIT_STOPPED
    code = failures.exit_status(error)
    return code or 1 if isinstance(error, ScriptHarnessFatal) else code


def print_as_python(error: BaseException) -> None:
    """Print on stderr what Python prints for an exception that nobody caught."""
    if isinstance(error, SystemExit):
        failures.show(error)
    else:
        sys.excepthook(type(error), error, error.__traceback__)
