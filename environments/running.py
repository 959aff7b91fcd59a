"""Running git and uv: with a deadline, cancellable at any moment, and dead when whoever started them is."""

import os
import select
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from environments import guard
from environments.domain.errors import Cancelled, CommandFailed, OutOfTime
from environments.domain.urls import without_credentials

_GUARD = [sys.executable, "-I", "-S", guard.__file__]
_TICK_S = 0.1
_END_S = 15.0
_READ_BYTES = 1 << 16
_TAIL_LINES = 12
_LINE_CHARACTERS = 2000


def _never() -> bool:
    return False


def _nobody(_words: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Watch:
    """How long something may take, whether it is still wanted, and who is told how far it is."""

    seconds: float
    setting: str
    """Name of the setting that limits it, for the error's words."""
    is_cancelled: Callable[[], bool] = _never
    on_progress: Callable[[str], None] = _nobody
    on_tick: Callable[[], None] = lambda: None
    """Called about ten times a second while a program runs; may raise to end it."""
    began: float = field(default_factory=time.monotonic)

    def check(self, what: str) -> None:
        """Raise Cancelled or OutOfTime where there is reason to."""
        self.on_tick()
        if self.is_cancelled():
            raise Cancelled(what)
        if time.monotonic() - self.began > self.seconds:
            raise OutOfTime(what, self.seconds, self.setting)


@dataclass(frozen=True)
class Command:
    """A program to run. `what` names it in errors, such as “git fetch”."""

    arguments: Sequence[str]
    what: str
    environment: Mapping[str, str]
    directory: Path
    keep_open: Sequence[int] = ()
    """Descriptors that it inherits, such as a lock that is to be held for as long as it lives."""


def run(
    command: Command, watch: Watch, *, on_line: Callable[[str], None] | None = None, is_logged: bool = False
) -> bytes:
    """Run it to its end; what it wrote to its standard output.

    `on_line` gets each line of its standard error; with `is_logged` also those of its standard output, which is not kept
    then. Raises CommandFailed, Cancelled, OutOfTime.
    """
    process = subprocess.Popen(
        [*_GUARD, str(os.getpid()), *command.arguments],
        cwd=command.directory,
        env=dict(command.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if is_logged else subprocess.PIPE,
        pass_fds=command.keep_open,
    )
    try:
        reader = _Reader(process, on_line or _nobody, is_logged=is_logged)
        while not reader.is_at_end:
            reader.read(_TICK_S)
            watch.check(command.what)
        status = _status(process, command.what, watch)
    except BaseException:
        _end(process)
        raise
    finally:
        _close(process)
    if status != 0:
        raise CommandFailed(command.what, status, reader.tail())
    return b"".join(reader.output)


class _Reader:
    """Takes what the process writes, as it comes."""

    def __init__(self, process: "subprocess.Popen[bytes]", on_line: Callable[[str], None], *, is_logged: bool) -> None:
        self.output: list[bytes] = []
        self._on_line = on_line
        self._lines: deque[str] = deque(maxlen=_TAIL_LINES)
        self._rest = b""
        self._selector = selectors.DefaultSelector()
        assert process.stdout is not None
        self._selector.register(
            process.stdout, selectors.EVENT_READ, self._take_lines if is_logged else self.output.append
        )
        if process.stderr is not None:
            self._selector.register(process.stderr, selectors.EVENT_READ, self._take_lines)

    @property
    def is_at_end(self) -> bool:
        """Both streams are closed."""
        return not self._selector.get_map()

    def read(self, timeout_s: float) -> None:
        """Take what is there, or wait a moment for it."""
        for key, _ in self._selector.select(timeout_s):
            part = os.read(key.fd, _READ_BYTES)
            if part:
                key.data(part)
                continue
            self._selector.unregister(key.fileobj)
            if self.is_at_end:
                self._take_lines(b"\n")
                self._selector.close()

    def tail(self) -> str:
        """Its last lines, without credentials."""
        return "\n".join(self._lines)

    def _take_lines(self, part: bytes) -> None:
        *lines, self._rest = (self._rest + part).replace(b"\r", b"\n").split(b"\n")
        if len(self._rest) > _READ_BYTES:
            lines, self._rest = [*lines, self._rest], b""
        for raw in lines:
            line = without_credentials(raw.decode(errors="replace").rstrip())[:_LINE_CHARACTERS]
            if line:
                self._lines.append(line)
                self._on_line(line)


def _status(process: "subprocess.Popen[bytes]", what: str, watch: Watch) -> int:
    """Wait for its end: a process may close its streams and go on."""
    end = os.pidfd_open(process.pid)  # Popen.wait would sleep between looks, up to 50 ms after the end
    ended = select.poll()
    ended.register(end, select.POLLIN)
    try:
        while not ended.poll(_TICK_S * 1000):
            watch.check(what)
    finally:
        os.close(end)
    return process.wait()


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End it with everything below it; the guard does it, and if it cannot, the kernel does."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _close(process: "subprocess.Popen[bytes]") -> None:
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
