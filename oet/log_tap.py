"""Python's `logging`, heard by OET: every record that a logger handles comes with its level and logger, whatever the script does with it.

It listens where all records pass, in `Logger.callHandlers`, and not with a handler of the root logger: with one there,
`logging.basicConfig` of a script would do nothing, and one that sets up logging anew would throw it out.
"""

from __future__ import annotations

import logging
import threading
import traceback
from typing import Any, Callable

from oet.pacing import Pace

RECORDS_HZ, RECORDS_BURST = 200.0, 2000.0
MESSAGE_CHARACTERS = 10_000
_OWN = "oet.log"

_plain_call_handlers = logging.Logger.callHandlers


def install(write: Callable[[str, dict[str, Any]], bool]) -> None:
    """Hear of every record from now on. Records of level INFO pass unless the script says otherwise, as in SKA's OET."""
    root = logging.getLogger()
    if root.level == logging.WARNING and not root.handlers:
        root.setLevel(logging.INFO)
    tap = _Tap(write)

    def call_handlers(logger: logging.Logger, record: logging.LogRecord) -> None:
        tap.take(record)
        _plain_call_handlers(logger, record)

    logging.Logger.callHandlers = call_handlers  # type: ignore[assignment,method-assign]


class _Tap:
    """Bounded in size and rate: of a flood a part is kept, and how much was not."""

    def __init__(self, write: Callable[[str, dict[str, Any]], bool]) -> None:
        self._write = write
        self._pace = Pace(RECORDS_HZ, RECORDS_BURST)
        self._dropped = 0
        self._lock = threading.Lock()

    def take(self, record: logging.LogRecord) -> None:
        if self._pace.take():
            self._dropped += 1
            return
        if self._dropped:
            with self._lock:
                dropped, self._dropped = self._dropped, 0
            words = f"{dropped} log records were not kept here: more than {RECORDS_HZ:g} a second"
            self._write("log", _described(logging.WARNING, _OWN, words))
        self._write("log", _described(record.levelno, record.name, _message(record), record.levelname))


def _described(number: int, logger: str, message: str, level: str = "") -> dict[str, Any]:
    return {
        "number": number,
        "level": str(level or logging.getLevelName(number)),
        "logger": str(logger)[:200],
        "message": message[:MESSAGE_CHARACTERS],
    }


def _message(record: logging.LogRecord) -> str:
    try:
        message = record.getMessage()
    except Exception as error:  # noqa: BLE001 - arguments that do not fit, or whose __str__ fails; logging itself prints it too
        message = f"{record.msg} ({type(error).__name__}: {error})"
    if record.exc_info and record.exc_info[0] is not None:
        message += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
    return message
