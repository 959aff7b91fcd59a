"""One run of one action: its history, its log lines, its events, and what its exceptions mean."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING

from oet import functions
from oet.harness import outcome
from oet.harness.context import Callee, calling, current_callee
from oet.harness.errors import ScriptHarnessError, ScriptHarnessFatal
from oet.harness.interruptions import exposed
from oet.harness.status import Status

if TYPE_CHECKING:
    from oet.harness.action import Action
    from oet.harness.context import Context

_LEVELS = {
    Status.SUCCESS: logging.INFO,
    Status.ERROR: logging.ERROR,
    Status.FATAL: logging.CRITICAL,
    Status.CRASHED: logging.CRITICAL,
    Status.STOPPED: logging.WARNING,
}


class Attempt:
    """Made by `Action.run`, in a shielded block."""

    def __init__(self, action: Action, context: Context) -> None:
        self._action = action
        self._context = context
        self._callee = self._find_callee()
        self._logger = logging.getLogger(f"oet.harness.actions.{action.name}")

    def carry_out(self) -> Status:
        """Run the function. Whatever happens, history is complete and action_finished told afterwards."""
        self._begin()
        pid = os.getpid()
        error: BaseException | None = None
        try:
            with calling(self._callee):
                exposed(lambda: self._action.run_function(self._context))
        except BaseException as caught:
            if os.getpid() != pid:  # a process that the function forked came back out of it: it is not this action
                raise
            error = caught
            if not isinstance(caught, ScriptHarnessError) or isinstance(caught, ScriptHarnessFatal):
                raise
        finally:
            status = self._finish(error) if os.getpid() == pid else Status.SUCCESS
        return status

    def _find_callee(self) -> Callee:
        """The one that the run has set up; a new one, without events, if somebody runs the action by hand."""
        callee = current_callee()
        return callee if callee is not None and callee.context is self._context else Callee(self._context)

    def _begin(self) -> None:
        history = self._action.history
        history.clear()
        self._start_time = history["start_time"] = time.time()
        self._clock = time.monotonic()
        if self._callee.stream is not None:
            self._callee.stream.start_action(self._callee, self._start_time)

    def _finish(self, error: BaseException | None) -> Status:
        history = self._action.history
        status = _status(error)
        duration = time.monotonic() - self._clock
        end_time = max(self._start_time, time.time())  # clocks are set back now and then
        history.setdefault("return_value", None)
        history.update(status=status, start_time=self._start_time, end_time=end_time)
        history.pop("error", None)
        if error is not None:
            history["error"] = outcome.words_of(error)
        self._logger.log(_LEVELS[status], "%s", self._words(status, error))
        if self._callee.stream is not None:
            told = {
                "status": int(status),
                "status_name": status.name,
                "start_time": self._start_time,
                "end_time": end_time,
                "duration": duration,
                "return_value": functions.short_repr(history["return_value"]),
                "error": history.get("error"),
            }
            self._callee.stream.finish_action(self._callee, told)
        return status

    def _words(self, status: Status, error: BaseException | None) -> str:
        name, message = self._action.name, "" if error is None else outcome.message_of(error)
        if status is Status.SUCCESS:
            return f"### Action {name}: finished successfully"
        if status is Status.ERROR:
            return f"### Action {name} error! {message}"
        if status is Status.FATAL:
            return f"### Fatal {name} exception: {message}"
        if status is Status.STOPPED:
            return f"### Action {name} stopped on request"
        return f"### Action {name} crashed: {type(error).__name__}: {message}"


def _status(error: BaseException | None) -> Status:
    if error is None:
        return Status.SUCCESS
    if isinstance(error, ScriptHarnessError) and not isinstance(error, ScriptHarnessFatal):
        return Status.ERROR
    return outcome.status_of(error)
