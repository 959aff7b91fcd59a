"""Where events go: sinks are callables that take an Event."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from typing import IO, TYPE_CHECKING, Any, Callable

from oet.harness.errors import ScriptHarnessException

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oet.harness.events import Event

    Sink = Callable[[Event], Any]

log = logging.getLogger("oet.harness.events")


class ListSink:
    """Keeps them in the list `events`."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        """Keep it."""
        self.events.append(event)


class LoggingSink:
    """Logs them, one line each."""

    def __init__(self, logger_name: str = "oet.harness.events", level: int = logging.INFO) -> None:
        self._logger = logging.getLogger(logger_name)
        self._level = level

    def __call__(self, event: Event) -> None:
        """Log it."""
        if self._logger.isEnabledFor(self._level):
            where = " ".join(part for part in (event.phase, event.action) if part)
            self._logger.log(self._level, "%d %s %s %s", event.seq, event.type, where, _line(event.fields()["data"]))


class JsonLinesSink:
    """Writes one compact JSON object a line, whole and flushed, to a descriptor, a path (appended to) or a text file.

    The file at a path is opened when the first event comes.
    """

    def __init__(self, target: int | str | os.PathLike[str] | IO[str]) -> None:
        if isinstance(target, bool) or not (isinstance(target, (int, str, os.PathLike)) or hasattr(target, "write")):
            raise ScriptHarnessException(
                f"events cannot be written to {target!r}: say a descriptor, a path or a text file."
            )
        self._target = target
        self._descriptor = target if isinstance(target, int) else None
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Write it."""
        line = _line(event.fields()) + "\n"
        with self._lock:
            if isinstance(self._target, (int, str, os.PathLike)):
                self._write(line.encode())
            else:
                self._target.write(line)
                self._target.flush()

    def _write(self, data: bytes) -> None:
        if self._descriptor is None:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            self._descriptor = os.open(self._target, flags, 0o666)  # type: ignore[arg-type]
        while data:
            data = data[os.write(self._descriptor, data) :]


class Sinks:
    """The sinks of one script. One that raises is detached, with one warning; it never harms the script."""

    def __init__(self, sinks: Iterable[Sink]) -> None:
        self._sinks = list(sinks)
        for sink in self._sinks:
            if not callable(sink):
                raise ScriptHarnessException(f"{sink!r} cannot be a sink: it is not callable.")

    def __len__(self) -> int:
        return len(self._sinks)

    def deliver(self, event: Event) -> None:
        """Hand an event to each of them."""
        for sink in list(self._sinks):
            try:
                sink(event)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001 - the border to the author's sinks: watching must not end an observation
                if sink in self._sinks:
                    self._sinks.remove(sink)
                log.warning("the event sink %r is detached: %s: %s", sink, type(error).__name__, error)


def sink_from_env(var: str = "OET_HARNESS_EVENTS") -> JsonLinesSink | None:
    """The sink that an environment variable asks for: `fd:3`, `file:/path` or `stderr`; None if it is not set."""
    value = os.environ.get(var, "")
    if not value:
        return None
    kind, _, rest = value.partition(":")
    if kind == "fd" and rest.isascii() and rest.isdigit():
        return JsonLinesSink(int(rest))
    if kind == "file" and rest:
        return JsonLinesSink(rest)
    if value == "stderr":
        return JsonLinesSink(sys.stderr)
    raise ScriptHarnessException(f"{var} is {value!r}; it must be fd:<number>, file:<path> or stderr.")


def _line(fields: Any) -> str:
    return json.dumps(fields, separators=(",", ":"), allow_nan=False)
