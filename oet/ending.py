"""The end of a worker: what Python does at the end of any program, and then out, without going back into the launcher."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from contextlib import suppress
from typing import NoReturn


def run_exit_hooks() -> None:
    """Wait for threads that are no daemons, then run what was registered with atexit: pools, managers, logging.

    What these raise is printed by Python itself. Interruptible.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()


def leave_after(seconds: float, status: int) -> None:
    """See to it that the process is gone after so many seconds, however long its threads and hooks would take."""

    def leave() -> None:
        _flush()
        os._exit(status)

    timer = threading.Timer(seconds, leave)
    timer.daemon = True
    timer.name = "oet-end"
    timer.start()


def leave(status: int) -> NoReturn:
    """Flush the streams and end the process at once."""
    _flush()
    os._exit(status)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # the script may have put anything there
            stream.flush()
